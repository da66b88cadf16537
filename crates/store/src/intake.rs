//! The one writer: deliveries of all sessions meet here and are made durable together.
//!
//! One fsync costs as much for sixty messages as for one. Whoever waits is answered after the commit, so a 250 means
//! that the disk has it. Disarms ride along: they are applied before the deliveries that came after them.

mod armed;
mod group;
mod queue;
mod written;

use std::sync::Arc;

use mailward_mail::clock::Clock;
use mailward_mail::id::{EventId, MessageId};
use mailward_mail::random::Random;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use written::Written;

use crate::LoopBudget;
use crate::scope::event::EventKind;
use crate::scope::message::NewMessage;
use crate::scope::usage::Quota;
use crate::{Error, Store, Tenant};

/// How long a delivery waits for room in the queue.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// How much may wait, and how much is committed at once.
#[derive(Clone, Debug)]
pub struct IntakeLimits {
    /// Bytes that may wait for the writer.
    pub queue_bytes: usize,
    /// Messages of one commit.
    pub group_messages: usize,
    /// Bytes of one commit.
    pub group_bytes: usize,
    /// What is taken for a loop.
    pub loops: LoopBudget,
}

impl Default for IntakeLimits {
    fn default() -> Self {
        Self {
            queue_bytes: 256 << 20,
            group_messages: 64,
            group_bytes: 8 << 20,
            loops: LoopBudget::default(),
        }
    }
}

/// One message for one inbox, sealed.
pub struct Delivery {
    /// Whose.
    pub tenant: Tenant,
    /// What may be told of it.
    pub message: NewMessage,
    /// Sealed message as it came.
    pub raw: Vec<u8>,
    /// Sealed snapshot.
    pub parsed: Vec<u8>,
    /// Sealed summary for lists.
    pub meta: Vec<u8>,
    /// What becomes of it.
    pub next: Next,
    /// What its tenant and inbox may receive and keep. Nothing is refused for it: who comes near it is told.
    pub quota: Quota,
}

impl Delivery {
    /// What it takes on the disk.
    pub(crate) fn bytes(&self) -> usize {
        self.raw.len() + self.parsed.len() + self.meta.len()
    }
}

/// An event to be recorded with a delivery.
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
}

/// What happens to a delivery once it is on the disk.
pub enum Next {
    /// It is told of, under an id that stays.
    Told(NewEvent),
    /// It is held and pending: a job in the same transaction asks the judge, and what comes of that is told then.
    Judged,
}

/// A delivery that is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its id: that of the first one, if this was a repeat.
    pub id: MessageId,
    /// Whether an armed delivery with the same digest was there.
    pub repeat: bool,
}

/// Why a delivery is not on the disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The inbox was deleted meanwhile.
    #[error("the inbox is gone")]
    Gone,
    /// The tenant's key was rotated since the message was sealed: seal it with the newest and come back.
    #[error("the message was sealed with an old key")]
    OldKey,
    /// Too much waits, or the disk is full.
    #[error("too much is waiting to be written")]
    Full,
    /// The database failed.
    #[error("the store is unavailable")]
    Unavailable,
}

enum Command {
    Deliver(Box<Waiting>),
    Disarm(Tenant, Vec<MessageId>),
    Stop(oneshot::Sender<()>),
}

struct Waiting {
    delivery: Delivery,
    bytes: usize,
    answer: oneshot::Sender<Result<Committed, IntakeError>>,
    /// Since when it looks like a repeat of what another node took, and when to look again.
    perhaps_since: Option<Instant>,
    look_at: Option<Instant>,
    /// The share of the queue it takes, given back when it is answered.
    _share: OwnedSemaphorePermit,
}

/// The way to the writer. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    commands: mpsc::UnboundedSender<Command>,
    queue: Arc<Semaphore>,
    queue_bytes: usize,
    counted: written::Counted,
}

impl Intake {
    /// Starts the writer.
    pub fn start(store: Store, clock: Clock, random: Random, limits: IntakeLimits) -> (Self, JoinHandle<()>) {
        let (commands, inbox) = mpsc::unbounded_channel();
        let queue_bytes = limits.queue_bytes.min(Semaphore::MAX_PERMITS);
        let queue = Arc::new(Semaphore::new(queue_bytes));
        let counted = written::Counted::default();
        let writer = group::Writer { store, clock, random, limits, counted: counted.clone() };
        let writer = tokio::spawn(group::keep(writer, inbox));
        (Self { commands, queue, queue_bytes, counted }, writer)
    }

    /// Whether the queue is so full that new mail is better refused before it is sent.
    pub fn is_crowded(&self) -> bool {
        self.queue.available_permits() < self.queue_bytes / 4
    }

    /// What was written, and what waits.
    pub fn written(&self) -> Written {
        let waiting = self.queue_bytes.saturating_sub(self.queue.available_permits());
        self.counted.seen(waiting as u64)
    }

    /// Waits until a delivery is on the disk.
    pub async fn commit(&self, delivery: Delivery) -> Result<Committed, IntakeError> {
        let bytes = delivery.bytes();
        let share = u32::try_from(bytes).map_err(|_| IntakeError::Full)?;
        // The queue empties by itself; who waits too long is told to come back, and loses nothing by it.
        let room = Arc::clone(&self.queue).acquire_many_owned(share);
        let share = tokio::time::timeout(PATIENCE, room).await.map_err(|_| IntakeError::Full)?;
        let share = share.map_err(|_| IntakeError::Unavailable)?;
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { delivery, bytes, answer, perhaps_since: None, look_at: None, _share: share };
        self.commands.send(Command::Deliver(Box::new(waiting))).map_err(|_| IntakeError::Unavailable)?;
        answered.await.map_err(|_| IntakeError::Unavailable)?
    }

    /// The client has read its 250: a repeat from now on is a message of its own.
    pub fn disarm(&self, tenant: Tenant, ids: Vec<MessageId>) {
        // A writer that is gone has nothing more to confuse; the arms end by themselves.
        let _ = self.commands.send(Command::Disarm(tenant, ids));
    }

    /// Writes what waits and stops.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.commands.send(Command::Stop(done)).is_ok() {
            let _ = stopped.await;
        }
    }
}

impl IntakeError {
    fn of(error: &Error) -> Self {
        if error.is_full() { Self::Full } else { Self::Unavailable }
    }
}
