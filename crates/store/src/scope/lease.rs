//! Mail as a queue: claimed for a while, then acknowledged, given back, or handed out again.
//!
//! A claim is one statement, so two claimers never get the same mail. Only delivered mail that came in is claimed; held
//! mail has no place in the queue until it is released.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, LeaseId, MessageId};

use super::message::{Message, MessageRow, message_columns};
use crate::db::on;
use crate::{Error, Result, Scope};

/// So often a mail is handed out before it is put aside for a person.
pub const MOST_TRIES: i64 = 5;

/// What is wanted of the queue.
#[derive(Clone, Debug)]
pub struct LeaseClaim<'a> {
    /// The lease's id.
    pub id: &'a LeaseId,
    /// Now.
    pub now: Timestamp,
    /// When the claim ends by itself.
    pub until: Timestamp,
}

/// A mail that was claimed.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The mail.
    pub message: MessageId,
    /// How often it was handed out, this time included.
    pub tries: i64,
}

/// What became of a claim that somebody wanted to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is done; also when it was before, by the same claim.
    Done,
    /// It was given back, and is to be had again.
    Back,
    /// It was given back for the last time: it is put aside.
    Dead,
    /// The claim had ended, and settles nothing.
    Ended,
}

#[derive(sqlx::FromRow)]
struct DeadRow {
    #[sqlx(flatten)]
    message: MessageRow,
    lease_tries: i64,
}

#[derive(sqlx::FromRow)]
struct HeldRow {
    id: String,
    leased_until: i64,
    lease_tries: i64,
    settled: i64,
}

impl Scope {
    /// Claims the oldest mail of an inbox that is nobody's now; `None` when there is none.
    pub async fn claim_mail(&mut self, inbox: &InboxId, claim: &LeaseClaim<'_>) -> Result<Option<Leased>> {
        const SQLITE: &str =
            "UPDATE message SET lease_id = $3, leased_until = $5, lease_tries = lease_tries + 1
            WHERE tenant_id = $1 AND id = (SELECT id FROM message WHERE tenant_id = $1 AND inbox_id = $2
                AND settled = 0 AND state = 'delivered' AND direction = 'inbound' AND seq IS NOT NULL
                AND (leased_until IS NULL OR leased_until <= $4) AND lease_tries < $6 ORDER BY seq LIMIT 1)
            RETURNING id, lease_tries";
        // What another claimer is taking is stepped over, not waited for. What is found is looked at again once it is
        // locked, so that a claim that was committed meanwhile counts.
        const POSTGRES: &str =
            "UPDATE message SET lease_id = $3, leased_until = $5, lease_tries = lease_tries + 1
            WHERE tenant_id = $1 AND id = (SELECT id FROM message WHERE tenant_id = $1 AND inbox_id = $2
                AND settled = 0 AND state = 'delivered' AND direction = 'inbound' AND seq IS NOT NULL
                AND (leased_until IS NULL OR leased_until <= $4) AND lease_tries < $6 ORDER BY seq LIMIT 1
                FOR UPDATE SKIP LOCKED)
            RETURNING id, lease_tries";
        let sql = self.tx.pick(SQLITE, POSTGRES);
        let row: Option<(String, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(sql)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(claim.id.as_str())
            .bind(claim.now.millis())
            .bind(claim.until.millis())
            .bind(MOST_TRIES)
            .fetch_optional(conn)
            .await?);
        row.map(|(id, tries)| Ok(Leased { message: message_id(&id)?, tries })).transpose()
    }

    /// Puts mail aside that was handed out often enough and whose last claim has ended; which that is.
    pub async fn bury_mail(&mut self, inbox: &InboxId, now: Timestamp) -> Result<Vec<MessageId>> {
        const SQL: &str =
            "UPDATE message SET settled = 2 WHERE tenant_id = $1 AND inbox_id = $2 AND settled = 0
            AND state = 'delivered' AND direction = 'inbound' AND lease_tries >= $4 AND leased_until <= $3
            RETURNING id";
        let rows: Vec<(String,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(now.millis())
            .bind(MOST_TRIES)
            .fetch_all(conn)
            .await?);
        rows.iter().map(|(id,)| message_id(id)).collect()
    }

    /// Settles a claim; `None` when there is no such claim, or somebody else claimed the mail since.
    pub async fn settle_lease(
        &mut self,
        inbox: &InboxId,
        id: &LeaseId,
        is_done: bool,
        now: Timestamp,
    ) -> Result<Option<(MessageId, Settled)>> {
        const SQLITE: &str = "SELECT id, leased_until, lease_tries, settled FROM message
            WHERE tenant_id = $1 AND inbox_id = $2 AND lease_id = $3 AND state = 'delivered'";
        const POSTGRES: &str = "SELECT id, leased_until, lease_tries, settled FROM message
            WHERE tenant_id = $1 AND inbox_id = $2 AND lease_id = $3 AND state = 'delivered' FOR UPDATE";
        const UPDATE: &str =
            "UPDATE message SET settled = $3, leased_until = CASE WHEN $4 = 1 THEN $5 ELSE leased_until END
            WHERE tenant_id = $1 AND id = $2";
        let sql = self.tx.pick(SQLITE, POSTGRES);
        let row: Option<HeldRow> = on!(&mut self.tx, |conn| sqlx::query_as(sql)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        let Some(row) = row else { return Ok(None) };
        let message = message_id(&row.id)?;
        let settled = match (row.settled, row.leased_until > now.millis(), is_done) {
            // The answer to the first time may have been lost.
            (1, _, true) => return Ok(Some((message, Settled::Done))),
            (0, true, true) => Settled::Done,
            (0, true, false) if row.lease_tries >= MOST_TRIES => Settled::Dead,
            (0, true, false) => Settled::Back,
            _ => return Ok(Some((message, Settled::Ended))),
        };
        let (state, is_back) = match settled {
            Settled::Done => (1, 0),
            Settled::Dead => (2, 0),
            _ => (0, 1),
        };
        on!(&mut self.tx, |conn| sqlx::query(UPDATE)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .bind(state)
            .bind(is_back)
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(Some((message, settled)))
    }

    /// Mail of an inbox that was put aside, newest first, before a place; each with how often it was handed out.
    pub async fn dead_mail(
        &mut self,
        inbox: &InboxId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<(Message, i64)>> {
        const SQL: &str = concat!(
            "SELECT lease_tries, ",
            message_columns!(),
            " FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND settled = 2
            AND state = 'delivered' AND seq < $3 ORDER BY seq DESC LIMIT $4"
        );
        let rows: Vec<DeadRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(|row| Ok((row.message.try_into()?, row.lease_tries))).collect()
    }
}

fn message_id(id: &str) -> Result<MessageId> {
    MessageId::parse(id).map_err(|bad| Error::corrupt("message", id, bad))
}
