//! Requests that were carried out already, so that a retry is not a second one.

use mailward_mail::clock::Timestamp;

use crate::db::on;
use crate::{Result, Scope};

impl Scope {
    /// What an earlier request with this key made: its request digest and the id it was answered with.
    pub async fn idempotent(&mut self, key: &[u8; 16]) -> Result<Option<(Vec<u8>, String)>> {
        const SQL: &str =
            "SELECT request_digest, result_id FROM idempotency WHERE tenant_id = $1 AND key_digest = $2";
        Ok(on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(&key[..])
            .fetch_optional(conn)
            .await?))
    }

    /// Remembers a request; `false` when another one with this key came first.
    pub async fn remember(
        &mut self,
        key: &[u8; 16],
        request: &[u8; 16],
        result: &str,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str =
            "INSERT INTO idempotency (tenant_id, key_digest, request_digest, result_id, created_at)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(&key[..])
            .bind(&request[..])
            .bind(result)
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }
}
