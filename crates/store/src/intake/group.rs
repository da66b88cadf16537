//! Takes what waits, writes it in one transaction, answers everybody.

use std::collections::BTreeMap;
use std::time::Duration;

use mailward_fair::Turns;
use mailward_mail::clock::Clock;
use mailward_mail::id::{InboxId, MessageId, TenantId};
use mailward_mail::random::Random;
use tokio::sync::{mpsc, oneshot};

use super::{Command, Committed, Delivery, IntakeError, IntakeLimits, Waiting};
use crate::scope::event::EventRow;
use crate::scope::usage::Tally;
use crate::{Error, Result, Scope, Store, Tenant};

/// Attempts of one group when the database says that another order would have worked.
const ATTEMPTS: usize = 3;

/// Disarms ride with the next delivery; without one they wait this long.
const LAZY: Duration = Duration::from_millis(500);

/// Disarms that are kept over a failed commit.
const MOST_DISARMS: usize = 10_000;

/// What the writer works with.
pub(super) struct Writer {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) limits: IntakeLimits,
}

/// What waits, tenant by tenant: a flood of one is written in its turns, and nobody else's mail lies behind it.
struct Queue {
    turns: Turns<TenantId, Waiting>,
    disarms: Vec<(Tenant, Vec<MessageId>)>,
    stop: Option<oneshot::Sender<()>>,
    closed: bool,
}

/// What is written together.
#[derive(Default)]
struct Group {
    disarms: Vec<(Tenant, Vec<MessageId>)>,
    deliveries: Vec<Waiting>,
}

/// What became of one delivery within a transaction that may still fail.
type Outcome = std::result::Result<Committed, IntakeError>;

pub(super) async fn run(writer: Writer, mut commands: mpsc::UnboundedReceiver<Command>) {
    let turns = Turns::new(writer.limits.group_messages);
    let mut queue = Queue { turns, disarms: Vec::new(), stop: None, closed: false };
    loop {
        queue.fill(&mut commands).await;
        let group = queue.group(&writer.limits);
        let served: Vec<TenantId> =
            group.deliveries.iter().map(|waiting| waiting.delivery.tenant.id().clone()).collect();
        queue.disarms = group.write(&writer).await;
        for tenant in served {
            queue.turns.done(&tenant);
        }
        if queue.turns.is_empty() && (queue.closed || queue.stop.is_some()) {
            if let Some(done) = queue.stop.take() {
                let _ = done.send(());
            }
            return;
        }
    }
}

