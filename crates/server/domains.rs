//! The wiring of the daily look at the domains that tenants brought.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_dispatch::{Handler, Handlers, Lane, Outcome};
use mailward_mail::clock::Clock;
use mailward_mailroom::Mailroom;
use mailward_store::{ClaimedJob, JobKind};

/// The wait after the store, the keys or DNS as a whole failed.
const AFTER_TROUBLE: Duration = Duration::from_secs(900);

/// Five questions at once, each of them bounded, and the store.
pub(crate) const LANE: Lane =
    Lane { kind: JobKind::Domain, at_once: 8, per_tenant: 4, longest: Duration::from_secs(3 * 5) };

/// What runs the jobs.
pub(crate) fn handlers(room: &Mailroom, clock: &Clock) -> Handlers {
    let looking = Looking { room: room.clone(), clock: clock.clone() };
    Handlers::from([(JobKind::Domain, Arc::new(looking) as Arc<dyn Handler>)])
}

struct Looking {
    room: Mailroom,
    clock: Clock,
}

impl Handler for Looking {
    fn run(&self, job: ClaimedJob) -> BoxFuture<'_, Outcome> {
        async move {
            let Some(id) = &job.domain else { return Outcome::Done };
            match self.room.recheck_domain(&job.tenant, id).await {
                Ok(Some(next)) => Outcome::Retry(next, None),
                Ok(None) => Outcome::Done,
                Err(error) => {
                    tracing::warn!(%error, job = job.id, "a domain could not be looked at");
                    Outcome::Retry(self.clock.now().plus(AFTER_TROUBLE), None)
                }
            }
        }
        .boxed()
    }
}
