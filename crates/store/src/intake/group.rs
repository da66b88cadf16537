//! Takes what waits, writes it in one transaction, answers everybody.
//!
//! A delivery that looks like a repeat is one if the first was armed here: its disarm would have come before. Was it
//! armed on another node, that node may know already that the 250 was read and be about to say so. Such a delivery
//! waits aside, looked at again and again, for longer than a disarm takes; nobody else waits with it.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{EventId, InboxId, MessageId, TenantId};
use mailward_mail::random::Random;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::armed::Armed;
use super::queue::{Disarm, Queue};
use super::written::Counted;
use super::{Command, Committed, Delivery, IntakeError, IntakeLimits, Next, Waiting};
use crate::scope::event::EventRow;
use crate::scope::hours::Came;
use crate::scope::usage::Tally;
use crate::{Error, Result, Scope, Store};

/// Attempts of one group when the database says that another order would have worked.
const ATTEMPTS: usize = 3;

/// How often another node's arm is looked at again, and from when on it counts: [`super::queue::LAZY`] and a slow commit
/// are over.
const LOOK: Duration = Duration::from_millis(50);
const SETTLED: Duration = Duration::from_secs(1);

/// What the writer works with.
pub(super) struct Writer {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) limits: IntakeLimits,
    pub(super) counted: Counted,
}

/// What became of one delivery within a transaction that may still fail.
enum Outcome {
    Answer(std::result::Result<Committed, IntakeError>),
    /// A repeat, unless another node says otherwise in time.
    Perhaps,
}

/// Writes until told to stop. A fault in one group ends that group alone: who waited for it is told to come back, and what
/// was armed is as unknown as after a restart.
pub(super) async fn keep(writer: Writer, mut commands: mpsc::UnboundedReceiver<Command>) {
    while AssertUnwindSafe(run(&writer, &mut commands)).catch_unwind().await.is_err() {
        tracing::error!("the writer broke down; the senders of what it held come again");
    }
}

async fn run(writer: &Writer, commands: &mut mpsc::UnboundedReceiver<Command>) {
    let (mut queue, mut armed) = (Queue::new(&writer.limits), Armed::default());
    loop {
        queue.fill(commands).await;
        let now = Instant::now();
        let (disarms, deliveries) = queue.group(&writer.limits, now);
        let served: Vec<TenantId> = deliveries
            .iter()
            .filter(|waiting| waiting.perhaps_since.is_none())
            .map(|waiting| waiting.delivery.tenant.id().clone())
            .collect();
        write(writer, &mut queue, &mut armed, disarms, deliveries).await;
        for tenant in served {
            queue.served(&tenant);
        }
        if let Some(done) = queue.ended() {
            done.map(|done| done.send(()));
            return;
        }
    }
}

/// Writes everything and answers everybody.
async fn write(
    writer: &Writer,
    queue: &mut Queue,
    armed: &mut Armed,
    disarms: Vec<Disarm>,
    deliveries: Vec<Waiting>,
) {
    if disarms.is_empty() && deliveries.is_empty() {
        return;
    }
    let started = Instant::now();
    match committed(writer, armed, &disarms, &deliveries).await {
        Ok(outcomes) => {
            disarms.iter().flat_map(|(_, ids)| ids).for_each(|id| armed.remove(id));
            let (mut messages, mut bytes) = (0, 0);
            for (waiting, outcome) in deliveries.into_iter().zip(outcomes) {
                let Outcome::Answer(answer) = outcome else {
                    queue.set_aside(waiting, started, LOOK);
                    continue;
                };
                if let Ok(Committed { id, repeat: false }) = &answer {
                    armed.insert(id.clone());
                    messages += 1;
                    bytes += waiting.bytes;
                }
                let _ = waiting.answer.send(answer);
            }
            writer.counted.note(messages, bytes);
        }
        Err(error) => {
            queue.keep(disarms);
            for waiting in deliveries {
                let _ = waiting.answer.send(Err(error.clone()));
            }
        }
    }
}

/// Commits a group, again where the database says that another order would have worked.
async fn committed(
    writer: &Writer,
    armed: &Armed,
    disarms: &[Disarm],
    deliveries: &[Waiting],
) -> std::result::Result<Vec<Outcome>, IntakeError> {
    let mut attempt = 1;
    loop {
        match transaction(writer, armed, disarms, deliveries).await {
            Ok(outcomes) => return Ok(outcomes),
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
                if !again {
                    return Err(IntakeError::of(&error));
                }
                attempt += 1;
            }
        }
    }
}

