//! What leaves the house: a signed note over the ends of all chains, so that a cut at an end is seen from outside.
//!
//! The ends that moved since the last note are the leaves that the next one adds to an append-only tree; a note names
//! the tree's size and root in the form of C2SP `tlog-checkpoint`.

use mailward_mail::clock::Timestamp;

use super::link::hex;
use super::tree::Edge;
use crate::db::on;
use crate::{Error, Operator, Result, Store};

/// Ends that one note adds at most; the rest is for the next one.
const MOST: i64 = 10_000;

/// A note and what it added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// From 1.
    pub number: i64,
    /// When.
    pub created_at: Timestamp,
    /// The ends it added: chain, last row, its hash in hex; a line each.
    pub leaves: String,
    /// The signed note.
    pub note: String,
}

/// A chain that went on: its name, its last row, the hash of that row.
type NewHead = (String, i64, Vec<u8>);

#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    created_at: i64,
    leaves: String,
    note: String,
}

impl Store {
    /// Writes the next note, signed by `sign` over tree size and root; `None` when no chain went on, or when another
    /// node was first.
    pub async fn checkpoint(
        &self,
        now: Timestamp,
        sign: impl FnOnce(u64, &[u8; 32]) -> String,
    ) -> Result<Option<Checkpoint>> {
        const SQLITE: &str = "UPDATE audit_head SET checkpoint = seq WHERE tenant_id IN
            (SELECT tenant_id FROM audit_head WHERE checkpoint < seq ORDER BY tenant_id LIMIT $1) RETURNING tenant_id, seq, hash";
        const POSTGRES: &str = "SELECT * FROM mw_new_heads($1)";
        const LAST: &str = "SELECT number, size, edge FROM checkpoint ORDER BY number DESC LIMIT 1";
        const NEXT: &str = "INSERT INTO checkpoint (number, created_at, size, edge, leaves, note)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let mut tx = self.inner.db.write().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let mut heads: Vec<NewHead> =
            on!(&mut tx, |conn| sqlx::query_as(sql).bind(MOST).fetch_all(conn).await?);
        if heads.is_empty() {
            return Ok(None);
        }
        heads.sort();
        let last: Option<(i64, i64, Vec<u8>)> =
            on!(&mut tx, |conn| sqlx::query_as(LAST).fetch_optional(conn).await?);
        let (number, size, peaks) = last.unwrap_or_default();
        let mut edge = Edge::restore(size.unsigned_abs(), &peaks).ok_or_else(|| {
            Error::corrupt("checkpoint", &number.to_string(), "its edge does not fit its size")
        })?;
        let mut leaves = String::new();
        for (chain, seq, hash) in &heads {
            let leaf = format!("{chain} {seq} {}", hex(hash));
            edge.push(leaf.as_bytes());
            leaves.push_str(&leaf);
            leaves.push('\n');
        }
        let note = sign(edge.size(), &edge.root());
        let written = on!(&mut tx, |conn| sqlx::query(NEXT)
            .bind(number + 1)
            .bind(now.millis())
            .bind(i64::try_from(edge.size()).expect("a tree of less than 2^63 leaves"))
            .bind(edge.peaks())
            .bind(&leaves)
            .bind(&note)
            .execute(conn)
            .await?
            .rows_affected());
        if written == 0 {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(Checkpoint { number: number + 1, created_at: now, leaves, note }))
    }
}

impl Store {
    /// Notes after one, in order.
    pub async fn checkpoints(&self, after: i64, limit: i64) -> Result<Vec<Checkpoint>> {
        const SQL: &str = "SELECT number, created_at, leaves, note FROM checkpoint WHERE number > $1 ORDER BY number LIMIT $2";
        let mut tx = self.inner.db.read().await?;
        let rows: Vec<Row> =
            on!(&mut tx, |conn| sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(conn).await?);
        Ok(rows
            .into_iter()
            .map(|row| Checkpoint {
                number: row.number,
                created_at: Timestamp(row.created_at),
                leaves: row.leaves,
                note: row.note,
            })
            .collect())
    }
}

impl Operator {
    /// Notes after one, in order.
    pub async fn checkpoints(&self, after: i64, limit: i64) -> Result<Vec<Checkpoint>> {
        self.store().checkpoints(after, limit).await
    }

    /// Whether a chain still has this row with this hash.
    pub async fn audit_holds(&self, chain: &str, seq: i64, hash: &[u8]) -> Result<bool> {
        const SQL: &str = "SELECT COUNT(*) FROM audit WHERE tenant_id = $1 AND seq = $2 AND hash = $3";
        let mut tx = self.store().inner.db.read().await?;
        tx.act_for(chain).await?;
        let (count,): (i64,) =
            on!(&mut tx, |conn| sqlx::query_as(SQL).bind(chain).bind(seq).bind(hash).fetch_one(conn).await?);
        Ok(count == 1)
    }
}
