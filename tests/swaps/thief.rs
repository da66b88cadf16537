//! Somebody who writes to the database behind the service's back, whatever it is.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

use crate::world::World;

/// What lies in the store of one mail.
#[derive(Clone)]
pub struct Stored {
    pub dek: Vec<u8>,
    pub parts: BTreeMap<&'static str, Vec<u8>>,
}

/// See the module. References are not looked at: who writes behind the service's back need not keep them.
pub enum Thief {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

macro_rules! each {
    ($thief:expr, |$pool:ident| $body:expr) => {
        match $thief {
            Thief::Sqlite($pool) => $body,
            Thief::Postgres($pool) => $body,
        }
    };
}

impl Thief {
    pub async fn of(world: &World) -> Self {
        match world.database() {
            Some(database) => {
                let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1);
                let pool = pool.connect(&database.admin_url).await.expect("opened");
                sqlx::query("SET session_replication_role = replica").execute(&pool).await.expect("set");
                Self::Postgres(pool)
            }
            None => {
                let options = sqlx::sqlite::SqliteConnectOptions::new()
                    .filename(world.data_dir().join("mailward.db"))
                    .foreign_keys(false)
                    .busy_timeout(std::time::Duration::from_secs(10));
                let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
                Self::Sqlite(pool.connect_with(options).await.expect("opened"))
            }
        }
    }

    /// All mails by their ids.
    pub async fn stored(&self) -> BTreeMap<String, Stored> {
        const DEKS: &str = "SELECT id, dek FROM message";
        const PARTS: &str = "SELECT message_id, kind, bytes FROM part WHERE no = 0";
        let deks: Vec<(String, Vec<u8>)> =
            each!(self, |pool| sqlx::query_as(DEKS).fetch_all(pool).await.expect("keys"));
        let parts: Vec<(String, String, Vec<u8>)> =
            each!(self, |pool| sqlx::query_as(PARTS).fetch_all(pool).await.expect("parts"));
        let mut all: BTreeMap<String, Stored> =
            deks.into_iter().map(|(id, dek)| (id, Stored { dek, parts: BTreeMap::new() })).collect();
        for (id, kind, bytes) in parts {
            let kind = super::KINDS.into_iter().find(|known| *known == kind).expect("a kind");
            all.get_mut(&id).expect("its message").parts.insert(kind, bytes);
        }
        all
    }

    /// Puts all of them back as given, in one transaction.
    pub async fn put(&self, all: &BTreeMap<String, Stored>) {
        const DEK: &str = "UPDATE message SET dek = $2 WHERE id = $1";
        const PART: &str = "UPDATE part SET bytes = $3 WHERE message_id = $1 AND kind = $2";
        each!(self, |pool| {
            let mut tx = pool.begin().await.expect("begun");
            for (id, stored) in all {
                sqlx::query(DEK).bind(id).bind(&stored.dek).execute(&mut *tx).await.expect("put");
                for (kind, bytes) in &stored.parts {
                    sqlx::query(PART).bind(id).bind(*kind).bind(bytes).execute(&mut *tx).await.expect("put");
                }
            }
            tx.commit().await.expect("committed");
        });
    }

    /// Makes a mail somebody else's, with all that belongs to it.
    pub async fn move_mail(&self, id: &str, tenant: &str, inbox: &str) {
        const MESSAGE: &str =
            "UPDATE message SET tenant_id = $2, inbox_id = $3, seq = seq + 100 WHERE id = $1";
        const PARTS: &str = "UPDATE part SET tenant_id = $2 WHERE message_id = $1";
        each!(self, |pool| {
            let moved = sqlx::query(MESSAGE).bind(id).bind(tenant).bind(inbox).execute(pool).await;
            assert_eq!(moved.expect("moved").rows_affected(), 1);
            sqlx::query(PARTS).bind(id).bind(tenant).execute(pool).await.expect("moved");
        });
    }

    /// Exchanges a sealed column of two rows.
    pub async fn exchange(&self, table: &str, id: &str, column: &str, one: &str, other: &str) {
        let read = format!("SELECT {column} FROM {table} WHERE {id} = $1");
        let write = format!("UPDATE {table} SET {column} = $2 WHERE {id} = $1");
        each!(self, |pool| {
            let mut found: Vec<Vec<u8>> = Vec::new();
            for row in [one, other] {
                let row = sqlx::query_scalar(AssertSqlSafe(read.clone())).bind(row).fetch_one(pool).await;
                found.push(row.expect("a row"));
            }
            for (row, bytes) in [(other, &found[0]), (one, &found[1])] {
                let sql = AssertSqlSafe(write.clone());
                sqlx::query(sql).bind(row).bind(bytes).execute(pool).await.expect("written");
            }
        });
    }
}
