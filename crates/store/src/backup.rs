//! Copies of databases that are being served, and stores that nobody serves: what backup and restore need of SQL.
//!
//! Copies are SQLite's; PostgreSQL has tools of its own for them. Knows nothing of files beside a database, and of no
//! key.

use std::path::Path;
use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Connection, SqliteConnection};

use crate::audit::act::Act;
use crate::audit::append_system;
use crate::db::{Db, Location, on};
use crate::scope::message::{Message, MessageRow};
use crate::{Error, Keystore, Result, Scope, Store, Tenant, TenantRow};

/// A store that no service works on: a copy that is looked at, or a restored database before it is served. Whoever
/// holds its files is its operator.
pub struct Idle {
    store: Store,
}

/// Writes a database as it is at this moment to another file, while others read and write it. What was deleted is not
/// in the copy.
///
/// # Errors
/// When there is no database, the other file exists, or the disk is full.
pub async fn copy(from: &Path, to: &Path) -> Result<()> {
    let to_name = to.to_str().ok_or_else(|| Error::Io(std::io::Error::other("the path is not UTF-8")))?;
    let mut connection = SqliteConnection::connect_with(&reading(from)).await?;
    sqlx::query("VACUUM INTO $1").bind(to_name).execute(&mut connection).await?;
    connection.close().await?;
    // SQLite itself does not wait for the disk here.
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(Error::Io)
}

/// What is wrong with a database file: nothing, or what SQLite says of its pages, indexes and references.
///
/// # Errors
/// When it cannot be read as a database at all.
pub async fn faults(path: &Path) -> Result<Vec<String>> {
    let mut connection = SqliteConnection::connect_with(&reading(path)).await?;
    let found: Vec<(String,)> =
        sqlx::query_as("PRAGMA integrity_check(10)").fetch_all(&mut connection).await?;
    let mut faults: Vec<String> = found.into_iter().map(|(line,)| line).filter(|line| line != "ok").collect();
    let dangling: Vec<(String, Option<i64>, String, i64)> =
        sqlx::query_as("PRAGMA foreign_key_check").fetch_all(&mut connection).await?;
    faults.extend(dangling.into_iter().take(10).map(|(table, _, parent, _)| {
        format!("a row of {table} refers to a row of {parent} that is not there")
    }));
    connection.close().await?;
    Ok(faults)
}

/// Writes an act into the service's own log while the service runs.
///
/// # Errors
/// When the database cannot be written to.
pub async fn note(path: &Path, act: &Act<'_>, now: Timestamp) -> Result<()> {
    let options = reading(path).read_only(false).foreign_keys(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let db = Db::Sqlite { read: pool.clone(), write: pool };
    let mut tx = db.write().await?;
    append_system(&mut tx, act, now).await?;
    tx.commit().await?;
    if let Db::Sqlite { write, .. } = db {
        write.close().await;
    }
    Ok(())
}

impl Idle {
    /// Opens a copy to be read, and leaves it as it is.
    pub async fn look(path: &Path) -> Result<Self> {
        Ok(Self { store: Store::over(looked_at(path).await?) })
    }

    /// Opens a database that nobody serves yet, and brings its schema to this version.
    pub async fn open(location: &Location) -> Result<Self> {
        Ok(Self { store: Store::open(location).await? })
    }

    /// Tenants by slug, those behind `after`.
    pub async fn tenants(&self, after: Option<&TenantId>, limit: i64) -> Result<Vec<(TenantRow, Tenant)>> {
        let rows = self.store.tenant_rows(after, limit).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let tenant = self.store.tenant(row.id.clone(), &row.region);
                (row, tenant)
            })
            .collect())
    }

    /// Writes an act into the service's own log.
    pub async fn note(&self, act: &Act<'_>, now: Timestamp) -> Result<()> {
        let mut tx = self.store.db().write().await?;
        append_system(&mut tx, act, now).await?;
        tx.commit().await
    }

    /// Overwrites what deleted rows left in SQLite's log.
    pub async fn forget_deleted(&self) -> Result<()> {
        self.store.forget_deleted().await
    }

    /// Closes it.
    pub async fn close(self) {
        self.store.close().await;
    }
}

impl Keystore {
    /// Opens a copy to be read, and leaves it as it is.
    pub async fn look(path: &Path) -> Result<Self> {
        Ok(Self::over(looked_at(path).await?))
    }
}

