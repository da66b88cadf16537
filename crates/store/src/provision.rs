//! Makes on a PostgreSQL what the service needs: roles, databases, grants, schema. Safe to run again, after an upgrade too.
//!
//! Names and passwords reach the server as values, never as text of a statement; where a statement takes no values, a
//! block of the server's own language quotes them. It acts as whoever the URL says, who must be a superuser or may
//! create roles and databases, and leaves nothing to that role.

use std::str::FromStr;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};

use crate::{Error, Result};

/// The roles that log in.
const OWNER: &str = "mailward_owner";
const SERVICE: &str = "mailward_service";

/// One at a time, however many are started.
const LOCK: &str = "SELECT pg_advisory_lock(hashtext('mailward.provision'))";

/// A superuser can keep the next statements, which hold passwords, out of the server's log.
const QUIET: &str =
    "SELECT set_config('log_statement', 'none', true), set_config('log_min_duration_statement', '-1', true)
    WHERE current_setting('is_superuser') = 'on'";

const VALUES: &str =
    "SELECT set_config('mailward.owner', $1, true), set_config('mailward.service', $2, true)";

const ROLES: &str = "DO $$
DECLARE
    role TEXT;
    password TEXT;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer') THEN
        CREATE ROLE mailward_definer NOLOGIN;
    END IF;
    FOREACH role IN ARRAY ARRAY['mailward_owner', 'mailward_service'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
        password := current_setting(replace(role, '_', '.'));
        IF password <> '' THEN
            EXECUTE format('ALTER ROLE %I PASSWORD %L', role, password);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname IN ('mailward_owner', 'mailward_service', 'mailward_definer')
               AND (rolsuper OR rolbypassrls)) THEN
        RAISE EXCEPTION 'a role of Mailward stands above row-level security: take SUPERUSER and BYPASSRLS from it';
    END IF;
    -- So that migrations can hand their functions over. What that role sees is not inherited in the end: see LEAVE.
    ALTER ROLE mailward_owner INHERIT;
    GRANT mailward_definer TO mailward_owner;
    IF current_setting('is_superuser') <> 'on' THEN
        -- Only who could act as the owner may give it a database.
        EXECUTE format('GRANT mailward_owner TO %I', current_user);
    END IF;
END
$$";

/// Forced policies bind the owner of the tables only while it does not inherit from who owns the functions.
const LEAVE: &str = "DO $$
BEGIN
    ALTER ROLE mailward_owner NOINHERIT;
    -- From 16 on each membership has an option of its own, which the role's does not change.
    IF current_setting('server_version_num')::int >= 160000 THEN
        EXECUTE 'GRANT mailward_definer TO mailward_owner WITH INHERIT FALSE, SET TRUE';
    END IF;
    IF current_setting('is_superuser') <> 'on' THEN
        EXECUTE format('REVOKE mailward_owner FROM %I', current_user);
    END IF;
END
$$";

const EXISTS: &str = "SELECT COUNT(*) FROM pg_database WHERE datname = $1";

/// A database cannot be created from a value, but it can be renamed to one. Sorted by bytes, as SQLite does it, and
/// whatever the system's library thinks of languages next year.
const DRAFT: [&str; 2] = [
    "DROP DATABASE IF EXISTS mailward_draft",
    "CREATE DATABASE mailward_draft OWNER mailward_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
];

const NAME: &str = "SELECT set_config('mailward.database', $1, true)";

const RENAME: &str = "DO $$
BEGIN
    EXECUTE format('ALTER DATABASE mailward_draft RENAME TO %I', current_setting('mailward.database'));
END
$$";

const CONNECT: &str = "DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_setting('mailward.database'));
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO mailward_service', current_setting('mailward.database'));
END
$$";

const SCHEMA: [&str; 3] = [
    "ALTER SCHEMA public OWNER TO mailward_owner",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE ON SCHEMA public TO mailward_service",
];

/// The keystore's migrations are those of SQLite too, and so grant nothing.
const ROWS: &str = "ALTER DEFAULT PRIVILEGES FOR ROLE mailward_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO mailward_service";

/// What a database is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Mail.
    Mail,
    /// Wrapped keys.
    Keys,
}

