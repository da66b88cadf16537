//! The queue: rows that become due. A claim moves a row's due time behind its lease, so a worker that dies gives it
//! back by doing nothing.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{DomainId, EventId, MessageId, TenantId, WebhookId};

use crate::db::on;
use crate::scope::{domain, judging, outgoing, pending};
use crate::system::slug;
use crate::{Error, Result, Store, Tenant};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Tell an endpoint of an event.
    Webhook,
    /// Ask the judge about a mail that waits for it.
    Judge,
    /// Send a mail to those of its recipients who do not have it yet.
    Send,
    /// Look whether a tenant still has its domain.
    Domain,
    /// Carry out what a reviewer decided on a mail, unless it was taken back.
    Decide,
    /// Tell the sender of a mail whom it did not reach.
    Report,
}

impl JobKind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Judge => "judge",
            Self::Send => "send",
            Self::Domain => "domain",
            Self::Decide => "decide",
            Self::Report => "report",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Webhook, Self::Judge, Self::Send, Self::Domain, Self::Decide, Self::Report]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A job that a worker holds until its lease ends.
#[derive(Clone)]
pub struct ClaimedJob {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: String,
    /// What is to be done.
    pub kind: JobKind,
    /// Of which event.
    pub event: Option<EventId>,
    /// To which endpoint.
    pub webhook: Option<WebhookId>,
    /// About which mail; of kinds [`JobKind::Judge`], [`JobKind::Send`], [`JobKind::Decide`] and [`JobKind::Report`].
    pub message: Option<MessageId>,
    /// Of which of its recipients, by their places; of kind [`JobKind::Report`] alone.
    pub recipients: Vec<i64>,
    /// Which domain; of kind [`JobKind::Domain`] alone.
    pub domain: Option<DomainId>,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// When it was first due.
    pub created_at: Timestamp,
    pub(crate) fence: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: String,
    region: String,
    id: String,
    kind: String,
    event_id: Option<String>,
    webhook_id: Option<String>,
    attempts: i64,
    fence: i64,
    created_at: i64,
}

/// Which jobs a worker wants.
pub struct Claim<'a> {
    /// At most so many.
    pub limit: i64,
    /// At most so many of one tenant.
    pub per_tenant: i64,
    /// None of these: they have their share already.
    pub without: &'a [TenantId],
    /// Only of tenants of these regions.
    pub regions: &'a [String],
    /// Only of these kinds: each worker has its own, so that what one waits for keeps no other waiting.
    pub kinds: &'a [JobKind],
}

