//! What a tenant is to publish for its domain, and what DNS says of it.

use futures_util::future::join_all;
use mailward_net::dns::{Dns, DnsError};
use serde::{Deserialize, Serialize};

use crate::dkim::Published;

/// Where the proof of ownership lies, below the domain.
const PROOF_LABEL: &str = "_mailward";
/// Of what was found, so much is shown.
const SHOWN: usize = 300;

/// Whether a record is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It was not looked for yet.
    #[default]
    Pending,
    /// It is there and right.
    Found,
    /// It is not there.
    Missing,
    /// Something else is there.
    Mismatch,
    /// The name servers gave no answer.
    Unknown,
}

impl Presence {
    /// As it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Found => "found",
            Self::Missing => "missing",
            Self::Mismatch => "mismatch",
            Self::Unknown => "unknown",
        }
    }
}

/// One record to be published, and whether it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRecord {
    /// What it is for: `ownership`, `mx`, `spf`, `dkim`, `dmarc`, `dkim_next`.
    pub purpose: &'static str,
    /// `TXT` or `MX`.
    pub kind: &'static str,
    /// The name it stands at.
    pub host: String,
    /// What it says.
    pub value: String,
    /// Of an `MX`.
    pub priority: Option<u16>,
    /// Whether it is there.
    pub presence: Presence,
    /// What is there, where something is; cut.
    pub found: Option<String>,
}

/// What the records are made of.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) exchanger: String,
    pub(super) proof: String,
    /// The keys that sign, and then those that are to.
    pub(super) signing: Vec<Published>,
    /// How many of them sign now.
    pub(super) signs_now: usize,
}

/// What the last look found, in the order of the records.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Findings(Vec<Finding>);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Finding {
    presence: Presence,
    found: Option<String>,
}

impl Findings {
    /// Of the one record that decides.
    pub(super) fn ownership(&self) -> Presence {
        self.0.first().map(|finding| finding.presence).unwrap_or_default()
    }

    /// Whether there are keys that are to sign, and all of them are published.
    pub(super) fn has_next_keys(&self, wanted: &Wanted) -> bool {
        // Ownership, exchanger, SPF and DMARC are there beside the keys.
        let next = self.0.get(4 + wanted.signs_now..).unwrap_or_default();
        !next.is_empty() && next.iter().all(|one| one.presence == Presence::Found)
    }
}

impl Wanted {
    /// The records as they are shown.
    pub(super) fn with(&self, Findings(findings): Findings) -> Vec<DnsRecord> {
        let Self { name, exchanger, .. } = self;
        let mut texts = vec![
            ("ownership", "TXT", format!("{PROOF_LABEL}.{name}"), self.proof_text(), None),
            ("mx", "MX", name.clone(), exchanger.clone(), Some(10)),
            ("spf", "TXT", name.clone(), format!("v=spf1 a:{exchanger} ~all"), None),
            ("dkim", "TXT", self.key_at(0), key_text(&self.signing[0]), None),
            ("dmarc", "TXT", format!("_dmarc.{name}"), "v=DMARC1; p=quarantine".to_owned(), None),
        ];
        texts.extend(self.signing.iter().enumerate().skip(1).map(|(no, key)| {
            let purpose = if no < self.signs_now { "dkim" } else { "dkim_next" };
            (purpose, "TXT", self.key_at(no), key_text(key), None)
        }));
        // What was found before there was a further key says nothing of it.
        let findings = findings.into_iter().chain(std::iter::repeat_with(Finding::default));
        let records = texts.into_iter().zip(findings);
        records
            .map(|((purpose, kind, host, value, priority), Finding { presence, found })| DnsRecord {
                purpose,
                kind,
                host,
                value,
                priority,
                presence,
                found,
            })
            .collect()
    }

    fn proof_text(&self) -> String {
        format!("mailward-domain-verification={}", self.proof)
    }

    fn key_at(&self, no: usize) -> String {
        format!("{}._domainkey.{}", self.signing[no].selector, self.name)
    }
}

fn key_text(key: &Published) -> String {
    format!("v=DKIM1; k={}; p={}", key.kind, key.key)
}

