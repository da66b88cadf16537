//! What waits for the writer, tenant by tenant: a flood of one is written in its turns, and nobody else's mail lies
//! behind it.

use std::time::Duration;

use mailward_fair::Turns;
use mailward_mail::id::{MessageId, TenantId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::{Command, IntakeLimits, Waiting};
use crate::Tenant;

/// Disarms ride with the next delivery; without one they wait this long.
pub(super) const LAZY: Duration = Duration::from_millis(200);

/// Disarms that are kept over a failed commit.
const MOST_DISARMS: usize = 10_000;

/// Messages of one tenant whose senders have read the 250.
pub(super) type Disarm = (Tenant, Vec<MessageId>);

pub(super) struct Queue {
    turns: Turns<TenantId, Waiting>,
    disarms: Vec<Disarm>,
    /// Looked like repeats of what another node took.
    aside: Vec<Waiting>,
    /// When to write or look again although nothing else comes.
    due: Option<Instant>,
    stop: Option<oneshot::Sender<()>>,
    closed: bool,
}

impl Queue {
    pub(super) fn new(limits: &IntakeLimits) -> Self {
        Self {
            turns: Turns::new(limits.group_messages),
            disarms: Vec::new(),
            aside: Vec::new(),
            due: None,
            stop: None,
            closed: false,
        }
    }

    /// Waits until there is something to write, and takes what else is there.
    pub(super) async fn fill(&mut self, commands: &mut mpsc::UnboundedReceiver<Command>) {
        while self.turns.is_empty() && self.stop.is_none() && !self.closed {
            let next = match self.due {
                None => commands.recv().await,
                Some(due) => match timeout_at(due, commands.recv()).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
            };
            match next {
                Some(command) => self.take(command),
                None => self.closed = true,
            }
        }
        while let Ok(command) = commands.try_recv() {
            self.take(command);
        }
    }

    /// The next group, within the limits: all disarms, what was set aside long enough, and what has its turn.
    pub(super) fn group(&mut self, limits: &IntakeLimits, now: Instant) -> (Vec<Disarm>, Vec<Waiting>) {
        let again = self.aside.extract_if(.., |waiting| waiting.look_at.is_none_or(|at| at <= now));
        let mut deliveries: Vec<Waiting> = again.collect();
        self.due = self.aside.iter().filter_map(|waiting| waiting.look_at).min();
        let mut bytes: usize = deliveries.iter().map(|waiting| waiting.bytes).sum();
        while deliveries.len() < limits.group_messages && bytes < limits.group_bytes {
            let Some((_, waiting)) = self.turns.take() else { break };
            bytes += waiting.bytes;
            deliveries.push(waiting);
        }
        (std::mem::take(&mut self.disarms), deliveries)
    }

    /// A delivery of a tenant was answered or set aside: its turn is over.
    pub(super) fn served(&mut self, tenant: &TenantId) {
        self.turns.done(tenant);
    }

    /// Keeps a delivery that must be looked at again.
    pub(super) fn set_aside(&mut self, mut waiting: Waiting, since: Instant, wait: Duration) {
        waiting.perhaps_since.get_or_insert(since);
        waiting.look_at = Some(Instant::now() + wait);
        self.aside.push(waiting);
        self.due_in(wait);
    }

    /// Keeps disarms of a commit that failed. Lost, they would leave honest repeats unheard; but a store that stays
    /// down must not pile them up.
    pub(super) fn keep(&mut self, mut disarms: Vec<Disarm>) {
        disarms.truncate(MOST_DISARMS);
        self.disarms = disarms;
        self.due_in(LAZY);
    }

    /// Whoever waits for the end, once everything is written.
    pub(super) fn ended(&mut self) -> Option<Option<oneshot::Sender<()>>> {
        (self.turns.is_empty() && (self.closed || self.stop.is_some())).then(|| self.stop.take())
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Deliver(waiting) => {
                let tenant = waiting.delivery.tenant.id().clone();
                self.turns.push(tenant, waiting.bytes as u64, *waiting);
            }
            Command::Disarm(tenant, ids) => {
                self.disarms.push((tenant, ids));
                self.due_in(LAZY);
            }
            Command::Stop(done) => self.stop = Some(done),
        }
    }

    fn due_in(&mut self, time: Duration) {
        let then = Instant::now() + time;
        self.due = Some(self.due.map_or(then, |due| due.min(then)));
    }
}
