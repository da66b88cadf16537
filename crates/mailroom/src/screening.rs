//! The threads on which hostile bytes are parsed and scored, apart from everything else.
//!
//! A parser may panic, hang or overflow its stack. A panic is caught; a thread past its deadline is given up and
//! replaced; a stack overflow kills the process, so each thread first writes down which message it is about to read.
//! What is found written down after an unclean end is stored unparsed: no message can kill the service twice.

pub(crate) mod again;
mod deep;
pub(crate) mod gate;
mod judge;
pub(crate) mod own;
pub(crate) mod policy;
pub(crate) mod receive;
mod slots;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailward_fair::Turns;
use mailward_mail::id::TenantId;
use mailward_mail::parsed::Parsed;
use mailward_phishing::Evidence;
use mailward_score::{Level, Policy, Standing, Verdict};
use tokio::sync::oneshot;

pub use judge::{judge, judge_texts};
use slots::Slots;

/// How long parsing and scoring of one message may take, from their start on a thread of their own.
const DEADLINE: Duration = Duration::from_millis(2_200);
/// Room for a parser that recurses as deep as the pre-scan lets it, many times over.
const STACK: usize = 64 << 20;
/// So many threads may be lost to hostile mail before the process had better start afresh.
const MOST_LOST: usize = 4;

/// While more messages than this wait, none is read by the deep model: senders give up after some time.
const MOST_WAITING: usize = 64;

/// What screening found: one snapshot, one verdict.
pub struct Screened {
    /// What everybody reads; `None` when it could not be read.
    pub parsed: Option<Parsed>,
    /// What the scorer says of that.
    pub verdict: Verdict,
    /// What in it is aimed at people.
    pub evidence: Evidence,
}

struct Task {
    raw: Arc<Vec<u8>>,
    policy: Policy,
    thread: Option<Thread>,
    started: oneshot::Sender<()>,
    answer: oneshot::Sender<Screened>,
}

/// A mail that was read before, and what it continues.
struct Thread {
    parsed: Arc<Parsed>,
    earlier: Vec<Parsed>,
    sender: Standing,
}

/// The threads. A cheap clone.
#[derive(Clone)]
pub struct Screening(Arc<Inner>);

struct Inner {
    /// What waits, tenant by tenant, so that a flood to one is read in its turns.
    queue: Mutex<Turns<TenantId, Task>>,
    waits: Condvar,
    slots: Slots,
    lost: AtomicUsize,
    next: AtomicUsize,
}

impl Screening {
    /// Starts a thread per core. `directory` keeps what is being read, across a crash.
    pub fn start(directory: &Path, threads: usize) -> std::io::Result<Self> {
        // Else the first message would pay for it out of its deadline.
        mailward_score::warm_up();
        let _ = deep::reader();
        mailward_phishing::warm_up();
        let screening = Self(Arc::new(Inner {
            queue: Mutex::new(Turns::new(threads.max(1))),
            waits: Condvar::new(),
            slots: Slots::open(directory)?,
            lost: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
        }));
        for _ in 0..threads.max(1) {
            screening.spawn()?;
        }
        Ok(screening)
    }

    /// Whether so many threads hang at this moment that only a restart helps.
    pub fn is_exhausted(&self) -> bool {
        self.0.lost.load(Ordering::Relaxed) >= MOST_LOST
    }

    /// Parses and scores one message, in a turn of this tenant's. Never fails: what cannot be read is `unknown`.
    pub async fn screen(&self, tenant: TenantId, raw: Arc<Vec<u8>>, policy: Policy) -> Screened {
        if self.0.slots.is_condemned(&raw) {
            return unread("parser.crash", "reading this message ended the process before");
        }
        self.run(tenant, raw, policy, None).await
    }

    /// Scores a mail that was parsed before, as the end of its thread. Nothing: that could not be done.
    pub(crate) async fn screen_in_thread(
        &self,
        tenant: TenantId,
        raw: Arc<Vec<u8>>,
        parsed: Arc<Parsed>,
        earlier: Vec<Parsed>,
        sender: Standing,
        policy: Policy,
    ) -> Option<Verdict> {
        let screened = self.run(tenant, raw, policy, Some(Thread { parsed, earlier, sender })).await;
        (screened.verdict.level != Level::Unknown).then_some(screened.verdict)
    }

    async fn run(
        &self,
        tenant: TenantId,
        raw: Arc<Vec<u8>>,
        policy: Policy,
        thread: Option<Thread>,
    ) -> Screened {
        let (started, begun) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let octets = raw.len() as u64;
        self.0.queue().push(tenant, octets, Task { raw, policy, thread, started, answer });
        self.0.waits.notify_one();
        // The clock runs from the start of the work: a message does not pay for the queue before it.
        if begun.await.is_err() {
            return unread("parser.unavailable", "no thread is left to read it");
        }
        match tokio::time::timeout(DEADLINE, answered).await {
            Ok(Ok(screened)) => screened,
            Ok(Err(_)) => unread("parser.panic", "reading this message failed"),
            Err(_) => {
                self.0.lost.fetch_add(1, Ordering::Relaxed);
                tracing::error!("a message could not be read in time; its thread is given up");
                if let Err(error) = self.spawn() {
                    tracing::error!(%error, "no thread could be started in its place");
                }
                unread("parser.deadline", "reading this message took too long")
            }
        }
    }

    fn spawn(&self) -> std::io::Result<()> {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let slot = self.0.slots.slot(number)?;
        let inner = Arc::clone(&self.0);
        let work = move || {
            loop {
                let (tenant, Task { raw, policy, thread, started, answer }) = inner.next();
                // Whoever sent it has gone: nobody would read what is found.
                if started.send(()).is_err() {
                    inner.queue().done(&tenant);
                    continue;
                }
                slot.write(&raw);
                let screened = std::panic::catch_unwind(|| match &thread {
                    None => judge::judge(&raw, &policy),
                    Some(Thread { parsed, earlier, sender }) => {
                        let verdict = judge::in_thread(parsed, earlier, *sender, &policy);
                        Screened { parsed: None, verdict, evidence: Evidence::default() }
                    }
                });
                slot.clear();
                inner.queue().done(&tenant);
                let in_time = match screened {
                    Ok(screened) => answer.send(screened).is_ok(),
                    Err(_) => true,
                };
                // Nobody waits for it any more: a thread was started in this one's place, and it was only slow.
                if !in_time {
                    inner.lost.fetch_sub(1, Ordering::Relaxed);
                    return;
                }
            }
        };
        std::thread::Builder::new().name(format!("screen-{number}")).stack_size(STACK).spawn(work)?;
        Ok(())
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Turns<TenantId, Task>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next message whose turn it is.
    fn next(&self) -> (TenantId, Task) {
        let mut queue = self.queue();
        loop {
            match queue.take() {
                Some(next) => {
                    deep::set_overloaded(queue.len() > MOST_WAITING);
                    return next;
                }
                None => queue = self.waits.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// What is said of a message that nobody could read: held, and why.
pub(crate) fn unread(rule: &str, reason: &str) -> Screened {
    Screened { parsed: None, verdict: Verdict::unknown(rule, reason), evidence: Evidence::default() }
}
