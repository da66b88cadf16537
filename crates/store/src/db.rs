//! The two databases behind one transaction type. One SQL text serves both; `on!` picks the driver.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use crate::{Error, Result};

/// Where a database is.
#[derive(Clone)]
pub enum Location {
    /// A file; made when it is missing.
    Sqlite(PathBuf),
    /// A server.
    Postgres {
        /// What the service connects as: a role that owns nothing.
        url: String,
        /// What migrations run as; without it the schema must be there already.
        owner_url: Option<String>,
    },
}

/// URLs hold passwords.
impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
            Self::Postgres { .. } => f.write_str("Postgres"),
        }
    }
}

/// The migrations of one database in both dialects.
pub(crate) struct Migrations {
    pub(crate) sqlite: Migrator,
    pub(crate) postgres: Migrator,
    /// A table that is there once they have run.
    pub(crate) marker: &'static str,
    /// Whether the service's role runs them where no other is named and it may: it has a database to itself.
    pub(crate) by_service: bool,
}

/// Whether this role may make tables.
const MAY_MIGRATE: &str = "SELECT has_schema_privilege('public', 'CREATE')";

/// How many migrations have run.
const APPLIED: &str = "SELECT COUNT(*) FROM _sqlx_migrations WHERE success";

/// An open database.
pub(crate) enum Db {
    /// Readers share a pool; writers queue for the one connection that may write.
    Sqlite { read: SqlitePool, write: SqlitePool },
    /// One pool for both.
    Postgres(PgPool),
}

/// One transaction on either database.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs `$body` with the transaction's own connection.
macro_rules! on {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match $tx {
            $crate::db::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::db::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}
pub(crate) use on;

impl Db {
    /// Opens a database and brings its schema to this version.
    pub(crate) async fn open(location: &Location, migrations: &Migrations) -> Result<Self> {
        match location {
            Location::Sqlite(path) => Self::open_sqlite(path, &migrations.sqlite).await,
            Location::Postgres { url, owner_url } => {
                if let Some(owner) = owner_url {
                    let pool = PgPoolOptions::new().max_connections(1).connect(owner).await?;
                    // Under an advisory lock: of nodes that start together one migrates, and the others wait.
                    migrations.postgres.run(&pool).await.map_err(Error::Migrate)?;
                    pool.close().await;
                }
                let options = PgConnectOptions::from_str(url)?.application_name("mailward");
                let pool = PgPoolOptions::new()
                    // One of them hears of other nodes.
                    .max_connections(17)
                    .acquire_timeout(Duration::from_secs(5))
                    .connect_with(options)
                    .await?;
                if owner_url.is_none() && migrations.by_service {
                    let (may,): (bool,) = sqlx::query_as(MAY_MIGRATE).fetch_one(&pool).await?;
                    if may {
                        migrations.postgres.run(&pool).await.map_err(Error::Migrate)?;
                    }
                }
                let known: &str = migrations.marker;
                let (table,): (Option<String>,) =
                    sqlx::query_as("SELECT to_regclass($1)::text").bind(known).fetch_one(&pool).await?;
                if table.is_none() {
                    return Err(Error::NoSchema);
                }
                // The migration that lets the service look is one of those that may be missing.
                let applied: std::result::Result<(i64,), _> = sqlx::query_as(APPLIED).fetch_one(&pool).await;
                let applied = usize::try_from(applied.map_or(0, |(count,)| count)).unwrap_or(0);
                let known = migrations.postgres.iter().count();
                if applied < known {
                    Err(Error::OldSchema { applied, known })
                } else {
                    Ok(Self::Postgres(pool))
                }
            }
        }
    }

    async fn open_sqlite(path: &PathBuf, migrations: &Migrator) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A 250 means that the bytes are on the disk, not in a cache.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("secure_delete", "ON")
            .pragma("cache_size", "-16384");
        let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        migrations.run(&write).await.map_err(Error::Migrate)?;
        let read = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self::Sqlite { read, write })
    }

    /// A transaction that only reads.
    pub(crate) async fn read(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that may write. On SQLite it is the only one: never hold it across a network wait.
    pub(crate) async fn write(&self) -> Result<Tx> {
        Ok(match self {
            // IMMEDIATE takes the lock now: a read that turns into a write could only fail.
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Waits for what runs and closes; SQLite's log is folded into the file and emptied.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(write).await {
                    tracing::warn!(%error, "the write-ahead log could not be folded in");
                }
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Empties SQLite's write-ahead log, which would otherwise keep the pages of deleted rows.
    ///
    /// # Errors
    /// [`Error::Busy`] when a reader stood in the way for as long as we wait for a lock; the pages are still there.
    pub(crate) async fn forget_deleted(&self) -> Result<()> {
        if let Self::Sqlite { write, .. } = self {
            // A checkpoint that is kept from its end says so in a column, not as an error.
            let (busy, _, _): (i64, i64, i64) =
                sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(write).await?;
            if busy != 0 {
                return Err(Error::Busy);
            }
        }
        Ok(())
    }
}

impl Tx {
    /// Makes what was done durable.
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// The text for this database, where they must differ: what is asked before a tenant is known is a function on
    /// PostgreSQL, whose policies let nothing else see across tenants.
    pub(crate) fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }

    /// Tells PostgreSQL whose rows this transaction may touch, until it ends. SQLite has only the keys.
    pub(crate) async fn act_for(&mut self, tenant: &str) -> Result<()> {
        if let Self::Postgres(tx) = self {
            sqlx::query("SELECT set_config('mailward.tenant', $1, true)")
                .bind(tenant)
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }
}
