//! The service as a process of its own, for what only a process can suffer: kill -9, strace, a second one.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The program under test.
pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_mailward")
}

/// A running `mailward serve`. Killed when it is dropped.
pub struct Process {
    pub child: Child,
    pub smtp: SocketAddr,
    pub http: SocketAddr,
    pub operator: SocketAddr,
}

impl Process {
    /// Starts it on a data directory and waits until it serves.
    pub fn serve(data_dir: &Path) -> Self {
        Self::serve_with(data_dir, &[]).expect("the service says that it serves")
    }

    /// Starts it with further settings; `None` when it ends instead of serving.
    pub fn serve_with(data_dir: &Path, settings: &[&str]) -> Option<Self> {
        Self::started(Command::new(binary()), data_dir, settings)
    }

    /// Starts `command` with the arguments of a test's service.
    pub fn spawn(command: Command, data_dir: &Path) -> Self {
        Self::started(command, data_dir, &[]).expect("the service says that it serves")
    }

    fn started(mut command: Command, data_dir: &Path, settings: &[&str]) -> Option<Self> {
        command.arg("serve").arg("--data-dir").arg(data_dir);
        for setting in [
            "smtp.listen=127.0.0.1:0",
            "http.listen=127.0.0.1:0",
            "operator.listen=127.0.0.1:0",
            "smtp.greeting_delay_ms=1",
            "smtp.max_connections_per_ip=0",
            "smtp.messages_per_connection=0",
            "dns.servers=off",
            "domain=agents.test",
            "limits.disk_free_bytes=0",
            "telemetry.json=true",
        ] {
            command.arg("--set").arg(setting);
        }
        for setting in settings {
            command.arg("--set").arg(setting);
        }
        let mut child =
            command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let serving =
            lines.by_ref().map(|line| line.expect("text")).find(|line| line.contains("\"serving\""));
        let Some(serving) = serving else {
            child.wait().expect("it ended");
            return None;
        };
        // Read on, or the service would stand still when the pipe is full.
        std::thread::spawn(move || for _ in lines {});
        let line: serde_json::Value = serde_json::from_str(&serving).expect("JSON");
        let address = |name: &str| -> SocketAddr {
            let text = line[name].as_str().or(line["fields"][name].as_str());
            text.unwrap_or_else(|| panic!("{name} in {serving}")).parse().expect("an address")
        };
        Some(Self { smtp: address("smtp"), http: address("http"), operator: address("operator"), child })
    }

    /// SIGKILL: no chance to tidy up.
    pub fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("reaped");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A tracer that is killed lets go of the service, which would live on: the service first.
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            let _ =
                nix::sys::signal::kill(nix::unistd::Pid::from_raw(child), nix::sys::signal::Signal::SIGKILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
