//! Everything that this process logs, kept to be searched.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use super::owner::Owner;

/// Log lines, of the service's own parts down to debug.
#[derive(Clone, Default)]
pub struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// Begins to keep them. One for all tests of a process: nobody can log apart.
    pub fn keep() -> Self {
        static KEPT: OnceLock<Logs> = OnceLock::new();
        KEPT.get_or_init(|| {
            let logs = Self::default();
            let writer = logs.clone();
            tracing_subscriber::fmt()
                .with_env_filter(mailward::telemetry::filter("debug,rmcp::service=trace").expect("a filter"))
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .init();
            logs
        })
        .clone()
    }

    /// Whether something stands in what was logged until now.
    pub fn hold(&self, text: &str) -> bool {
        let bytes = self.0.lock().expect("no test panicked holding it");
        memchr::memmem::find(&bytes, text.as_bytes()).is_some()
    }

    /// Nothing that a sender or an agent wrote stands in a log, whoever reads it.
    pub fn tell_of_nobody(&self, owners: &[Owner]) {
        let bytes = self.0.lock().expect("no test panicked holding it").clone();
        let mut requests = 0;
        for line in bytes.split(|byte| *byte == b'\n') {
            requests += usize::from(memchr::memmem::find(line, b"request").is_some());
            for owner in owners {
                assert!(!owner.canary.is_in(line), "{}", String::from_utf8_lossy(line));
                for token in owner.tokens.iter().chain([&owner.tenant.token, &owner.tenant.review_token]) {
                    let secret = token.rsplit('_').next().expect("a secret");
                    assert!(memchr::memmem::find(line, secret.as_bytes()).is_none(), "a token in a log line");
                }
            }
        }
        assert!(requests > 100, "{requests} lines tell of requests: there was something to search");
    }
}

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test panicked holding it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
