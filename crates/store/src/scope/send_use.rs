//! What a tenant and its inboxes have sent, in recipients, and whom an inbox has written to.
//!
//! [`Scope::send_use`] locks the counters that it reads until the transaction ends: what is judged by them and counted
//! with [`Scope::count_sent`] is exact, whoever else sends at the same time. Rows are locked in the order tenant, inbox,
//! as those who count received mail do, and after the inbox' own row.

use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::InboxId;

use super::usage::counted_day;
use crate::db::on;
use crate::{Result, Scope};

/// What is in use of what a mail that goes would use more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendUse {
    /// The day that is counted in; it never goes back.
    pub day: Day,
    /// Recipients of the whole tenant, in the day and in its month.
    pub tenant_today: i64,
    /// Likewise.
    pub tenant_this_month: i64,
    /// Recipients of the inbox in the day.
    pub inbox_today: i64,
    /// Recipients to whom the inbox wrote for the first time in the day.
    pub new_today: i64,
    /// The inbox' token bucket, in microseconds.
    pub departure: i64,
    /// Bytes kept, of the tenant.
    pub stored_bytes: i64,
    /// Bytes kept, of the inbox.
    pub inbox_stored_bytes: i64,
}

/// What one mail uses.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// Its inbox.
    pub inbox: &'a InboxId,
    /// The day that [`SendUse`] named.
    pub day: Day,
    /// The token bucket from now on.
    pub departure: i64,
    /// How many it goes to.
    pub recipients: i64,
    /// What it takes on the disk.
    pub bytes: i64,
    /// Who of them was never written to before, as keyed digests.
    pub new: &'a [[u8; 16]],
}

#[derive(sqlx::FromRow)]
struct LevelRow {
    inbox_id: String,
    stored_bytes: i64,
    departure: i64,
    last_day: i64,
}

impl Scope {
    /// What is in use now; nobody else counts for this tenant before the transaction ends.
    pub async fn send_use(&mut self, inbox: &InboxId, now: Timestamp) -> Result<SendUse> {
        const LOCK: &str = "INSERT INTO use_level (tenant_id, inbox_id, stored_bytes, arrival, last_day, departure)
            VALUES ($1, '', 0, 0, $3, 0), ($1, $2, 0, 0, $3, 0) ON CONFLICT (tenant_id, inbox_id) DO UPDATE SET
            last_day = CASE WHEN use_level.last_day = excluded.last_day + 1 THEN use_level.last_day ELSE excluded.last_day END
            RETURNING inbox_id, stored_bytes, departure, last_day";
        let today = Day::of(now);
        let levels: Vec<LevelRow> = on!(&mut self.tx, |conn| sqlx::query_as(LOCK)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(today.0)
            .fetch_all(conn)
            .await?);
        let level = |of_inbox: bool| levels.iter().find(|row| row.inbox_id.is_empty() != of_inbox);
        let day = counted_day(today, level(false).map_or(0, |row| row.last_day));
        const COUNTS: &str = "SELECT inbox_id, span, messages FROM use_count WHERE tenant_id = $1 AND direction = 'out'
            AND ((inbox_id = '' AND span = 'day' AND start = $3) OR (inbox_id = '' AND span = 'month' AND start = $4)
                OR (inbox_id = $2 AND span = 'day' AND start = $3))";
        let counts: Vec<(String, String, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(COUNTS)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(day.0)
            .bind(day.month().0)
            .fetch_all(conn)
            .await?);
        let count = |of_inbox: bool, span: &str| {
            let found = counts.iter().find(|(id, of, _)| id.is_empty() != of_inbox && of == span);
            found.map_or(0, |(.., recipients)| *recipients)
        };
        const NEW: &str =
            "SELECT COUNT(*) FROM correspondent WHERE tenant_id = $1 AND inbox_id = $2 AND first_day = $3";
        let (new_today,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(NEW)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(day.0)
            .fetch_one(conn)
            .await?);
        Ok(SendUse {
            day,
            tenant_today: count(false, "day"),
            tenant_this_month: count(false, "month"),
            inbox_today: count(true, "day"),
            new_today,
            departure: level(true).map_or(0, |row| row.departure),
            stored_bytes: level(false).map_or(0, |row| row.stored_bytes),
            inbox_stored_bytes: level(true).map_or(0, |row| row.stored_bytes),
        })
    }

    /// Who of these was never written to by an inbox.
    pub async fn strangers(&mut self, inbox: &InboxId, digests: &[[u8; 16]]) -> Result<Vec<[u8; 16]>> {
        const SQL: &str =
            "SELECT first_day FROM correspondent WHERE tenant_id = $1 AND inbox_id = $2 AND digest = $3";
        let mut strangers = Vec::new();
        for digest in digests {
            let known: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
                .bind(self.tenant.as_str())
                .bind(inbox.as_str())
                .bind(&digest[..])
                .fetch_optional(conn)
                .await?);
            if known.is_none() && !strangers.contains(digest) {
                strangers.push(*digest);
            }
        }
        Ok(strangers)
    }

    /// Counts one mail.
    pub async fn count_sent(&mut self, sent: &Sent<'_>) -> Result<()> {
        const LEVEL: &str = "UPDATE use_level SET stored_bytes = stored_bytes + $3,
            departure = CASE WHEN inbox_id = '' THEN departure ELSE $4 END WHERE tenant_id = $1 AND inbox_id IN ('', $2)";
        on!(&mut self.tx, |conn| sqlx::query(LEVEL)
            .bind(self.tenant.as_str())
            .bind(sent.inbox.as_str())
            .bind(sent.bytes)
            .bind(sent.departure)
            .execute(conn)
            .await
            .map(drop))?;
        const COUNT: &str = "INSERT INTO use_count (tenant_id, inbox_id, direction, span, start, messages, bytes)
            VALUES ($1, '', 'out', 'day', $3, $5, $6), ($1, '', 'out', 'month', $4, $5, $6),
                ($1, $2, 'out', 'day', $3, $5, $6), ($1, $2, 'out', 'month', $4, $5, $6)
            ON CONFLICT (tenant_id, inbox_id, direction, span, start)
            DO UPDATE SET messages = use_count.messages + excluded.messages, bytes = use_count.bytes + excluded.bytes";
        on!(&mut self.tx, |conn| sqlx::query(COUNT)
            .bind(self.tenant.as_str())
            .bind(sent.inbox.as_str())
            .bind(sent.day.0)
            .bind(sent.day.month().0)
            .bind(sent.recipients)
            .bind(sent.bytes)
            .execute(conn)
            .await
            .map(drop))?;
        const NEW: &str = "INSERT INTO correspondent (tenant_id, inbox_id, digest, first_day)
            VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        for digest in sent.new {
            on!(&mut self.tx, |conn| sqlx::query(NEW)
                .bind(self.tenant.as_str())
                .bind(sent.inbox.as_str())
                .bind(&digest[..])
                .bind(sent.day.0)
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }
}
