//! From bytes to a snapshot and a verdict. Runs on a screening thread.

use mailward_mail::parsed::{Parsed, parse};
use mailward_mail::prescan::Bounds;
use mailward_mail::sample::sample;
use mailward_score::{Coverage, Policy, Verdict, score};

use super::{Screened, unread};

/// Parses and scores one message, as the service does. The caller brings a thread with a deep stack and catches
/// panics.
pub fn judge(raw: &[u8], policy: &Policy) -> Screened {
    let parsed = match parse(raw, &Bounds::default()) {
        Ok(parsed) => parsed,
        Err(too_complex) => return unread("parser.bounds", &too_complex.to_string()),
    };
    let verdict = verdict(&parsed, policy);
    Screened { parsed: Some(parsed), verdict }
}

/// What the scorer says of a snapshot, new or stored.
pub(super) fn verdict(parsed: &Parsed, policy: &Policy) -> Verdict {
    let mut verdict = score(&sample(parsed), policy);
    if parsed.truncated {
        verdict.coverage = Coverage::Partial;
    }
    verdict
}
