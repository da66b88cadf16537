//! What time makes void is removed a little at a time.

use std::time::Duration;

use mailward_mail::clock::Clock;
use mailward_store::Store;
use tokio_util::sync::CancellationToken;

/// A repeated DATA is recognised for so long after a 250 that may have been lost.
const ARMED: Duration = Duration::from_secs(7 * 24 * 3_600);
/// A retried request is recognised for so long.
const REMEMBERED: Duration = Duration::from_secs(48 * 3_600);

/// Sweeps once a minute until told to stop.
pub async fn sweep(store: Store, clock: Clock, stop: CancellationToken) {
    loop {
        let now = clock.now();
        match store.sweep(now.minus(ARMED), now.minus(REMEMBERED)).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "swept"),
            Err(error) => tracing::warn!(%error, "could not sweep"),
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
            () = stop.cancelled() => return,
        }
    }
}
