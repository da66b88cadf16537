//! How an endpoint stands, and its jobs with it: while one job tries an endpoint that fails, or was never asked whether
//! it wants to be called, the others are parked. Parked jobs come up by themselves after a while, so that none is lost
//! with the one that was to wake them.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, WebhookId};

use crate::db::on;
use crate::{ClaimedJob, Result, Scope};

/// How long a parked job waits until it looks by itself.
const PARKED: Duration = Duration::from_secs(3_600);

/// Why an endpoint is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabled {
    /// It said that it is gone for good.
    Gone,
    /// It failed for too long.
    Failing,
    /// Its tenant wanted it.
    Tenant,
}

impl Disabled {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
            Self::Tenant => "tenant",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Gone, Self::Failing, Self::Tenant].into_iter().find(|one| one.as_str() == text)
    }
}

/// How an endpoint stands after a failure.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Standing {
    /// Failures in a row, this one included.
    pub failures: i64,
    failing_since: i64,
    /// The job that tries it.
    #[sqlx(rename = "probe_job")]
    pub probe: Option<String>,
}

impl Standing {
    /// Since when nothing but failures.
    pub fn failing_since(&self) -> Timestamp {
        Timestamp(self.failing_since)
    }
}

/// What a job that tries an endpoint sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Asks whether it wants to be called.
    Verify,
    /// An event that says it is none.
    Test,
}

impl Probe {
    /// The job's id; there is one of each kind for an endpoint.
    pub fn job(self, webhook: &WebhookId) -> String {
        match self {
            Self::Verify => format!("verify:{webhook}"),
            Self::Test => format!("test:{webhook}"),
        }
    }

    /// What a job sends, if it is no event.
    pub fn of(job: &str) -> Option<Self> {
        match job.split_once(':')?.0 {
            "verify" => Some(Self::Verify),
            "test" => Some(Self::Test),
            _ => None,
        }
    }
}

impl Scope {
    /// Notes a success: earlier failures are forgotten, and what waited goes on.
    pub async fn note_success(&mut self, webhook: &WebhookId, now: Timestamp) -> Result<()> {
        // Most successes follow a success, and change nothing.
        const SQL: &str = "UPDATE webhook SET failures = 0, failing_since = NULL, probe_job = NULL
            WHERE tenant_id = $1 AND id = $2 AND unverified = 0 AND (failures > 0 OR failing_since IS NOT NULL OR probe_job IS NOT NULL)";
        let changed = self.of_webhook(SQL, webhook).await?;
        if changed > 0 { self.wake_parked(webhook, now).await } else { Ok(()) }
    }

