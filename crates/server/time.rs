//! Keeps the clock of this process with the database's, so that leases, orders and expiries mean the same on all nodes.

use std::time::Duration;

use mailward_mail::clock::Clock;
use mailward_store::Store;
use tokio_util::sync::CancellationToken;

/// Machines drift by far less than a millisecond in this time.
const EVERY: Duration = Duration::from_secs(5);
/// Beyond this many milliseconds somebody should look after the machine's clock.
const WRONG: u64 = 1_000;

/// Sets the clock now and again until told to stop. Does nothing where the database has no clock.
pub(crate) async fn keep(store: Store, clock: Clock, stop: CancellationToken) {
    while store.is_shared() {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
        set(&store, &clock).await;
    }
}

/// Sets the clock once.
pub(crate) async fn set(store: &Store, clock: &Clock) {
    match store.set_clock(clock).await {
        Ok(wrong) if wrong.unsigned_abs() > WRONG => {
            tracing::warn!(
                milliseconds = wrong,
                "the clock was set by the database's; is NTP running on both machines?"
            );
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "could not ask the database for the time"),
    }
}