/// Passwords to set; a role that has one and for which none is named keeps it.
#[derive(Clone, Default)]
pub struct Passwords {
    /// Of the role that owns the schema.
    pub owner: Option<String>,
    /// Of the role of the service.
    pub service: Option<String>,
}

/// What was made, and what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provisioned {
    /// The database did not exist before.
    pub is_new: bool,
    /// Migrations of this version, which have all run.
    pub migrations: usize,
}

/// Whether the roles that log in exist: the owner's, the service's.
///
/// # Errors
/// When the server cannot be asked.
pub async fn roles(admin_url: &str) -> Result<(bool, bool)> {
    const SQL: &str = "SELECT COUNT(*) FROM pg_roles WHERE rolname = $1";
    let mut admin = PgConnection::connect(admin_url).await?;
    let (owner,): (i64,) = sqlx::query_as(SQL).bind(OWNER).fetch_one(&mut admin).await?;
    let (service,): (i64,) = sqlx::query_as(SQL).bind(SERVICE).fetch_one(&mut admin).await?;
    admin.close().await?;
    Ok((owner > 0, service > 0))
}

/// Makes the roles with these passwords and a database of this name, and brings its schema to this version.
///
/// # Errors
/// When the server cannot be reached, refuses, or has a role that stands above row policies.
pub async fn provision(
    admin_url: &str,
    database: &str,
    purpose: Purpose,
    passwords: &Passwords,
) -> Result<Provisioned> {
    let options = PgConnectOptions::from_str(admin_url)?;
    let mut admin = PgConnection::connect_with(&options).await?;
    sqlx::query(LOCK).execute(&mut admin).await?;
    make_roles(&mut admin, passwords).await?;
    let made = make(&mut admin, &options, database, purpose).await;
    // On every way out: what was lent for this is taken back.
    sqlx::query(LEAVE).execute(&mut admin).await?;
    admin.close().await?;
    made
}

async fn make(
    admin: &mut PgConnection,
    options: &PgConnectOptions,
    database: &str,
    purpose: Purpose,
) -> Result<Provisioned> {
    let is_new = make_database(admin, database).await?;
    let inside = options.clone().database(database);
    let mut schema = PgConnection::connect_with(&inside).await?;
    for sql in SCHEMA {
        sqlx::query(sql).execute(&mut schema).await?;
    }
    if purpose == Purpose::Keys {
        sqlx::query(ROWS).execute(&mut schema).await?;
    }
    schema.close().await?;
    let migrator = match purpose {
        Purpose::Mail => sqlx::migrate!("../../migrations/postgres"),
        Purpose::Keys => sqlx::migrate!("../../migrations/keystore"),
    };
    migrate(inside, &migrator).await?;
    Ok(Provisioned { is_new, migrations: migrator.iter().count() })
}

async fn make_roles(admin: &mut PgConnection, passwords: &Passwords) -> Result<()> {
    let mut tx = admin.begin().await?;
    sqlx::query(QUIET).execute(&mut *tx).await?;
    sqlx::query(VALUES)
        .bind(passwords.owner.as_deref().unwrap_or_default())
        .bind(passwords.service.as_deref().unwrap_or_default())
        .execute(&mut *tx)
        .await?;
    sqlx::query(ROLES).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

async fn make_database(admin: &mut PgConnection, name: &str) -> Result<bool> {
    let (there,): (i64,) = sqlx::query_as(EXISTS).bind(name).fetch_one(&mut *admin).await?;
    if there == 0 {
        for sql in DRAFT {
            sqlx::query(sql).execute(&mut *admin).await?;
        }
    }
    let mut tx = admin.begin().await?;
    sqlx::query(NAME).bind(name).execute(&mut *tx).await?;
    if there == 0 {
        sqlx::query(RENAME).execute(&mut *tx).await?;
    }
    sqlx::query(CONNECT).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(there == 0)
}

/// As the owner, whose password need not be known for it.
async fn migrate(options: PgConnectOptions, migrator: &Migrator) -> Result<()> {
    let owner = options.options([("role", OWNER)]);
    let pool = PgPoolOptions::new().max_connections(1).connect_with(owner).await?;
    let done = migrator.run(&pool).await.map_err(Error::Migrate);
    pool.close().await;
    done
}
