//! Rotations: asked for once, worked on by one process at a time, resumed by the next when that one dies; and the
//! steps of a tenant's, each of which changes nothing when it comes twice or too late.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_vault::WrappedKey;

use super::{Keystore, StoredTenantKey, locked, version_of};
use crate::db::on;
use crate::{Error, Result};

/// What is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationKind {
    /// The master key.
    Master,
    /// One tenant's key.
    Tenant(TenantId),
    /// Every tenant's key.
    Tenants,
}

impl RotationKind {
    /// As stored and shown.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Tenant(_) => "tenant",
            Self::Tenants => "tenants",
        }
    }

    /// The tenant, where it concerns one.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Tenant(id) => Some(id),
            Self::Master | Self::Tenants => None,
        }
    }
}

/// How a rotation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationState {
    /// It is worked on, or waits for that.
    Running,
    /// All of it was done.
    Done,
    /// It was given up; nothing is lost, and another may be asked for.
    Failed,
}

impl RotationState {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// A rotation to be started.
pub struct NewRotation {
    /// Its id.
    pub id: String,
    /// What is replaced.
    pub kind: RotationKind,
    /// Write bodies anew, under new message keys.
    pub reencrypt: bool,
    /// Leave the old master key where it is.
    pub keep_old: bool,
    /// The operator's key id.
    pub created_by: String,
}

/// A rotation and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationRow {
    /// Its id.
    pub id: String,
    /// What is replaced.
    pub kind: RotationKind,
    /// Whether bodies are written anew.
    pub reencrypt: bool,
    /// Whether the old master key stays.
    pub keep_old: bool,
    /// The master key that was switched to.
    pub target: Option<String>,
    /// How it stands.
    pub state: RotationState,
    /// Tenants that are done.
    pub tenants: i64,
    /// Keys that were wrapped anew.
    pub keys: i64,
    /// Message keys that were wrapped anew.
    pub messages: i64,
    /// What an operator should know of how it ended.
    pub detail: String,
    /// The operator's key id that asked for it.
    pub created_by: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When something last happened.
    pub updated_at: Timestamp,
}

/// A rotation that this process works on until its lease ends. Proof that an operator asked for it.
#[derive(Clone, Debug)]
pub struct ClaimedRotation {
    /// The rotation as it was when it was claimed.
    pub row: RotationRow,
    pub(crate) fence: i64,
}

/// A wrap and what it is replaced by.
pub struct Rewrapped {
    /// As it was read.
    pub old: Vec<u8>,
    /// What is to stand there.
    pub new: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    kind: String,
    tenant_id: String,
    reencrypt: i64,
    keep_old: i64,
    target: String,
    state: String,
    tenants: i64,
    keys: i64,
    messages: i64,
    detail: String,
    created_by: String,
    created_at: i64,
    updated_at: i64,
    fence: i64,
}

macro_rules! columns {
    () => {
        "id, kind, tenant_id, reencrypt, keep_old, target, state, tenants, keys, messages, detail, created_by,
            created_at, updated_at, fence"
    };
}

impl TryFrom<Row> for ClaimedRotation {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |what: String| Error::corrupt("rotation", &row.id, what);
        let kind = match row.kind.as_str() {
            "master" => RotationKind::Master,
            "tenants" => RotationKind::Tenants,
            "tenant" => RotationKind::Tenant(crate::system::slug(&row.tenant_id)?),
            other => return Err(bad(format!("kind {other}"))),
        };
        let state = match row.state.as_str() {
            "running" => RotationState::Running,
            "done" => RotationState::Done,
            "failed" => RotationState::Failed,
            other => return Err(bad(format!("state {other}"))),
        };
        let fence = row.fence;
        let row = RotationRow {
            kind,
            state,
            reencrypt: row.reencrypt != 0,
            keep_old: row.keep_old != 0,
            target: Some(row.target).filter(|target| !target.is_empty()),
            tenants: row.tenants,
            keys: row.keys,
            messages: row.messages,
            detail: row.detail,
            created_by: row.created_by,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            id: row.id,
        };
        Ok(Self { row, fence })
    }
}

