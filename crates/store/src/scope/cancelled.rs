//! Mail that its sender takes back before it leaves.

use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};

use super::outgoing::{JOB, OutgoingStatus};
use crate::db::on;
use crate::{Result, Scope};

/// To how many recipients a mail will not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled {
    /// Those for whom no server was talked to.
    pub untried: i64,
    /// Those whose servers did not take it yet.
    pub deferred: i64,
}

impl Scope {
    /// Takes a mail back from whom it has not gone to. Whoever begins to send it decides with this on the same rows: of a job
    /// that was claimed, only those recipients are left that wait for another try.
    pub async fn cancel_sending(&mut self, id: &MessageId, now: Timestamp) -> Result<Cancelled> {
        const JOBS: &str =
            "DELETE FROM job WHERE tenant_id = $1 AND id = $2 AND state = 'open' AND attempts = 0";
        let unclaimed = on!(&mut self.tx, |conn| sqlx::query(JOBS)
            .bind(self.tenant.as_str())
            .bind(format!("{JOB}{id}"))
            .execute(conn)
            .await?
            .rows_affected());
        let untried = match unclaimed {
            0 => 0,
            _ => self.cancel(id, OutgoingStatus::Queued, now).await?,
        };
        let deferred = self.cancel(id, OutgoingStatus::Deferred, now).await?;
        Ok(Cancelled { untried, deferred })
    }

    async fn cancel(&mut self, id: &MessageId, from: OutgoingStatus, now: Timestamp) -> Result<i64> {
        const SQL: &str = "UPDATE recipient SET status = 'cancelled', changed_at = $4
            WHERE tenant_id = $1 AND message_id = $2 AND status = $3";
        let many = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(from.as_str())
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(i64::try_from(many).unwrap_or(i64::MAX))
    }

    /// Gives back what recipients were counted as who were never tried. Whoever was written to for the first time stays
    /// counted as that. [`Scope::send_use`] locked the counters before.
    pub async fn refund_sent(&mut self, inbox: &InboxId, day: Day, recipients: i64) -> Result<()> {
        const SQL: &str =
            "UPDATE use_count SET messages = CASE WHEN messages > $5 THEN messages - $5 ELSE 0 END
            WHERE tenant_id = $1 AND direction = 'out' AND inbox_id IN ('', $2)
            AND ((span = 'day' AND start = $3) OR (span = 'month' AND start = $4))";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(day.0)
            .bind(day.month().0)
            .bind(recipients)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// When the recipients of a mail were counted: when it was accepted, or when a person let it go.
    pub async fn counted_at(&mut self, id: &MessageId) -> Result<Timestamp> {
        const SQL: &str =
            "SELECT COALESCE(decided_at, received_at) FROM message WHERE tenant_id = $1 AND id = $2";
        let (at,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_one(conn)
            .await?);
        Ok(Timestamp(at))
    }

    /// When a mail is to leave, if not at once.
    pub async fn send_at(&mut self, id: &MessageId) -> Result<Option<Timestamp>> {
        const SQL: &str = "SELECT send_at FROM message WHERE tenant_id = $1 AND id = $2";
        let found: Option<(Option<i64>,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(found.and_then(|(at,)| at).map(Timestamp))
    }
}
