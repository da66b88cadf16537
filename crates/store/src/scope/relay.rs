//! The server that a tenant's mail is handed to. One or none; what is stored is sealed.

use mailward_mail::clock::Timestamp;

use crate::Result;
use crate::Scope;
use crate::db::on;

/// A tenant's relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayRow {
    /// Since when.
    pub changed_at: Timestamp,
    /// Where it is and what logs in there, sealed.
    pub sealed: Vec<u8>,
}

impl Scope {
    /// The tenant's relay, if it has one.
    pub async fn relay(&mut self) -> Result<Option<RelayRow>> {
        const SQL: &str = "SELECT changed_at, sealed FROM relay WHERE tenant_id = $1";
        let row: Option<(i64, Vec<u8>)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(at, sealed)| RelayRow { changed_at: Timestamp(at), sealed }))
    }

    /// Has the tenant's mail handed to this one from now on.
    pub async fn set_relay(&mut self, row: &RelayRow) -> Result<()> {
        const SQL: &str = "INSERT INTO relay (tenant_id, changed_at, sealed) VALUES ($1, $2, $3)
            ON CONFLICT (tenant_id) DO UPDATE SET changed_at = $2, sealed = $3";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(row.changed_at.millis())
            .bind(&row.sealed)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Has it go the service's own way again; `false` when there is no relay.
    pub async fn remove_relay(&mut self) -> Result<bool> {
        const SQL: &str = "DELETE FROM relay WHERE tenant_id = $1";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }
}
