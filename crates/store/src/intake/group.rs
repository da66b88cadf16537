//! Takes what waits, writes it in one transaction, answers everybody.

use std::time::Duration;

use mailward_mail::clock::Clock;
use mailward_mail::id::MessageId;
use tokio::sync::{mpsc, oneshot};

use super::{Command, Committed, Delivery, IntakeError, IntakeLimits, Waiting};
use crate::scope::event::EventRow;
use crate::{Error, Result, Scope, Store, Tenant};

/// Attempts of one group when the database says that another order would have worked.
const ATTEMPTS: usize = 3;

/// Disarms ride with the next delivery; without one they wait this long.
const LAZY: Duration = Duration::from_millis(500);

/// Disarms that are kept over a failed commit.
const MOST_DISARMS: usize = 10_000;

#[derive(Default)]
struct Group {
    disarms: Vec<(Tenant, Vec<MessageId>)>,
    deliveries: Vec<Waiting>,
    bytes: usize,
    stop: Option<oneshot::Sender<()>>,
}

/// What became of one delivery within a transaction that may still fail.
type Outcome = std::result::Result<Committed, IntakeError>;

pub(super) async fn run(
    store: Store,
    clock: Clock,
    limits: IntakeLimits,
    mut commands: mpsc::UnboundedReceiver<Command>,
) {
    let mut group = Group::default();
    loop {
        if !group.collect(&mut commands, &limits).await {
            group.write(&store, &clock).await;
            return;
        }
        group.write(&store, &clock).await;
        if let Some(done) = group.stop.take() {
            let _ = done.send(());
            return;
        }
    }
}

impl Group {
    /// Waits for something to write and takes what else is there, within the limits. `false`: nobody is left.
    async fn collect(
        &mut self,
        commands: &mut mpsc::UnboundedReceiver<Command>,
        limits: &IntakeLimits,
    ) -> bool {
        loop {
            let next = if self.disarms.is_empty() {
                commands.recv().await
            } else {
                match tokio::time::timeout(LAZY, commands.recv()).await {
                    Ok(next) => next,
                    Err(_) => return true,
                }
            };
            match next {
                Some(command) => self.take(command),
                None => return false,
            }
            if !self.deliveries.is_empty() || self.stop.is_some() {
                break;
            }
        }
        while self.stop.is_none()
            && self.deliveries.len() < limits.group_messages
            && self.bytes < limits.group_bytes
        {
            match commands.try_recv() {
                Ok(command) => self.take(command),
                Err(_) => break,
            }
        }
        true
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Deliver(waiting) => {
                self.bytes += waiting.bytes;
                self.deliveries.push(*waiting);
            }
            Command::Disarm(tenant, ids) => self.disarms.push((tenant, ids)),
            Command::Stop(done) => self.stop = Some(done),
        }
    }

    async fn write(&mut self, store: &Store, clock: &Clock) {
        let disarms = std::mem::take(&mut self.disarms);
        let deliveries = std::mem::take(&mut self.deliveries);
        self.bytes = 0;
        if disarms.is_empty() && deliveries.is_empty() {
            return;
        }
        let mut result = Err(IntakeError::Unavailable);
        for attempt in 1..=ATTEMPTS {
            match transaction(store, clock, &disarms, &deliveries).await {
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
            }
            Err(error) => {
                // Lost, they would leave honest repeats unheard; but a store that stays down must not pile them up.
                self.disarms = disarms;
                self.disarms.truncate(MOST_DISARMS);
                for waiting in deliveries {
                    let _ = waiting.answer.send(Err(error.clone()));
                }
            }
        }
    }
}

/// One transaction over several tenants: the scope is handed from one to the next.
async fn transaction(
    store: &Store,
    clock: &Clock,
    disarms: &[(Tenant, Vec<MessageId>)],
    deliveries: &[Waiting],
) -> Result<Vec<Outcome>> {
    let first =
        disarms.first().map(|(tenant, _)| tenant).or(deliveries.first().map(|one| &one.delivery.tenant));
    let first = first.expect("a group is not empty");
    let tx = store.inner.db.write().await?;
    let mut scope = Scope::enter(store.clone(), tx, first.id().clone()).await?;
    for (tenant, ids) in disarms {
        scope.switch(tenant.id()).await?;
        for id in ids {
            scope.disarm(id).await?;
        }
    }
    // Counters are locked in one order everywhere, so that two groups on two nodes cannot wait for each other.
    let mut order: Vec<usize> = (0..deliveries.len()).collect();
    order.sort_by_key(|at| {
        let delivery = &deliveries[*at].delivery;
        (delivery.tenant.id().clone(), delivery.message.inbox.clone(), *at)
    });
    let mut outcomes = vec![Err(IntakeError::Unavailable); deliveries.len()];
    for at in order {
        outcomes[at] = deliver(&mut scope, clock, &deliveries[at].delivery).await?;
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
    // Sealed with a version of the key that a rotation is about to drop: to be sealed again, before anything counts it.
    if i64::from(message.key_version) < scope.key_floor().await? {
        return Ok(Err(IntakeError::OldKey));
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
