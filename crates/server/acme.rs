//! Orders the service's certificate from an authority by ACME (RFC 8555), and renews it.
//!
//! The certificate lies in one file with its key, exchanged as a whole; [`crate::tls`] takes up what is new from the next
//! connection on. Until the first one is there, one that the service made itself stands in its place. Whatever goes wrong
//! here takes nothing from a certificate that is in use.

mod account;
mod client;
mod file;
mod order;
mod pace;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mailward_mail::clock::{Clock, Timestamp};
use mailward_net::dns::Dns;
use mailward_net::egress::Egress;
use mailward_web::{Certificate, Challenges};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::StartError;
use crate::config::Config;
use account::Account;
use pace::Pace;

pub(crate) use file::{last_failure, path as certificate_file, stand_in};

/// How long an order may take from the first question to the certificate.
const PATIENCE: Duration = Duration::from_secs(300);
/// A wait is at most so long: what lies on the disk may be exchanged meanwhile, and the machine may have slept.
const LOOK_AGAIN: Duration = Duration::from_secs(3_600);

/// What orders certificates.
pub(crate) struct Acme {
    file: PathBuf,
    domains: Vec<String>,
    directory: String,
    account: Account,
    egress: Egress,
    pace: Pace,
    challenges: Challenges,
    shown: Certificate,
    clock: Clock,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
enum Fault {
    /// The authority refused, or what it said is not ACME.
    #[error("{0}")]
    Authority(#[from] instant_acme::Error),
    /// A name was not proven.
    #[error("{domain} was not proven to be ours: {why}")]
    Unproven { domain: String, why: String },
    /// What was issued is of no use.
    #[error("the certificate that was issued cannot be used: {0}")]
    Unusable(String),
    /// A key or request for a certificate could not be made.
    #[error("no request for a certificate could be made: {0}")]
    Request(#[from] rcgen::Error),
    /// A file in the data directory.
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: std::io::Error },
    /// All of it took too long.
    #[error("the order did not come to its end within five minutes")]
    Timeout,
}

/// Whether an authority may be spoken to at a URL: by HTTPS, or on this machine.
pub(crate) fn is_safe(url: &str) -> bool {
    let Ok(url) = url.parse::<hyper::Uri>() else { return false };
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    match url.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        _ => false,
    }
}

impl Acme {
    /// Prepares what the configuration asks for; none where it asks for nothing.
    ///
    /// # Errors
    /// When a file that it names cannot be used.
    pub(crate) fn open(
        config: &Config,
        dns: Dns,
        clock: &Clock,
        challenges: Challenges,
        shown: Certificate,
    ) -> Result<Option<Self>, StartError> {
        let acme = &config.acme;
        if acme.http_listen.is_none() {
            return Ok(None);
        }
        let file = certificate_file(&config.data_dir);
        Ok(Some(Self {
            domains: acme.domains.clone(),
            directory: acme.directory.clone(),
            account: Account::new(acme, file.with_file_name("account.json"))?,
            egress: client::egress(acme, dns)?,
            pace: Pace::new(file.with_file_name("orders")),
            challenges,
            shown,
            clock: clock.clone(),
            file,
        }))
    }

    /// Orders and renews until told to stop.
    pub(crate) async fn keep(self: Arc<Self>, stop: CancellationToken) {
        let mut failures = 0;
        let mut not_before = Timestamp(0);
        loop {
            let (now, due) = (self.clock.now(), self.due());
            let next = due.max(not_before).max(self.pace.next(now));
            if next > now {
                let wait = Duration::from_millis(next.millis().abs_diff(now.millis())).min(LOOK_AGAIN);
                if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                    return;
                }
                continue;
            }
            let Some(ended) = stop.run_until_cancelled(timeout(PATIENCE, self.obtain())).await else {
                return;
            };
            match ended.unwrap_or(Err(Fault::Timeout)) {
                Ok(()) => {
                    failures = 0;
                    file::forget_failure(&self.file);
                    tracing::info!(path = %self.file.display(), "a certificate was issued");
                }
                Err(fault) => {
                    failures += 1;
                    let pause = pace::pause(failures);
                    not_before = self.clock.now().plus(pause);
                    let reason = printable(&fault.to_string());
                    self.shown.count_failure();
                    file::note_failure(&self.file, self.clock.now(), &reason);
                    tracing::warn!(
                        reason,
                        again = pause.as_secs(),
                        "no certificate was issued; the one in use stays"
                    );
                }
            }
        }
    }

    /// When the next certificate is to be ordered, by what lies there now.
    fn due(&self) -> Timestamp {
        let issued = file::read(&self.file);
        self.shown.holds(issued.as_ref().map(|it| (it.from, it.to)));
        issued.map_or(Timestamp(0), |issued| issued.due(&self.directory, &self.domains))
    }

    async fn obtain(&self) -> Result<(), Fault> {
        let account = self.account.open(&self.egress, &self.directory).await?;
        // Before it is made: an order that the process does not outlive counts too.
        self.pace.note(self.clock.now()).map_err(|error| self.unwritable(error))?;
        let issued = order::order(&account, &self.domains, &self.challenges).await;
        if let Err(Fault::Authority(instant_acme::Error::Api(problem))) = &issued {
            self.account.forget_if_unknown(problem);
        }
        let (chain, key) = issued?;
        file::judge(&chain, &key, &self.domains, self.clock.now()).map_err(Fault::Unusable)?;
        file::write(&self.file, &self.directory, &chain, &key).map_err(|error| self.unwritable(error))
    }

    fn unwritable(&self, error: std::io::Error) -> Fault {
        Fault::File { path: self.file.clone(), error }
    }
}

/// What an authority wrote, for a line of the log: on one line, of bounded length.
fn printable(text: &str) -> String {
    text.chars().take(1_000).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_spoken_to_by_https_or_on_this_machine() {
        for url in ["https://ca.test/dir", "http://127.0.0.1:14000/dir", "http://[::1]/", "https://10.0.0.1/"]
        {
            assert!(is_safe(url), "{url}");
        }
        for url in [
            "http://ca.test/dir",
            "http://10.0.0.1/",
            "http://localhost.ca.test/",
            "ca.test",
            "",
            "file:///x",
        ] {
            assert!(!is_safe(url), "{url}");
        }
    }

    #[test]
    fn what_an_authority_wrote_stays_on_one_line() {
        assert_eq!(printable("a\r\n\u{1b}[31mb"), "a   [31mb");
        assert_eq!(printable(&"x".repeat(5_000)).len(), 1_000);
    }
}
