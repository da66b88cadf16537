//! The wrapped keys, in a database of their own: whoever has the mail store has no key, and a key deleted here is
//! gone from every copy of the mail.
//!
//! Nothing is wrapped under a master key that is not the current one: each insert asks for that in its own statement,
//! with the row locked, so that a rotation that has found nothing left to do is not overtaken by a slow writer.

mod list;
mod master;
mod rotation;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_vault::WrappedKey;

use crate::db::{Db, Location, Migrations, on};
use crate::{Error, Result};

pub use list::{KeyVersion, TenantKeyRow};
pub use master::{MasterState, StoredMaster};
pub use rotation::{ClaimedRotation, NewRotation, Rewrapped, RotationKind, RotationRow, RotationState};

/// The key store.
pub struct Keystore {
    db: Db,
}

/// A tenant's wrapped key.
pub struct StoredTenantKey {
    /// Grows with each rotation.
    pub version: u32,
    /// The master key that wrapped it.
    pub mk_id: String,
    /// The key.
    pub wrapped: WrappedKey,
    /// Since when it exists.
    pub created_at: Timestamp,
}

/// A wrapped key of the service itself.
pub struct StoredServiceKey {
    /// Grows with each rotation.
    pub version: u32,
    /// The master key that wrapped it.
    pub mk_id: String,
    /// The key.
    pub wrapped: WrappedKey,
}

type KeyRow = (i64, String, Vec<u8>);

/// The texts of one statement for SQLite, which has one writer, and for PostgreSQL, where the row that a statement
/// relies on is locked.
macro_rules! locked {
    ($sql:literal, $lock:literal, $rest:literal) => {
        (concat!($sql, $rest), concat!($sql, $lock, $rest))
    };
}
use locked;

impl Keystore {
    /// Opens the key store and brings its schema to this version.
    pub async fn open(location: &Location) -> Result<Self> {
        let keys = || sqlx::migrate!("../../migrations/keystore");
        let migrations =
            Migrations { sqlite: keys(), postgres: keys(), marker: "public.master_key", by_service: true };
        let db = Db::open(location, &migrations).await?;
        let keystore = Self { db };
        if matches!(location, Location::Sqlite(_)) {
            // The data directory is locked: whoever held a lease is gone.
            keystore.free_leases().await?;
        }
        Ok(keystore)
    }

    /// A key store over a database that nobody serves.
    pub(crate) fn over(db: Db) -> Self {
        Self { db }
    }

    /// Whether other nodes may use it too.
    pub fn is_shared(&self) -> bool {
        matches!(self.db, Db::Postgres(_))
    }

