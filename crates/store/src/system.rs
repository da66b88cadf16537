//! The few statements without a tenant: they find out whose turn it is. Each is a door, so they are counted.

pub(crate) mod brands;
mod sweep;

use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{InboxId, PersonId, TenantId};
use subtle::{Choice, ConstantTimeEq};

use crate::audit::act::{Act, Action, Actor, Origin};
use crate::audit::append_system;
use crate::db::{Db, on};
use crate::scope::key::Scopes;
use crate::{Error, Result, Scope, Store, Tenant};

/// Whether a tenant may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantState {
    /// It may.
    Active,
    /// Nothing goes in or out.
    Suspended,
    /// It is being taken up from an archive, and is not whole yet.
    Importing,
    /// As suspended, while its mail and records are written to an archive.
    Exporting,
    /// It is leaving, and may still be taken back.
    Grace,
    /// Its keys are destroyed; its rows are being removed.
    Shredded,
    /// Nothing is left but its name, which nobody gets again.
    Purged,
}

impl TenantState {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Importing => "importing",
            Self::Exporting => "exporting",
            Self::Grace => "grace",
            Self::Shredded => "shredded",
            Self::Purged => "purged",
        }
    }

    /// Whether its keys are destroyed: for everybody it is as if it had never been.
    pub fn is_gone(self) -> bool {
        matches!(self, Self::Shredded | Self::Purged)
    }

    pub(crate) fn parse(text: &str, tenant: &str) -> Result<Self> {
        match text {
            "active" => Ok(Self::Active),
            "suspended" => Ok(Self::Suspended),
            "importing" => Ok(Self::Importing),
            "exporting" => Ok(Self::Exporting),
            "grace" => Ok(Self::Grace),
            "shredded" => Ok(Self::Shredded),
            "purged" => Ok(Self::Purged),
            other => Err(Error::corrupt("tenant", tenant, format!("state {other}"))),
        }
    }
}

/// Where mail for an address goes.
pub struct Route {
    /// Whose it is.
    pub tenant: Tenant,
    /// The tenant's state.
    pub state: TenantState,
    /// Since when.
    pub state_since: Timestamp,
    /// The inbox.
    pub inbox: InboxId,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// When it stops to exist.
    pub expires_at: Option<Timestamp>,
}

/// Whose token that was, and what it may do.
#[derive(Clone)]
pub struct Authenticated {
    /// The tenant.
    pub tenant: Tenant,
    /// Its state.
    pub state: TenantState,
    /// The key.
    pub keyid: String,
    /// The inbox it is bound to.
    pub inbox: Option<InboxId>,
    /// What it may do.
    pub scopes: Scopes,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Networks it may be used from, with spaces between; none: anywhere.
    pub networks: Option<String>,
}

/// Proof that an operator acts. Only [`Store::operator`] makes one, the machine's own start, and the session of a member
/// of staff ([`crate::House::operator`]).
#[derive(Clone)]
pub struct Operator {
    store: Store,
    keyid: String,
    origin: Origin,
}

/// A tenant as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRow {
    /// Its slug.
    pub id: TenantId,
    /// Where its data lives.
    pub region: String,
    /// Its plan.
    pub plan: String,
    /// Whether it may act.
    pub state: TenantState,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// When a key of it was last used.
    pub last_active_at: Timestamp,
}

