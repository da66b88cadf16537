//! Months of use that are closed: written once each, in one transaction with the event that tells of it.

use mailward_mail::calendar::Month;
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::EventId;
use mailward_mail::random::Random;

use super::event::{EventKind, EventRow};
use crate::db::on;
use crate::{Result, Scope};

/// A month as it was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedMonth {
    /// When it was closed.
    pub closed_at: Timestamp,
    /// What was told of it, as JSON of names and numbers.
    pub detail: String,
}

impl Scope {
    /// Closes a month and tells of it, unless that was done; whether it was not.
    pub async fn close_month(
        &mut self,
        month: Month,
        detail: &str,
        clock: &Clock,
        random: &Random,
    ) -> Result<bool> {
        // Of two nodes the second waits here for the first, and then finds its row.
        const SQL: &str =
            "INSERT INTO usage_closed (tenant_id, month, closed_at, detail) VALUES ($1, $2, $3, $4)
            ON CONFLICT (tenant_id, month) DO NOTHING";
        let now = clock.now();
        let fresh = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(month.0)
            .bind(now.millis())
            .bind(detail)
            .execute(conn)
            .await?
            .rows_affected());
        if fresh == 0 {
            return Ok(false);
        }
        let id = EventId::generate(clock, random);
        let event =
            EventRow { id, kind: EventKind::UsageClosed, inbox: None, message: None, created_at: now };
        self.record_with(&event, Some(detail)).await?;
        Ok(true)
    }

    /// A month that was closed.
    pub async fn closed_month(&mut self, month: Month) -> Result<Option<ClosedMonth>> {
        const SQL: &str = "SELECT closed_at, detail FROM usage_closed WHERE tenant_id = $1 AND month = $2";
        let row: Option<(i64, String)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(month.0)
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(closed_at, detail)| ClosedMonth { closed_at: Timestamp(closed_at), detail }))
    }

    /// The last month that was closed.
    pub async fn last_closed(&mut self) -> Result<Option<Month>> {
        const SQL: &str = "SELECT MAX(month) FROM usage_closed WHERE tenant_id = $1";
        let (month,): (Option<i64>,) =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_one(conn).await?);
        Ok(month.map(Month))
    }
}