impl Scope {
    /// The versions of the tenant's key that its messages need.
    pub async fn key_versions(&mut self) -> Result<Vec<u32>> {
        const SQL: &str = "SELECT DISTINCT key_version FROM message WHERE tenant_id = $1 AND length(dek) > 0
            ORDER BY key_version";
        let rows: Vec<(i64,)> =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_all(conn).await?);
        Ok(rows.into_iter().map(|(version,)| u32::try_from(version).unwrap_or_default()).collect())
    }

    /// How many messages there are.
    pub async fn message_count(&mut self) -> Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM message WHERE tenant_id = $1";
        let (count,): (i64,) =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_one(conn).await?);
        Ok(count)
    }

    /// The messages that came last, held ones too.
    pub async fn newest_messages(&mut self, limit: i64) -> Result<Vec<Message>> {
        const SQL: &str =
            "SELECT id, inbox_id, seq, direction, state, version, received_at, available_at, size, is_read,
            key_version, dek FROM message WHERE tenant_id = $1 AND length(dek) > 0 ORDER BY id DESC LIMIT $2";
        let rows: Vec<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Message::try_from).collect()
    }

    /// How many mails wait to leave.
    pub async fn waiting_to_leave(&mut self) -> Result<i64> {
        const SQL: &str =
            "SELECT COUNT(*) FROM job WHERE tenant_id = $1 AND kind = 'send' AND state = 'open'";
        let (count,): (i64,) =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_one(conn).await?);
        Ok(count)
    }

    /// Leaves a gap behind the last place of each inbox and of the event log: places that were given after a backup was
    /// taken are not given again to other mail, which whoever reads on from one of them would never see.
    pub async fn leave_gap(&mut self, gap: i64) -> Result<()> {
        const INBOXES: &str = "UPDATE inbox SET next_seq = next_seq + $2 WHERE tenant_id = $1";
        const EVENTS: &str = "UPDATE event_head SET pos = pos + $2 WHERE tenant_id = $1";
        for sql in [INBOXES, EVENTS] {
            on!(&mut self.tx, |conn| sqlx::query(sql)
                .bind(self.tenant.as_str())
                .bind(gap)
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }
}

fn reading(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(30))
}

async fn looked_at(path: &Path) -> Result<Db> {
    let pool = SqlitePoolOptions::new().max_connections(2).connect_with(reading(path)).await?;
    Ok(Db::Sqlite { read: pool.clone(), write: pool })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn made(path: &Path) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(false);
        let mut made = SqliteConnection::connect_with(&options).await.expect("a database");
        for sql in [
            "PRAGMA journal_mode = wal",
            "CREATE TABLE a (id INTEGER PRIMARY KEY)",
            "CREATE TABLE b (a INTEGER REFERENCES a (id), c TEXT)",
            "CREATE INDEX b_c ON b (c)",
            "INSERT INTO a VALUES (1)",
            "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000)
                INSERT INTO b SELECT 1, 'row ' || x FROM n",
        ] {
            sqlx::query(sql).execute(&mut made).await.expect("done");
        }
        made
    }

    #[tokio::test]
    async fn a_copy_is_whole_while_the_original_is_being_written_and_is_never_written_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let (from, to) = (directory.path().join("from.db"), directory.path().join("to.db"));
        let mut writer = made(&from).await;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.expect("begun");
        sqlx::query("INSERT INTO a VALUES (2)").execute(&mut writer).await.expect("written");
        copy(&from, &to).await.expect("a copy beside a writer");
        assert_eq!(faults(&to).await.expect("read"), [""; 0]);
        let mut copied = SqliteConnection::connect_with(&reading(&to)).await.expect("opened");
        let (rows,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM a").fetch_one(&mut copied).await.expect("counted");
        assert_eq!(rows, 1, "what was not committed is not in it");
        assert!(copy(&from, &to).await.is_err(), "a backup is not written over");
        assert!(copy(&directory.path().join("none.db"), &directory.path().join("x.db")).await.is_err());
    }

    #[tokio::test]
    async fn damaged_pages_and_dangling_references_are_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.db");
        let mut writer = made(&path).await;
        sqlx::query("DELETE FROM a").execute(&mut writer).await.expect("deleted");
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer).await.expect("folded in");
        writer.close().await.expect("closed");
        let found = faults(&path).await.expect("read");
        assert!(found.iter().any(|line| line.contains("refers to a row of a")), "{found:?}");
        let mut bytes = std::fs::read(&path).expect("read");
        let page = bytes.len() / 4096 / 2 * 4096;
        bytes[page..page + 4096].fill(0x5a);
        std::fs::write(&path, bytes).expect("written");
        assert!(faults(&path).await.map_or(true, |found| found.len() > 1), "a page was overwritten");
    }
}
