//! How large the database is on its disk.

use crate::db::on;
use crate::{Result, Store};

impl Store {
    /// Octets of the mail database, free pages of it too; on PostgreSQL without its write-ahead log.
    pub async fn size(&self) -> Result<i64> {
        const SQLITE: &str = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        const POSTGRES: &str = "SELECT pg_database_size(current_database())";
        let mut tx = self.inner.db.read().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let (bytes,): (i64,) = on!(&mut tx, |conn| sqlx::query_as(sql).fetch_one(conn).await?);
        Ok(bytes)
    }
}