/// Asks for all records at once.
pub(super) async fn look(dns: &Dns, wanted: &Wanted) -> Findings {
    let Wanted { name, exchanger, .. } = wanted;
    let (proof_at, dmarc_at) = (format!("{PROOF_LABEL}.{name}"), format!("_dmarc.{name}"));
    let keys = join_all((0..wanted.signing.len()).map(async |no| dns.txt(&wanted.key_at(no)).await));
    let (proof, mx, apex, keys, dmarc) =
        tokio::join!(dns.txt(&proof_at), dns.mx(name), dns.txt(name), keys, dns.txt(&dmarc_at));
    let mx: Result<Vec<String>, _> = mx.map(|found| found.into_iter().map(|(_, host)| host).collect());
    let is_here = mx.as_ref().is_ok_and(|hosts| hosts.iter().any(|host| host == exchanger));
    let right = |no: usize, text: &str| tag(text, "p").is_some_and(|key| key == wanted.signing[no].key);
    let mut keys = keys.into_iter().enumerate().map(|(no, key)| any(key, |_| true, |text| right(no, text)));
    let first_key = keys.next().unwrap_or_default();
    let mut found = vec![
        any(proof, |_| true, |text| text.trim() == wanted.proof_text()),
        any(mx, |_| true, |host| host == exchanger),
        only(apex, |text| is_version(text, "v=spf1"), |text| allows(text, exchanger, is_here)),
        first_key,
        // RFC 7489 6.6.3: several records are as good as none.
        only(dmarc, |text| is_version(text, "v=dmarc1"), |_| true),
    ];
    found.extend(keys);
    Findings(found)
}

/// Whether one of the records that are `meant` is `right`.
fn any(
    answer: Result<Vec<String>, DnsError>,
    meant: impl Fn(&str) -> bool,
    right: impl Fn(&str) -> bool,
) -> Finding {
    let texts = match answer {
        Ok(texts) => texts,
        Err(DnsError::NoSuchName) => return Finding { presence: Presence::Missing, found: None },
        Err(DnsError::Temporary | DnsError::Off) => {
            return Finding { presence: Presence::Unknown, found: None };
        }
    };
    let mut texts = texts.iter().filter(|text| meant(text)).peekable();
    let Some(first) = texts.peek().map(|text| shown(text)) else {
        return Finding { presence: Presence::Missing, found: None };
    };
    match texts.find(|text| right(text)) {
        Some(text) => Finding { presence: Presence::Found, found: Some(shown(text)) },
        None => Finding { presence: Presence::Mismatch, found: Some(first) },
    }
}

/// As [`any`], where more than one record is an error of its own (RFC 7208 4.5).
fn only(
    answer: Result<Vec<String>, DnsError>,
    meant: impl Fn(&str) -> bool,
    right: impl Fn(&str) -> bool,
) -> Finding {
    let several = answer.as_ref().is_ok_and(|texts| texts.iter().filter(|text| meant(text)).count() > 1);
    let finding = any(answer, meant, right);
    if several { Finding { presence: Presence::Mismatch, ..finding } } else { finding }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

fn is_version(text: &str, version: &str) -> bool {
    let first = text.trim_start().split([' ', ';', '\t']).next().unwrap_or_default();
    first.eq_ignore_ascii_case(version)
}

/// Whether an SPF record lets this host send. What it includes is not followed: the answer is a hint for people.
fn allows(text: &str, exchanger: &str, is_here: bool) -> bool {
    text.split_ascii_whitespace().any(|term| {
        let term = term.trim_start_matches('+').to_ascii_lowercase();
        term.strip_prefix("a:").is_some_and(|host| host == exchanger) || is_here && term == "mx"
    })
}

/// A tag of a list like DKIM's (RFC 6376 3.2), without the white space that may be folded into it.
fn tag(text: &str, name: &str) -> Option<String> {
    let (_, value) =
        text.split(';').filter_map(|tag| tag.split_once('=')).find(|(tag, _)| tag.trim() == name)?;
    Some(value.split_ascii_whitespace().collect())
}
