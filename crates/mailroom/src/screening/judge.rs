//! From bytes to a snapshot and a verdict. Runs on a screening thread.

use mailward_mail::parsed::{Parsed, parse};
use mailward_mail::prescan::Bounds;
use mailward_mail::sample::sample;
use mailward_score::{Coverage, Policy, Sample, Standing, Verdict, own_text, score, score_with};

use super::{Screened, deep, unread};

/// Parses and scores one message, as the service does. The caller brings a thread with a deep stack and catches
/// panics.
pub fn judge(raw: &[u8], policy: &Policy) -> Screened {
    let parsed = match parse(raw, &Bounds::default()) {
        Ok(parsed) => parsed,
        Err(too_complex) => return unread("parser.bounds", &too_complex.to_string()),
    };
    let (verdict, evidence) = (verdict(&parsed, policy), crate::flags::evidence(&parsed));
    Screened { parsed: Some(parsed), verdict, evidence }
}

/// Scores texts with the models that the service has.
pub fn judge_texts(sample: &Sample<'_>, policy: &Policy) -> Verdict {
    match deep::reader() {
        Some(reader) => score_with(sample, policy, reader),
        None => score(sample, policy),
    }
}

/// What the scorer says of a snapshot, new or stored.
pub(super) fn verdict(parsed: &Parsed, policy: &Policy) -> Verdict {
    in_thread(parsed, &[], Standing::default(), policy)
}

/// The same of a mail as the end of its thread: `earlier` mails of it, oldest first.
pub(super) fn in_thread(parsed: &Parsed, earlier: &[Parsed], sender: Standing, policy: &Policy) -> Verdict {
    let texts: Vec<String> = earlier.iter().map(|mail| own_text(&mail.text, &mail.html)).collect();
    let earlier = texts.iter().map(String::as_str).collect();
    let mut verdict = judge_texts(&Sample { earlier, sender, ..sample(parsed) }, policy);
    if parsed.truncated {
        verdict.coverage = Coverage::Partial;
    }
    verdict
}
