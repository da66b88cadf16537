//! What agents take from mail beside reading it: its codes, and the facts in it.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};

use super::message::{Message, MessageRow};
use crate::db::on;
use crate::{Result, Scope};

impl Scope {
    /// Held messages of an inbox that came later than a moment, newest first. For the codes in them alone, and only
    /// where the policy lets these out: no other door of an agent may ask.
    pub async fn held_since(
        &mut self,
        inbox: &InboxId,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<Message>> {
        const SQL: &str =
            "SELECT id, inbox_id, seq, direction, state, version, received_at, available_at, size, is_read,
            key_version, dek FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND state = 'held'
            AND direction = 'inbound' AND received_at > $3 AND length(dek) > 0
            ORDER BY received_at DESC, id DESC LIMIT $4";
        let rows: Vec<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(since.millis())
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Message::try_from).collect()
    }

    /// When a code of a message was handed out first.
    pub async fn code_read_at(&mut self, id: &MessageId) -> Result<Option<Timestamp>> {
        const SQL: &str = "SELECT code_read_at FROM message WHERE tenant_id = $1 AND id = $2";
        let row: Option<(Option<i64>,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.and_then(|(at,)| at).map(Timestamp))
    }

    /// Notes that a code of a message is handed out, if the message is still as it was when it was read. `false`: it
    /// is not, and nothing may be handed out.
    pub async fn note_code_read(&mut self, message: &Message, now: Timestamp) -> Result<bool> {
        const SQL: &str = "UPDATE message SET code_read_at = COALESCE(code_read_at, $5)
            WHERE tenant_id = $1 AND id = $2 AND version = $3 AND state = $4";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.id.as_str())
            .bind(message.version)
            .bind(message.state.as_str())
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// When the facts in a delivered message were asked for first.
    pub async fn extracted_at(&mut self, id: &MessageId) -> Result<Option<Timestamp>> {
        const SQL: &str =
            "SELECT extracted_at FROM message WHERE tenant_id = $1 AND id = $2 AND state = 'delivered'";
        let row: Option<(Option<i64>,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.and_then(|(at,)| at).map(Timestamp))
    }

    /// Notes that the facts in a delivered message were asked for, once: the moment that is kept.
    pub async fn note_extracted(&mut self, id: &MessageId, now: Timestamp) -> Result<Option<Timestamp>> {
        const SQL: &str = "UPDATE message SET extracted_at = COALESCE(extracted_at, $3)
            WHERE tenant_id = $1 AND id = $2 AND state = 'delivered' RETURNING extracted_at";
        let row: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(now.millis())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(at,)| Timestamp(at)))
    }
}
