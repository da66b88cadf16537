//! The wiring of decisions that could be taken back for a few seconds and were not.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_dispatch::{Handler, Handlers, Lane, Outcome};
use mailward_mail::clock::Clock;
use mailward_mailroom::Mailroom;
use mailward_store::{ClaimedJob, JobKind};

/// The wait after the store or the keys failed.
const AFTER_TROUBLE: Duration = Duration::from_secs(15);

/// The store alone.
pub(crate) const LANE: Lane =
    Lane { kind: JobKind::Decide, at_once: 8, per_tenant: 4, longest: Duration::from_secs(30) };

/// What runs the jobs.
pub(crate) fn handlers(room: &Mailroom, clock: &Clock) -> Handlers {
    let deciding = Deciding { room: room.clone(), clock: clock.clone() };
    Handlers::from([(JobKind::Decide, Arc::new(deciding) as Arc<dyn Handler>)])
}

struct Deciding {
    room: Mailroom,
    clock: Clock,
}

impl Handler for Deciding {
    fn run(&self, job: ClaimedJob) -> BoxFuture<'_, Outcome> {
        async move {
            match self.room.carry_out(&job).await {
                Ok(()) => Outcome::Done,
                Err(error) => {
                    tracing::warn!(%error, job = job.id, "a decision could not be carried out");
                    Outcome::Retry(self.clock.now().plus(AFTER_TROUBLE), None)
                }
            }
        }
        .boxed()
    }
}
