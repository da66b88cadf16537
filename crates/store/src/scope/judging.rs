//! Mail that waits for the judge: the job that asks, the one way it stops waiting, and what asking costs a tenant.
//!
//! Pending mail is held mail that nobody has decided on and that an open job speaks of, so every door that leaves held
//! mail out leaves it out too. A reviewer may be faster than the judge; the first decision stands.

use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::MessageId;

use super::message::Message;
use crate::db::on;
use crate::{Result, Scope};

/// What a job's id begins with; the message's own follows.
const JOB: &str = "judge:";

/// How a pending mail was judged.
pub struct Judged<'a> {
    /// The message as it was read.
    pub message: &'a Message,
    /// Whether a person is to decide on it now; else its agent has it.
    pub held: bool,
    /// What is to be known of it from now on; none: what was known.
    pub anew: Option<JudgedAnew>,
}

/// A verdict that took another's place.
pub struct JudgedAnew {
    /// `low`, `medium`, `high`.
    pub level: &'static str,
    /// 0 to 100.
    pub score: u8,
    /// Which scorers said so.
    pub model: String,
    /// The message's key, wrapped anew under the same version of the tenant's: whoever exchanges the keys of all parts meanwhile has to begin again, and finds
    /// the new one too.
    pub dek: Vec<u8>,
    /// Number of the sealed summary that takes the old one's place.
    pub no: u32,
    /// The summary.
    pub meta: Vec<u8>,
}

/// What the judge was asked for a tenant in a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct JudgeUse {
    /// Requests, failed ones too.
    pub requests: i64,
    /// Bytes that were sent.
    pub bytes: i64,
    /// Tokens, as the endpoint counted them.
    pub tokens: i64,
}

impl Scope {
    /// Whether a message is held and nobody has decided on it so far; [`Self::settle_judged`] looks again.
    pub async fn is_undecided(&mut self, id: &MessageId) -> Result<bool> {
        const SQL: &str =
            "SELECT version FROM message WHERE tenant_id = $1 AND id = $2 AND state = 'held' AND version = 0";
        let row: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.is_some())
    }

    /// Ends the waiting of a pending mail. `false`: it waits no longer, its key was exchanged, or its inbox is gone;
    /// nothing of this scope may be committed then.
    pub async fn settle_judged(&mut self, judged: &Judged<'_>, now: Timestamp) -> Result<bool> {
        const SQL: &str = "UPDATE message SET state = $4, version = 1, seq = $5, available_at = $6, dek = $7,
            level = COALESCE($8, level), score = COALESCE($9, score), model = COALESCE($10, model)
            WHERE tenant_id = $1 AND id = $2 AND state = 'held' AND version = 0 AND dek = $3";
        let Judged { message, held, anew } = judged;
        let place = match held {
            true => None,
            false => match self.next_place(&message.inbox, now).await? {
                Some(place) => Some(place),
                None => return Ok(false),
            },
        };
        let dek = anew.as_ref().map_or(&message.dek, |anew| &anew.dek);
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.id.as_str())
            .bind(&message.dek)
            .bind(if *held { "held" } else { "delivered" })
            .bind(place.map(|place| place.seq))
            .bind(place.map(|place| place.at.millis()))
            .bind(dek)
            .bind(anew.as_ref().map(|anew| anew.level))
            .bind(anew.as_ref().map(|anew| i64::from(anew.score)))
            .bind(anew.as_ref().map(|anew| &anew.model))
            .execute(conn)
            .await?
            .rows_affected());
        if done == 0 {
            return Ok(false);
        }
        if let Some(anew) = anew
            && !self.exchange_meta(message, anew).await?
        {
            return Ok(false);
        }
        if !held {
            self.wakes_inbox(&message.inbox);
        }
        Ok(true)
    }

    /// Counts one request of so many bytes, if a day's budget has room for it; 0 is no limit.
    pub async fn take_judge_budget(
        &mut self,
        day: Day,
        bytes: i64,
        requests_a_day: i64,
        bytes_a_day: i64,
    ) -> Result<bool> {
        const SQL: &str = "INSERT INTO judge_use (tenant_id, day, requests, bytes, tokens)
            SELECT $1, $2, 1, $3, 0 WHERE $5 = 0 OR $3 <= $5
            ON CONFLICT (tenant_id, day) DO UPDATE
            SET requests = judge_use.requests + 1, bytes = judge_use.bytes + excluded.bytes
            WHERE ($4 = 0 OR judge_use.requests < $4) AND ($5 = 0 OR judge_use.bytes + excluded.bytes <= $5)";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(day.0)
            .bind(bytes)
            .bind(requests_a_day)
            .bind(bytes_a_day)
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Counts the tokens of an answer.
    pub async fn count_judge_tokens(&mut self, day: Day, tokens: i64) -> Result<()> {
        const SQL: &str = "UPDATE judge_use SET tokens = tokens + $3 WHERE tenant_id = $1 AND day = $2";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(day.0)
            .bind(tokens)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// What was asked in a day.
    pub async fn judge_use(&mut self, day: Day) -> Result<JudgeUse> {
        const SQL: &str = "SELECT requests, bytes, tokens FROM judge_use WHERE tenant_id = $1 AND day = $2";
        let row: Option<JudgeUse> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(day.0)
            .fetch_optional(conn)
            .await?);
        Ok(row.unwrap_or_default())
    }

    /// Writes the job of a pending mail, in the transaction that stores it.
    pub(crate) async fn insert_judge_job(&mut self, message: &MessageId, now: Timestamp) -> Result<()> {
        const SQL: &str = "INSERT INTO job (tenant_id, id, kind, state, due_at, fence, attempts, created_at)
            VALUES ($1, $2, 'judge', 'open', $3, 0, 0, $3) ON CONFLICT DO NOTHING";
        let id = JOB.to_owned() + message.as_str();
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id)
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        self.wakes_jobs();
        Ok(())
    }

    /// Puts one summary in another's place, and counts what it takes on the disk. `false`: somebody else did so since.
    async fn exchange_meta(&mut self, message: &Message, anew: &JudgedAnew) -> Result<bool> {
        const DELETE: &str =
            "DELETE FROM part WHERE tenant_id = $1 AND message_id = $2 AND kind = 'meta' AND no = $3
            RETURNING CAST(length(bytes) AS BIGINT)";
        const INSERT: &str =
            "INSERT INTO part (tenant_id, message_id, kind, no, bytes) VALUES ($1, $2, 'meta', $3, $4)
            ON CONFLICT DO NOTHING";
        // A number is used once: the same key must never seal two texts.
        let old: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(DELETE)
            .bind(self.tenant.as_str())
            .bind(message.id.as_str())
            .bind(i64::from(anew.no) - 1)
            .fetch_optional(conn)
            .await?);
        let written = on!(&mut self.tx, |conn| sqlx::query(INSERT)
            .bind(self.tenant.as_str())
            .bind(message.id.as_str())
            .bind(i64::from(anew.no))
            .bind(&anew.meta)
            .execute(conn)
            .await?
            .rows_affected());
        let Some((old,)) = old.filter(|_| written > 0) else { return Ok(false) };
        let new = i64::try_from(anew.meta.len()).unwrap_or(i64::MAX);
        self.give_back(message.inbox.as_str(), old - new).await?;
        Ok(true)
    }
}

/// The message that a job speaks of.
pub(crate) fn message_of(job: &str) -> std::result::Result<MessageId, String> {
    let id = job.strip_prefix(JOB).ok_or_else(|| format!("id {job}"))?;
    MessageId::parse(id).map_err(|bad| bad.to_string())
}
