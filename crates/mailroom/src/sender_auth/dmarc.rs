//! Finds the DMARC record of the author's domain and holds SPF and DKIM against it (RFC 7489).
//!
//! Organisational domains come from the public suffix list, not from what the domains themselves publish. Whether the
//! policy asks to reject is not looked at: the result says only whether the author's domain answered for the message.

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::dmarc::{Alignment, Dmarc};
use mailward_net::dns::{Dns, DnsError};

use super::{AuthResult, Claim};

/// What the author's domain publishes.
pub(super) enum Policy {
    /// It could not be found out.
    Unknown,
    /// Nothing.
    Absent,
    /// Something that cannot be read.
    Broken,
    /// A record.
    Published(Box<Dmarc>),
}

/// Asks the domain itself, then its organisational domain (RFC 7489 6.6.3).
pub(super) async fn policy(dns: &Dns, author: &str) -> Policy {
    let mut names = vec![author, organisational(author)];
    names.dedup();
    for name in names {
        let texts = match dns.txt(&format!("_dmarc.{name}")).await {
            Ok(texts) => texts,
            Err(DnsError::NoSuchName | DnsError::Off) => continue,
            Err(DnsError::Temporary) => return Policy::Unknown,
        };
        let mut records = texts.iter().filter(|text| is_dmarc(text));
        match (records.next(), records.next()) {
            (None, _) => {}
            (Some(record), None) => {
                let parsed = Dmarc::parse(record.as_bytes());
                return parsed.map_or(Policy::Broken, |record| Policy::Published(Box::new(record)));
            }
            // Several records are as good as none, and end the search.
            (Some(_), Some(_)) => return Policy::Absent,
        }
    }
    Policy::Absent
}

impl Policy {
    /// The DMARC result, and whether a claim for the author's domain passed, policy or not.
    pub(super) fn judge(&self, author: &str, claims: &[Claim]) -> (AuthResult, bool) {
        let (spf, dkim) = match self {
            Self::Published(record) => (record.aspf, record.adkim),
            _ => (Alignment::Relaxed, Alignment::Relaxed),
        };
        let any = |wanted| {
            claims.iter().any(|claim| {
                let mode = if claim.is_spf { spf } else { dkim };
                claim.result == wanted && is_aligned(&claim.domain, author, mode)
            })
        };
        let (passed, open) = (any(AuthResult::Pass), any(AuthResult::TempError));
        match self {
            Self::Unknown => (AuthResult::TempError, false),
            Self::Absent => (AuthResult::None, passed),
            Self::Broken => (AuthResult::PermError, passed),
            Self::Published(_) if passed => (AuthResult::Pass, true),
            Self::Published(_) if open => (AuthResult::TempError, false),
            Self::Published(_) => (AuthResult::Fail, false),
        }
    }
}

fn is_aligned(claimed: &str, author: &str, mode: Alignment) -> bool {
    match mode {
        Alignment::Strict => claimed == author,
        Alignment::Relaxed => organisational(claimed) == organisational(author),
    }
}

/// The registered domain of `domain`; a public suffix stands for itself alone.
fn organisational(domain: &str) -> &str {
    psl::domain_str(domain).unwrap_or(domain)
}

fn is_dmarc(text: &str) -> bool {
    let (tag, rest) = text.split_once('=').unwrap_or_default();
    let version = rest.split(';').next().unwrap_or_default();
    tag.trim() == "v" && version.trim() == "DMARC1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relaxed_alignment_ends_at_the_public_suffix() {
        for (claimed, author, relaxed) in [
            ("example.org", "example.org", true),
            ("mail.example.org", "example.org", true),
            ("example.org", "news.example.org", true),
            ("a.example.co.uk", "b.example.co.uk", true),
            ("evil.co.uk", "bank.co.uk", false),
            ("co.uk", "bank.co.uk", false),
            ("evil.github.io", "bank.github.io", false),
            ("notexample.org", "example.org", false),
            ("example.org.evil.test", "example.org", false),
            ("org", "example.org", false),
            ("", "example.org", false),
        ] {
            assert_eq!(is_aligned(claimed, author, Alignment::Relaxed), relaxed, "{claimed} {author}");
            assert_eq!(
                is_aligned(claimed, author, Alignment::Strict),
                claimed == author,
                "{claimed} {author}"
            );
        }
    }

    #[test]
    fn only_a_dmarc_record_is_one() {
        assert!(is_dmarc("v=DMARC1; p=none") && is_dmarc("v = DMARC1 ;p=none") && is_dmarc("v=DMARC1"));
        assert!(!is_dmarc("v=DMARC12; p=none") && !is_dmarc("v=spf1 -all") && !is_dmarc("google=DMARC1"));
    }
}
