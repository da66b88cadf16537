//! Says whether a message comes from whom its From claims: SPF, DKIM, and DMARC over both.
//!
//! Observes and decides nothing: what a result is worth is the screening's business. Sees only messages that passed the
//! pre-scan, since `mail-auth` reads raw bytes. Every doubt is less than a pass: an unanswered question is `temperror`,
//! an ambiguous From is `none`.

mod dkim;
mod dmarc;
mod spf;

use std::net::IpAddr;
use std::time::Duration;

use mail_auth::MessageAuthenticator;
use mail_auth::common::to_a_label;
use mailward_mail::clock::Timestamp;
use mailward_net::dns::Dns;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

/// How long the three checks may take together.
pub const BUDGET: Duration = Duration::from_secs(5);

/// One result, in the words of RFC 8601 2.7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthResult {
    /// Nothing was claimed, or nothing was checked.
    #[default]
    None,
    /// The claim holds.
    Pass,
    /// The claim does not hold.
    Fail,
    /// SPF alone: the domain says "probably not".
    SoftFail,
    /// SPF alone: the domain says nothing either way.
    Neutral,
    /// It could not be found out now; it may be possible later.
    TempError,
    /// What the domain publishes cannot be used.
    PermError,
}

impl AuthResult {
    /// As it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// What was found out about the sender of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SenderAuth {
    /// Whether the client may send for the envelope sender (RFC 7208).
    pub spf: AuthResult,
    /// The best of the signatures, whoever signed (RFC 6376).
    pub dkim: AuthResult,
    /// Whether SPF or DKIM passed for the domain in From (RFC 7489); `none` where that domain publishes no policy.
    pub dmarc: AuthResult,
    /// The domain in From, in ASCII form, if SPF or DKIM passed for it, policy or not.
    pub domain: Option<String>,
}

/// Checks one message as it was received.
///
/// `envelope_from` is the bare reverse-path, `None` for the null sender; then SPF looks at `helo`. `header_from` is the
/// bare address in From if there is exactly one and nothing about it is ambiguous. Without it, or with DNS off, nobody
/// is asked and everything is `none`.
pub async fn authenticate(
    dns: &Dns,
    envelope_from: Option<&str>,
    helo: &str,
    client: IpAddr,
    raw: &[u8],
    header_from: Option<&str>,
    now: Timestamp,
) -> SenderAuth {
    let (Some(resolver), Some(author)) = (dns.resolver(), header_from.and_then(domain_of)) else {
        return SenderAuth::default();
    };
    let resolver = MessageAuthenticator(resolver.clone());
    let deadline = Instant::now() + BUDGET;
    let sender = spf::Sender::new(envelope_from, helo, client);
    let (spf, signatures, policy) = tokio::join!(
        timeout_at(deadline, sender.verify(dns, &resolver)),
        dkim::verify(&resolver, raw, now, deadline),
        timeout_at(deadline, dmarc::policy(dns, &author)),
    );
    let spf = spf.unwrap_or(AuthResult::TempError);
    let policy = policy.unwrap_or(dmarc::Policy::Unknown);
    let mut claims = signatures.clone();
    claims.push(Claim { domain: sender.domain().to_owned(), is_spf: true, result: spf });
    let (dmarc, aligned) = policy.judge(&author, &claims);
    SenderAuth { spf, dkim: dkim::best(&signatures), dmarc, domain: aligned.then_some(author) }
}

/// One domain that answered for the message, and how that went.
#[derive(Clone, Debug)]
struct Claim {
    domain: String,
    is_spf: bool,
    result: AuthResult,
}

/// The domain of a bare address: lower case and, if it is not ASCII, as IDNA writes it.
fn domain_of(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    let plain =
        !domain.is_empty() && !domain.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    plain.then(|| to_a_label(domain).into_owned())
}