    /// Notes that an endpoint wants to be called; `echoes`: it gave the challenge back.
    pub async fn note_verified(&mut self, webhook: &WebhookId, echoes: bool, now: Timestamp) -> Result<()> {
        const SQL: &str = "UPDATE webhook SET unverified = 0, echoes = $3, failures = 0, failing_since = NULL, probe_job = NULL
            WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            .bind(i64::from(echoes))
            .execute(conn)
            .await
            .map(drop))?;
        self.wake_parked(webhook, now).await
    }

    /// Notes a failure; how the endpoint stands then. `None`: it is off, or gone.
    pub async fn note_failure(&mut self, webhook: &WebhookId, now: Timestamp) -> Result<Option<Standing>> {
        const SQL: &str =
            "UPDATE webhook SET failures = failures + 1, failing_since = COALESCE(failing_since, $3)
            WHERE tenant_id = $1 AND id = $2 AND is_active = 1 RETURNING failures, failing_since, probe_job";
        Ok(on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            .bind(now.millis())
            .fetch_optional(conn)
            .await?))
    }

    /// From now on only `job` tries the endpoint, and its others wait.
    pub async fn open_circuit(&mut self, webhook: &WebhookId, job: &str, now: Timestamp) -> Result<()> {
        const PROBE: &str = "UPDATE webhook SET probe_job = $3 WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(PROBE)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            .bind(job)
            .execute(conn)
            .await
            .map(drop))?;
        // Those that run stay claimed: they settle themselves, and only then are they parked.
        const PARK: &str = "UPDATE job SET parked_due = due_at, due_at = $4 WHERE tenant_id = $1 AND webhook_id = $2 AND id <> $3
            AND state = 'open' AND parked_due IS NULL";
        on!(&mut self.tx, |conn| sqlx::query(PARK)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            .bind(job)
            .bind(now.plus(PARKED).millis())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Asks an endpoint anew whether it wants to be called, before anything else is told to it.
    pub async fn verify_webhook(
        &mut self,
        webhook: &WebhookId,
        event: &EventId,
        now: Timestamp,
    ) -> Result<()> {
        const SQL: &str = "UPDATE webhook SET is_active = 1, unverified = 1, echoes = 0, failures = 0, failing_since = NULL,
            disabled_at = NULL, disabled_why = NULL WHERE tenant_id = $1 AND id = $2";
        self.of_webhook(SQL, webhook).await?;
        let job = Probe::Verify.job(webhook);
        self.open_circuit(webhook, &job, now).await?;
        self.queue_call(&job, event, webhook, now).await.map(drop)
    }

    /// Lets an endpoint be told a test; `false`: one is on its way.
    pub async fn test_webhook(
        &mut self,
        webhook: &WebhookId,
        event: &EventId,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "SELECT 1 FROM job WHERE tenant_id = $1 AND id = $2 AND state = 'open'";
        let job = Probe::Test.job(webhook);
        let waiting: Option<(i32,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(&job)
            .fetch_optional(conn)
            .await?);
        if waiting.is_some() {
            return Ok(false);
        }
        self.queue_call(&job, event, webhook, now).await
    }

    /// Tells an endpoint of an event again, under the same id; `false`: it is on its way already.
    pub async fn replay(&mut self, webhook: &WebhookId, event: &EventId, now: Timestamp) -> Result<bool> {
        self.queue_call(&format!("{event}:{webhook}"), event, webhook, now).await
    }

    /// Events of an endpoint's kinds between two moments, oldest first, those after `after`.
    pub async fn events_for(
        &mut self,
        webhook: &WebhookId,
        since: Timestamp,
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<EventId>> {
        const SQL: &str = "SELECT e.id FROM event e JOIN webhook w ON w.tenant_id = e.tenant_id AND w.id = $2
            WHERE e.tenant_id = $1 AND e.created_at >= $3 AND e.created_at < $4 AND (w.inbox_id IS NULL OR w.inbox_id = e.inbox_id)
            AND ',' || w.events || ',' LIKE '%,' || e.kind || ',%' ORDER BY e.id LIMIT $5";
        let rows: Vec<(String,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            .bind(since.millis())
            .bind(until.millis())
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|(id,)| EventId::parse(&id).map_err(|e| crate::Error::corrupt("event", &id, e.to_string())))
            .collect()
    }

    async fn queue_call(
        &mut self,
        job: &str,
        event: &EventId,
        webhook: &WebhookId,
        now: Timestamp,
    ) -> Result<bool> {
        // The fence grows, so that a call that runs settles nothing of the new one.
        const SQL: &str = "INSERT INTO job (tenant_id, id, kind, event_id, webhook_id, state, due_at, fence, attempts, created_at)
            VALUES ($1, $2, 'webhook', $3, $4, 'open', $5, 0, 0, $5)
            ON CONFLICT (tenant_id, id) DO UPDATE SET state = 'open', event_id = excluded.event_id, due_at = excluded.due_at,
            parked_due = NULL, attempts = 0, fence = job.fence + 1, last_status = NULL
            WHERE job.state = 'dead' OR job.event_id <> excluded.event_id";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(job)
            .bind(event.as_str())
            .bind(webhook.as_str())
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        self.wakes_jobs();
        Ok(done > 0)
    }

    /// Switches an endpoint off; what was to be told to it stays, for a replay. `false`: it was off, or is gone.
    pub async fn disable_webhook(&mut self, id: &WebhookId, why: Disabled, now: Timestamp) -> Result<bool> {
        const SQL: &str =
            "UPDATE webhook SET is_active = 0, probe_job = NULL, disabled_at = $3, disabled_why = $4
            WHERE tenant_id = $1 AND id = $2 AND is_active = 1";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(now.millis())
            .bind(why.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        const JOBS: &str =
            "UPDATE job SET state = 'dead', parked_due = NULL WHERE tenant_id = $1 AND webhook_id = $2";
        if done > 0 {
            self.of_webhook(JOBS, id).await?;
        }
        Ok(done > 0)
    }

    /// Lets a job wait for the one that tries its endpoint. Where that one is lost, this takes its place; where the
    /// endpoint was opened meanwhile, it is due now.
    pub async fn park(&mut self, job: &ClaimedJob, webhook: &WebhookId, now: Timestamp) -> Result<()> {
        // Written to before it is read: whoever opens the endpoint does so before this, and it is seen, or after, and
        // finds this job parked.
        const LOCK: &str =
            "UPDATE webhook SET probe_job = CASE WHEN unverified = 0 AND NOT EXISTS (SELECT 1 FROM job
            WHERE job.tenant_id = $1 AND job.id = webhook.probe_job AND job.state = 'open') THEN
            CASE WHEN probe_job IS NULL THEN NULL ELSE $3 END ELSE probe_job END
            WHERE tenant_id = $1 AND id = $2 RETURNING unverified, probe_job";
        let standing: Option<(i64, Option<String>)> = on!(&mut self.tx, |conn| sqlx::query_as(LOCK)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            .bind(&job.id)
            .fetch_optional(conn)
            .await?);
        let waits = standing
            .is_some_and(|(unverified, probe)| unverified != 0 || probe.is_some_and(|probe| probe != job.id));
        const WAIT: &str = "UPDATE job SET attempts = attempts - 1, due_at = $5,
            parked_due = CASE WHEN $6 = 1 THEN COALESCE(parked_due, $4) ELSE NULL END
            WHERE tenant_id = $1 AND id = $2 AND fence = $3";
        let due = if waits { now.plus(PARKED) } else { now };
        on!(&mut self.tx, |conn| sqlx::query(WAIT)
            .bind(self.tenant.as_str())
            .bind(&job.id)
            .bind(job.fence)
            .bind(now.millis())
            .bind(due.millis())
            .bind(i64::from(waits))
            .execute(conn)
            .await
            .map(drop))?;
        if !waits {
            self.wakes_jobs();
        }
        Ok(())
    }

    /// The job that tried the endpoint is no more: the one that waited longest takes its place. Where none waits, the
    /// next event is told as if nothing had been.
    pub async fn pass_probe_on(&mut self, webhook: &WebhookId, job: &str, now: Timestamp) -> Result<()> {
        const NEXT: &str = "UPDATE webhook SET probe_job = (SELECT j.id FROM job j WHERE j.tenant_id = $1 AND j.webhook_id = $2
            AND j.id <> $3 AND j.state = 'open' AND j.parked_due IS NOT NULL ORDER BY j.parked_due LIMIT 1)
            WHERE tenant_id = $1 AND id = $2 AND probe_job = $3";
        let passed = on!(&mut self.tx, |conn| sqlx::query(NEXT)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            .bind(job)
            .execute(conn)
            .await?
            .rows_affected());
        if passed == 0 {
            return Ok(());
        }
        const DUE: &str =
            "UPDATE job SET due_at = $3, parked_due = NULL WHERE tenant_id = $1 AND webhook_id = $2
            AND id = (SELECT w.probe_job FROM webhook w WHERE w.tenant_id = $1 AND w.id = $2)";
        on!(&mut self.tx, |conn| sqlx::query(DUE)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        self.wakes_jobs();
        Ok(())
    }

    async fn wake_parked(&mut self, webhook: &WebhookId, now: Timestamp) -> Result<()> {
        const SQL: &str =
            "UPDATE job SET due_at = CASE WHEN parked_due > $3 THEN parked_due ELSE $3 END, parked_due = NULL
            WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'open' AND parked_due IS NOT NULL";
        let woken = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        if woken > 0 {
            self.wakes_jobs();
        }
        Ok(())
    }

    async fn of_webhook(&mut self, sql: &'static str, webhook: &WebhookId) -> Result<u64> {
        Ok(on!(&mut self.tx, |conn| sqlx::query(sql)
            .bind(self.tenant.as_str())
            .bind(webhook.as_str())
            .execute(conn)
            .await?
            .rows_affected()))
    }
}
