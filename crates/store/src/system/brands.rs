//! Which tenants have a brand, and at which hosts their people come in. Not what a brand says.

use mailward_mail::clock::Timestamp;

use super::slug;
use crate::db::on;
use crate::{Result, Store, Tenant};

/// A tenant that has a brand.
pub struct Branded {
    /// Which.
    pub tenant: Tenant,
    /// Where its people come in.
    pub host: Option<String>,
    /// Since when the brand is what it is.
    pub changed_at: Timestamp,
}

impl Store {
    /// All tenants that have a brand.
    pub async fn brands(&self) -> Result<Vec<Branded>> {
        const SQLITE: &str = "SELECT brand.tenant_id, tenant.region, brand.host, brand.changed_at
            FROM brand JOIN tenant ON tenant.id = brand.tenant_id";
        const POSTGRES: &str = "SELECT tenant_id, region, host, changed_at FROM mw_brands()";
        let mut tx = self.db().read().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let rows: Vec<(String, String, Option<String>, i64)> =
            on!(&mut tx, |conn| sqlx::query_as(sql).fetch_all(conn).await?);
        let branded = rows.into_iter().map(|(tenant, region, host, at)| {
            Ok(Branded { tenant: self.tenant(slug(&tenant)?, &region), host, changed_at: Timestamp(at) })
        });
        branded.collect()
    }
}
