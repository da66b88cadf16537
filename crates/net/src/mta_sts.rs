//! What a domain promises of the hosts that take its mail (MTA-STS, RFC 8461): which they are, and that they have
//! certificates. Found by a record in DNS, fetched from the domain's own web server, remembered for as long as it says.
//!
//! What is remembered outlives the record: whoever can forge DNS makes no domain take its promise back. It is remembered by
//! this process alone. Who dials, and what becomes of a host that breaks the promise, is somebody else's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::dns::{Dns, DnsError};
use crate::egress::Egress;

/// The most bytes of a policy (RFC 8461 3.3 wants a bound and names this one).
const MOST_BYTES: usize = 64 * 1024;
/// How long a fetch may take; the mail waits for it.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest that a policy says it holds (RFC 8461 3.2): a year.
const MOST_AGE: Duration = Duration::from_secs(31_557_600);
/// A policy is fetched anew after this though its id is the same, so that a long one never ends while it still holds.
const REFRESH: Duration = Duration::from_secs(24 * 3_600);
/// After a fetch that failed, the same id is not fetched for so long (RFC 8461 3.3).
const AGAIN: Duration = Duration::from_secs(300);
/// Patterns of one policy.
const MOST_HOSTS: usize = 100;
/// Domains that are remembered.
const MOST_KNOWN: usize = 20_000;

/// What is to become of mail for a host that breaks the promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It gets nothing.
    Enforce,
    /// It gets its mail; the domain wants to know first.
    Testing,
    /// There is no promise any more.
    None,
}

/// A domain's promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How much it means.
    pub mode: Mode,
    /// The hosts, as names or as `*.` and a domain.
    pub hosts: Vec<String>,
    /// For how long it holds.
    pub max_age: Duration,
}

impl Policy {
    /// Reads a policy (RFC 8461 3.2).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (mut version, mut mode, mut max_age, mut hosts) = (None, None, None, Vec::new());
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(':').ok_or("a line without a colon")?;
            let value = value.trim();
            // Of a key that is there twice the first counts, but for `mx`.
            match key.trim() {
                "version" => version = version.or(Some(value)),
                "mode" => mode = mode.or(Some(value)),
                "max_age" => max_age = max_age.or(Some(value)),
                "mx" if hosts.len() < MOST_HOSTS => hosts.push(value.to_ascii_lowercase()),
                _ => {}
            }
        }
        if version != Some("STSv1") {
            return Err("no `version: STSv1`");
        }
        let mode = match mode {
            Some("enforce") => Mode::Enforce,
            Some("testing") => Mode::Testing,
            Some("none") => Mode::None,
            _ => return Err("no `mode: enforce`, `testing` or `none`"),
        };
        let max_age = max_age.filter(|age| age.len() <= 10).and_then(|age| age.parse().ok());
        let max_age = Duration::from_secs(max_age.ok_or("no `max_age:` in seconds")?).min(MOST_AGE);
        if hosts.is_empty() && mode != Mode::None {
            return Err("no `mx:`");
        }
        Ok(Self { mode, hosts, max_age })
    }

    /// Whether a host is one of those that are named; a `*` stands for one label (RFC 8461 4.1).
    pub fn names(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(domain) => {
                host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == domain)
            }
            None => *pattern == host,
        })
    }
}

/// Finds promises and remembers them. Cheap to clone; clones remember together.
#[derive(Clone)]
pub struct MtaSts {
    dns: Dns,
    egress: Egress,
    port: u16,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

#[derive(Clone)]
struct Known {
    id: String,
    policy: Option<Arc<Policy>>,
    /// Until when the policy holds.
    until: Instant,
    /// Before this the same id is not fetched.
    again: Instant,
}

impl MtaSts {
    /// Asks `dns` for records and lets `egress` fetch; `port` is 443 but in tests.
    pub fn new(dns: Dns, egress: Egress, port: u16) -> Self {
        Self { dns, egress, port, known: Arc::default() }
    }

    /// What a domain promises now, or did and still has to keep.
    pub async fn of(&self, domain: &str) -> Option<Arc<Policy>> {
        let now = Instant::now();
        let known = self.lock().get(domain).cloned();
        let held = known.as_ref().filter(|known| known.until > now).and_then(|known| known.policy.clone());
        // No record, or no answer: what was promised before holds on (RFC 8461 3.3).
        let Ok(id) = self.id(domain).await else { return held };
        if known.is_some_and(|known| known.id == id && known.again > now) {
            return held;
        }
        match self.fetch(domain).await {
            Ok(policy) => {
                let policy = Arc::new(policy);
                let again = now + REFRESH.min(policy.max_age / 2);
                let until = now + policy.max_age;
                self.remember(domain, Known { id, policy: Some(Arc::clone(&policy)), until, again });
                Some(policy)
            }
            Err(why) => {
                tracing::info!(domain, why, "a domain's MTA-STS policy could not be fetched");
                let until = self.lock().get(domain).map_or(now + AGAIN, |known| known.until);
                self.remember(domain, Known { id, policy: held.clone(), until, again: now + AGAIN });
                held
            }
        }
    }

