//! Claims due jobs and runs them, a bounded number at a time, tenant by tenant in turns.
//!
//! A job may run twice: its lease can end while it is running, or the process can die after the work and before the
//! row is settled. Every handler is safe to run twice; the fence lets only the newest claim settle the row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use mailward_fair::Turns;
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{TenantId, WebhookId};
use mailward_store::{Claim, ClaimedJob, JobKind, Store};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a lease is longer than the longest run: with what waits here in hand, so that a lease ends only with its worker.
const SLACK: Duration = Duration::from_secs(45);
/// What has waited here for so long is put back: the rest of its lease might not be enough for a run.
const STALE: Duration = Duration::from_secs(30);
/// Of one endpoint, so that one that does not answer leaves its tenant's others their part.
const PER_ENDPOINT: usize = 4;
/// When the store could not even say when the next job is due, it is asked again after this.
const PAUSE: Duration = Duration::from_secs(2);

/// The jobs of one worker, and how many it runs. Kinds have workers of their own: what one kind waits for keeps no other
/// waiting.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    /// Which jobs.
    pub kind: JobKind,
    /// Jobs running at once.
    pub at_once: usize,
    /// Of one tenant, running or about to.
    pub per_tenant: usize,
    /// How long one may run.
    pub longest: Duration,
}

impl Lane {
    /// Webhook calls. A call that waits costs a socket: there is room for eight tenants all of whose endpoints are dead.
    pub const WEBHOOKS: Self =
        Self { kind: JobKind::Webhook, at_once: 128, per_tenant: 16, longest: mailward_net::egress::TOTAL };

    /// At least one, or nobody's jobs would ever run.
    fn per_tenant(self) -> usize {
        self.per_tenant.max(1)
    }
}

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or there is nothing left to do.
    Done,
    /// Try again then.
    Retry(Timestamp, Option<u16>),
    /// It was not begun, for want of a place: again then, and this was no try.
    NotYet(Timestamp),
    /// It cannot be done.
    GiveUp(Option<u16>),
    /// The handler wrote down itself what becomes of it.
    Settled,
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
    lane: Lane,
    store: Store,
    clock: Clock,
    handlers: Handlers,
    look_again: Duration,
    regions: Vec<String>,
    hand: Arc<Hand>,
}

/// The jobs that this worker has claimed.
struct Hand {
    per_tenant: usize,
    jobs: Mutex<Jobs>,
    /// A job has come to its end.
    freed: Notify,
}

struct Jobs {
    turns: Turns<TenantId, Waiting>,
    /// Running or about to, by endpoint.
    endpoints: HashMap<WebhookId, usize>,
}

