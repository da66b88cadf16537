//! What an operator is shown of tenants' keys: names, versions and ages, never a wrapped byte.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;

use super::{Keystore, version_of};
use crate::Result;
use crate::db::on;

/// The keys of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantKeyRow {
    /// Whose.
    pub tenant: TenantId,
    /// Where its data lives.
    pub region: String,
    /// Newest first; more than one while a rotation runs.
    pub versions: Vec<KeyVersion>,
}

/// One version of a tenant's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyVersion {
    /// Grows with each rotation.
    pub version: u32,
    /// The master key that wraps it.
    pub mk_id: String,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// Purpose keys that it wraps.
    pub purpose_keys: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: String,
    region: String,
    version: i64,
    mk_id: String,
    created_at: i64,
    purpose_keys: i64,
}

impl Keystore {
    /// Tenants' keys by slug, those behind `after`, of at most `limit` tenants.
    pub async fn list_tenants(&self, after: Option<&TenantId>, limit: i64) -> Result<Vec<TenantKeyRow>> {
        const SQL: &str = "SELECT tenant_id, region, version, mk_id, created_at,
            (SELECT COUNT(*) FROM purpose_key WHERE purpose_key.tenant_id = tenant_key.tenant_id
                AND purpose_key.key_version = tenant_key.version) AS purpose_keys
            FROM tenant_key WHERE tenant_id IN
                (SELECT DISTINCT tenant_id FROM tenant_key WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2)
            ORDER BY tenant_id, version DESC";
        let mut tx = self.db.read().await?;
        let rows: Vec<Row> = on!(&mut tx, |conn| sqlx::query_as(SQL)
            .bind(after.map_or("", TenantId::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        let mut tenants: Vec<TenantKeyRow> = Vec::new();
        for row in rows {
            let tenant = crate::system::slug(&row.tenant_id)?;
            let version = KeyVersion {
                version: version_of(row.version, &row.tenant_id)?,
                mk_id: row.mk_id,
                created_at: Timestamp(row.created_at),
                purpose_keys: row.purpose_keys,
            };
            match tenants.last_mut().filter(|last| last.tenant == tenant) {
                Some(last) => last.versions.push(version),
                None => tenants.push(TenantKeyRow { tenant, region: row.region, versions: vec![version] }),
            }
        }
        Ok(tenants)
    }
}