    /// The id in a domain's record (RFC 8461 3.1).
    ///
    /// # Errors
    /// What is wrong with the record, or that there is none.
    pub async fn id(&self, domain: &str) -> Result<String, String> {
        let texts = match self.dns.txt(&format!("_mta-sts.{domain}")).await {
            Ok(texts) => texts,
            Err(DnsError::NoSuchName) => return Err("there is no record".to_owned()),
            Err(other) => return Err(other.to_string()),
        };
        let mut records = texts.iter().filter(|text| is_record(text));
        // Several are as good as none.
        let (Some(record), None) = (records.next(), records.next()) else {
            return Err("there is not exactly one record".to_owned());
        };
        let id =
            record.split(';').filter_map(|part| part.split_once('=')).find(|(key, _)| key.trim() == "id");
        let id = id.map(|(_, id)| id.trim()).unwrap_or_default();
        match (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            true => Ok(id.to_owned()),
            false => Err("the record has no `id` of 1 to 32 letters and digits".to_owned()),
        }
    }

    /// Fetches a domain's policy, over TLS with a certificate for `mta-sts.` and the domain.
    ///
    /// # Errors
    /// What went wrong, or is wrong with the policy.
    pub async fn fetch(&self, domain: &str) -> Result<Policy, String> {
        let port = if self.port == 443 { String::new() } else { format!(":{}", self.port) };
        let url = format!("https://mta-sts.{domain}{port}/.well-known/mta-sts.txt");
        let reply = self.egress.fetch(&url, PATIENCE, MOST_BYTES).await;
        let reply = reply.map_err(|error| format!("{url}: {error}"))?;
        // RFC 8461 3.3: a redirect is no policy.
        if reply.status != 200 {
            return Err(format!("{url}: the answer is {}", reply.status));
        }
        let kind = reply.kind.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        // Where others may store pages or pictures, they cannot store a policy.
        if !kind.eq_ignore_ascii_case("text/plain") {
            return Err(format!("{url}: it is no text/plain"));
        }
        let text = std::str::from_utf8(&reply.body).map_err(|_| format!("{url}: it is no text"))?;
        Policy::parse(text).map_err(|why| format!("{url}: {why}"))
    }

    fn remember(&self, domain: &str, known: Known) {
        let mut all = self.lock();
        if all.len() >= MOST_KNOWN && !all.contains_key(domain) {
            let now = Instant::now();
            all.retain(|_, known| known.until > now);
            let soonest = all.iter().min_by_key(|(_, known)| known.until).map(|(domain, _)| domain.clone());
            if let Some(soonest) = soonest.filter(|_| all.len() >= MOST_KNOWN) {
                all.remove(&soonest);
            }
        }
        all.insert(domain.to_owned(), known);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_record(text: &str) -> bool {
    text.split_once(';').is_some_and(|(version, _)| version.trim() == "v=STSv1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_as_the_rfc_shows_it() {
        let text = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.Example.net\r\nmax_age: 604800\r\nnew: x\r\n";
        let policy = Policy::parse(text).expect("a policy");
        assert_eq!((policy.mode, policy.max_age), (Mode::Enforce, Duration::from_secs(604_800)));
        for (host, named) in [
            ("mail.example.com", true),
            ("MAIL.example.com.", true),
            ("mx.example.net", true),
            ("a.mx.example.net", false),
            ("example.net", false),
            (".example.net", false),
            ("mail.example.com.evil.test", false),
        ] {
            assert_eq!(policy.names(host), named, "{host}");
        }
        assert!(Policy::parse("version: STSv1\nmode: none\nmax_age: 99999999999").is_err());
        let long = Policy::parse("version: STSv1\nmode: none\nmax_age: 4294967295").expect("a policy");
        assert_eq!(long.max_age, MOST_AGE);
    }

    #[test]
    fn what_is_no_whole_policy_is_none() {
        for text in [
            "",
            "version: STSv2\nmode: enforce\nmx: a.test\nmax_age: 1",
            "version: STSv1\nmode: strict\nmx: a.test\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmx: a.test",
            "version: STSv1\nmode: enforce\nmx: a.test\nmax_age: soon",
            "<html>\nversion: STSv1",
        ] {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }
}
