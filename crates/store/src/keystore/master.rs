//! Master keys by name: which one is used for new wraps, which ones are on their way out. The keys themselves are
//! never here.

use mailward_mail::clock::Timestamp;

use super::rotation::ClaimedRotation;
use super::{Keystore, Rewrapped, StoredServiceKey, StoredTenantKey, locked, version_of};
use crate::db::on;
use crate::{Error, Result};
use mailward_mail::id::TenantId;
use mailward_vault::WrappedKey;

/// What a master key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MasterState {
    /// New wraps, and opening.
    Current,
    /// Opening what was not wrapped anew yet.
    Retiring,
    /// Nothing, ever again.
    Destroyed,
}

impl MasterState {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Retiring => "retiring",
            Self::Destroyed => "destroyed",
        }
    }
}

/// A master key's name and use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMaster {
    /// Its id.
    pub id: String,
    /// What it is used for.
    pub state: MasterState,
    /// Since when it is known.
    pub created_at: Timestamp,
    /// Since when it is not the current one.
    pub retired_at: Option<Timestamp>,
    /// Versions of tenants' keys that it wraps.
    pub tenant_keys: i64,
    /// Keys of the service that it wraps.
    pub service_keys: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    state: String,
    created_at: i64,
    retired_at: Option<i64>,
    tenant_keys: i64,
    service_keys: i64,
}

impl TryFrom<Row> for StoredMaster {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            state: match row.state.as_str() {
                "current" => MasterState::Current,
                "retiring" => MasterState::Retiring,
                "destroyed" => MasterState::Destroyed,
                other => return Err(Error::corrupt("master_key", &row.id, format!("state {other}"))),
            },
            created_at: Timestamp(row.created_at),
            retired_at: row.retired_at.map(Timestamp),
            tenant_keys: row.tenant_keys,
            service_keys: row.service_keys,
            id: row.id,
        })
    }
}

impl Keystore {
    /// All master keys that were ever used, the newest first.
    pub async fn masters(&self) -> Result<Vec<StoredMaster>> {
        const SQL: &str = "SELECT id, state, created_at, retired_at,
            (SELECT COUNT(*) FROM tenant_key WHERE tenant_key.mk_id = master_key.id) AS tenant_keys,
            (SELECT COUNT(*) FROM service_key WHERE service_key.mk_id = master_key.id) AS service_keys
            FROM master_key ORDER BY created_at DESC, id";
        let mut tx = self.db.read().await?;
        let rows: Vec<Row> = on!(&mut tx, |conn| sqlx::query_as(SQL).fetch_all(conn).await?);
        rows.into_iter().map(StoredMaster::try_from).collect()
    }

    /// The master key for new wraps; none: the keystore is fresh.
    pub async fn current_master(&self) -> Result<Option<String>> {
        const SQL: &str = "SELECT id FROM master_key WHERE state = 'current'";
        let mut tx = self.db.read().await?;
        let row: Option<(String,)> = on!(&mut tx, |conn| sqlx::query_as(SQL).fetch_optional(conn).await?);
        Ok(row.map(|(id,)| id))
    }

    /// The master key that wrapped what is here, from before its name was written down.
    pub async fn master_in_use(&self) -> Result<Option<String>> {
        const SQL: &str = "SELECT mk_id FROM service_key ORDER BY created_at DESC LIMIT 1";
        let mut tx = self.db.read().await?;
        let row: Option<(String,)> = on!(&mut tx, |conn| sqlx::query_as(SQL).fetch_optional(conn).await?);
        Ok(row.map(|(id,)| id))
    }

