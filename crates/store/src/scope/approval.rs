//! The first of two who release a held mail: kept until the second does, or the mail is decided on otherwise.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::MessageId;

use crate::db::on;
use crate::{Error, Result, Scope};

/// A release that waits for a second one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Of which mail.
    pub message: MessageId,
    /// Who gave it: a key, or a person.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The reason and all else that was asked for, sealed.
    pub sealed: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    message_id: String,
    approved_by: String,
    approved_at: i64,
    sealed: Vec<u8>,
}

impl TryFrom<Row> for Approval {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let message = MessageId::parse(&row.message_id)
            .map_err(|bad| Error::corrupt("approval", &row.message_id, bad))?;
        Ok(Self { message, by: row.approved_by, at: Timestamp(row.approved_at), sealed: row.sealed })
    }
}

impl Scope {
    /// Takes hold of a held message until this transaction ends: whoever else decides on it comes after. `false`: it is
    /// held no more.
    pub async fn take_hold(&mut self, id: &MessageId) -> Result<bool> {
        const SQL: &str =
            "UPDATE message SET version = version WHERE tenant_id = $1 AND id = $2 AND state = 'held'";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Keeps a first release. There is none yet: [`Scope::take_hold`] came before, and [`Scope::approval`].
    pub async fn insert_approval(&mut self, new: &Approval) -> Result<()> {
        const SQL: &str = "INSERT INTO approval (tenant_id, message_id, approved_by, approved_at, sealed)
            VALUES ($1, $2, $3, $4, $5)";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(new.message.as_str())
            .bind(&new.by)
            .bind(new.at.millis())
            .bind(&new.sealed)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The first release of a message, if there is one.
    pub async fn approval(&mut self, id: &MessageId) -> Result<Option<Approval>> {
        const SQL: &str = "SELECT message_id, approved_by, approved_at, sealed FROM approval
            WHERE tenant_id = $1 AND message_id = $2";
        let row: Option<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(Approval::try_from).transpose()
    }

    /// A thousand first releases at most.
    pub async fn approvals(&mut self) -> Result<Vec<Approval>> {
        const SQL: &str = "SELECT message_id, approved_by, approved_at, sealed FROM approval
            WHERE tenant_id = $1 ORDER BY message_id DESC LIMIT 1000";
        let rows: Vec<Row> =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_all(conn).await?);
        rows.into_iter().map(Approval::try_from).collect()
    }

    /// Forgets the first release of a message that was decided on.
    pub(crate) async fn forget_approval(&mut self, id: &MessageId) -> Result<()> {
        const SQL: &str = "DELETE FROM approval WHERE tenant_id = $1 AND message_id = $2";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }
}
