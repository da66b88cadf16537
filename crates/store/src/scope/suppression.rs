//! Addresses that a tenant's mail is not sent to any more, and the tags by which what comes back is known.
//!
//! Found by a keyed digest; the address itself is sealed.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{MessageId, SuppressionId};

use crate::db::on;
use crate::{Error, Result, Scope};

/// Why nothing is sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressionReason {
    /// There is no such address.
    Bounce,
    /// Whoever has it complained.
    Complaint,
    /// Whoever has it wants no more.
    Unsubscribe,
    /// The tenant said so.
    Manual,
}

impl SuppressionReason {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
            Self::Unsubscribe => "unsubscribe",
            Self::Manual => "manual",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Bounce, Self::Complaint, Self::Unsubscribe, Self::Manual];
        all.into_iter().find(|one| one.as_str() == text)
    }
}

/// An address that is written to no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Its id.
    pub id: SuppressionId,
    /// Why.
    pub reason: SuppressionReason,
    /// Since when.
    pub created_at: Timestamp,
    /// The address, sealed.
    pub sealed: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    reason: String,
    created_at: i64,
    sealed: Vec<u8>,
}

impl TryFrom<Row> for Suppression {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |what: String| Error::corrupt("suppression", &row.id, what);
        Ok(Self {
            id: SuppressionId::parse(&row.id).map_err(|e| bad(e.to_string()))?,
            reason: SuppressionReason::parse(&row.reason)
                .ok_or_else(|| bad(format!("reason {}", row.reason)))?,
            created_at: Timestamp(row.created_at),
            sealed: row.sealed,
        })
    }
}

impl Scope {
    /// Writes to an address no more; one that is on the list stays as it is. The one that is on the list now.
    pub async fn suppress(&mut self, new: &Suppression, digest: &[u8; 16]) -> Result<Suppression> {
        const SQL: &str = "INSERT INTO suppression (tenant_id, id, address_digest, reason, created_at, sealed)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, address_digest) DO UPDATE SET id = suppression.id
            RETURNING id, reason, created_at, sealed";
        let row: Row = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(new.id.as_str())
            .bind(&digest[..])
            .bind(new.reason.as_str())
            .bind(new.created_at.millis())
            .bind(&new.sealed)
            .fetch_one(conn)
            .await?);
        row.try_into()
    }

    /// Whether one of these addresses is written to no more.
    pub async fn any_suppressed(&mut self, digests: &[[u8; 16]]) -> Result<bool> {
        const SQL: &str = "SELECT COUNT(*) FROM suppression WHERE tenant_id = $1 AND address_digest = $2";
        for digest in digests {
            let (found,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
                .bind(self.tenant.as_str())
                .bind(&digest[..])
                .fetch_one(conn)
                .await?);
            if found > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Addresses that are written to no more, newest first, before `before`.
    pub async fn suppressions(
        &mut self,
        before: Option<&SuppressionId>,
        limit: i64,
    ) -> Result<Vec<Suppression>> {
        const SQL: &str = "SELECT id, reason, created_at, sealed FROM suppression
            WHERE tenant_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3";
        let rows: Vec<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(before.map(SuppressionId::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Suppression::try_from).collect()
    }

    /// Takes an address off the list; `false` when it is not on it.
    pub async fn end_suppression(&mut self, id: &SuppressionId) -> Result<bool> {
        const SQL: &str = "DELETE FROM suppression WHERE tenant_id = $1 AND id = $2";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Notes the tag in the return path of what is sent to a recipient.
    pub async fn set_return_tag(&mut self, message: &MessageId, no: i64, tag: &[u8]) -> Result<()> {
        const SQL: &str =
            "UPDATE recipient SET return_tag = $4 WHERE tenant_id = $1 AND message_id = $2 AND no = $3";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .bind(no)
            .bind(tag)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Which mail to which recipient had this tag in its return path.
    pub async fn by_return_tag(&mut self, tag: &[u8]) -> Result<Option<(MessageId, i64)>> {
        const SQL: &str = "SELECT message_id, no FROM recipient WHERE tenant_id = $1 AND return_tag = $2";
        let row: Option<(String, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(tag)
            .fetch_optional(conn)
            .await?);
        row.map(|(id, no)| {
            MessageId::parse(&id).map(|id| (id, no)).map_err(|bad| Error::corrupt("recipient", &id, bad))
        })
        .transpose()
    }
}
