//! A tenant's brand, one or none: the host in clear, for it is looked up before it is known who asks; the rest sealed.

use mailward_mail::clock::Timestamp;

use crate::db::on;
use crate::{Result, Scope};

/// A tenant's brand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandRow {
    /// Where its people come in, lower case.
    pub host: Option<String>,
    /// Since when.
    pub changed_at: Timestamp,
    /// The rest of it, sealed.
    pub sealed: Vec<u8>,
}

impl Scope {
    /// The tenant's brand, if it has one.
    pub async fn brand(&mut self) -> Result<Option<BrandRow>> {
        const SQL: &str = "SELECT host, changed_at, sealed FROM brand WHERE tenant_id = $1";
        let row: Option<(Option<String>, i64, Vec<u8>)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(host, at, sealed)| BrandRow { host, changed_at: Timestamp(at), sealed }))
    }

    /// Gives the tenant this one.
    ///
    /// # Errors
    /// One that [`crate::Error::is_unique_violation`] knows when another tenant has the host; the transaction is of no more
    /// use then.
    pub async fn set_brand(&mut self, row: &BrandRow) -> Result<()> {
        const SQL: &str = "INSERT INTO brand (tenant_id, host, changed_at, sealed) VALUES ($1, $2, $3, $4)
            ON CONFLICT (tenant_id) DO UPDATE SET host = $2, changed_at = $3, sealed = $4";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(row.host.as_deref())
            .bind(row.changed_at.millis())
            .bind(&row.sealed)
            .execute(conn)
            .await
            .map(drop))?;
        self.changes_tenant();
        Ok(())
    }

    /// Takes it away; `false` when there is none.
    pub async fn remove_brand(&mut self) -> Result<bool> {
        const SQL: &str = "DELETE FROM brand WHERE tenant_id = $1";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        self.changes_tenant();
        Ok(done > 0)
    }
}
