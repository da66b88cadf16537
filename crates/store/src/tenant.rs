//! Who acts, and the transaction in which only its rows exist.

use std::sync::Arc;

use mailward_mail::id::{InboxId, TenantId};

use crate::db::{Db, Location, Migrations, Tx};
use crate::news::{Changes, Untold};
use crate::scope::log::Unwritten;
use crate::wake::{Waiter, Wakes};
use crate::{Error, JobKind, Result};

/// The mail store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) wakes: Wakes,
    /// What this process is called among those on one PostgreSQL; no name where it is alone.
    pub(crate) node: Option<String>,
    pub(crate) untold: Untold,
}

/// Proof of which tenant is acting. Only [`Store`] makes one: from a token's verifier, a recipient address, a claimed
/// job, a verified signed link, or an operator's act.
#[derive(Clone)]
pub struct Tenant {
    store: Store,
    id: TenantId,
    region: Arc<str>,
}

/// One transaction, and nothing in it but the rows of one tenant. Dropping it rolls back.
pub struct Scope {
    pub(crate) tx: Tx,
    pub(crate) tenant: TenantId,
    changes: Changes,
    /// Events to be written at the end: see [`crate::scope::log`].
    pub(crate) unwritten: Vec<Unwritten>,
    store: Store,
}

impl Store {
    /// Opens the store and brings its schema to this version.
    pub async fn open(location: &Location) -> Result<Self> {
        let migrations = Migrations {
            sqlite: sqlx::migrate!("../../migrations/sqlite"),
            postgres: sqlx::migrate!("../../migrations/postgres"),
            marker: "public.tenant",
            by_service: false,
        };
        let db = Db::open(location, &migrations).await?;
        let node = match &db {
            Db::Sqlite { .. } => None,
            Db::Postgres(pool) => {
                let (name,): (String,) =
                    sqlx::query_as("SELECT CAST(gen_random_uuid() AS TEXT)").fetch_one(pool).await?;
                Some(name)
            }
        };
        Ok(Self::of(db, node))
    }

    /// A store over a database that nobody serves.
    pub(crate) fn over(db: Db) -> Self {
        Self::of(db, None)
    }

    fn of(db: Db, node: Option<String>) -> Self {
        Self { inner: Arc::new(Inner { db, wakes: Wakes::default(), node, untold: Untold::default() }) }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let mut tx = self.inner.db.read().await?;
        crate::db::on!(&mut tx, |conn| sqlx::query("SELECT 1").execute(conn).await.map(drop))
            .map_err(Error::from)
    }

    /// Whether other processes may write to the same database.
    pub fn is_shared(&self) -> bool {
        self.inner.node.is_some()
    }

    /// Waits for running transactions and closes.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Overwrites what deleted rows left behind in SQLite's log.
    pub async fn forget_deleted(&self) -> Result<()> {
        self.inner.db.forget_deleted().await
    }

    /// Waits for the next job that becomes due by a commit of this process, whatever its kind. There is one waiter for
    /// each kind.
    pub async fn jobs_changed(&self, kind: JobKind) {
        self.inner.wakes.jobs(kind).await;
    }

    /// Waits until a commit of this process left something to sweep.
    pub async fn sweep_wanted(&self) {
        self.inner.wakes.sweep().await;
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    pub(crate) fn tenant(&self, id: TenantId, region: &str) -> Tenant {
        Tenant { store: self.clone(), id, region: region.into() }
    }
}

impl Tenant {
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Its slug.
    pub fn id(&self) -> &TenantId {
        &self.id
    }

    /// Where its data lives; bound into everything sealed for it.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Opens a scope that only reads.
    pub async fn read(&self) -> Result<Scope> {
        let tx = self.store.inner.db.read().await?;
        Scope::enter(self.store.clone(), tx, self.id.clone()).await
    }

    /// Opens a scope that may write; it never spans a network wait.
    pub async fn write(&self) -> Result<Scope> {
        let tx = self.store.inner.db.write().await?;
        Scope::enter(self.store.clone(), tx, self.id.clone()).await
    }

    /// A waiter for what is committed to an inbox from now on. The id need not be this tenant's: what is told is
    /// only that something changed, and what changed is read through a scope.
    pub fn waiter(&self, inbox: &InboxId) -> Waiter {
        self.store.inner.wakes.waiter(inbox)
    }
}

impl Scope {
    pub(crate) async fn enter(store: Store, mut tx: Tx, tenant: TenantId) -> Result<Self> {
        tx.act_for(tenant.as_str()).await?;
        Ok(Self { tx, tenant, changes: Changes::default(), unwritten: Vec::new(), store })
    }

    /// Hands the same transaction to another tenant of a group. Only the group commit may.
    pub(crate) async fn switch(&mut self, tenant: &TenantId) -> Result<()> {
        if self.tenant != *tenant {
            self.tx.act_for(tenant.as_str()).await?;
            self.tenant = tenant.clone();
        }
        Ok(())
    }

    /// Makes everything durable, then wakes who waits for it, here and on other nodes.
    pub async fn commit(mut self) -> Result<()> {
        self.write_events().await?;
        let Self { mut tx, changes, store, .. } = self;
        store.announce(&mut tx, &changes).await?;
        tx.commit().await?;
        store.inner.wakes.wake(&changes);
        store.tell_later(changes);
        Ok(())
    }

    /// Other nodes forget what they remember of this tenant's keys once this is committed.
    pub(crate) fn changes_tenant(&mut self) {
        self.changes.tenants.push(self.tenant.clone());
    }

    pub(crate) fn changes_key(&mut self, keyid: &str) {
        self.changes.keys.push(keyid.to_owned());
    }

    pub(crate) fn wakes_inbox(&mut self, inbox: &InboxId) {
        if self.changes.inboxes.last() != Some(inbox) {
            self.changes.inboxes.push(inbox.clone());
        }
    }

    pub(crate) fn wakes_jobs(&mut self) {
        self.changes.jobs = true;
    }

    pub(crate) fn wakes_sweep(&mut self) {
        self.changes.sweep = true;
    }
}
