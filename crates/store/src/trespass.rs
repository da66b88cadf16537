//! What a statement without any condition shows a tenant, table by table: the trial of the second lock, on the running
//! service, in the role and the transaction that it always uses.
//!
//! Only counts leave this file, and the count of foreign rows is to be zero.

use crate::db::{Tx, on};
use crate::{Result, Tenant};

/// What one table showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The table or view.
    pub table: String,
    /// Rows of the tenant that looked.
    pub own: i64,
    /// Rows of anybody else.
    pub foreign: i64,
}

impl Tenant {
    /// Counts what this tenant's transaction sees of every table that names a tenant. `None` on SQLite, which has no
    /// roles: there the keys are the lock, and each statement of a scope names its tenant.
    pub async fn trespass(&self) -> Result<Option<Vec<Sighting>>> {
        // The tables come from the catalogue, so each needs a statement of its own; query_to_xml runs one by one what
        // format() makes of the catalogue's names, with the rights of whoever asks.
        const SQL: &str = "SELECT seen.name, CAST(substring(seen.counts FROM '<own>([0-9]+)</own>') AS BIGINT),
                CAST(substring(seen.counts FROM '<other>([0-9]+)</other>') AS BIGINT)
            FROM (
                SELECT known.name, CAST(query_to_xml(format(
                    'SELECT COUNT(*) FILTER (WHERE %1$I = %2$L) AS own, COUNT(*) FILTER (WHERE %1$I IS DISTINCT FROM %2$L) AS other FROM %3$s',
                    known.named_by, $1, known.place), false, true, '') AS TEXT) AS counts
                FROM (
                    SELECT CAST(c.relname AS TEXT) AS name, CAST(a.attname AS TEXT) AS named_by, CAST(c.oid::regclass AS TEXT) AS place
                    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
                    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace = 'public'::regnamespace
                    AND (a.attname = 'tenant_id' OR (c.relname = 'tenant' AND a.attname = 'id'))
                    AND has_table_privilege(c.oid, 'SELECT')
                    ORDER BY c.relname
                ) AS known
            ) AS seen";
        let scope = self.read().await?;
        let mut tx = match scope.tx {
            Tx::Sqlite(_) => return Ok(None),
            postgres => postgres,
        };
        let rows: Vec<(String, i64, i64)> =
            on!(&mut tx, |conn| sqlx::query_as(SQL).bind(self.id().as_str()).fetch_all(conn).await?);
        Ok(Some(rows.into_iter().map(|(table, own, foreign)| Sighting { table, own, foreign }).collect()))
    }
}
