//! The wiring of reports to the senders of mail that failed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_dispatch::{Handler, Handlers, Lane, Outcome};
use mailward_mail::clock::Clock;
use mailward_mailroom::Mailroom;
use mailward_store::{ClaimedJob, JobKind};

/// A report that cannot be delivered waits so long, then four times as long each time.
const FIRST: Duration = Duration::from_secs(5);
/// And at most so long.
const LONGEST: Duration = Duration::from_secs(6 * 3_600);
/// It is tried so often: for three days.
const TRIES: i64 = 18;

/// A mail each, by the way in of any other.
pub(crate) const LANE: Lane =
    Lane { kind: JobKind::Report, at_once: 4, per_tenant: 2, longest: Duration::from_secs(60) };

/// What runs the jobs.
pub(crate) fn handlers(room: &Mailroom, clock: &Clock) -> Handlers {
    let reporting = Reporting { room: room.clone(), clock: clock.clone() };
    Handlers::from([(JobKind::Report, Arc::new(reporting) as Arc<dyn Handler>)])
}

struct Reporting {
    room: Mailroom,
    clock: Clock,
}

impl Handler for Reporting {
    fn run(&self, job: ClaimedJob) -> BoxFuture<'_, Outcome> {
        async move {
            match self.room.report_failures(&job).await {
                Ok(true) => return Outcome::Settled,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, job = job.id, "a report could not be written"),
            }
            if job.attempts >= TRIES {
                tracing::warn!(job = job.id, "a report was given up");
                return Outcome::Done;
            }
            Outcome::Retry(self.clock.now().plus(wait(job.attempts)), None)
        }
        .boxed()
    }
}

fn wait(attempts: i64) -> Duration {
    let doublings = u32::try_from(2 * (attempts - 1).clamp(0, 10)).unwrap_or_default();
    FIRST.saturating_mul(1 << doublings).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_tried_for_three_days() {
        let waits: Vec<u64> = (1..TRIES).map(|attempts| wait(attempts).as_secs()).collect();
        assert_eq!(waits[..4], [5, 20, 80, 320]);
        assert!(waits.is_sorted() && waits.iter().sum::<u64>() > 2 * 24 * 3_600);
    }
}
