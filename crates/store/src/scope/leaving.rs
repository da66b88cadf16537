//! What is known of a tenant that leaves or left: since when, until when it may come back, and the receipt of its end.

use mailward_mail::clock::Timestamp;

use crate::db::on;
use crate::system::slug;
use crate::{Operator, Result, Scope, Store, Tenant, TenantState};

/// A tenant's leaving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Since when.
    pub begun_at: Timestamp,
    /// The operator's key that began it.
    pub begun_by: String,
    /// Whether it was suspended before, and so is again when it is taken back.
    pub was_suspended: bool,
    /// How long it may be taken back, in days, counted from when its archive is packed.
    pub grace_days: i64,
    /// Until when it may be taken back; none while its archive is awaited.
    pub grace_until: Option<Timestamp>,
    /// Whether its keys end together with the master key that wrapped them.
    pub renew_master: bool,
    /// What its receipt will say, from the moment its keys are destroyed.
    pub draft: Option<String>,
    /// The signed receipt.
    pub receipt: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    begun_at: i64,
    begun_by: String,
    was_suspended: i64,
    grace_days: i64,
    grace_until: Option<i64>,
    renew_master: i64,
    draft: Option<String>,
    receipt: Option<String>,
}

impl From<Row> for Leaving {
    fn from(row: Row) -> Self {
        Self {
            begun_at: Timestamp(row.begun_at),
            begun_by: row.begun_by,
            was_suspended: row.was_suspended != 0,
            grace_days: row.grace_days,
            grace_until: row.grace_until.map(Timestamp),
            renew_master: row.renew_master != 0,
            draft: row.draft,
            receipt: row.receipt,
        }
    }
}

impl Scope {
    /// What is known of the tenant's leaving; `None` when it stays.
    pub async fn leaving(&mut self) -> Result<Option<Leaving>> {
        const SQL: &str =
            "SELECT begun_at, begun_by, was_suspended, grace_days, grace_until, renew_master, draft, receipt
            FROM leaving WHERE tenant_id = $1";
        let row: Option<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(Leaving::from))
    }

    /// Writes down what is known of the tenant's leaving.
    pub async fn set_leaving(&mut self, leaving: &Leaving) -> Result<()> {
        const SQL: &str = "INSERT INTO leaving (tenant_id, begun_at, begun_by, was_suspended, grace_days, grace_until, renew_master,
            draft, receipt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (tenant_id) DO UPDATE SET grace_days = excluded.grace_days, grace_until = excluded.grace_until,
            renew_master = excluded.renew_master, draft = excluded.draft, receipt = excluded.receipt";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(leaving.begun_at.millis())
            .bind(&leaving.begun_by)
            .bind(i64::from(leaving.was_suspended))
            .bind(leaving.grace_days)
            .bind(leaving.grace_until.map(Timestamp::millis))
            .bind(i64::from(leaving.renew_master))
            .bind(&leaving.draft)
            .bind(&leaving.receipt)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Forgets that the tenant was to leave.
    pub async fn stay(&mut self) -> Result<()> {
        const SQL: &str = "DELETE FROM leaving WHERE tenant_id = $1";
        on!(&mut self.tx, |conn| sqlx::query(SQL).bind(self.tenant.as_str()).execute(conn).await.map(drop))?;
        Ok(())
    }
}

impl Store {
    /// Tenants whose time has come: whose grace has ended, who are shredded and not purged, and imports that nobody
    /// has gone on with since `stale`.
    pub async fn ending(
        &self,
        now: Timestamp,
        stale: Timestamp,
        limit: i64,
    ) -> Result<Vec<(Tenant, TenantState)>> {
        const SQLITE: &str = "SELECT tenant.id, tenant.region, tenant.state FROM tenant
            LEFT JOIN leaving ON leaving.tenant_id = tenant.id
            WHERE tenant.state = 'shredded' OR (tenant.state = 'grace' AND leaving.grace_until <= $1)
            OR (tenant.state = 'importing' AND tenant.state_since < $2) ORDER BY tenant.state_since LIMIT $3";
        const POSTGRES: &str = "SELECT * FROM mw_ending($1, $2, $3)";
        let mut tx = self.inner.db.read().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let rows: Vec<(String, String, String)> = on!(&mut tx, |conn| sqlx::query_as(sql)
            .bind(now.millis())
            .bind(stale.millis())
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|(id, region, state)| {
                Ok((self.tenant(slug(&id)?, &region), TenantState::parse(&state, &id)?))
            })
            .collect()
    }
}

impl Operator {
    /// Receipts by tenant, those behind `after`: whose, and what was signed.
    pub async fn receipts(&self, after: &str, limit: i64) -> Result<Vec<(String, String)>> {
        const SQLITE: &str =
            "SELECT tenant_id, receipt FROM leaving WHERE receipt IS NOT NULL AND tenant_id > $1
            ORDER BY tenant_id LIMIT $2";
        const POSTGRES: &str = "SELECT * FROM mw_receipts($1, $2)";
        let mut tx = self.store().inner.db.read().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        Ok(on!(&mut tx, |conn| sqlx::query_as(sql).bind(after).bind(limit).fetch_all(conn).await?))
    }
}
