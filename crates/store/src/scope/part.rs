//! The sealed bytes of messages.

use mailward_mail::id::MessageId;

use crate::db::on;
use crate::{Result, Scope};

impl Scope {
    /// The newest sealed part of a kind, with its number. Held mail is the caller's to check: it looked up the
    /// message first.
    pub async fn part(&mut self, message: &MessageId, kind: &str) -> Result<Option<(u32, Vec<u8>)>> {
        const SQL: &str = "SELECT no, bytes FROM part WHERE tenant_id = $1 AND message_id = $2 AND kind = $3
            ORDER BY no DESC LIMIT 1";
        let row: Option<(i64, Vec<u8>)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .bind(kind)
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(no, bytes)| (u32::try_from(no).unwrap_or_default(), bytes)))
    }

    /// Removes a message with its parts; its inbox, and the bytes that its parts took.
    pub(crate) async fn remove_message(&mut self, message: &str) -> Result<Option<(String, i64)>> {
        const BYTES: &str = "SELECT COALESCE(CAST(SUM(length(bytes)) AS BIGINT), 0) FROM part
            WHERE tenant_id = $1 AND message_id = $2";
        let (bytes,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(BYTES)
            .bind(self.tenant.as_str())
            .bind(message)
            .fetch_one(conn)
            .await?);
        const PARTS: &str = "DELETE FROM part WHERE tenant_id = $1 AND message_id = $2";
        on!(&mut self.tx, |conn| sqlx::query(PARTS)
            .bind(self.tenant.as_str())
            .bind(message)
            .execute(conn)
            .await
            .map(drop))?;
        const RECIPIENTS: &str = "DELETE FROM recipient WHERE tenant_id = $1 AND message_id = $2";
        on!(&mut self.tx, |conn| sqlx::query(RECIPIENTS)
            .bind(self.tenant.as_str())
            .bind(message)
            .execute(conn)
            .await
            .map(drop))?;
        const MESSAGE: &str = "DELETE FROM message WHERE tenant_id = $1 AND id = $2 RETURNING inbox_id";
        let inbox: Option<(String,)> = on!(&mut self.tx, |conn| sqlx::query_as(MESSAGE)
            .bind(self.tenant.as_str())
            .bind(message)
            .fetch_optional(conn)
            .await?);
        Ok(inbox.map(|(inbox,)| (inbox, bytes)))
    }

    /// Writes the parts of a new message in one statement.
    pub(crate) async fn insert_parts(
        &mut self,
        message: &MessageId,
        raw: &[u8],
        parsed: &[u8],
        meta: &[u8],
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO part (tenant_id, message_id, kind, no, bytes)
            VALUES ($1, $2, 'raw', 0, $3), ($1, $2, 'parsed', 0, $4), ($1, $2, 'meta', 0, $5)";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .bind(raw)
            .bind(parsed)
            .bind(meta)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }
}