    /// Makes a master key the current one of a keystore that has none; `false` when it has one.
    pub async fn install_master(&self, id: &str, now: Timestamp) -> Result<bool> {
        const SQL: &str = "INSERT INTO master_key (id, state, created_at)
            SELECT $1, 'current', $2 WHERE NOT EXISTS (SELECT 1 FROM master_key WHERE state = 'current')
            ON CONFLICT DO NOTHING";
        let mut tx = self.db.write().await?;
        let done = on!(&mut tx, |conn| sqlx::query(SQL)
            .bind(id)
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        Ok(done > 0)
    }

    /// Uses another master key for new wraps from now on, and notes in the rotation that this was done. `false`: the
    /// current key is not the one it was, or the rotation is somebody else's.
    pub async fn switch_master(
        &self,
        claim: &ClaimedRotation,
        from: &str,
        to: &str,
        now: Timestamp,
    ) -> Result<bool> {
        // On PostgreSQL this waits for whoever is inserting under the old key.
        const RETIRE: &str =
            "UPDATE master_key SET state = 'retiring', retired_at = $2 WHERE id = $1 AND state = 'current'";
        const INSTALL: &str = "INSERT INTO master_key (id, state, created_at) VALUES ($1, 'current', $2)";
        const NOTE: &str =
            "UPDATE rotation SET target = $3 WHERE id = $1 AND fence = $2 AND state = 'running'";
        let mut tx = self.db.write().await?;
        let retired = on!(&mut tx, |conn| sqlx::query(RETIRE)
            .bind(from)
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        let noted = on!(&mut tx, |conn| sqlx::query(NOTE)
            .bind(&claim.row.id)
            .bind(claim.fence)
            .bind(to)
            .execute(conn)
            .await?
            .rows_affected());
        if retired == 0 || noted == 0 {
            return Ok(false);
        }
        on!(&mut tx, |conn| sqlx::query(INSTALL).bind(to).bind(now.millis()).execute(conn).await.map(drop))?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes that a master key is gone. `false`: something is still wrapped under it.
    pub async fn note_destroyed(&self, id: &str) -> Result<bool> {
        const SQL: &str = "UPDATE master_key SET state = 'destroyed' WHERE id = $1 AND state = 'retiring'
            AND NOT EXISTS (SELECT 1 FROM tenant_key WHERE mk_id = $1)
            AND NOT EXISTS (SELECT 1 FROM service_key WHERE mk_id = $1)";
        let mut tx = self.db.write().await?;
        let done = on!(&mut tx, |conn| sqlx::query(SQL).bind(id).execute(conn).await?.rows_affected());
        tx.commit().await?;
        Ok(done > 0)
    }

    /// Tenants' keys that another master key than the current one wraps.
    pub async fn tenant_keys_behind(&self, limit: i64) -> Result<Vec<(TenantId, String, StoredTenantKey)>> {
        const SQL: &str = "SELECT tenant_id, region, version, mk_id, wrapped, created_at FROM tenant_key
            WHERE mk_id <> (SELECT id FROM master_key WHERE state = 'current')
            ORDER BY tenant_id, version LIMIT $1";
        let mut tx = self.db.read().await?;
        let rows: Vec<(String, String, i64, String, Vec<u8>, i64)> =
            on!(&mut tx, |conn| sqlx::query_as(SQL).bind(limit).fetch_all(conn).await?);
        rows.into_iter()
            .map(|(tenant, region, version, mk_id, wrapped, created_at)| {
                let key = StoredTenantKey {
                    version: version_of(version, &tenant)?,
                    mk_id,
                    wrapped: WrappedKey::from_stored(wrapped),
                    created_at: Timestamp(created_at),
                };
                Ok((crate::system::slug(&tenant)?, region, key))
            })
            .collect()
    }

    /// The service's keys that another master key than the current one wraps.
    pub async fn service_keys_behind(&self) -> Result<Vec<(String, StoredServiceKey)>> {
        const SQL: &str = "SELECT name, version, mk_id, wrapped FROM service_key
            WHERE mk_id <> (SELECT id FROM master_key WHERE state = 'current') ORDER BY name, version";
        let mut tx = self.db.read().await?;
        let rows: Vec<(String, i64, String, Vec<u8>)> =
            on!(&mut tx, |conn| sqlx::query_as(SQL).fetch_all(conn).await?);
        rows.into_iter()
            .map(|(name, version, mk_id, wrapped)| {
                let wrapped = WrappedKey::from_stored(wrapped);
                Ok((name.clone(), StoredServiceKey { version: version_of(version, &name)?, mk_id, wrapped }))
            })
            .collect()
    }

    /// Replaces wraps by wraps of the same keys under the current master key; how many were still as they had been.
    /// Each is a tenant, the wrap as it was read, and what is to stand there.
    pub async fn rewrap_tenant_keys(&self, keys: &[(TenantId, WrappedKey, StoredTenantKey)]) -> Result<u64> {
        const SQL: (&str, &str) = locked!(
            "UPDATE tenant_key SET mk_id = $3, wrapped = $4 WHERE tenant_id = $1 AND version = $2 AND wrapped = $5
            AND EXISTS (SELECT 1 FROM master_key WHERE id = $3 AND state = 'current'",
            " FOR SHARE",
            ")"
        );
        let mut done = 0;
        let mut tx = self.db.write().await?;
        let sql = tx.pick(SQL.0, SQL.1);
        for (tenant, old, new) in keys {
            done += on!(&mut tx, |conn| sqlx::query(sql)
                .bind(tenant.as_str())
                .bind(i64::from(new.version))
                .bind(&new.mk_id)
                .bind(new.wrapped.as_bytes())
                .bind(old.as_bytes())
                .execute(conn)
                .await?
                .rows_affected());
        }
        tx.commit().await?;
        Ok(done)
    }

    /// The same for a key of the service.
    pub async fn rewrap_service_key(
        &self,
        name: &str,
        version: u32,
        key: &Rewrapped,
        to: &str,
    ) -> Result<u64> {
        const SQL: (&str, &str) = locked!(
            "UPDATE service_key SET mk_id = $3, wrapped = $4 WHERE name = $1 AND version = $2 AND wrapped = $5
            AND EXISTS (SELECT 1 FROM master_key WHERE id = $3 AND state = 'current'",
            " FOR SHARE",
            ")"
        );
        let mut tx = self.db.write().await?;
        let sql = tx.pick(SQL.0, SQL.1);
        let done = on!(&mut tx, |conn| sqlx::query(sql)
            .bind(name)
            .bind(i64::from(version))
            .bind(to)
            .bind(&key.new)
            .bind(&key.old)
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        Ok(done)
    }

    /// Every key of the service: its name, version, master key and age.
    pub async fn service_keys(&self) -> Result<Vec<(String, u32, String, Timestamp)>> {
        const SQL: &str = "SELECT name, version, mk_id, created_at FROM service_key ORDER BY name, version";
        let mut tx = self.db.read().await?;
        let rows: Vec<(String, i64, String, i64)> =
            on!(&mut tx, |conn| sqlx::query_as(SQL).fetch_all(conn).await?);
        rows.into_iter()
            .map(|(name, version, mk_id, at)| {
                let version = version_of(version, &name)?;
                Ok((name, version, mk_id, Timestamp(at)))
            })
            .collect()
    }
}
