//! Claims due jobs and runs them, a bounded number at a time.
//!
//! A job may run twice: its lease can end while it is running, or the process can die after the work and before the
//! row is settled. Every handler is safe to run twice; the fence lets only the newest claim settle the row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::TenantId;
use mailward_store::{Claim, ClaimedJob, JobKind, Store};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longer than the longest call, so that a lease ends only with its worker.
const LEASE: Duration = Duration::from_secs(60);
/// Jobs running at once.
const AT_ONCE: usize = 32;
/// Of one tenant: an eighth, so that no tenant's dead endpoints can hold up everybody else's.
const PER_TENANT: usize = AT_ONCE / 8;
/// When the store could not even say when the next job is due, it is asked again after this.
const PAUSE: Duration = Duration::from_secs(2);

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or there is nothing left to do.
    Done,
    /// Try again then.
    Retry(Timestamp, Option<u16>),
    /// It cannot be done.
    GiveUp(Option<u16>),
}

/// Runs jobs of one kind.
pub trait Handler: Send + Sync {
    /// Does the work; never panics on what a peer says.
    fn run(&self, job: ClaimedJob) -> BoxFuture<'_, Outcome>;
}

/// The handlers by kind.
pub type Handlers = HashMap<JobKind, Arc<dyn Handler>>;

/// The worker of one process.
pub struct Worker {
    store: Store,
    clock: Clock,
    handlers: Handlers,
    look_again: Duration,
    regions: Vec<String>,
    shares: Arc<Shares>,
}

/// How many jobs of each tenant run.
#[derive(Default)]
struct Shares {
    running: Mutex<HashMap<TenantId, usize>>,
    freed: Notify,
}

impl Worker {
    /// A worker with its table of handlers, for the jobs of tenants of these regions. Without a wake-up it looks at the
    /// queue every `look_again`: another node may have written to it.
    pub fn new(
        store: Store,
        clock: Clock,
        handlers: Handlers,
        look_again: Duration,
        regions: Vec<String>,
    ) -> Self {
        Self { store, clock, handlers, look_again, regions, shares: Arc::default() }
    }

    /// Runs jobs until told to stop, then lets those that run come to their end.
    pub async fn run(self, stop: CancellationToken) {
        let running = TaskTracker::new();
        let places = Arc::new(Semaphore::new(AT_ONCE));
        while !stop.is_cancelled() {
            // A place first: what cannot be run now is better claimed by somebody else.
            let Ok(first) = Arc::clone(&places).acquire_owned().await else { break };
            let mut free = vec![first];
            while let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                free.push(place);
            }
            let claimed = self.claim(free.len()).await;
            if claimed.is_empty() {
                drop(free);
                self.wait(&stop).await;
                continue;
            }
            for (job, place) in claimed.into_iter().zip(free) {
                self.start(job, place, &running);
            }
        }
        running.close();
        running.wait().await;
    }

    async fn claim(&self, free: usize) -> Vec<ClaimedJob> {
        let without = self.shares.used_up();
        let claim = Claim {
            limit: i64::try_from(free).unwrap_or(1),
            per_tenant: PER_TENANT as i64,
            without: &without,
            regions: &self.regions,
        };
        match self.store.claim(self.clock.now(), LEASE, &claim).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(%error, "could not claim jobs");
                tokio::time::sleep(Duration::from_millis(500)).await;
                Vec::new()
            }
        }
    }

    fn start(&self, job: ClaimedJob, place: OwnedSemaphorePermit, running: &TaskTracker) {
        let Some(handler) = self.handlers.get(&job.kind).map(Arc::clone) else {
            tracing::warn!(kind = ?job.kind, "no handler for a job of this kind here");
            return;
        };
        let clock = self.clock.clone();
        let share = Arc::clone(&self.shares).take(job.tenant.id());
        running.spawn(async move {
            let (_place, _share) = (place, share);
            let outcome = handler.run(job.clone()).await;
            let settled = match outcome {
                Outcome::Done => job.done().await,
                Outcome::Retry(at, status) => job.retry(at, status).await,
                Outcome::GiveUp(status) => job.give_up(clock.now(), status).await,
            };
            match settled {
                Ok(true) => {}
                Ok(false) => tracing::info!(job = job.id, "a lease ended before its job did"),
                Err(error) => {
                    tracing::warn!(%error, job = job.id, "could not settle a job; its lease will end")
                }
            }
        });
    }

    /// Waits for a new job, or until the next one becomes due.
    async fn wait(&self, stop: &CancellationToken) {
        let until = match self.store.next_due().await {
            Err(_) => PAUSE,
            Ok(None) => self.look_again,
            Ok(Some(due)) => match u64::try_from(due.millis() - self.clock.now().millis()) {
                // What is due and was not claimed waits for its tenant's share, which tells when it is free.
                Err(_) | Ok(0) => self.look_again,
                Ok(millis) => Duration::from_millis(millis).min(self.look_again),
            },
        };
        tokio::select! {
            () = self.store.jobs_changed() => {}
            () = self.shares.freed.notified() => {}
            () = tokio::time::sleep(until) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// One running job of a tenant's; given back when it is dropped.
struct Share(Arc<Shares>, TenantId);

impl Shares {
    fn take(self: Arc<Self>, tenant: &TenantId) -> Share {
        *self.lock().entry(tenant.clone()).or_default() += 1;
        Share(self, tenant.clone())
    }

    /// Tenants that have as much as they may.
    fn used_up(&self) -> Vec<TenantId> {
        self.lock()
            .iter()
            .filter(|(_, running)| **running >= PER_TENANT)
            .map(|(tenant, _)| tenant.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, usize>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut running = self.0.lock();
        if let Some(count) = running.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.1);
            }
        }
        drop(running);
        self.0.freed.notify_one();
    }
}