impl Keystore {
    /// Notes that a rotation is wanted; the one of the same kind that runs already, if there is one.
    pub async fn begin_rotation(&self, new: &NewRotation, now: Timestamp) -> Result<RotationRow> {
        const INSERT: &str =
            "INSERT INTO rotation (id, kind, tenant_id, reencrypt, keep_old, target, state, tenants, keys,
            messages, detail, created_by, created_at, updated_at, lease_until, fence)
            VALUES ($1, $2, $3, $4, $5, '', 'running', 0, 0, 0, '', $6, $7, $7, 0, 0) ON CONFLICT DO NOTHING";
        const FIND: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM rotation WHERE kind = $1 AND tenant_id = $2 AND state = 'running'"
        );
        let tenant = new.kind.tenant().map_or("", TenantId::as_str);
        let mut tx = self.db.write().await?;
        on!(&mut tx, |conn| sqlx::query(INSERT)
            .bind(&new.id)
            .bind(new.kind.as_str())
            .bind(tenant)
            .bind(i64::from(new.reencrypt))
            .bind(i64::from(new.keep_old))
            .bind(&new.created_by)
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        let row: Row = on!(&mut tx, |conn| sqlx::query_as(FIND)
            .bind(new.kind.as_str())
            .bind(tenant)
            .fetch_one(conn)
            .await?);
        tx.commit().await?;
        Ok(ClaimedRotation::try_from(row)?.row)
    }

    /// One rotation.
    pub async fn rotation(&self, id: &str) -> Result<Option<RotationRow>> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM rotation WHERE id = $1");
        let mut tx = self.db.read().await?;
        let row: Option<Row> = on!(&mut tx, |conn| sqlx::query_as(SQL).bind(id).fetch_optional(conn).await?);
        row.map(|row| Ok(ClaimedRotation::try_from(row)?.row)).transpose()
    }

    /// Takes the rotation that has waited longest and that nobody works on.
    pub async fn claim_rotation(&self, now: Timestamp, lease: Duration) -> Result<Option<ClaimedRotation>> {
        // The lease is asked for twice: on PostgreSQL another process may have taken the row while this one waited.
        const SQL: &str = concat!(
            "UPDATE rotation SET lease_until = $2, fence = fence + 1
            WHERE state = 'running' AND lease_until <= $1 AND id = (SELECT id FROM rotation
                WHERE state = 'running' AND lease_until <= $1 ORDER BY created_at, id LIMIT 1) RETURNING ",
            columns!()
        );
        let mut tx = self.db.write().await?;
        let row: Option<Row> = on!(&mut tx, |conn| sqlx::query_as(SQL)
            .bind(now.millis())
            .bind(now.plus(lease).millis())
            .fetch_optional(conn)
            .await?);
        tx.commit().await?;
        row.map(ClaimedRotation::try_from).transpose()
    }

    /// Notes what was done and goes on holding the rotation. `false`: it is somebody else's now.
    pub async fn note_progress(
        &self,
        claim: &ClaimedRotation,
        [tenants, keys, messages]: [u64; 3],
        now: Timestamp,
        lease: Duration,
    ) -> Result<bool> {
        const SQL: &str =
            "UPDATE rotation SET tenants = tenants + $3, keys = keys + $4, messages = messages + $5,
            updated_at = $6, lease_until = $7 WHERE id = $1 AND fence = $2 AND state = 'running'";
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut tx = self.db.write().await?;
        let done = on!(&mut tx, |conn| sqlx::query(SQL)
            .bind(&claim.row.id)
            .bind(claim.fence)
            .bind(count(tenants))
            .bind(count(keys))
            .bind(count(messages))
            .bind(now.millis())
            .bind(now.plus(lease).millis())
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        Ok(done > 0)
    }

    /// Ends a rotation. `false`: it is somebody else's now.
    pub async fn end_rotation(
        &self,
        claim: &ClaimedRotation,
        state: RotationState,
        detail: &str,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE rotation SET state = $3, detail = $4, updated_at = $5
            WHERE id = $1 AND fence = $2 AND state = 'running'";
        let mut tx = self.db.write().await?;
        let done = on!(&mut tx, |conn| sqlx::query(SQL)
            .bind(&claim.row.id)
            .bind(claim.fence)
            .bind(state.as_str())
            .bind(detail)
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        Ok(done > 0)
    }

    /// Notes why a rotation does not get on, and lets it wait until then.
    pub async fn delay_rotation(
        &self,
        claim: &ClaimedRotation,
        detail: &str,
        until: Timestamp,
    ) -> Result<()> {
        const SQL: &str = "UPDATE rotation SET detail = $3, lease_until = $4
            WHERE id = $1 AND fence = $2 AND state = 'running'";
        let mut tx = self.db.write().await?;
        on!(&mut tx, |conn| sqlx::query(SQL)
            .bind(&claim.row.id)
            .bind(claim.fence)
            .bind(detail)
            .bind(until.millis())
            .execute(conn)
            .await
            .map(drop))?;
        tx.commit().await
    }

    /// Adds a version to a tenant's key. `false`: the newest is not the one it was (or the tenant was shredded, which
    /// must never be undone by this), or the master key is not the current one.
    pub async fn add_tenant_version(
        &self,
        tenant: &TenantId,
        newest: u32,
        key: &StoredTenantKey,
    ) -> Result<bool> {
        const SQL: (&str, &str) = locked!(
            "INSERT INTO tenant_key (tenant_id, version, region, mk_id, wrapped, created_at)
            SELECT tenant_key.tenant_id, $3, tenant_key.region, master_key.id, $5, $6 FROM tenant_key
            JOIN master_key ON master_key.id = $4 AND master_key.state = 'current'
            WHERE tenant_key.tenant_id = $1 AND tenant_key.version = $2",
            " FOR SHARE",
            " ON CONFLICT DO NOTHING"
        );
        let mut tx = self.db.write().await?;
        let sql = tx.pick(SQL.0, SQL.1);
        let done = on!(&mut tx, |conn| sqlx::query(sql)
            .bind(tenant.as_str())
            .bind(i64::from(newest))
            .bind(i64::from(key.version))
            .bind(&key.mk_id)
            .bind(key.wrapped.as_bytes())
            .bind(key.created_at.millis())
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        Ok(done > 0)
    }

    /// A tenant's purpose keys that an older version than `below` wraps: purpose, version, wrap.
    pub async fn purpose_keys_below(
        &self,
        tenant: &TenantId,
        below: u32,
    ) -> Result<Vec<(String, u32, WrappedKey)>> {
        const SQL: &str =
            "SELECT purpose, key_version, wrapped FROM purpose_key WHERE tenant_id = $1 AND key_version < $2";
        let mut tx = self.db.read().await?;
        let rows: Vec<(String, i64, Vec<u8>)> = on!(&mut tx, |conn| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(i64::from(below))
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|(purpose, version, wrapped)| {
                Ok((purpose, version_of(version, tenant.as_str())?, WrappedKey::from_stored(wrapped)))
            })
            .collect()
    }

    /// Replaces the wrap of a purpose key, if it is still as it was read.
    pub async fn rewrap_purpose_key(
        &self,
        tenant: &TenantId,
        purpose: &str,
        version: u32,
        key: &Rewrapped,
    ) -> Result<bool> {
        const SQL: (&str, &str) = locked!(
            "UPDATE purpose_key SET key_version = $3, wrapped = $4
            WHERE tenant_id = $1 AND purpose = $2 AND wrapped = $5
            AND EXISTS (SELECT 1 FROM tenant_key WHERE tenant_id = $1 AND version = $3",
            " FOR SHARE",
            ")"
        );
        let mut tx = self.db.write().await?;
        let sql = tx.pick(SQL.0, SQL.1);
        let done = on!(&mut tx, |conn| sqlx::query(sql)
            .bind(tenant.as_str())
            .bind(purpose)
            .bind(i64::from(version))
            .bind(&key.new)
            .bind(&key.old)
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        Ok(done > 0)
    }

    /// Drops versions of a tenant's key older than `below` that wrap no purpose key; how many there were. That no
    /// message needs them is the caller's to know.
    pub async fn drop_tenant_versions(&self, tenant: &TenantId, below: u32) -> Result<u64> {
        // Locked first, in a statement of its own: whoever is wrapping under one of them is waited for and then seen.
        const LOCK: &str = "SELECT version FROM tenant_key WHERE tenant_id = $1 AND version < $2 FOR UPDATE";
        const SQL: &str = "DELETE FROM tenant_key WHERE tenant_id = $1 AND version < $2
            AND NOT EXISTS (SELECT 1 FROM purpose_key WHERE purpose_key.tenant_id = tenant_key.tenant_id
                AND purpose_key.key_version = tenant_key.version)";
        let mut tx = self.db.write().await?;
        if let crate::db::Tx::Postgres(tx) = &mut tx {
            sqlx::query(LOCK).bind(tenant.as_str()).bind(i64::from(below)).execute(&mut **tx).await?;
        }
        let done = on!(&mut tx, |conn| sqlx::query(SQL)
            .bind(tenant.as_str())
            .bind(i64::from(below))
            .execute(conn)
            .await?
            .rows_affected());
        tx.commit().await?;
        // What was deleted must not lie about in the log.
        self.db.forget_deleted().await?;
        Ok(done)
    }

    pub(super) async fn free_leases(&self) -> Result<()> {
        const SQL: &str = "UPDATE rotation SET lease_until = 0 WHERE state = 'running'";
        let mut tx = self.db.write().await?;
        on!(&mut tx, |conn| sqlx::query(SQL).execute(conn).await.map(drop))?;
        tx.commit().await
    }
}
