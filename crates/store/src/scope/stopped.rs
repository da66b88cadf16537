//! Inboxes that send nothing for a while, because too much of what they sent came back.

use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId};
use serde_json::{Value, json};

use super::acts::DayUse;
use crate::db::on;
use crate::scope::event::{EventKind, EventRow};
use crate::{Result, Scope};

/// That an inbox sends nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Since when.
    pub since: Timestamp,
    /// Why: `bounces` or `complaints`.
    pub reason: String,
}

/// From where on it is counted what becomes of an inbox' mail: a day, and what its counters said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedFrom {
    /// The day.
    pub day: Day,
    /// What had happened in it.
    pub before: DayUse,
}

impl CountedFrom {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let number = |key: &str| value[key].as_i64();
        let before = DayUse {
            sent: number("sent")?,
            bounced: number("bounced")?,
            complained: number("complained")?,
            ..DayUse::default()
        };
        Some(Self { day: Day(number("day")?), before })
    }

    fn write(&self) -> String {
        let DayUse { sent, bounced, complained, .. } = self.before;
        json!({ "day": self.day.0, "sent": sent, "bounced": bounced, "complained": complained }).to_string()
    }
}

impl Scope {
    /// Stops an inbox from sending, and tells of it. `false`: it was stopped before, or is not there.
    pub async fn stop_sending(
        &mut self,
        inbox: &InboxId,
        reason: &str,
        event: EventId,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE inbox SET stopped_since = $3, stopped_reason = $4
            WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND stopped_since IS NULL";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(now.millis())
            .bind(reason)
            .execute(conn)
            .await?
            .rows_affected());
        if done > 0 {
            let detail = json!({ "inboxId": inbox.as_str(), "reason": reason }).to_string();
            let event = EventRow {
                id: event,
                kind: EventKind::InboxPaused,
                inbox: Some(inbox.clone()),
                message: None,
                created_at: now,
            };
            self.record_with(&event, Some(&detail)).await?;
        }
        Ok(done > 0)
    }

    /// Lets an inbox send again; with `anew`, what was counted until now counts no more. `false`: it was not stopped.
    pub async fn resume_sending(&mut self, inbox: &InboxId, anew: Option<&CountedFrom>) -> Result<bool> {
        const SQL: &str = "UPDATE inbox SET stopped_since = NULL, stopped_reason = NULL,
            counted_from = COALESCE($3, counted_from)
            WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND stopped_since IS NOT NULL";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(anew.map(CountedFrom::write))
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_counting_begins_comes_back_as_it_was_written() {
        let before = DayUse { sent: 90, bounced: 9, complained: 1, ..DayUse::default() };
        let from = CountedFrom { day: Day(20_000), before };
        assert_eq!(CountedFrom::read(&from.write()), Some(from));
        assert_eq!(CountedFrom::read("{}"), None);
    }
}