impl Store {
    /// Takes due jobs for the length of `lease`.
    pub async fn claim(&self, now: Timestamp, lease: Duration, claim: &Claim<'_>) -> Result<Vec<ClaimedJob>> {
        // The longest waiting job of each tenant, then the second of each; at most four of one endpoint, and none of those
        // whose share is used up. SQLite has one writer; PostgreSQL's function steps over the rows that another worker is
        // taking.
        const SQLITE: &str = "UPDATE job SET due_at = $2, fence = fence + 1, attempts = attempts + 1
            WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM (SELECT tenant_id, id, due_at,
                ROW_NUMBER() OVER (PARTITION BY tenant_id ORDER BY due_at) AS turn FROM (SELECT tenant_id, id, due_at,
                    ROW_NUMBER() OVER (PARTITION BY tenant_id, webhook_id ORDER BY due_at) AS place FROM job
                    WHERE state = 'open' AND due_at <= $1 AND $7 LIKE '%,' || kind || ',%' AND $4 NOT LIKE '%,' || tenant_id || ',%'
                    AND tenant_id IN (SELECT id FROM tenant WHERE state = 'active' AND $6 LIKE '%,' || region || ',%')) AS each
                WHERE place <= 4) AS waiting
                WHERE turn <= $5 ORDER BY turn, due_at LIMIT $3)
            RETURNING tenant_id, id, kind, event_id, webhook_id, attempts, fence, created_at,
            (SELECT region FROM tenant WHERE tenant.id = job.tenant_id) AS region";
        const POSTGRES: &str = "SELECT * FROM mw_claim($1, $2, $3, $4, $5, $6, $7)";
        let without = between_commas(claim.without.iter().map(TenantId::as_str));
        let served = between_commas(claim.regions.iter().map(String::as_str));
        let wanted = between_commas(claim.kinds.iter().map(|kind| kind.as_str()));
        let mut tx = self.inner.db.write().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let rows: Vec<Row> = on!(&mut tx, |conn| sqlx::query_as(sql)
            .bind(now.millis())
            .bind(now.plus(lease).millis())
            .bind(claim.limit)
            .bind(&without)
            .bind(claim.per_tenant)
            .bind(&served)
            .bind(&wanted)
            .fetch_all(conn)
            .await?);
        tx.commit().await?;
        rows.into_iter().map(|row| self.claimed(row)).collect()
    }

    /// Gives jobs of a kind back that an earlier process had claimed, at the start of one that has the store to itself.
    /// On a shared store others may be running them, and leases end by themselves.
    pub async fn take_back(&self, kind: JobKind, now: Timestamp) -> Result<u64> {
        const SQL: &str = "UPDATE job SET due_at = $2 WHERE kind = $1 AND state = 'open' AND due_at > $2";
        if self.is_shared() {
            return Ok(0);
        }
        let mut tx = self.inner.db.write().await?;
        let done = on!(&mut tx, |conn| sqlx::query(SQL)
            .bind(kind.as_str())
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        Ok(done)
    }

    /// Gives those jobs back whose mail was on its way when an earlier process ended, at the start of one that has the
    /// store to itself. Those that wait for their next try, or for the time at which they are to leave, go on waiting.
    pub async fn take_back_sending(&self, now: Timestamp) -> Result<u64> {
        const SQL: &str = "UPDATE job SET due_at = $1 WHERE kind = 'send' AND state = 'open' AND due_at > $1 AND attempts > 0
            AND EXISTS (SELECT 1 FROM message WHERE message.tenant_id = job.tenant_id AND 'send:' || message.id = job.id
                AND message.status IN ('queued', 'sending'))";
        if self.is_shared() {
            return Ok(0);
        }
        let mut tx = self.inner.db.write().await?;
        let done =
            on!(&mut tx, |conn| sqlx::query(SQL).bind(now.millis()).execute(conn).await?.rows_affected());
        tx.commit().await?;
        Ok(done)
    }

    /// When the next job of these kinds becomes due.
    pub async fn next_due(&self, kinds: &[JobKind]) -> Result<Option<Timestamp>> {
        const SQLITE: &str =
            "SELECT MIN(due_at) FROM job WHERE state = 'open' AND $1 LIKE '%,' || kind || ',%'";
        const POSTGRES: &str = "SELECT mw_next_due($1)";
        let wanted = between_commas(kinds.iter().map(|kind| kind.as_str()));
        let mut tx = self.inner.db.read().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let (due,): (Option<i64>,) =
            on!(&mut tx, |conn| sqlx::query_as(sql).bind(&wanted).fetch_one(conn).await?);
        Ok(due.map(Timestamp))
    }

    fn claimed(&self, row: Row) -> Result<ClaimedJob> {
        let bad = |what: String| Error::corrupt("job", &row.id, what);
        let kind = JobKind::parse(&row.kind).ok_or_else(|| bad(format!("kind {}", row.kind)))?;
        Ok(ClaimedJob {
            tenant: self.tenant(slug(&row.tenant_id)?, &row.region),
            kind,
            message: match kind {
                JobKind::Judge => Some(judging::message_of(&row.id).map_err(bad)?),
                JobKind::Send => Some(outgoing::message_of(&row.id).map_err(bad)?),
                JobKind::Decide => Some(pending::message_of(&row.id).map_err(bad)?),
                JobKind::Report => Some(outgoing::report_of(&row.id).map_err(bad)?.0),
                JobKind::Webhook | JobKind::Domain => None,
            },
            domain: match kind {
                JobKind::Domain => Some(domain::domain_of(&row.id).map_err(bad)?),
                _ => None,
            },
            recipients: match kind {
                JobKind::Report => outgoing::report_of(&row.id).map_err(bad)?.1,
                _ => Vec::new(),
            },
            event: row.event_id.map(EventId::try_from).transpose().map_err(|e| bad(e.to_string()))?,
            webhook: row.webhook_id.map(WebhookId::try_from).transpose().map_err(|e| bad(e.to_string()))?,
            attempts: row.attempts,
            created_at: Timestamp(row.created_at),
            fence: row.fence,
            id: row.id,
        })
    }
}

