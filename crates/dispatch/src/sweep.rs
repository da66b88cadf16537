//! What time makes void is removed a little at a time.

use std::time::Duration;

use mailward_mail::calendar::Day;
use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_store::Store;
use tokio_util::sync::CancellationToken;

/// A repeated DATA is recognised for so long after a 250 that may have been lost.
const ARMED: Duration = Duration::from_secs(7 * 24 * 3_600);
/// A retried request is recognised for so long.
const REMEMBERED: Duration = Duration::from_secs(48 * 3_600);

/// What each inbox received in a day is known for so long; of the tenant and of months it stays.
const KEPT_DAYS: i64 = 62;

/// An event is in the log for so long.
const LOGGED: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Messages that are removed in one transaction: short enough that nobody's mail waits for it.
const AT_ONCE: i64 = 50;

/// How long is kept what nobody asks for any more; for ever where it is none.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Held mail that nobody decided on, before it is rejected.
    pub held: Option<Duration>,
    /// An inbox whose time is over, with its mail.
    pub expired: Option<Duration>,
}

/// Sweeps once a minute, and when something was deleted, until told to stop.
pub async fn sweep(store: Store, clock: Clock, random: Random, terms: Terms, stop: CancellationToken) {
    let mut events_swept = None;
    loop {
        let now = clock.now();
        // A look at every tenant, so once a day.
        if events_swept != Some(Day::of(now)) {
            match store.forget_events(now.minus(LOGGED)).await {
                Ok(_) => events_swept = Some(Day::of(now)),
                Err(error) => tracing::warn!(%error, "could not remove old events"),
            }
        }
        match store.sweep(now.minus(ARMED), now.minus(REMEMBERED)).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "swept"),
            Err(error) => tracing::warn!(%error, "could not sweep"),
        }
        // Once for each day would do; it is one look at an index.
        if let Err(error) = store.forget_use(Day::of(now).before(KEPT_DAYS)).await {
            tracing::warn!(%error, "could not remove old counts of use");
        }
        if let Err(error) = expire(&store, terms.expired, &clock, &random, &stop).await {
            tracing::warn!(%error, "could not end inboxes whose time is over; they take no mail");
        }
        if let Some(held) = terms.held
            && let Err(error) = expire_held(&store, held, &clock, &random, &stop).await
        {
            tracing::warn!(%error, "could not reject held mail whose time is over; it stays held");
        }
        if let Err(error) = purge(&store, &stop).await {
            tracing::warn!(%error, "could not remove deleted mail; it is unreadable already");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
            () = store.sweep_wanted() => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Tells of inboxes whose time is over and deletes those for which it has been for long, a few at a time: all mail of one is made unreadable in one transaction.
async fn expire(
    store: &Store,
    kept: Option<Duration>,
    clock: &Clock,
    random: &Random,
    stop: &CancellationToken,
) -> mailward_store::Result<()> {
    while !stop.is_cancelled() && store.expire(5, kept, clock, random).await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Rejects held mail that nobody decided on in time, a few at a time.
async fn expire_held(
    store: &Store,
    held: Duration,
    clock: &Clock,
    random: &Random,
    stop: &CancellationToken,
) -> mailward_store::Result<()> {
    while !stop.is_cancelled()
        && store.expire_held(clock.now().minus(held), AT_ONCE, clock, random).await? > 0
    {
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Removes the mail of deleted inboxes, then what it left in the database's log.
async fn purge(store: &Store, stop: &CancellationToken) -> mailward_store::Result<()> {
    let mut removed = 0;
    while !stop.is_cancelled() {
        let some = store.purge(AT_ONCE).await?;
        removed += some;
        if some == 0 {
            break;
        }
        // Others first: the writer is everybody's.
        tokio::task::yield_now().await;
    }
    if removed > 0 {
        tracing::info!(messages = removed, "removed the mail of deleted inboxes");
        store.forget_deleted().await?;
    }
    Ok(())
}
