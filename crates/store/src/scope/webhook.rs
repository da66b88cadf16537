//! Webhook endpoints. Where they are and their secret is sealed; how they fare is not.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, WebhookId};

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
    /// When it was made.
    pub created_at: Timestamp,
    /// URL and secret, sealed.
    pub sealed: Vec<u8>,
}

/// An endpoint to be made.
pub type NewWebhook = Webhook;

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    inbox_id: Option<String>,
    events: String,
    include: String,
    is_active: i64,
    failures: i64,
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
            "SELECT id, inbox_id, events, include, is_active, failures, created_at, sealed FROM webhook
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
            "SELECT id, inbox_id, events, include, is_active, failures, created_at, sealed FROM webhook
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
        const JOBS: &str = "DELETE FROM job WHERE tenant_id = $1 AND webhook_id = $2";
        on!(&mut self.tx, |conn| sqlx::query(JOBS)
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

    /// Notes how a delivery went: a success forgets earlier failures.
    pub async fn note_webhook(&mut self, id: &WebhookId, succeeded: bool) -> Result<()> {
        const SQL: &str = "UPDATE webhook SET failures = CASE WHEN $3 = 1 THEN 0 ELSE failures + 1 END
            WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(i64::from(succeeded))
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Switches an endpoint off; `false` when it was off, or gone.
    pub async fn disable_webhook(&mut self, id: &WebhookId) -> Result<bool> {
        const SQL: &str =
            "UPDATE webhook SET is_active = 0 WHERE tenant_id = $1 AND id = $2 AND is_active = 1";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }
}
