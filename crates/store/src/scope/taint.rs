//! What an inbox was given and who wrote to it, as far as it decides on what the inbox may send.
//!
//! Mail counts from the moment it is available, whichever way it is fetched: whoever may read it may have read it.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};

use super::message::{Message, MessageRow};
use crate::db::on;
use crate::{Error, Result, Scope};

/// Mail of risk that was given to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risky {
    /// The newest one.
    pub newest: MessageId,
    /// When the first one became available.
    pub since: Timestamp,
}

impl Scope {
    /// Mail of medium or higher risk, or released by a person, that became available after a moment: in one inbox, or in
    /// any for a key that reads all.
    pub async fn risky(&mut self, inbox: Option<&InboxId>, after: Timestamp) -> Result<Option<Risky>> {
        const SQL: &str = "SELECT id, available_at FROM message WHERE tenant_id = $1 AND available_at > $3
            AND direction = 'inbound' AND state = 'delivered' AND (level <> 'low' OR decided_by IS NOT NULL)
            AND (inbox_id = $2 OR $2 = '') ORDER BY available_at, id";
        let rows: Vec<(String, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.map_or("", InboxId::as_str))
            .bind(after.millis())
            .fetch_all(conn)
            .await?);
        let (Some((_, since)), Some((newest, _))) = (rows.first(), rows.last()) else { return Ok(None) };
        let newest = MessageId::parse(newest).map_err(|bad| Error::corrupt("message", newest, bad))?;
        Ok(Some(Risky { newest, since: Timestamp(*since) }))
    }

    /// Whether an author wrote any of the mails that [`Self::risky`] is about.
    pub async fn wrote_risky(
        &mut self,
        inbox: Option<&InboxId>,
        author: &[u8; 16],
        after: Timestamp,
    ) -> Result<bool> {
        const SQL: &str =
            "SELECT COUNT(*) FROM (SELECT 1 FROM message WHERE tenant_id = $1 AND available_at > $3
            AND direction = 'inbound' AND state = 'delivered' AND (level <> 'low' OR decided_by IS NOT NULL)
            AND (inbox_id = $2 OR $2 = '') AND from_digest = $4 LIMIT 1) AS found";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.map_or("", InboxId::as_str))
            .bind(after.millis())
            .bind(&author[..])
            .fetch_one(conn)
            .await?);
        Ok(count > 0)
    }

    /// Whether an inbox had mail from an author before a moment.
    pub async fn wrote_before(
        &mut self,
        inbox: &InboxId,
        author: &[u8; 16],
        before: Timestamp,
    ) -> Result<bool> {
        const SQL: &str =
            "SELECT COUNT(*) FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND from_digest = $3
            AND direction = 'inbound' AND state = 'delivered' AND available_at < $4";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(&author[..])
            .bind(before.millis())
            .fetch_one(conn)
            .await?);
        Ok(count > 0)
    }

    /// The newest mails that came to any inbox of the tenant and are not in the thread of `but`.
    pub async fn mails_elsewhere(&mut self, but: Option<&MessageId>, limit: i64) -> Result<Vec<Message>> {
        const SQL: &str =
            "SELECT id, inbox_id, seq, direction, state, version, received_at, available_at, size, is_read,
            key_version, dek FROM message WHERE tenant_id = $1 AND direction = 'inbound' AND state = 'delivered'
            AND length(dek) > 0 AND id <> $2 AND NOT EXISTS (SELECT 1 FROM message t WHERE t.tenant_id = $1 AND t.id = $2
                AND t.inbox_id = message.inbox_id AND t.thread_digest = message.thread_digest)
            ORDER BY id DESC LIMIT $3";
        let rows: Vec<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(but.map_or("", MessageId::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Message::try_from).collect()
    }

    /// How many mails a thread got from its inbox since the newest that somebody wrote in it, and since a moment. What a
    /// machine sent by itself is no answer.
    pub async fn unanswered(&mut self, of: &MessageId, since: Timestamp) -> Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM message o JOIN message t ON t.tenant_id = $1 AND t.id = $2
            AND o.inbox_id = t.inbox_id AND o.thread_digest = t.thread_digest
            WHERE o.tenant_id = $1 AND o.direction = 'outbound' AND o.id <> $2 AND o.received_at > $3
            AND NOT EXISTS (SELECT 1 FROM message i WHERE i.tenant_id = $1 AND i.inbox_id = o.inbox_id
                AND i.thread_digest = o.thread_digest AND i.direction = 'inbound' AND i.state = 'delivered'
                AND i.is_automated = 0 AND i.available_at >= o.received_at)";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(of.as_str())
            .bind(since.millis())
            .fetch_one(conn)
            .await?);
        Ok(count)
    }

    /// How many mails of an author an inbox got since a moment, at most `limit`.
    pub async fn mails_from(
        &mut self,
        inbox: &InboxId,
        author: &[u8; 16],
        since: Timestamp,
        limit: i64,
    ) -> Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM message WHERE tenant_id = $1 AND inbox_id = $2
            AND from_digest = $3 AND direction = 'inbound' AND received_at > $4 LIMIT $5) AS recent";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(&author[..])
            .bind(since.millis())
            .bind(limit)
            .fetch_one(conn)
            .await?);
        Ok(count)
    }
}