/// One transaction over several tenants: the scope is handed from one to the next.
async fn transaction(
    writer: &Writer,
    own: &Armed,
    disarms: &[Disarm],
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
    let alone = !writer.store.is_shared();
    let mut outcomes: Vec<Outcome> =
        deliveries.iter().map(|_| Outcome::Answer(Err(IntakeError::Unavailable))).collect();
    for tenant in order.chunk_by(|one, other| {
        deliveries[*one].delivery.tenant.id() == deliveries[*other].delivery.tenant.id()
    }) {
        let mut tallies: BTreeMap<&InboxId, Tally> = BTreeMap::new();
        let mut came = Came::default();
        let now = writer.clock.now();
        for at in tenant {
            let waiting = &deliveries[*at];
            let delivery = &waiting.delivery;
            let settled = alone || waiting.perhaps_since.is_some_and(|since| since.elapsed() >= SETTLED);
            let counts = |first: &MessageId| settled || own.contains(first);
            let outcome = deliver(&mut scope, writer, delivery, counts).await?;
            if matches!(outcome, Outcome::Answer(Ok(Committed { repeat: false, .. }))) {
                let tally = tallies.entry(&delivery.message.inbox).or_default();
                tally.messages += 1;
                tally.held += i64::from(delivery.message.held);
                tally.bytes += i64::try_from(delivery.bytes()).unwrap_or(i64::MAX);
                tally.quota = delivery.quota;
                came.levels.add(delivery.message.level);
                came.held += i64::from(delivery.message.held);
                came.took_millis += taking(delivery.message.received_at, now);
            }
            outcomes[*at] = outcome;
        }
        for (inbox, tally) in tallies {
            scope.count_received(inbox, &tally, &writer.clock, &writer.random).await?;
        }
        if came.levels.sum() > 0 {
            scope.count_came(&came, now).await?;
        }
    }
    scope.commit().await?;
    Ok(outcomes)
}

/// How long a mail has been in our hands, in milliseconds; within a day, whatever a clock that was set says.
fn taking(received: Timestamp, now: Timestamp) -> i64 {
    (now.millis() - received.millis()).clamp(0, 86_400_000)
}

/// Writes one delivery, unless it is a repeat of one whose arm `counts`.
async fn deliver(
    scope: &mut Scope,
    writer: &Writer,
    delivery: &Delivery,
    counts: impl Fn(&MessageId) -> bool,
) -> Result<Outcome> {
    let message = &delivery.message;
    scope.switch(delivery.tenant.id()).await?;
    if let Some(first) = scope.armed(&message.delivery_digest).await? {
        let id = MessageId::parse(&first).map_err(|bad| Error::corrupt("message", &first, bad))?;
        let counts = counts(&id);
        let repeat = Outcome::Answer(Ok(Committed { id, repeat: true }));
        return Ok(if counts { repeat } else { Outcome::Perhaps });
    }
    // Sealed with a version of the key that a rotation is about to drop: to be sealed again, before anything counts it.
    if i64::from(message.key_version) < scope.key_floor().await? {
        return Ok(Outcome::Answer(Err(IntakeError::OldKey)));
    }
    let now = writer.clock.now();
    let place = match message.held {
        // Locked, so that it cannot be deleted between this look and the insert.
        true if scope.lock_inbox(&message.inbox).await? => None,
        true => return Ok(Outcome::Answer(Err(IntakeError::Gone))),
        false => match scope.next_place(&message.inbox, now).await? {
            Some(place) => Some(place),
            None => return Ok(Outcome::Answer(Err(IntakeError::Gone))),
        },
    };
    // Behind the lock on the inbox: what it answers is there, or comes after it.
    let thread = scope.thread_for(message).await?;
    scope.insert_message(message, place, thread.as_ref(), now).await?;
    scope.insert_parts(&message.id, &delivery.raw, &delivery.parsed, &delivery.meta).await?;
    if let Some(place) = place {
        let event = EventId::generate(&writer.clock, &writer.random);
        if scope.keeps_quiet(message, place, &writer.limits.loops, event, now).await? {
            return Ok(Outcome::Answer(Ok(Committed { id: message.id.clone(), repeat: false })));
        }
    }
    match &delivery.next {
        Next::Judged => scope.insert_judge_job(&message.id, now).await?,
        Next::Told(event) => {
            let event = EventRow {
                id: event.id.clone(),
                kind: event.kind,
                inbox: Some(message.inbox.clone()),
                message: Some(message.id.clone()),
                created_at: now,
            };
            scope.record(&event).await?;
            if place.is_some() {
                let id = EventId::generate(&writer.clock, &writer.random);
                scope.tell_of_thread(&message.id, id, now).await?;
            }
        }
    }
    scope.wakes_inbox(&message.inbox);
    Ok(Outcome::Answer(Ok(Committed { id: message.id.clone(), repeat: false })))
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