/// What becomes of a job, within the transaction of what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// Nothing is left to do.
    Done,
    /// Again then.
    Retry(Timestamp),
    /// Again then, and this was no attempt of its own: it stood in for all that wait.
    Probe(Timestamp),
    /// Never again; the row stays, for a replay.
    Dead(Timestamp),
}

impl crate::Scope {
    /// Settles a job of this tenant. `false`: the lease was lost, and somebody else decides.
    pub async fn settle(&mut self, job: &ClaimedJob, settle: Settle, status: Option<u16>) -> Result<bool> {
        const DONE: &str = "DELETE FROM job WHERE tenant_id = $1 AND id = $2 AND fence = $3";
        const SQL: &str = "UPDATE job SET due_at = $4, last_status = $5, parked_due = NULL, attempts = attempts - $6, state = $7
            WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'open'";
        let (at, uncounted, state) = match settle {
            Settle::Done => {
                return Ok(on!(&mut self.tx, |conn| sqlx::query(DONE)
                    .bind(self.tenant.as_str())
                    .bind(&job.id)
                    .bind(job.fence)
                    .execute(conn)
                    .await?
                    .rows_affected())
                    > 0);
            }
            Settle::Retry(at) => (at, 0_i64, "open"),
            Settle::Probe(at) => (at, 1, "open"),
            Settle::Dead(at) => (at, 0, "dead"),
        };
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(&job.id)
            .bind(job.fence)
            .bind(at.millis())
            .bind(status.map(i64::from))
            .bind(uncounted)
            .bind(state)
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }
}

impl ClaimedJob {
    /// It is done. `false`: the lease was lost, and somebody else decides.
    pub async fn done(&self) -> Result<bool> {
        const SQL: &str = "DELETE FROM job WHERE tenant_id = $1 AND id = $2 AND fence = $3";
        let mut scope = self.tenant.write().await?;
        let done = on!(&mut scope.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.id().as_str())
            .bind(&self.id)
            .bind(self.fence)
            .execute(conn)
            .await?
            .rows_affected());
        scope.commit().await?;
        Ok(done > 0)
    }

    /// It is to be tried again.
    pub async fn retry(&self, at: Timestamp, status: Option<u16>) -> Result<bool> {
        const SQL: &str =
            "UPDATE job SET due_at = $4, last_status = $5 WHERE tenant_id = $1 AND id = $2 AND fence = $3";
        self.settle(SQL, at.millis(), status).await
    }

    /// It was not begun: it is due then, and this claim was no attempt.
    pub async fn put_back(&self, at: Timestamp) -> Result<bool> {
        const SQL: &str =
            "UPDATE job SET due_at = $4, attempts = attempts - 1, last_status = COALESCE($5, last_status)
            WHERE tenant_id = $1 AND id = $2 AND fence = $3";
        self.settle(SQL, at.millis(), None).await
    }

    /// It will never be done. The row stays, for people.
    pub async fn give_up(&self, at: Timestamp, status: Option<u16>) -> Result<bool> {
        const SQL: &str = "UPDATE job SET state = 'dead', due_at = $4, last_status = $5
            WHERE tenant_id = $1 AND id = $2 AND fence = $3";
        self.settle(SQL, at.millis(), status).await
    }

    async fn settle(&self, sql: &'static str, at: i64, status: Option<u16>) -> Result<bool> {
        let mut scope = self.tenant.write().await?;
        let done = on!(&mut scope.tx, |conn| sqlx::query(sql)
            .bind(self.tenant.id().as_str())
            .bind(&self.id)
            .bind(self.fence)
            .bind(at)
            .bind(status.map(i64::from))
            .execute(conn)
            .await?
            .rows_affected());
        scope.commit().await?;
        Ok(done > 0)
    }
}

/// A list as one text, to be searched for `,word,`. Slugs hold no comma.
fn between_commas<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.fold(String::from(","), |list, word| list + word + ",")
}
