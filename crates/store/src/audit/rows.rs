//! Reading a chain.

use mailward_mail::clock::Timestamp;

use super::SYSTEM;
use super::link::{Row, digest};
use crate::db::{Tx, on};
use crate::{Operator, Result, Scope};

/// A row in its place.
#[derive(Clone, Debug)]
pub struct Entry {
    /// From 1.
    pub seq: i64,
    /// What it says.
    pub row: Row,
    /// What a person wrote, sealed under the tenant's key.
    pub sealed: Option<Vec<u8>>,
    /// The hash of the row before.
    pub prev: Vec<u8>,
    /// Its own.
    pub hash: Vec<u8>,
}

impl Entry {
    /// When it was.
    pub fn at(&self) -> Timestamp {
        Timestamp(self.row.at)
    }
}

impl Scope {
    /// The tenant's own chain after a row, in order.
    pub async fn audit_entries(&mut self, after: i64, limit: i64) -> Result<Vec<Entry>> {
        entries(&mut self.tx, self.tenant.as_str(), after, limit).await
    }

    /// The newest rows of the tenant's own chain before a row, newest first.
    pub async fn audit_newest(&mut self, before: i64, limit: i64) -> Result<Vec<Entry>> {
        newest(&mut self.tx, self.tenant.as_str(), before, limit).await
    }
}

impl Operator {
    /// The service's chain after a row, in order.
    pub async fn audit_entries(&self, after: i64, limit: i64) -> Result<Vec<Entry>> {
        let mut tx = self.store().inner.db.read().await?;
        tx.act_for(SYSTEM).await?;
        entries(&mut tx, SYSTEM, after, limit).await
    }

    /// The newest rows of the service's chain before a row, newest first.
    pub async fn audit_newest(&self, before: i64, limit: i64) -> Result<Vec<Entry>> {
        let mut tx = self.store().inner.db.read().await?;
        tx.act_for(SYSTEM).await?;
        newest(&mut tx, SYSTEM, before, limit).await
    }
}

/// Rows of a chain after one, in order; the transaction must act for the chain.
pub(super) async fn entries(tx: &mut Tx, chain: &str, after: i64, limit: i64) -> Result<Vec<Entry>> {
    const SQL: &str = "SELECT seq, at, actor_kind, actor, action, object, outcome, request_id, network, detail, sealed, prev,
        hash FROM audit WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    fetch(tx, SQL, chain, after, limit).await
}

async fn newest(tx: &mut Tx, chain: &str, before: i64, limit: i64) -> Result<Vec<Entry>> {
    const SQL: &str = "SELECT seq, at, actor_kind, actor, action, object, outcome, request_id, network, detail, sealed, prev,
        hash FROM audit WHERE tenant_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
    fetch(tx, SQL, chain, before, limit).await
}

async fn fetch(tx: &mut Tx, sql: &'static str, chain: &str, place: i64, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<Sql> =
        on!(tx, |conn| sqlx::query_as(sql).bind(chain).bind(place).bind(limit).fetch_all(conn).await?);
    Ok(rows.into_iter().map(Entry::from).collect())
}

#[derive(sqlx::FromRow)]
struct Sql {
    seq: i64,
    at: i64,
    actor_kind: String,
    actor: Option<String>,
    action: String,
    object: Option<String>,
    outcome: String,
    request_id: Option<String>,
    network: Option<String>,
    detail: String,
    sealed: Option<Vec<u8>>,
    prev: Vec<u8>,
    hash: Vec<u8>,
}

impl From<Sql> for Entry {
    fn from(sql: Sql) -> Self {
        Self {
            seq: sql.seq,
            prev: sql.prev,
            hash: sql.hash,
            row: Row {
                at: sql.at,
                actor_kind: sql.actor_kind,
                actor: sql.actor,
                action: sql.action,
                object: sql.object,
                outcome: sql.outcome,
                request_id: sql.request_id,
                network: sql.network,
                detail: sql.detail,
                sealed: sql.sealed.as_deref().map(digest),
            },
            sealed: sql.sealed,
        }
    }
}
