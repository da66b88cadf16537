//! The threads on which hostile bytes are parsed and scored, apart from everything else.
//!
//! A parser may panic, hang or overflow its stack. A panic is caught; a thread past its deadline is given up and
//! replaced; a stack overflow kills the process, so each thread first writes down which message it is about to read.
//! What is found written down after an unclean end is stored unparsed: no message can kill the service twice.

mod judge;
mod slots;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use mailward_mail::parsed::Parsed;
use mailward_score::{Policy, Verdict};
use tokio::sync::oneshot;

pub use judge::{judge, sample};
use slots::Slots;

/// How long parsing and scoring of one message may take, from their start on a thread of their own.
const DEADLINE: Duration = Duration::from_millis(2_200);
/// Room for a parser that recurses as deep as the pre-scan lets it, many times over.
const STACK: usize = 64 << 20;
/// So many threads may be lost to hostile mail before the process had better start afresh.
const MOST_LOST: usize = 4;

/// What screening found: one snapshot, one verdict.
pub struct Screened {
    /// What everybody reads; `None` when it could not be read.
    pub parsed: Option<Parsed>,
    /// What the scorer says of that.
    pub verdict: Verdict,
}

struct Task {
    raw: Arc<Vec<u8>>,
    policy: Policy,
    started: oneshot::Sender<()>,
    answer: oneshot::Sender<Screened>,
}

/// The threads. A cheap clone.
#[derive(Clone)]
pub struct Screening(Arc<Inner>);

struct Inner {
    tasks: mpsc::Sender<Task>,
    queue: Mutex<mpsc::Receiver<Task>>,
    slots: Slots,
    lost: AtomicUsize,
    next: AtomicUsize,
}

impl Screening {
    /// Starts a thread per core. `directory` keeps what is being read, across a crash.
    pub fn start(directory: &Path, threads: usize) -> std::io::Result<Self> {
        // Else the first message would pay for it out of its deadline.
        mailward_score::warm_up();
        let (tasks, queue) = mpsc::channel();
        let screening = Self(Arc::new(Inner {
            tasks,
            queue: Mutex::new(queue),
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

    /// Parses and scores one message. Never fails: what cannot be read is `unknown`.
    pub async fn screen(&self, raw: Arc<Vec<u8>>, policy: Policy) -> Screened {
        if self.0.slots.is_condemned(&raw) {
            return unread("parser.crash", "reading this message ended the process before");
        }
        let (started, begun) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        if self.0.tasks.send(Task { raw, policy, started, answer }).is_err() {
            return unread("parser.unavailable", "no thread is left to read it");
        }
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
                let next = inner.queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(Task { raw, policy, started, answer }) = next else { return };
                let _ = started.send(());
                slot.write(&raw);
                let screened = std::panic::catch_unwind(|| judge::judge(&raw, &policy));
                slot.clear();
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

/// What is said of a message that nobody could read: held, and why.
pub(crate) fn unread(rule: &str, reason: &str) -> Screened {
    Screened { parsed: None, verdict: Verdict::unknown(rule, reason) }
}
