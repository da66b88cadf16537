//! Decisions on held mail that may still be taken back, and the job that carries each out when nobody did.
//!
//! The mail stays held meanwhile, so every door that leaves held mail out leaves it out. Taking back is deleting the row;
//! the job then finds nothing to do.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::MessageId;

use super::message::Decision;
use crate::db::on;
use crate::{Error, Result, Scope};

/// What a job's id begins with; the message's own follows.
const JOB: &str = "decide:";

/// A decision to be kept for a while.
pub struct NewPending<'a> {
    /// On which mail.
    pub message: &'a MessageId,
    /// What was decided.
    pub decision: Decision,
    /// Who decided.
    pub by: &'a str,
    /// When it is carried out.
    pub due_at: Timestamp,
    /// The reason and all else, sealed.
    pub sealed: Vec<u8>,
}

/// A decision that was not carried out yet.
#[derive(Clone, Debug)]
pub struct Pending {
    /// On which mail.
    pub message: MessageId,
    /// What was decided.
    pub decision: Decision,
    /// Who decided.
    pub by: String,
    /// When it is carried out.
    pub due_at: Timestamp,
    /// The reason and all else, sealed.
    pub sealed: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct PendingRow {
    message_id: String,
    decision: String,
    decided_by: String,
    due_at: i64,
    sealed: Vec<u8>,
}

impl Scope {
    /// Keeps a decision and has it carried out when it is due. `false`: there is one on this mail, and it stands.
    pub async fn insert_pending(&mut self, pending: &NewPending<'_>, now: Timestamp) -> Result<bool> {
        const SQL: &str = "INSERT INTO pending_decision (tenant_id, message_id, decision, decided_by, decided_at, due_at, sealed)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        // One that was taken back may have left its job, which is due too early then.
        const JOBS: &str = "INSERT INTO job (tenant_id, id, kind, state, due_at, fence, attempts, created_at)
            VALUES ($1, $2, 'decide', 'open', $3, 0, 0, $4) ON CONFLICT (tenant_id, id)
            DO UPDATE SET due_at = $3, state = 'open', attempts = 0";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(pending.message.as_str())
            .bind(match pending.decision {
                Decision::Release => "release",
                Decision::Reject => "reject",
            })
            .bind(pending.by)
            .bind(now.millis())
            .bind(pending.due_at.millis())
            .bind(&pending.sealed)
            .execute(conn)
            .await?
            .rows_affected());
        if done == 0 {
            return Ok(false);
        }
        let job = JOB.to_owned() + pending.message.as_str();
        on!(&mut self.tx, |conn| sqlx::query(JOBS)
            .bind(self.tenant.as_str())
            .bind(job)
            .bind(pending.due_at.millis())
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        self.wakes_jobs();
        Ok(true)
    }

    /// Decisions that may still be taken back.
    pub async fn pending(&mut self) -> Result<Vec<Pending>> {
        const SQL: &str = "SELECT message_id, decision, decided_by, due_at, sealed FROM pending_decision
            WHERE tenant_id = $1 ORDER BY due_at, message_id LIMIT 1000";
        let rows: Vec<PendingRow> =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_all(conn).await?);
        rows.into_iter().map(Pending::try_from).collect()
    }

    /// The decision on a mail, if there is one that was not carried out.
    pub async fn pending_on(&mut self, message: &MessageId) -> Result<Option<Pending>> {
        const SQL: &str = "SELECT message_id, decision, decided_by, due_at, sealed FROM pending_decision
            WHERE tenant_id = $1 AND message_id = $2";
        let row: Option<PendingRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(Pending::try_from).transpose()
    }

    /// Takes a decision back that is not due yet. `false`: there is none, or it is too late.
    pub async fn take_back(&mut self, message: &MessageId, now: Timestamp) -> Result<bool> {
        const SQL: &str =
            "DELETE FROM pending_decision WHERE tenant_id = $1 AND message_id = $2 AND due_at > $3";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Forgets a decision that was carried out, or cannot be.
    pub async fn forget_pending(&mut self, message: &MessageId) -> Result<()> {
        const SQL: &str = "DELETE FROM pending_decision WHERE tenant_id = $1 AND message_id = $2";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }
}

/// The message that a job is about.
pub(crate) fn message_of(job: &str) -> std::result::Result<MessageId, String> {
    let id = job.strip_prefix(JOB).ok_or_else(|| format!("id {job}"))?;
    MessageId::parse(id).map_err(|bad| bad.to_string())
}

impl TryFrom<PendingRow> for Pending {
    type Error = Error;
    fn try_from(row: PendingRow) -> Result<Self> {
        let bad = |what: String| Error::corrupt("pending_decision", &row.message_id, what);
        Ok(Self {
            message: MessageId::parse(&row.message_id).map_err(|error| bad(error.to_string()))?,
            decision: match row.decision.as_str() {
                "release" => Decision::Release,
                "reject" => Decision::Reject,
                other => return Err(bad(format!("decision {other}"))),
            },
            by: row.decided_by,
            due_at: Timestamp(row.due_at),
            sealed: row.sealed,
        })
    }
}
