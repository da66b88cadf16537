//! How far what is to be done lags behind, and how the store fares: what a monitor watches, and what more workers are started by.

use mailward_store::{JobKind, Written};

use crate::{Mailroom, Result};

/// The queues that are told of; the rest is not in a hurry.
const QUEUES: [JobKind; 4] = [JobKind::Webhook, JobKind::Send, JobKind::Judge, JobKind::Decide];

impl Mailroom {
    /// For how many seconds the oldest job of each kind has been due without anybody taking it up; 0: none waits.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn queue_lags(&self) -> Result<Vec<(&'static str, i64)>> {
        let now = self.0.clock.now();
        let mut lags = Vec::with_capacity(QUEUES.len());
        for kind in QUEUES {
            // A job that was taken up is due again when its lease ends, which is not before now.
            let due = self.0.store.next_due(&[kind]).await?;
            let waited = due.map_or(0, |due| now.millis().saturating_sub(due.millis()).max(0));
            lags.push((kind.as_str(), waited / 1_000));
        }
        Ok(lags)
    }

    /// What this process wrote of mail that came, and what waits to be written.
    pub fn written(&self) -> Written {
        self.0.intake.written()
    }

    /// Octets of the mail database.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn store_size(&self) -> Result<i64> {
        Ok(self.0.store.size().await?)
    }
}
