//! The DKIM signatures of one message (RFC 6376), each judged on its own, so that one that hangs costs the others
//! nothing.
//!
//! A signature that leaves something open is as if it were not there: `l=` lets anybody append, one that does not cover
//! From says nothing about the author, and SHA-1 is broken (RFC 8301).

use futures_util::future::join_all;
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::headers::Header;
use mail_auth::common::to_a_label;
use mail_auth::dkim::Signature;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator};
use mailward_mail::clock::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::{AuthResult, Claim};

/// More signatures than this are not looked at: each costs a question to a server that the sender chose.
const MAX_SIGNATURES: usize = 5;

/// Verifies the first signatures of `raw`. Keys under 1024 bits fail, since ring does not take them.
pub(super) async fn verify(
    resolver: &MessageAuthenticator,
    raw: &[u8],
    now: Timestamp,
    deadline: Instant,
) -> Vec<Claim> {
    let Some(mut message) = AuthenticatedMessage::parse(raw) else { return Vec::new() };
    // What the parser could not read is no signature, and `mail-auth` would report it once for each that is.
    message.errors.clear();
    let mut signatures = std::mem::take(&mut message.dkim_headers);
    signatures.retain(is_whole);
    signatures.truncate(MAX_SIGNATURES);
    join_all(signatures.into_iter().map(|signature| {
        let message = AuthenticatedMessage { dkim_headers: Vec::new(), ..message.clone() };
        verify_one(resolver, message, signature, now, deadline)
    }))
    .await
}

/// The result for the message: one good signature is enough, and one that could be good later is better than a bad one.
pub(super) fn best(signatures: &[Claim]) -> AuthResult {
    use AuthResult::{Fail, Pass, PermError, TempError};
    let any = |wanted: &AuthResult| signatures.iter().any(|signature| signature.result == *wanted);
    [Pass, TempError, Fail, PermError].into_iter().find(any).unwrap_or_default()
}

async fn verify_one<'x>(
    resolver: &MessageAuthenticator,
    mut message: AuthenticatedMessage<'x>,
    mut signature: Header<'x, Signature>,
    now: Timestamp,
    deadline: Instant,
) -> Claim {
    let domain = to_a_label(&signature.header.d).into_owned();
    if is_expired(&signature.header, now) {
        return Claim { domain, is_spf: false, result: AuthResult::Fail };
    }
    // Judged above, by our clock; `mail-auth` would ask the machine's.
    signature.header.x = 0;
    // Extensions that ask further questions: third-party signatures (RFC 6541) and failure reports (RFC 6651).
    signature.header.atps = None;
    signature.header.r = false;
    message.dkim_headers.push(signature);
    let Ok(outputs) = timeout_at(deadline, resolver.verify_dkim(&message)).await else {
        return Claim { domain, is_spf: false, result: AuthResult::TempError };
    };
    let result = match outputs.first().map(|output| output.result()) {
        Some(DkimResult::Pass) => AuthResult::Pass,
        Some(DkimResult::Fail(_) | DkimResult::Neutral(_)) => AuthResult::Fail,
        Some(DkimResult::TempError(_)) => AuthResult::TempError,
        Some(DkimResult::PermError(_)) => AuthResult::PermError,
        Some(DkimResult::None) | None => AuthResult::None,
    };
    Claim { domain, is_spf: false, result }
}

fn is_whole(signature: &Header<'_, Signature>) -> bool {
    // RFC 6376 5.4: From must be signed.
    let covers_from = signature.header.h.iter().any(|name| name.trim().eq_ignore_ascii_case("from"));
    covers_from && signature.header.a != Algorithm::RsaSha1 && !has_length(signature.value)
}

/// Looks for the tag itself: `mail-auth` reads `l=0` as if there were none.
fn has_length(value: &[u8]) -> bool {
    value.split(|byte| *byte == b';').any(|tag| {
        let mut parts = tag.splitn(2, |byte| *byte == b'=');
        let name = parts.next().unwrap_or_default().trim_ascii();
        name.eq_ignore_ascii_case(b"l") && parts.next().is_some()
    })
}

fn is_expired(signature: &Signature, now: Timestamp) -> bool {
    let now = u64::try_from(now.seconds()).unwrap_or(0);
    signature.x != 0 && (signature.x <= now || signature.x <= signature.t)
}