impl Store {
    /// Finds the inbox at a canonical address. One at a domain that its tenant does not hold is not found.
    pub async fn route(&self, canonical: &str) -> Result<Option<Route>> {
        const SQLITE: &str = "SELECT tenant.id AS tenant_id, tenant.region, tenant.state, tenant.state_since, inbox.id AS inbox_id,
            inbox.paused_at, inbox.expires_at FROM address
            JOIN inbox ON inbox.tenant_id = address.tenant_id AND inbox.id = address.inbox_id
            JOIN tenant ON tenant.id = address.tenant_id
            WHERE address.canonical = $1 AND inbox.deleted_at IS NULL AND (inbox.domain_id IS NULL OR EXISTS
            (SELECT 1 FROM domain WHERE domain.tenant_id = inbox.tenant_id AND domain.id = inbox.domain_id
            AND domain.held_since IS NOT NULL))";
        const POSTGRES: &str = "SELECT * FROM mw_route($1)";
        #[derive(sqlx::FromRow)]
        struct Row {
            tenant_id: String,
            region: String,
            state: String,
            state_since: i64,
            inbox_id: String,
            paused_at: Option<i64>,
            expires_at: Option<i64>,
        }
        let mut tx = self.inner.db.read().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let row: Option<Row> =
            on!(&mut tx, |conn| sqlx::query_as(sql).bind(canonical).fetch_optional(conn).await?);
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Route {
            state: TenantState::parse(&row.state, &row.tenant_id)?,
            state_since: Timestamp(row.state_since),
            inbox: InboxId::parse(&row.inbox_id).map_err(|bad| Error::corrupt("address", canonical, bad))?,
            paused_at: row.paused_at.map(Timestamp),
            expires_at: row.expires_at.map(Timestamp),
            tenant: self.tenant(slug(&row.tenant_id)?, &row.region),
        }))
    }

    /// Finds who holds the token with this key id and verifier. Revoked keys are nobody's; expiry is the caller's to
    /// judge by its clock.
    pub async fn authenticate(&self, keyid: &str, verifier: &[u8; 32]) -> Result<Option<Authenticated>> {
        const SQLITE: &str =
            "SELECT api_key.tenant_id, tenant.region, tenant.state, inbox_id, scopes, verifier, expires_at,
            last_used_at, networks FROM api_key JOIN tenant ON tenant.id = api_key.tenant_id
            WHERE keyid = $1 AND revoked_at IS NULL";
        const POSTGRES: &str = "SELECT * FROM mw_key($1)";
        #[derive(sqlx::FromRow)]
        struct Row {
            tenant_id: String,
            region: String,
            state: String,
            inbox_id: Option<String>,
            scopes: String,
            verifier: Vec<u8>,
            expires_at: Option<i64>,
            last_used_at: Option<i64>,
            networks: Option<String>,
        }
        let mut tx = self.inner.db.read().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let row: Option<Row> =
            on!(&mut tx, |conn| sqlx::query_as(sql).bind(keyid).fetch_optional(conn).await?);
        // An unknown key id costs the same comparison as a wrong secret.
        let stored = row.as_ref().map_or(&[0u8; 32][..], |row| &row.verifier[..]);
        let matches = stored.ct_eq(&verifier[..]) & Choice::from(u8::from(row.is_some()));
        let (Some(row), true) = (row, bool::from(matches)) else { return Ok(None) };
        let bad = |what: String| Error::corrupt("api_key", keyid, what);
        Ok(Some(Authenticated {
            state: TenantState::parse(&row.state, &row.tenant_id)?,
            inbox: row.inbox_id.map(InboxId::try_from).transpose().map_err(|e| bad(e.to_string()))?,
            scopes: Scopes::parse(row.scopes.split(' ').filter(|name| !name.is_empty())).map_err(bad)?,
            expires_at: row.expires_at.map(Timestamp),
            last_used_at: row.last_used_at.map(Timestamp),
            networks: row.networks,
            keyid: keyid.to_owned(),
            tenant: self.tenant(slug(&row.tenant_id)?, &row.region),
        }))
    }

    /// The tenant that a link names with the first word of what we signed.
    pub async fn tenant_of_link(&self, link: &mailward_vault::signed::Verified) -> Result<Option<Tenant>> {
        let words = std::str::from_utf8(link.payload()).unwrap_or_default();
        let Ok(tenant) = TenantId::parse(words.split(' ').next().unwrap_or_default()) else {
            return Ok(None);
        };
        let Some(row) = self.tenant_row(&tenant).await? else { return Ok(None) };
        Ok((row.state == TenantState::Active).then(|| self.tenant(row.id, &row.region)))
    }

    /// Finds the operator who holds the token with this key id and verifier.
    pub async fn operator(&self, keyid: &str, verifier: &[u8; 32]) -> Result<Option<Operator>> {
        const SQL: &str = "SELECT verifier FROM operator_key WHERE keyid = $1 AND revoked_at IS NULL";
        let mut tx = self.inner.db.read().await?;
        let row: Option<(Vec<u8>,)> =
            on!(&mut tx, |conn| sqlx::query_as(SQL).bind(keyid).fetch_optional(conn).await?);
        let stored = row.as_ref().map_or(&[0u8; 32][..], |(stored,)| &stored[..]);
        let matches = stored.ct_eq(&verifier[..]) & Choice::from(u8::from(row.is_some()));
        Ok(bool::from(matches).then(|| Operator {
            store: self.clone(),
            keyid: keyid.to_owned(),
            origin: Origin::default(),
        }))
    }

    /// Whether an operator's key was installed.
    pub async fn has_operator(&self) -> Result<bool> {
        const SQL: &str = "SELECT COUNT(*) FROM operator_key WHERE revoked_at IS NULL";
        let mut tx = self.inner.db.read().await?;
        let (count,): (i64,) = on!(&mut tx, |conn| sqlx::query_as(SQL).fetch_one(conn).await?);
        Ok(count > 0)
    }

    /// Stores the operator's key of a fresh installation; `false` when there is one already.
    pub async fn install_operator(
        &self,
        keyid: &str,
        verifier: &[u8; 32],
        pepper: u32,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "INSERT INTO operator_key (keyid, verifier, pepper_version, created_at)
            SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM operator_key WHERE revoked_at IS NULL)
            ON CONFLICT DO NOTHING";
        let mut tx = self.inner.db.write().await?;
        let done = on!(&mut tx, |conn| sqlx::query(SQL)
            .bind(keyid)
            .bind(&verifier[..])
            .bind(i64::from(pepper))
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        if done == 0 {
            return Ok(false);
        }
        append_system(&mut tx, &Act::new(Action::OperatorInstalled).on(keyid), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Revokes an operator's key; the next start writes a new one.
    pub async fn revoke_operator(&self, operator: &Operator, now: Timestamp) -> Result<bool> {
        const SQL: &str = "UPDATE operator_key SET revoked_at = $2 WHERE keyid = $1 AND revoked_at IS NULL";
        let mut tx = self.inner.db.write().await?;
        let done = on!(&mut tx, |conn| sqlx::query(SQL)
            .bind(&operator.keyid)
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        if done == 0 {
            return Ok(false);
        }
        let act = Act::new(Action::OperatorRevoked).by(Actor::Operator(&operator.keyid)).on(&operator.keyid);
        append_system(&mut tx, &act.from(&operator.origin), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Makes a tenant of a plan, within a scope that the caller commits together with what else a tenant needs; `None`
    /// when the slug was ever used.
    pub async fn create_tenant(
        &self,
        id: &TenantId,
        region: &str,
        plan: &str,
        now: Timestamp,
    ) -> Result<Option<(Tenant, Scope)>> {
        const SQL: &str =
            "INSERT INTO tenant (id, region, plan, state, state_since, token_generation, created_at,
            last_active_at) VALUES ($1, $2, $3, 'active', $4, 0, $4, $4) ON CONFLICT DO NOTHING";
        let tenant = self.tenant(id.clone(), region);
        let mut scope = tenant.write().await?;
        let done = on!(&mut scope.tx, |conn| sqlx::query(SQL)
            .bind(id.as_str())
            .bind(region)
            .bind(plan)
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        Ok((done > 0).then_some((tenant, scope)))
    }

    /// Sets a clock by the database's, which all nodes share; answers by how many milliseconds it was wrong. SQLite
    /// has no clock of its own.
    pub async fn set_clock(&self, clock: &Clock) -> Result<i64> {
        const SQL: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let Db::Postgres(pool) = &self.inner.db else { return Ok(0) };
        let mut connection = pool.acquire().await?;
        let asked = clock.now();
        let (theirs,): (i64,) = sqlx::query_as(SQL).fetch_one(&mut *connection).await?;
        Ok(clock.follow(asked, Timestamp(theirs)))
    }

    pub(crate) async fn tenant_rows(&self, after: Option<&TenantId>, limit: i64) -> Result<Vec<TenantRow>> {
        const SQLITE: &str = "SELECT id, region, plan, state, created_at, last_active_at FROM tenant
            WHERE id > $1 ORDER BY id LIMIT $2";
        const POSTGRES: &str = "SELECT * FROM mw_tenants($1, $2)";
        let mut tx = self.inner.db.read().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let rows: Vec<TenantSql> = on!(&mut tx, |conn| sqlx::query_as(sql)
            .bind(after.map_or("", TenantId::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(TenantRow::try_from).collect()
    }

    /// Tenants by slug behind `after`, and since when they exist: for the closing of months, which is nobody's request.
    pub async fn metered(
        &self,
        after: Option<&TenantId>,
        limit: i64,
    ) -> Result<Vec<(Tenant, TenantState, Timestamp)>> {
        let rows = self.tenant_rows(after, limit).await?;
        Ok(rows
            .into_iter()
            .map(|row| (self.tenant(row.id, &row.region), row.state, row.created_at))
            .collect())
    }

    /// Whether a tenant of this name is, or was.
    pub async fn is_known(&self, id: &TenantId) -> Result<bool> {
        Ok(self.tenant_row(id).await?.is_some())
    }

    /// The tenant whose key a rotation replaces.
    pub async fn tenant_of_rotation(
        &self,
        _proof: &crate::ClaimedRotation,
        id: &TenantId,
    ) -> Result<Option<Tenant>> {
        Ok(self.tenant_row(id).await?.map(|row| self.tenant(row.id, &row.region)))
    }

    async fn tenant_row(&self, id: &TenantId) -> Result<Option<TenantRow>> {
        const SQL: &str =
            "SELECT id, region, plan, state, created_at, last_active_at FROM tenant WHERE id = $1";
        let mut tx = self.inner.db.read().await?;
        tx.act_for(id.as_str()).await?;
        let row: Option<TenantSql> =
            on!(&mut tx, |conn| sqlx::query_as(SQL).bind(id.as_str()).fetch_optional(conn).await?);
        row.map(TenantRow::try_from).transpose()
    }
}

impl Operator {
    /// The key that acts.
    pub fn keyid(&self) -> &str {
        &self.keyid
    }

    /// The same operator, asking from there.
    pub fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// From where it asks.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// What a member of the operator's staff acts as; her id stands where others have their key's.
    pub(crate) fn of_staff(store: &Store, person: &PersonId) -> Self {
        Self { store: store.clone(), keyid: person.to_string(), origin: Origin::default() }
    }

    /// One tenant, to act for it.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<(TenantRow, Tenant)>> {
        let row = self.store.tenant_row(id).await?;
        Ok(row.map(|row| {
            let tenant = self.store.tenant(row.id.clone(), &row.region);
            (row, tenant)
        }))
    }

    /// Tenants by slug, those after `after`.
    pub async fn tenants(&self, after: Option<&TenantId>, limit: i64) -> Result<Vec<TenantRow>> {
        self.store.tenant_rows(after, limit).await
    }
}

#[derive(sqlx::FromRow)]
struct TenantSql {
    id: String,
    region: String,
    plan: String,
    state: String,
    created_at: i64,
    last_active_at: i64,
}

impl TryFrom<TenantSql> for TenantRow {
    type Error = Error;
    fn try_from(row: TenantSql) -> Result<Self> {
        Ok(Self {
            id: slug(&row.id)?,
            state: TenantState::parse(&row.state, &row.id)?,
            region: row.region,
            plan: row.plan,
            created_at: Timestamp(row.created_at),
            last_active_at: Timestamp(row.last_active_at),
        })
    }
}

pub(crate) fn slug(text: &str) -> Result<TenantId> {
    TenantId::parse(text).map_err(|bad| Error::corrupt("tenant", text, bad))
}
