//! What is left of a tenant that leaves: counted, closed, removed a little at a time.

use mailward_mail::clock::Timestamp;

use crate::db::on;
use crate::{Result, Scope};

/// How much a tenant has, by kind. Counts of rows, not of what is visible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Holdings {
    /// Inboxes, deleted ones too.
    pub inboxes: i64,
    /// Addresses that take mail.
    pub addresses: i64,
    /// Messages that agents see.
    pub delivered: i64,
    /// Messages that wait for a person.
    pub held: i64,
    /// Messages that a person rejected, or whose inbox was deleted.
    pub rejected: i64,
    /// Sealed parts of messages.
    pub parts: i64,
    /// Their bytes.
    pub bytes: i64,
    /// Events.
    pub events: i64,
    /// Webhook endpoints.
    pub webhooks: i64,
    /// API keys, revoked ones too.
    pub keys: i64,
    /// Jobs.
    pub jobs: i64,
    /// Remembered requests.
    pub requests: i64,
    /// Rows of the audit chain; they stay.
    pub audit: i64,
}

/// The end of a tenant's audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// Rows.
    pub seq: i64,
    /// The hash of the last.
    pub hash: Vec<u8>,
}

impl Scope {
    /// Counts everything that is the tenant's.
    pub async fn holdings(&mut self) -> Result<Holdings> {
        const SQL: &str = "SELECT
            (SELECT COUNT(*) FROM inbox WHERE tenant_id = $1) AS inboxes,
            (SELECT COUNT(*) FROM address WHERE tenant_id = $1) AS addresses,
            (SELECT COUNT(*) FROM message WHERE tenant_id = $1 AND state = 'delivered') AS delivered,
            (SELECT COUNT(*) FROM message WHERE tenant_id = $1 AND state = 'held') AS held,
            (SELECT COUNT(*) FROM message WHERE tenant_id = $1 AND state = 'rejected') AS rejected,
            (SELECT COUNT(*) FROM part WHERE tenant_id = $1) AS parts,
            (SELECT CAST(COALESCE(SUM(length(bytes)), 0) AS BIGINT) FROM part WHERE tenant_id = $1) AS bytes,
            (SELECT COUNT(*) FROM event WHERE tenant_id = $1) AS events,
            (SELECT COUNT(*) FROM webhook WHERE tenant_id = $1) AS webhooks,
            (SELECT COUNT(*) FROM api_key WHERE tenant_id = $1) AS keys,
            (SELECT COUNT(*) FROM job WHERE tenant_id = $1) AS jobs,
            (SELECT COUNT(*) FROM idempotency WHERE tenant_id = $1) AS requests,
            (SELECT COUNT(*) FROM audit WHERE tenant_id = $1) AS audit";
        Ok(on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_one(conn).await?))
    }

    /// Shuts every door at once: from this commit on no mail finds an inbox of the tenant, not even mail that was on
    /// its way, no key is anybody's and no job is run.
    pub async fn shut(&mut self, now: Timestamp) -> Result<()> {
        const INBOXES: &str =
            "UPDATE inbox SET deleted_at = $2, is_active = 0 WHERE tenant_id = $1 AND deleted_at IS NULL";
        on!(&mut self.tx, |conn| sqlx::query(INBOXES)
            .bind(self.tenant.as_str())
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        for sql in [
            "DELETE FROM address WHERE tenant_id = $1",
            // Whoever has the name now may hold it.
            "DELETE FROM domain WHERE tenant_id = $1",
            "DELETE FROM job WHERE tenant_id = $1",
            "DELETE FROM api_key WHERE tenant_id = $1",
            "DELETE FROM entry WHERE tenant_id = $1",
            "DELETE FROM pending_decision WHERE tenant_id = $1",
            // Nor is its host anybody's door any more, and another tenant may have it.
            "DELETE FROM brand WHERE tenant_id = $1",
        ] {
            self.run(sql).await?;
        }
        Ok(())
    }

    /// Removes some of what the tenant has left, in an order in which nothing refers to what is gone; how many rows.
    /// 0: nothing is left but its name, its audit chain and what is known of its leaving.
    pub async fn erase_some(&mut self) -> Result<u64> {
        // Each is small enough that nobody's mail waits for it.
        const STEPS: [&str; 32] = [
            "DELETE FROM entry WHERE tenant_id = $1",
            "DELETE FROM person WHERE tenant_id = $1",
            "DELETE FROM pending_decision WHERE tenant_id = $1",
            "DELETE FROM approval WHERE tenant_id = $1",
            "DELETE FROM break_glass WHERE tenant_id = $1",
            "DELETE FROM brand WHERE tenant_id = $1",
            "DELETE FROM part WHERE tenant_id = $1 AND message_id IN
                (SELECT id FROM message WHERE tenant_id = $1 ORDER BY id LIMIT 50)",
            "DELETE FROM recipient WHERE tenant_id = $1 AND message_id IN
                (SELECT id FROM message WHERE tenant_id = $1 ORDER BY id LIMIT 50)",
            "DELETE FROM message WHERE tenant_id = $1 AND id IN
                (SELECT id FROM message WHERE tenant_id = $1 ORDER BY id LIMIT 50)",
            "DELETE FROM event WHERE tenant_id = $1 AND id IN (SELECT id FROM event WHERE tenant_id = $1 LIMIT 500)",
            "DELETE FROM job WHERE tenant_id = $1 AND id IN (SELECT id FROM job WHERE tenant_id = $1 LIMIT 500)",
            "DELETE FROM event_head WHERE tenant_id = $1",
            "DELETE FROM webhook_attempt WHERE tenant_id = $1 AND id IN
                (SELECT id FROM webhook_attempt WHERE tenant_id = $1 LIMIT 500)",
            "DELETE FROM webhook WHERE tenant_id = $1",
            "DELETE FROM limit_notice WHERE tenant_id = $1",
            "DELETE FROM policy WHERE tenant_id = $1",
            "DELETE FROM allowed_sender WHERE tenant_id = $1",
            "DELETE FROM decision WHERE tenant_id = $1 AND message_id IN
                (SELECT message_id FROM decision WHERE tenant_id = $1 LIMIT 500)",
            "DELETE FROM use_level WHERE tenant_id = $1",
            "DELETE FROM use_count WHERE tenant_id = $1",
            "DELETE FROM use_act WHERE tenant_id = $1",
            "DELETE FROM use_hour WHERE tenant_id = $1",
            "DELETE FROM usage_closed WHERE tenant_id = $1",
            "DELETE FROM judge_use WHERE tenant_id = $1",
            "DELETE FROM correspondent WHERE tenant_id = $1 AND digest IN
                (SELECT digest FROM correspondent WHERE tenant_id = $1 LIMIT 500)",
            "DELETE FROM suppression WHERE tenant_id = $1 AND address_digest IN
                (SELECT address_digest FROM suppression WHERE tenant_id = $1 LIMIT 500)",
            "DELETE FROM domain WHERE tenant_id = $1",
            "DELETE FROM relay WHERE tenant_id = $1",
            "DELETE FROM api_key WHERE tenant_id = $1 AND keyid IN
                (SELECT keyid FROM api_key WHERE tenant_id = $1 LIMIT 500)",
            "DELETE FROM idempotency WHERE tenant_id = $1 AND key_digest IN
                (SELECT key_digest FROM idempotency WHERE tenant_id = $1 LIMIT 500)",
            "DELETE FROM address WHERE tenant_id = $1 AND canonical IN
                (SELECT canonical FROM address WHERE tenant_id = $1 LIMIT 500)",
            "DELETE FROM inbox WHERE tenant_id = $1 AND id IN (SELECT id FROM inbox WHERE tenant_id = $1
                AND NOT EXISTS (SELECT 1 FROM message WHERE message.tenant_id = $1 AND message.inbox_id = inbox.id)
                AND NOT EXISTS (SELECT 1 FROM address WHERE address.tenant_id = $1 AND address.inbox_id = inbox.id)
                LIMIT 500)",
        ];
        let mut removed = 0;
        for sql in STEPS {
            removed += self.run(sql).await?;
        }
        Ok(removed)
    }

    /// The canonical forms of the tenant's addresses.
    pub async fn canonical_addresses(&mut self) -> Result<Vec<String>> {
        const SQL: &str = "SELECT canonical FROM address WHERE tenant_id = $1";
        let rows: Vec<(String,)> =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_all(conn).await?);
        Ok(rows.into_iter().map(|(canonical,)| canonical).collect())
    }

    /// Gives an address back that was taken by mistake: nobody ever had it. Only for an import that is taken back.
    pub async fn release_address(&mut self, canonical: &str, tombstone: &[u8; 32]) -> Result<()> {
        const ADDRESS: &str = "DELETE FROM address WHERE tenant_id = $1 AND canonical = $2";
        const TOMBSTONE: &str = "DELETE FROM tombstone WHERE digest = $1";
        on!(&mut self.tx, |conn| sqlx::query(ADDRESS)
            .bind(self.tenant.as_str())
            .bind(canonical)
            .execute(conn)
            .await
            .map(drop))?;
        on!(&mut self.tx, |conn| sqlx::query(TOMBSTONE).bind(&tombstone[..]).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Removes the tenant's own row, as if it had never been. Only for an import that is taken back.
    pub async fn unmake_tenant(&mut self) -> Result<bool> {
        Ok(self.run("DELETE FROM tenant WHERE id = $1 AND state = 'importing'").await? > 0)
    }

    /// The end of the tenant's audit chain; `None` when it has no row.
    pub async fn audit_head(&mut self) -> Result<Option<ChainHead>> {
        const SQL: &str = "SELECT seq, hash FROM audit_head WHERE tenant_id = $1";
        let row: Option<(i64, Vec<u8>)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(seq, hash)| ChainHead { seq, hash }))
    }

    async fn run(&mut self, sql: &'static str) -> Result<u64> {
        Ok(on!(&mut self.tx, |conn| sqlx::query(sql)
            .bind(self.tenant.as_str())
            .execute(conn)
            .await?
            .rows_affected()))
    }
}