struct Waiting {
    job: ClaimedJob,
    since: Timestamp,
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
        lane: Lane,
    ) -> Self {
        let lane = Lane { at_once: lane.at_once.max(1), ..lane };
        let jobs = Jobs { turns: Turns::new(lane.at_once), endpoints: HashMap::new() };
        Self {
            lane,
            store,
            clock,
            handlers,
            look_again,
            regions,
            hand: Arc::new(Hand {
                per_tenant: lane.per_tenant(),
                jobs: Mutex::new(jobs),
                freed: Notify::new(),
            }),
        }
    }

    /// Runs jobs until told to stop, then lets those that run come to their end.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let running = TaskTracker::new();
        let places = Arc::new(Semaphore::new(self.lane.at_once));
        while !stop.is_cancelled() {
            let claimed = self.claim(places.available_permits()).await;
            while let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                let Some(next) = self.hand.lock().turns.take() else { break };
                self.start(next.1, place, &running).await;
            }
            if claimed == 0 || places.available_permits() == 0 {
                self.wait(&stop, places.available_permits() > 0).await;
            }
        }
        // What was not begun is somebody else's at once.
        loop {
            let next = self.hand.lock().turns.take();
            let Some((_, waiting)) = next else { break };
            self.put_back(&waiting.job, Duration::ZERO).await;
        }
        running.close();
        running.wait().await;
    }

    /// Claims jobs while there are places for some of them, more than that, so that there is a choice; how many.
    async fn claim(&self, free: usize) -> usize {
        let (room, without, left) = {
            let jobs = self.hand.lock();
            let share = self.lane.per_tenant();
            let (used_up, others): (Vec<_>, Vec<_>) =
                jobs.turns.lanes().cloned().partition(|tenant| jobs.turns.held(tenant) >= share);
            // As many as any of them may still have: what is claimed beyond that is put off, and waits for nothing.
            let most = others.iter().map(|tenant| jobs.turns.held(tenant)).max().unwrap_or(0);
            (self.lane.at_once.saturating_sub(jobs.turns.len()), used_up, share - most)
        };
        if free == 0 || room == 0 {
            return 0;
        }
        let claim = Claim {
            limit: i64::try_from(room).unwrap_or(1),
            per_tenant: i64::try_from(left).unwrap_or(1),
            without: &without,
            regions: &self.regions,
            kinds: &[self.lane.kind],
        };
        let claimed = match self.store.claim(self.clock.now(), self.lane.longest + SLACK, &claim).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(%error, "could not claim jobs");
                tokio::time::sleep(Duration::from_millis(500)).await;
                Vec::new()
            }
        };
        let mut taken = 0;
        for job in claimed {
            match self.hand.take(job, self.clock.now()) {
                None => taken += 1,
                Some(too_many) => self.put_back(&too_many, PAUSE).await,
            }
        }
        taken
    }

    async fn start(&self, waiting: Waiting, place: OwnedSemaphorePermit, running: &TaskTracker) {
        let Waiting { job, since } = waiting;
        let part = Part {
            hand: Arc::clone(&self.hand),
            tenant: job.tenant.id().clone(),
            webhook: job.webhook.clone(),
        };
        if since.plus(STALE) < self.clock.now() {
            self.put_back(&job, Duration::ZERO).await;
            return;
        }
        let Some(handler) = self.handlers.get(&job.kind).map(Arc::clone) else {
            tracing::warn!(kind = ?job.kind, "no handler for a job of this kind here");
            return;
        };
        let clock = self.clock.clone();
        running.spawn(async move {
            let (_place, _part) = (place, part);
            let outcome = handler.run(job.clone()).await;
            let settled = match outcome {
                Outcome::Done => job.done().await,
                Outcome::Retry(at, status) => job.retry(at, status).await,
                Outcome::NotYet(at) => job.put_back(at).await,
                Outcome::GiveUp(status) => job.give_up(clock.now(), status).await,
                Outcome::Settled => return,
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

    async fn put_back(&self, job: &ClaimedJob, wait: Duration) {
        if let Err(error) = job.put_back(self.clock.now().plus(wait)).await {
            tracing::warn!(%error, job = job.id, "could not put a job back; its lease will end");
        }
    }

    /// Waits for a new job, for a place, or until the next job becomes due.
    async fn wait(&self, stop: &CancellationToken, has_places: bool) {
        let due = if has_places { self.store.next_due(&[self.lane.kind]).await } else { Ok(None) };
        let until = match due {
            Err(_) => PAUSE,
            Ok(None) => self.look_again,
            Ok(Some(due)) => match u64::try_from(due.millis() - self.clock.now().millis()) {
                // What is due and was not claimed waits for its tenant's part, which tells when it is free.
                Err(_) | Ok(0) => self.look_again,
                Ok(millis) => Duration::from_millis(millis).min(self.look_again),
            },
        };
        tokio::select! {
            () = self.store.jobs_changed(self.lane.kind), if has_places => {}
            () = self.hand.freed.notified() => {}
            () = tokio::time::sleep(until) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// A tenant's and an endpoint's part, taken by a job; given back when it is dropped.
struct Part {
    hand: Arc<Hand>,
    tenant: TenantId,
    webhook: Option<WebhookId>,
}

impl Hand {
    /// Lets a job wait for its turn, or gives it back: its tenant or endpoint has enough in hand.
    fn take(&self, job: ClaimedJob, now: Timestamp) -> Option<ClaimedJob> {
        let mut jobs = self.lock();
        let tenant = job.tenant.id().clone();
        let of_endpoint = job.webhook.as_ref().and_then(|webhook| jobs.endpoints.get(webhook).copied());
        if jobs.turns.held(&tenant) >= self.per_tenant || of_endpoint.is_some_and(|held| held >= PER_ENDPOINT)
        {
            return Some(job);
        }
        if let Some(webhook) = &job.webhook {
            *jobs.endpoints.entry(webhook.clone()).or_default() += 1;
        }
        // A job weighs what the least does: its octets are not known before it is put together.
        jobs.turns.push(tenant, 0, Waiting { job, since: now });
        None
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut jobs = self.hand.lock();
        jobs.turns.done(&self.tenant);
        if let Some(webhook) = &self.webhook
            && let Some(held) = jobs.endpoints.get_mut(webhook)
        {
            *held -= 1;
            if *held == 0 {
                jobs.endpoints.remove(webhook);
            }
        }
        drop(jobs);
        self.hand.freed.notify_one();
    }
}
