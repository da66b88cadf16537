//! The log of calls to an endpoint: bounded in number; what the endpoint said is sealed.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{AttemptId, EventId, WebhookId};

use crate::db::on;
use crate::{Error, Result, Scope};

/// Calls that are remembered of one endpoint.
const MOST: i64 = 1_000;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The endpoint took it.
    Delivered,
    /// It is made again.
    Retry,
    /// It is not made again.
    Failed,
}

impl AttemptOutcome {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Delivered, Self::Retry, Self::Failed].into_iter().find(|one| one.as_str() == text)
    }
}

/// One call.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// To which endpoint.
    pub webhook: WebhookId,
    /// Of which event.
    pub event: EventId,
    /// The event's name.
    pub kind: String,
    /// The first is 1.
    pub attempt: i64,
    /// When it began.
    pub at: Timestamp,
    /// What was answered; none when nothing was.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub latency_ms: i64,
    /// What became of it.
    pub outcome: AttemptOutcome,
    /// When it is made again.
    pub next_at: Option<Timestamp>,
    /// What went wrong, sealed.
    pub sealed: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    webhook_id: String,
    event_id: String,
    kind: String,
    attempt: i64,
    at: i64,
    status: Option<i64>,
    latency_ms: i64,
    outcome: String,
    next_at: Option<i64>,
    sealed: Option<Vec<u8>>,
}

impl TryFrom<Row> for Attempt {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |what: String| Error::corrupt("webhook_attempt", &row.id, what);
        Ok(Self {
            id: AttemptId::parse(&row.id).map_err(|e| bad(e.to_string()))?,
            webhook: WebhookId::parse(&row.webhook_id).map_err(|e| bad(e.to_string()))?,
            event: EventId::parse(&row.event_id).map_err(|e| bad(e.to_string()))?,
            attempt: row.attempt,
            at: Timestamp(row.at),
            status: row.status.map(u16::try_from).transpose().map_err(|e| bad(e.to_string()))?,
            latency_ms: row.latency_ms,
            outcome: AttemptOutcome::parse(&row.outcome)
                .ok_or_else(|| bad(format!("outcome {}", row.outcome)))?,
            next_at: row.next_at.map(Timestamp),
            kind: row.kind,
            sealed: row.sealed,
        })
    }
}

impl Scope {
    /// Notes a call, and forgets the oldest ones where there are too many.
    pub async fn insert_attempt(&mut self, new: &Attempt) -> Result<()> {
        const SQL: &str =
            "INSERT INTO webhook_attempt (tenant_id, webhook_id, id, event_id, kind, attempt, at, status,
            latency_ms, outcome, next_at, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(new.webhook.as_str())
            .bind(new.id.as_str())
            .bind(new.event.as_str())
            .bind(&new.kind)
            .bind(new.attempt)
            .bind(new.at.millis())
            .bind(new.status.map(i64::from))
            .bind(new.latency_ms)
            .bind(new.outcome.as_str())
            .bind(new.next_at.map(Timestamp::millis))
            .bind(&new.sealed)
            .execute(conn)
            .await
            .map(drop))?;
        // Ids begin with the time, so their order is the calls'. One look at the primary key.
        const FORGET: &str = "DELETE FROM webhook_attempt WHERE tenant_id = $1 AND webhook_id = $2 AND id <=
            (SELECT id FROM webhook_attempt WHERE tenant_id = $1 AND webhook_id = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)";
        on!(&mut self.tx, |conn| sqlx::query(FORGET)
            .bind(self.tenant.as_str())
            .bind(new.webhook.as_str())
            .bind(MOST)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Calls to an endpoint, newest first, those before `before`; of one event where it is named.
    pub async fn attempts(
        &mut self,
        webhook: &WebhookId,
        event: Option<&EventId>,
        before: Option<&AttemptId>,
        limit: i64,
    ) -> Result<Vec<Attempt>> {
        const SQL: &str = "SELECT id, webhook_id, event_id, kind, attempt, at, status, latency_ms, outcome, next_at, sealed
            FROM webhook_attempt WHERE tenant_id = $1 AND webhook_id = $2 AND id < $3 AND ($4 = '' OR event_id = $4)
            ORDER BY id DESC LIMIT $5";
        let rows: Vec<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            // An id begins with at most `7`, so all sort before this bound, in any collation.
            .bind(before.map_or("att_8", AttemptId::as_str))
            .bind(event.map_or("", EventId::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Attempt::try_from).collect()
    }
}