impl Queue {
    /// Waits until there is something to write, and takes what else is there.
    async fn fill(&mut self, commands: &mut mpsc::UnboundedReceiver<Command>) {
        while self.turns.is_empty() && self.stop.is_none() && !self.closed {
            let next = if self.disarms.is_empty() {
                commands.recv().await
            } else {
                match tokio::time::timeout(LAZY, commands.recv()).await {
                    Ok(next) => next,
                    Err(_) => return,
                }
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

    fn take(&mut self, command: Command) {
        match command {
            Command::Deliver(waiting) => {
                let tenant = waiting.delivery.tenant.id().clone();
                self.turns.push(tenant, waiting.bytes as u64, *waiting);
            }
            Command::Disarm(tenant, ids) => self.disarms.push((tenant, ids)),
            Command::Stop(done) => self.stop = Some(done),
        }
    }

    /// The next group, within the limits.
    fn group(&mut self, limits: &IntakeLimits) -> Group {
        let mut group = Group { disarms: std::mem::take(&mut self.disarms), deliveries: Vec::new() };
        let mut bytes = 0;
        while group.deliveries.len() < limits.group_messages && bytes < limits.group_bytes {
            let Some((_, waiting)) = self.turns.take() else { break };
            bytes += waiting.bytes;
            group.deliveries.push(waiting);
        }
        group
    }
}

impl Group {
    /// Writes everything and answers everybody. Returns the disarms that are still to be made.
    async fn write(self, writer: &Writer) -> Vec<(Tenant, Vec<MessageId>)> {
        let Self { mut disarms, deliveries } = self;
        if disarms.is_empty() && deliveries.is_empty() {
            return disarms;
        }
        let mut result = Err(IntakeError::Unavailable);
        for attempt in 1..=ATTEMPTS {
            match transaction(writer, &disarms, &deliveries).await {
                Ok(outcomes) => result = Ok(outcomes),
                Err(error) if error.is_fsync_failure() => {
                    // The page cache may have dropped what was written: only a restart tells what is really there.
                    tracing::error!(
                        "fsync failed; stopping at once so that nothing is acknowledged that is lost"
                    );
                    std::process::abort();
                }
                Err(error) => {
                    let again = (error.is_retryable() || error.is_unique_violation()) && attempt < ATTEMPTS;
                    tracing::warn!(attempt, again, error = %Chain(&error), "a group could not be committed");
                    result = Err(IntakeError::of(&error));
                    if again {
                        continue;
                    }
                }
            }
            break;
        }
        match result {
            Ok(outcomes) => {
                for (waiting, outcome) in deliveries.into_iter().zip(outcomes) {
                    let _ = waiting.answer.send(outcome);
                }
                Vec::new()
            }
            Err(error) => {
                // Lost, they would leave honest repeats unheard; but a store that stays down must not pile them up.
                disarms.truncate(MOST_DISARMS);
                for waiting in deliveries {
                    let _ = waiting.answer.send(Err(error.clone()));
                }
                disarms
            }
        }
    }
}

/// One transaction over several tenants: the scope is handed from one to the next.
async fn transaction(
    writer: &Writer,
    disarms: &[(Tenant, Vec<MessageId>)],
    deliveries: &[Waiting],
) -> Result<Vec<Outcome>> {
    let first =
        disarms.first().map(|(tenant, _)| tenant).or(deliveries.first().map(|one| &one.delivery.tenant));
    let first = first.expect("a group is not empty");
    let tx = writer.store.inner.db.write().await?;
    let mut scope = Scope::enter(writer.store.clone(), tx, first.id().clone()).await?;
    for (tenant, ids) in disarms {
        scope.switch(tenant.id()).await?;
        for id in ids {
            scope.disarm(id).await?;
        }
    }
    // Rows are locked in one order everywhere, tenant by tenant, so that two groups on two nodes cannot wait for each
    // other. A tenant's counters come after its inboxes: they are all tenants of a flood wait for, so they are held last.
    let mut order: Vec<usize> = (0..deliveries.len()).collect();
    order.sort_by_key(|at| {
        let delivery = &deliveries[*at].delivery;
        (delivery.tenant.id().clone(), delivery.message.inbox.clone(), *at)
    });
    let mut outcomes = vec![Err(IntakeError::Unavailable); deliveries.len()];
    for tenant in order.chunk_by(|one, other| {
        deliveries[*one].delivery.tenant.id() == deliveries[*other].delivery.tenant.id()
    }) {
        let mut tallies: BTreeMap<&InboxId, Tally> = BTreeMap::new();
        for at in tenant {
            let delivery = &deliveries[*at].delivery;
            let outcome = deliver(&mut scope, &writer.clock, delivery).await?;
            if matches!(outcome, Ok(Committed { repeat: false, .. })) {
                let tally = tallies.entry(&delivery.message.inbox).or_default();
                tally.messages += 1;
                tally.bytes += i64::try_from(delivery.bytes()).unwrap_or(i64::MAX);
                tally.quota = delivery.quota;
            }
            outcomes[*at] = outcome;
        }
        for (inbox, tally) in tallies {
            scope.count_received(inbox, &tally, &writer.clock, &writer.random).await?;
        }
    }
    scope.commit().await?;
    Ok(outcomes)
}

async fn deliver(scope: &mut Scope, clock: &Clock, delivery: &Delivery) -> Result<Outcome> {
    let message = &delivery.message;
    scope.switch(delivery.tenant.id()).await?;
    if let Some(first) = scope.armed(&message.delivery_digest).await? {
        let id = MessageId::parse(&first).map_err(|bad| Error::corrupt("message", &first, bad))?;
        return Ok(Ok(Committed { id, repeat: true }));
    }
    let now = clock.now();
    let place = match message.held {
        // Locked, so that it cannot be deleted between this look and the insert.
        true if scope.lock_inbox(&message.inbox).await? => None,
        true => return Ok(Err(IntakeError::Gone)),
        false => match scope.next_place(&message.inbox, now).await? {
            Some(place) => Some(place),
            None => return Ok(Err(IntakeError::Gone)),
        },
    };
    scope.insert_message(message, place, now).await?;
    scope.insert_parts(&message.id, &delivery.raw, &delivery.parsed, &delivery.meta).await?;
    let event = EventRow {
        id: delivery.event.id.clone(),
        kind: delivery.event.kind,
        inbox: Some(message.inbox.clone()),
        message: Some(message.id.clone()),
        created_at: now,
    };
    scope.record(&event).await?;
    scope.wakes_inbox(&message.inbox);
    Ok(Ok(Committed { id: message.id.clone(), repeat: false }))
}

/// An error with its causes, for the log.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
