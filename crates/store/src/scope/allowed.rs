//! Senders that a reviewer let through for some time. Found by a keyed digest; the address itself is sealed.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{AllowedId, InboxId, MessageId};

use crate::db::on;
use crate::{Error, Result, Scope};

/// An allowance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedSender {
    /// Its id.
    pub id: AllowedId,
    /// For which inbox; none: all of the tenant's.
    pub inbox: Option<InboxId>,
    /// The mail with whose release it was made.
    pub message: MessageId,
    /// The sender's address, sealed.
    pub sealed: Vec<u8>,
    /// Since when.
    pub created_at: Timestamp,
    /// The key that made it.
    pub created_by: String,
    /// Until when.
    pub until: Timestamp,
}

/// An allowance to be made.
pub struct NewAllowedSender {
    /// What is shown of it.
    pub shown: AllowedSender,
    /// The keyed digest of the sender's address.
    pub digest: [u8; 16],
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    inbox_id: String,
    message_id: String,
    sealed: Vec<u8>,
    created_at: i64,
    created_by: String,
    until: i64,
}

impl TryFrom<Row> for AllowedSender {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |what: String| Error::corrupt("allowed_sender", &row.id, what);
        Ok(Self {
            id: AllowedId::parse(&row.id).map_err(|e| bad(e.to_string()))?,
            inbox: match row.inbox_id.as_str() {
                "" => None,
                id => Some(InboxId::parse(id).map_err(|e| bad(e.to_string()))?),
            },
            message: MessageId::parse(&row.message_id).map_err(|e| bad(e.to_string()))?,
            sealed: row.sealed,
            created_at: Timestamp(row.created_at),
            created_by: row.created_by,
            until: Timestamp(row.until),
        })
    }
}

impl Scope {
    /// Lets a sender through; one that is let through already gets the new end. The allowance as it now stands. Those
    /// whose time is over are removed on the way.
    pub async fn allow_sender(&mut self, new: &NewAllowedSender) -> Result<AllowedSender> {
        const OLD: &str = "DELETE FROM allowed_sender WHERE tenant_id = $1 AND until <= $2";
        const SQL: &str =
            "INSERT INTO allowed_sender (tenant_id, id, inbox_id, sender_digest, sealed, message_id,
            created_at, created_by, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (tenant_id, inbox_id, sender_digest) DO UPDATE SET message_id = excluded.message_id,
            created_at = excluded.created_at, created_by = excluded.created_by, until = excluded.until
            RETURNING id, inbox_id, message_id, sealed, created_at, created_by, until";
        let shown = &new.shown;
        on!(&mut self.tx, |conn| sqlx::query(OLD)
            .bind(self.tenant.as_str())
            .bind(shown.created_at.millis())
            .execute(conn)
            .await
            .map(drop))?;
        let row: Row = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(shown.id.as_str())
            .bind(shown.inbox.as_ref().map_or("", InboxId::as_str))
            .bind(&new.digest[..])
            .bind(&shown.sealed)
            .bind(shown.message.as_str())
            .bind(shown.created_at.millis())
            .bind(&shown.created_by)
            .bind(shown.until.millis())
            .fetch_one(conn)
            .await?);
        row.try_into()
    }

    /// Whether a sender is let through to an inbox at this moment.
    pub async fn is_allowed(&mut self, inbox: &InboxId, digest: &[u8; 16], now: Timestamp) -> Result<bool> {
        const SQL: &str = "SELECT COUNT(*) FROM allowed_sender WHERE tenant_id = $1 AND inbox_id IN ('', $2)
            AND sender_digest = $3 AND until > $4";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(&digest[..])
            .bind(now.millis())
            .fetch_one(conn)
            .await?);
        Ok(count > 0)
    }

    /// Allowances in force, newest first, those before `before`; of one inbox alone where it is named.
    pub async fn allowed_senders(
        &mut self,
        inbox: Option<&InboxId>,
        now: Timestamp,
        before: Option<&AllowedId>,
        limit: i64,
    ) -> Result<Vec<AllowedSender>> {
        const SQL: &str = "SELECT id, inbox_id, message_id, sealed, created_at, created_by, until FROM allowed_sender
            WHERE tenant_id = $1 AND until > $2 AND id < $3 AND ($4 = '' OR inbox_id = $4) ORDER BY id DESC LIMIT $5";
        let rows: Vec<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(now.millis())
            .bind(before.map_or("alw_8", AllowedId::as_str))
            .bind(inbox.map_or("", InboxId::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(AllowedSender::try_from).collect()
    }

    /// How many allowances are in force.
    pub async fn count_allowed_senders(&mut self, now: Timestamp) -> Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM allowed_sender WHERE tenant_id = $1 AND until > $2";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(now.millis())
            .fetch_one(conn)
            .await?);
        Ok(count)
    }

    /// Ends an allowance, of this inbox alone where one is named; `false` when it is not there.
    pub async fn revoke_sender(&mut self, inbox: Option<&InboxId>, id: &AllowedId) -> Result<bool> {
        const SQL: &str =
            "DELETE FROM allowed_sender WHERE tenant_id = $1 AND id = $2 AND ($3 = '' OR inbox_id = $3)";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(inbox.map_or("", InboxId::as_str))
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }
}
