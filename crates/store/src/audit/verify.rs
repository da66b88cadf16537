//! Walks chains from their first row and says where one stops to hold.

use super::link::{FIRST, Link};
use super::rows::{Entry, entries};
use crate::db::on;
use crate::{Operator, Result, Scope, Store};

/// Rows that are read at once.
const PAGE: i64 = 5_000;

/// What a walk found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// The chain.
    pub chain: String,
    /// Rows that hold.
    pub rows: u64,
    /// The hash of the last of them.
    pub head: [u8; 32],
    /// The first that does not.
    pub fault: Option<Fault>,
}

/// Where a chain stops to hold, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first bad row.
    pub seq: i64,
    /// What is wrong with it.
    pub what: &'static str,
}

/// A chain that is walked row by row; fed from a store, or from an export.
pub struct Walk<'a> {
    chain: &'a str,
    seq: i64,
    head: [u8; 32],
    rows: u64,
}

impl<'a> Walk<'a> {
    /// At the beginning of a chain.
    pub fn new(chain: &'a str) -> Self {
        Self { chain, seq: 0, head: FIRST, rows: 0 }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// The fault, if this row does not hang on the one before it.
    pub fn step(&mut self, entry: &Entry) -> std::result::Result<(), Fault> {
        let expected = self.seq + 1;
        let fault = |what| Err(Fault { seq: expected, what });
        if entry.seq != expected {
            return fault("a row is missing");
        }
        if entry.prev != self.head {
            return fault("the row does not hang on the one before it");
        }
        let hash = Link { chain: self.chain, seq: entry.seq, prev: &entry.prev, row: &entry.row }.hash();
        if entry.hash != hash {
            return fault("the row is not what was written");
        }
        (self.seq, self.head, self.rows) = (entry.seq, hash, self.rows + 1);
        Ok(())
    }

    /// The last row taken.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// Its hash.
    pub fn head(&self) -> [u8; 32] {
        self.head
    }
}

impl Walked {
    /// A chain whose tenant is not known any more: rows of it may be there, but nobody can say whose.
    pub fn orphan(chain: &str) -> Self {
        let fault = Some(Fault { seq: 1, what: "the tenant's own row is missing" });
        Self { chain: chain.to_owned(), rows: 0, head: FIRST, fault }
    }
}

impl Scope {
    /// Walks the tenant's own chain.
    pub async fn verify_audit(&mut self) -> Result<Walked> {
        let chain = self.tenant.to_string();
        walk(&mut self.tx, &chain).await
    }
}

impl Operator {
    /// Walks the service's chain.
    pub async fn verify_service_audit(&self) -> Result<Walked> {
        let mut tx = self.store().inner.db.read().await?;
        tx.act_for(super::SYSTEM).await?;
        walk(&mut tx, super::SYSTEM).await
    }

    /// Names of chains after one, in order.
    pub async fn chains(&self, after: &str, limit: i64) -> Result<Vec<String>> {
        Ok(self.store().heads(after, limit).await?.into_iter().map(|(chain, ..)| chain).collect())
    }
}

impl Store {
    /// Ends of chains after one, in order: chain, last row, its hash.
    async fn heads(&self, after: &str, limit: i64) -> Result<Vec<(String, i64, Vec<u8>)>> {
        const SQLITE: &str =
            "SELECT tenant_id, seq, hash FROM audit_head WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2";
        const POSTGRES: &str = "SELECT * FROM mw_chains($1, $2)";
        let mut tx = self.inner.db.read().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        Ok(on!(&mut tx, |conn| sqlx::query_as(sql).bind(after).bind(limit).fetch_all(conn).await?))
    }
}

async fn walk(tx: &mut crate::db::Tx, chain: &str) -> Result<Walked> {
    const HEAD: &str = "SELECT seq, hash FROM audit_head WHERE tenant_id = $1";
    // The head first: rows that are added while we walk are none of this walk's.
    let head: Option<(i64, Vec<u8>)> =
        on!(&mut *tx, |conn| sqlx::query_as(HEAD).bind(chain).fetch_optional(conn).await?);
    let (last, hash) = head.unwrap_or((0, FIRST.to_vec()));
    let mut walk = Walk::new(chain);
    let found =
        |walk: &Walk<'_>, fault| Walked { chain: chain.to_owned(), rows: walk.rows, head: walk.head, fault };
    loop {
        let page = entries(tx, chain, walk.seq, PAGE).await?;
        for entry in &page {
            if let Err(fault) = walk.step(entry) {
                return Ok(found(&walk, Some(fault)));
            }
            if entry.seq == last && entry.hash != hash {
                return Ok(found(&walk, Some(Fault { seq: last, what: "the head names another row" })));
            }
        }
        if i64::try_from(page.len()).is_ok_and(|rows| rows < PAGE) {
            break;
        }
    }
    // A head that was taken back with its rows is seen by a checkpoint alone; one left behind is seen here.
    let fault = (walk.seq < last).then_some(Fault { seq: walk.seq + 1, what: "rows are missing at the end" });
    Ok(found(&walk, fault))
}
