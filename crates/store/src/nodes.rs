//! The processes that serve from one database, by what each says of itself. A hint for people: nothing is decided by it.

use std::time::Duration;

use mailward_mail::clock::Timestamp;

use crate::db::on;
use crate::{Operator, Result, Store};

/// For how long a process that was killed is shown.
const KEPT: Duration = Duration::from_secs(86_400);

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Random, of this run of it.
    pub id: String,
    /// Its machine's name.
    pub name: String,
    /// Its program's version.
    pub version: String,
    /// What it does: `smtp`, `web`, `dispatch`, with commas between.
    pub roles: String,
    /// Since when.
    pub started_at: Timestamp,
    /// When it last said so.
    pub seen_at: Timestamp,
    /// Why it could not serve then, as `/readyz` names it.
    pub unready: Option<String>,
}

impl Store {
    /// Notes that a process serves. The only one of its database is the only one that there is.
    pub async fn note_node(&self, node: &Node) -> Result<()> {
        const SQL: &str = "INSERT INTO node (id, name, version, roles, started_at, seen_at, unready)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, unready = excluded.unready";
        const GONE: &str = "DELETE FROM node WHERE id <> $1 AND seen_at < $2";
        let gone = if self.is_shared() {
            node.seen_at.minus(KEPT)
        } else {
            node.seen_at.plus(Duration::from_millis(1))
        };
        let mut tx = self.inner.db.write().await?;
        on!(&mut tx, |conn| {
            sqlx::query(SQL)
                .bind(&node.id)
                .bind(&node.name)
                .bind(&node.version)
                .bind(&node.roles)
                .bind(node.started_at.millis())
                .bind(node.seen_at.millis())
                .bind(&node.unready)
                .execute(&mut *conn)
                .await?;
            sqlx::query(GONE).bind(&node.id).bind(gone.millis()).execute(conn).await?;
        });
        tx.commit().await
    }

    /// Takes a process that ends off the list.
    pub async fn forget_node(&self, id: &str) -> Result<()> {
        const SQL: &str = "DELETE FROM node WHERE id = $1";
        let mut tx = self.inner.db.write().await?;
        on!(&mut tx, |conn| {
            sqlx::query(SQL).bind(id).execute(conn).await?;
        });
        tx.commit().await
    }
}

impl Operator {
    /// All processes of the last day that did not end in order, by name.
    pub async fn nodes(&self) -> Result<Vec<Node>> {
        const SQL: &str = "SELECT id, name, version, roles, started_at, seen_at, unready FROM node ORDER BY name, started_at, id";
        let mut tx = self.store().inner.db.read().await?;
        type Row = (String, String, String, String, i64, i64, Option<String>);
        let rows: Vec<Row> = on!(&mut tx, |conn| sqlx::query_as(SQL).fetch_all(conn).await?);
        Ok(rows
            .into_iter()
            .map(|(id, name, version, roles, started_at, seen_at, unready)| Node {
                id,
                name,
                version,
                roles,
                started_at: Timestamp(started_at),
                seen_at: Timestamp(seen_at),
                unready,
            })
            .collect())
    }
}
