//! Who did what: rows that are written in the transaction of the act they tell of, chained by hashes, never changed.
//!
//! A chain for each tenant, which that tenant may read, and one for the service. Content is never in a row; what names
//! people is sealed under the tenant's key, so that the chain still verifies when the tenant was shredded. What a
//! chain cannot show by itself is a cut at its end; for that there are [`checkpoint`]s that leave the house.

pub mod act;
pub mod checkpoint;
pub mod link;
pub mod rows;
pub mod tree;
pub mod verify;

use mailward_mail::clock::Timestamp;

use crate::db::{Tx, on};
use crate::{Operator, Result, Scope, Store};
use act::{Act, Actor};
use link::Link;

/// The chain of the service itself, whose rows say this where others name their tenant. No slug can.
pub const SYSTEM: &str = "~system";

impl Scope {
    /// Adds an act to this tenant's chain; it is committed with what it tells of, or not at all.
    pub async fn audit(&mut self, act: &Act<'_>, now: Timestamp) -> Result<()> {
        append(&mut self.tx, self.tenant.as_str(), act, now).await
    }

    /// Adds an act to the service's chain, in the same transaction.
    pub async fn audit_system(&mut self, act: &Act<'_>, now: Timestamp) -> Result<()> {
        self.tx.act_for(SYSTEM).await?;
        append(&mut self.tx, SYSTEM, act, now).await?;
        self.tx.act_for(self.tenant.as_str()).await
    }
}

impl Operator {
    /// Adds an act of this operator's to the service's chain, where no tenant is concerned.
    pub async fn audit(&self, act: Act<'_>, now: Timestamp) -> Result<()> {
        let act = act.by(Actor::Operator(self.keyid())).from(self.origin());
        self.store().audit_service(&act, now).await
    }
}

impl Store {
    /// Adds an act of the service itself, or of somebody nobody knows, to its chain.
    pub async fn audit_service(&self, act: &Act<'_>, now: Timestamp) -> Result<()> {
        let mut tx = self.inner.db.write().await?;
        append_system(&mut tx, act, now).await?;
        tx.commit().await
    }
}

/// Adds an act to the service's chain in a transaction without a tenant.
pub(crate) async fn append_system(tx: &mut Tx, act: &Act<'_>, now: Timestamp) -> Result<()> {
    tx.act_for(SYSTEM).await?;
    append(tx, SYSTEM, act, now).await
}

pub(crate) async fn append(tx: &mut Tx, chain: &str, act: &Act<'_>, now: Timestamp) -> Result<()> {
    // Takes the next place and, on PostgreSQL, the head's lock until the commit: two acts of one chain follow each other.
    const PLACE: &str = "INSERT INTO audit_head (tenant_id, seq, hash, checkpoint) VALUES ($1, 1, $2, 0)
        ON CONFLICT (tenant_id) DO UPDATE SET seq = audit_head.seq + 1 RETURNING seq, hash";
    const ROW: &str = "INSERT INTO audit (tenant_id, seq, at, actor_kind, actor, action, object, outcome, request_id, network,
        detail, sealed, prev, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    const HEAD: &str = "UPDATE audit_head SET hash = $2 WHERE tenant_id = $1";
    let (seq, prev): (i64, Vec<u8>) = on!(&mut *tx, |conn| sqlx::query_as(PLACE)
        .bind(chain)
        .bind(&link::FIRST[..])
        .fetch_one(conn)
        .await?);
    let row = act.row(now);
    let hash = Link { chain, seq, prev: &prev, row: &row }.hash();
    on!(&mut *tx, |conn| sqlx::query(ROW)
        .bind(chain)
        .bind(seq)
        .bind(row.at)
        .bind(&row.actor_kind)
        .bind(&row.actor)
        .bind(&row.action)
        .bind(&row.object)
        .bind(&row.outcome)
        .bind(&row.request_id)
        .bind(&row.network)
        .bind(&row.detail)
        .bind(act.sealed_bytes())
        .bind(&prev)
        .bind(&hash[..])
        .execute(conn)
        .await
        .map(drop))?;
    on!(&mut *tx, |conn| sqlx::query(HEAD).bind(chain).bind(&hash[..]).execute(conn).await.map(drop))?;
    Ok(())
}
