//! A stored snapshot judged again, apart from what answers others. What it says now is never worse known than before:
//! what cannot be judged in time keeps the verdict it has.

use std::time::Duration;

use mailward_mail::parsed::Parsed;
use mailward_phishing::Evidence;
use mailward_score::Policy;
use tokio::sync::oneshot;

use super::{STACK, Screened, judge};

/// How long one mail may take; it was read before, so only scoring is left.
const DEADLINE: Duration = Duration::from_secs(2);

/// Judges a snapshot by the present model. `None`: it could not be judged.
pub(crate) async fn judged_again(parsed: Parsed, policy: Policy) -> Option<Screened> {
    let (answer, answered) = oneshot::channel();
    // A thread of its own: a scorer that hangs or overflows takes nobody else's.
    let work = move || {
        let scored = std::panic::catch_unwind(|| {
            let verdict = judge::verdict(&parsed, &policy);
            // Flags stand as they were set: what was known of the sender then is known no more.
            Screened { parsed: Some(parsed), verdict, evidence: Evidence::default() }
        });
        if let Ok(screened) = scored {
            drop(answer.send(screened));
        }
    };
    if let Err(error) = std::thread::Builder::new().name("rescore".into()).stack_size(STACK).spawn(work) {
        tracing::warn!(%error, "no thread could be started to judge a mail again");
        return None;
    }
    tokio::time::timeout(DEADLINE, answered).await.ok()?.ok()
}
