//! Webhook endpoints. Where they are and their secret is sealed; how they fare is not.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, WebhookId};

use super::endpoint::Disabled;
use super::event::EventKind;
use crate::db::on;
use crate::{Error, Result, Scope};

/// How much of a mail an event carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Include {
    /// Ids only.
    Ids,
    /// Ids, from, subject, preview, security.
    Summary,
    /// The whole text.
    Body,
}

impl Include {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ids => "ids",
            Self::Summary => "summary",
            Self::Body => "body",
        }
    }

    /// Finds it by name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ids, Self::Summary, Self::Body].into_iter().find(|one| one.as_str() == text)
    }
}

/// An endpoint as it is stored.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// The inbox it listens to; all when none.
    pub inbox: Option<InboxId>,
    /// What it wants to hear of.
    pub events: Vec<EventKind>,
    /// How much of it.
    pub include: Include,
    /// Whether it is called at all.
    pub is_active: bool,
    /// Failures since the last success.
    pub failures: i64,
    /// Since when nothing but failures.
    pub failing_since: Option<Timestamp>,
    /// No event is told to it before it said that it wants any.
    pub is_unverified: bool,
    /// It gave the challenge back, and so is what the tenant says it is.
    pub echoes: bool,
    /// The job that tries it while the others wait.
    pub probe: Option<String>,
    /// When and why it was switched off.
    pub disabled: Option<(Timestamp, Disabled)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// URL and secrets, sealed.
    pub sealed: Vec<u8>,
}

/// An endpoint to be made.
pub struct NewWebhook {
    /// Its id.
    pub id: WebhookId,
    /// The inbox it listens to; all when none.
    pub inbox: Option<InboxId>,
    /// What it wants to hear of.
    pub events: Vec<EventKind>,
    /// How much of it.
    pub include: Include,
    /// Whether it is called at all.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// URL and secret, sealed.
    pub sealed: Vec<u8>,
}

/// What of an endpoint its tenant may change.
pub struct WebhookChange {
    /// What it wants to hear of.
    pub events: Vec<EventKind>,
    /// How much of it.
    pub include: Include,
    /// URL and secrets, sealed.
    pub sealed: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    inbox_id: Option<String>,
    events: String,
    include: String,
    is_active: i64,
    failures: i64,
    failing_since: Option<i64>,
    unverified: i64,
    echoes: i64,
    probe_job: Option<String>,
    disabled_at: Option<i64>,
    disabled_why: Option<String>,
    created_at: i64,
    sealed: Vec<u8>,
}

impl TryFrom<Row> for Webhook {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |what: String| Error::corrupt("webhook", &row.id, what);
        Ok(Self {
            id: WebhookId::parse(&row.id).map_err(|e| bad(e.to_string()))?,
            inbox: row.inbox_id.map(InboxId::try_from).transpose().map_err(|e| bad(e.to_string()))?,
            events: row
                .events
                .split(',')
                .map(|name| EventKind::parse(name).ok_or_else(|| bad(format!("event {name}"))))
                .collect::<Result<_>>()?,
            include: Include::parse(&row.include).ok_or_else(|| bad(format!("include {}", row.include)))?,
            is_active: row.is_active != 0,
            failures: row.failures,
            failing_since: row.failing_since.map(Timestamp),
            is_unverified: row.unverified != 0,
            echoes: row.echoes != 0,
            probe: row.probe_job,
            disabled: match (row.disabled_at, row.disabled_why) {
                (Some(at), Some(why)) => {
                    let why = Disabled::parse(&why).ok_or_else(|| bad(format!("reason {why}")))?;
                    Some((Timestamp(at), why))
                }
                _ => None,
            },
            created_at: Timestamp(row.created_at),
            sealed: row.sealed,
        })
    }
}

impl Scope {
    /// Stores a new endpoint.
    pub async fn insert_webhook(&mut self, new: &NewWebhook) -> Result<()> {
        const SQL: &str =
            "INSERT INTO webhook (tenant_id, id, inbox_id, events, include, is_active, failures, created_at,
            sealed) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)";
        let events: Vec<&str> = new.events.iter().map(|event| event.as_str()).collect();
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(new.id.as_str())
            .bind(new.inbox.as_ref().map(InboxId::as_str))
            .bind(events.join(","))
            .bind(new.include.as_str())
            .bind(i64::from(new.is_active))
            .bind(new.created_at.millis())
            .bind(&new.sealed)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Endpoints by id, newest first, those before `before`.
    pub async fn webhooks(&mut self, before: Option<&WebhookId>, limit: i64) -> Result<Vec<Webhook>> {
        const SQL: &str =
            "SELECT id, inbox_id, events, include, is_active, failures, failing_since, unverified, echoes, probe_job,
            disabled_at, disabled_why, created_at, sealed FROM webhook
            WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        let rows: Vec<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(before.map_or("wh_8", WebhookId::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Webhook::try_from).collect()
    }

    /// How many endpoints there are; of one inbox where it is named.
    pub async fn count_webhooks(&mut self, inbox: Option<&InboxId>) -> Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM webhook WHERE tenant_id = $1 AND ($2 = '' OR inbox_id = $2)";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.map_or("", InboxId::as_str))
            .fetch_one(conn)
            .await?);
        Ok(count)
    }

    /// One endpoint.
    pub async fn webhook(&mut self, id: &WebhookId) -> Result<Option<Webhook>> {
        const SQL: &str =
            "SELECT id, inbox_id, events, include, is_active, failures, failing_since, unverified, echoes, probe_job,
            disabled_at, disabled_why, created_at, sealed FROM webhook
            WHERE tenant_id = $1 AND id = $2";
        let row: Option<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(Webhook::try_from).transpose()
    }

    /// Deletes an endpoint and what was still to be told to it.
    pub async fn delete_webhook(&mut self, id: &WebhookId) -> Result<bool> {
        // The endpoint first, then its jobs, as whoever settles a call locks them: the other order ends in a deadlock.
        const LOCK: &str = "UPDATE webhook SET is_active = 0 WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(LOCK)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        const JOBS: &str = "DELETE FROM job WHERE tenant_id = $1 AND webhook_id = $2";
        on!(&mut self.tx, |conn| sqlx::query(JOBS)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        const ATTEMPTS: &str = "DELETE FROM webhook_attempt WHERE tenant_id = $1 AND webhook_id = $2";
        on!(&mut self.tx, |conn| sqlx::query(ATTEMPTS)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        const SQL: &str = "DELETE FROM webhook WHERE tenant_id = $1 AND id = $2";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Changes an endpoint, if what is sealed of it is still `old`; `false`: somebody else was first, or it is gone.
    pub async fn change_webhook(
        &mut self,
        id: &WebhookId,
        change: &WebhookChange,
        old: &[u8],
    ) -> Result<bool> {
        const SQL: &str = "UPDATE webhook SET events = $4, include = $5, sealed = $6
            WHERE tenant_id = $1 AND id = $2 AND sealed = $3";
        let events: Vec<&str> = change.events.iter().map(|event| event.as_str()).collect();
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(old)
            .bind(events.join(","))
            .bind(change.include.as_str())
            .bind(&change.sealed)
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }
}