    /// Waits for running transactions and closes.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// Stores the first key of a tenant. `false`: that version exists, or the master key is not the current one.
    pub async fn insert_tenant_key(
        &self,
        tenant: &TenantId,
        region: &str,
        key: &StoredTenantKey,
    ) -> Result<bool> {
        const SQL: (&str, &str) = locked!(
            "INSERT INTO tenant_key (tenant_id, version, region, mk_id, wrapped, created_at)
            SELECT $1, $2, $3, id, $5, $6 FROM master_key WHERE id = $4 AND state = 'current'",
            " FOR SHARE",
            " ON CONFLICT DO NOTHING"
        );
        let mut tx = self.db.write().await?;
        let sql = tx.pick(SQL.0, SQL.1);
        let done = on!(&mut tx, |conn| sqlx::query(sql)
            .bind(tenant.as_str())
            .bind(i64::from(key.version))
            .bind(region)
            .bind(&key.mk_id)
            .bind(key.wrapped.as_bytes())
            .bind(key.created_at.millis())
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        Ok(done > 0)
    }

    /// All versions of a tenant's key, newest first.
    pub async fn tenant_keys(&self, tenant: &TenantId) -> Result<Vec<StoredTenantKey>> {
        const SQL: &str = "SELECT version, mk_id, wrapped, created_at FROM tenant_key WHERE tenant_id = $1
            ORDER BY version DESC";
        let mut tx = self.db.read().await?;
        let rows: Vec<(i64, String, Vec<u8>, i64)> =
            on!(&mut tx, |conn| sqlx::query_as(SQL).bind(tenant.as_str()).fetch_all(conn).await?);
        rows.into_iter()
            .map(|(version, mk_id, wrapped, created_at)| {
                Ok(StoredTenantKey {
                    version: version_of(version, tenant.as_str())?,
                    mk_id,
                    wrapped: WrappedKey::from_stored(wrapped),
                    created_at: Timestamp(created_at),
                })
            })
            .collect()
    }

    /// The purposes that a tenant has keys for, and the version of the tenant key that wraps each.
    pub async fn purposes(&self, tenant: &TenantId) -> Result<Vec<(String, u32)>> {
        const SQL: &str =
            "SELECT purpose, key_version FROM purpose_key WHERE tenant_id = $1 ORDER BY purpose";
        let mut tx = self.db.read().await?;
        let rows: Vec<(String, i64)> =
            on!(&mut tx, |conn| sqlx::query_as(SQL).bind(tenant.as_str()).fetch_all(conn).await?);
        rows.into_iter()
            .map(|(purpose, version)| Ok((purpose, version_of(version, tenant.as_str())?)))
            .collect()
    }

    /// Destroys all keys of a tenant, and what they left in the database's log. Without them nothing that was ever
    /// sealed for it opens, in no copy. Doing it twice is doing it once.
    pub async fn destroy_tenant(&self, tenant: &TenantId) -> Result<()> {
        let mut tx = self.db.write().await?;
        for sql in
            ["DELETE FROM purpose_key WHERE tenant_id = $1", "DELETE FROM tenant_key WHERE tenant_id = $1"]
        {
            on!(&mut tx, |conn| sqlx::query(sql).bind(tenant.as_str()).execute(conn).await.map(drop))?;
        }
        tx.commit().await?;
        self.db.forget_deleted().await
    }

    /// A tenant's key for one purpose, and the version of the tenant key that wraps it.
    pub async fn purpose_key(&self, tenant: &TenantId, purpose: &str) -> Result<Option<(u32, WrappedKey)>> {
        const SQL: &str =
            "SELECT key_version, wrapped FROM purpose_key WHERE tenant_id = $1 AND purpose = $2";
        let mut tx = self.db.read().await?;
        let row: Option<(i64, Vec<u8>)> = on!(&mut tx, |conn| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(purpose)
            .fetch_optional(conn)
            .await?);
        row.map(|(version, wrapped)| {
            Ok((version_of(version, tenant.as_str())?, WrappedKey::from_stored(wrapped)))
        })
        .transpose()
    }

    /// Stores a tenant's key for one purpose. `false`: another process was first, or the version that wraps it is
    /// gone.
    pub async fn insert_purpose_key(
        &self,
        tenant: &TenantId,
        purpose: &str,
        key_version: u32,
        wrapped: &WrappedKey,
    ) -> Result<bool> {
        const SQL: (&str, &str) = locked!(
            "INSERT INTO purpose_key (tenant_id, purpose, key_version, wrapped)
            SELECT tenant_id, $2, version, $4 FROM tenant_key WHERE tenant_id = $1 AND version = $3",
            " FOR SHARE",
            " ON CONFLICT DO NOTHING"
        );
        let mut tx = self.db.write().await?;
        let sql = tx.pick(SQL.0, SQL.1);
        let done = on!(&mut tx, |conn| sqlx::query(sql)
            .bind(tenant.as_str())
            .bind(purpose)
            .bind(i64::from(key_version))
            .bind(wrapped.as_bytes())
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        Ok(done > 0)
    }

    /// The newest version of one of the service's own keys.
    pub async fn service_key(&self, name: &str) -> Result<Option<StoredServiceKey>> {
        const SQL: &str =
            "SELECT version, mk_id, wrapped FROM service_key WHERE name = $1 ORDER BY version DESC LIMIT 1";
        let mut tx = self.db.read().await?;
        let row: Option<KeyRow> =
            on!(&mut tx, |conn| sqlx::query_as(SQL).bind(name).fetch_optional(conn).await?);
        row.map(|(version, mk_id, wrapped)| {
            Ok(StoredServiceKey {
                version: version_of(version, name)?,
                mk_id,
                wrapped: WrappedKey::from_stored(wrapped),
            })
        })
        .transpose()
    }

    /// Stores one of the service's own keys. `false`: another process was first, or the master key is not the
    /// current one.
    pub async fn insert_service_key(
        &self,
        name: &str,
        key: &StoredServiceKey,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: (&str, &str) = locked!(
            "INSERT INTO service_key (name, version, mk_id, wrapped, created_at)
            SELECT $1, $2, id, $4, $5 FROM master_key WHERE id = $3 AND state = 'current'",
            " FOR SHARE",
            " ON CONFLICT DO NOTHING"
        );
        let mut tx = self.db.write().await?;
        let sql = tx.pick(SQL.0, SQL.1);
        let done = on!(&mut tx, |conn| sqlx::query(sql)
            .bind(name)
            .bind(i64::from(key.version))
            .bind(&key.mk_id)
            .bind(key.wrapped.as_bytes())
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        Ok(done > 0)
    }
}

fn version_of(version: i64, row: &str) -> Result<u32> {
    u32::try_from(version).map_err(|bad| Error::corrupt("tenant_key", row, bad))
}
