//! What a tenant chose about its gate, version by version: the newest rules, older ones tell what ruled before.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::InboxId;

use crate::db::on;
use crate::{Error, Result, Scope};

/// So many versions are kept, the newest ones.
const KEPT: i64 = 100;

/// One version of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// The inbox it is for; none: the whole tenant.
    pub inbox: Option<InboxId>,
    /// Counts from 1.
    pub version: i64,
    /// Since when.
    pub created_at: Timestamp,
    /// The key that chose it.
    pub created_by: String,
    /// What it says, sealed.
    pub sealed: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    inbox_id: String,
    version: i64,
    created_at: i64,
    created_by: String,
    sealed: Vec<u8>,
}

impl TryFrom<Row> for PolicyRow {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let inbox = match row.inbox_id.as_str() {
            "" => None,
            id => Some(InboxId::parse(id).map_err(|bad| Error::corrupt("policy", id, bad))?),
        };
        let (created_at, created_by) = (Timestamp(row.created_at), row.created_by);
        Ok(Self { inbox, version: row.version, created_at, created_by, sealed: row.sealed })
    }
}

impl Scope {
    /// The newest policies that concern an inbox: the tenant's first, then its own. Of none, the tenant's alone.
    pub async fn policies(&mut self, inbox: Option<&InboxId>) -> Result<Vec<PolicyRow>> {
        const SQL: &str = "SELECT inbox_id, version, created_at, created_by, sealed FROM policy p
            WHERE tenant_id = $1 AND inbox_id IN ('', $2) AND version = (SELECT MAX(q.version) FROM policy q
                WHERE q.tenant_id = p.tenant_id AND q.inbox_id = p.inbox_id) ORDER BY inbox_id";
        let rows: Vec<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.map_or("", InboxId::as_str))
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(PolicyRow::try_from).collect()
    }

    /// Adds a version; `false` when there is one of this number: somebody was faster.
    pub async fn insert_policy(&mut self, new: &PolicyRow) -> Result<bool> {
        const SQL: &str = "INSERT INTO policy (tenant_id, inbox_id, version, created_at, created_by, sealed)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        const OLD: &str = "DELETE FROM policy WHERE tenant_id = $1 AND inbox_id = $2 AND version <= $3";
        let inbox = new.inbox.as_ref().map_or("", InboxId::as_str);
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox)
            .bind(new.version)
            .bind(new.created_at.millis())
            .bind(&new.created_by)
            .bind(&new.sealed)
            .execute(conn)
            .await?
            .rows_affected());
        on!(&mut self.tx, |conn| sqlx::query(OLD)
            .bind(self.tenant.as_str())
            .bind(inbox)
            .bind(new.version - KEPT)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(done > 0)
    }
}
