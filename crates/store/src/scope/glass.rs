//! An operator's grant to read a tenant's mail for a while: given, asked for, ended. What it is for is sealed.
//!
//! Knows no clock and no role: whether who holds one may still act is asked of [`Store::standing`] by who shows mail.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{GlassId, MessageId, PersonId};

use crate::audit::SYSTEM;
use crate::db::on;
use crate::{Error, Result, Scope, Store};

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glass {
    /// Its id.
    pub id: GlassId,
    /// Whose: a person of the operator's staff, or an operator's key.
    pub operator: String,
    /// What [`Store::standing`] said of the operator when it was given.
    pub standing: i64,
    /// The one mail that it is for; none: any.
    pub message: Option<MessageId>,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when at most.
    pub until: Timestamp,
    /// When it was ended before, and by whom.
    pub ended: Option<(Timestamp, String)>,
    /// Why, sealed.
    pub sealed: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    operator: String,
    standing: i64,
    message_id: String,
    opened_at: i64,
    until: i64,
    ended_at: Option<i64>,
    ended_by: Option<String>,
    sealed: Vec<u8>,
}

impl TryFrom<Row> for Glass {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |what: String| Error::corrupt("break_glass", &row.id, what);
        Ok(Self {
            id: GlassId::parse(&row.id).map_err(|e| bad(e.to_string()))?,
            message: match row.message_id.as_str() {
                "" => None,
                id => Some(MessageId::parse(id).map_err(|e| bad(e.to_string()))?),
            },
            operator: row.operator,
            standing: row.standing,
            opened_at: Timestamp(row.opened_at),
            until: Timestamp(row.until),
            ended: row.ended_at.map(|at| (Timestamp(at), row.ended_by.unwrap_or_default())),
            sealed: row.sealed,
        })
    }
}

impl Glass {
    /// Whether its time is not over and nobody ended it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended.is_none() && self.until > now
    }
}

impl Scope {
    /// Keeps a grant. Those that were given before `old` are forgotten: the audit log has them.
    pub async fn insert_glass(&mut self, new: &Glass, old: Timestamp) -> Result<()> {
        const OLD: &str = "DELETE FROM break_glass WHERE tenant_id = $1 AND opened_at < $2";
        const SQL: &str =
            "INSERT INTO break_glass (tenant_id, id, operator, standing, message_id, opened_at, until,
            ended_at, ended_by, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, NULL, $8)";
        on!(&mut self.tx, |conn| sqlx::query(OLD)
            .bind(self.tenant.as_str())
            .bind(old.millis())
            .execute(conn)
            .await
            .map(drop))?;
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(new.id.as_str())
            .bind(&new.operator)
            .bind(new.standing)
            .bind(new.message.as_ref().map_or("", MessageId::as_str))
            .bind(new.opened_at.millis())
            .bind(new.until.millis())
            .bind(&new.sealed)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The last hundred grants that run beyond `after`, newest first.
    pub async fn glasses(&mut self, after: Timestamp) -> Result<Vec<Glass>> {
        const SQL: &str =
            "SELECT id, operator, standing, message_id, opened_at, until, ended_at, ended_by, sealed
            FROM break_glass WHERE tenant_id = $1 AND until > $2 ORDER BY id DESC LIMIT 100";
        let rows: Vec<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(after.millis())
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Glass::try_from).collect()
    }

    /// An open grant by which an operator may read a mail now. It cannot be ended until this transaction is: what is
    /// shown by it is in the log before its end is.
    pub async fn glass_for(
        &mut self,
        operator: &str,
        standing: i64,
        message: &MessageId,
        now: Timestamp,
    ) -> Result<Option<Glass>> {
        const SQLITE: &str =
            "SELECT id, operator, standing, message_id, opened_at, until, ended_at, ended_by, sealed
            FROM break_glass WHERE tenant_id = $1 AND operator = $2 AND standing = $3 AND message_id IN ('', $4)
            AND until > $5 AND ended_at IS NULL ORDER BY id DESC LIMIT 1";
        const POSTGRES: &str =
            "SELECT id, operator, standing, message_id, opened_at, until, ended_at, ended_by, sealed
            FROM break_glass WHERE tenant_id = $1 AND operator = $2 AND standing = $3 AND message_id IN ('', $4)
            AND until > $5 AND ended_at IS NULL ORDER BY id DESC LIMIT 1 FOR UPDATE";
        let sql = self.tx.pick(SQLITE, POSTGRES);
        let row: Option<Row> = on!(&mut self.tx, |conn| sqlx::query_as(sql)
            .bind(self.tenant.as_str())
            .bind(operator)
            .bind(standing)
            .bind(message.as_str())
            .bind(now.millis())
            .fetch_optional(conn)
            .await?);
        row.map(Glass::try_from).transpose()
    }

    /// Ends a grant, of one operator or of any. `false`: there is none that is open.
    pub async fn end_glass(
        &mut self,
        id: &GlassId,
        of: Option<&str>,
        by: &str,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE break_glass SET ended_at = $3, ended_by = $4
            WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL AND until > $3 AND ($5 = '' OR operator = $5)";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(now.millis())
            .bind(by)
            .bind(of.unwrap_or_default())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }
}

impl Store {
    /// How an operator stands who may look at mail: a number that is another after each change of her. `None`: she may
    /// not, or not any more.
    pub async fn standing(&self, operator: &str) -> Result<Option<i64>> {
        // Another role, and then the same role again, are two changes: what was given before is over.
        const PERSON: &str =
            "SELECT version FROM person WHERE tenant_id = $1 AND id = $2 AND state = 'active'
            AND role IN ('reviewer', 'admin')";
        const KEY: &str = "SELECT COUNT(*) FROM operator_key WHERE keyid = $1 AND revoked_at IS NULL";
        let mut tx = self.db().read().await?;
        if PersonId::parse(operator).is_ok() {
            tx.act_for(SYSTEM).await?;
            let row: Option<(i64,)> = on!(&mut tx, |conn| sqlx::query_as(PERSON)
                .bind(SYSTEM)
                .bind(operator)
                .fetch_optional(conn)
                .await?);
            return Ok(row.map(|(version,)| version));
        }
        let (keys,): (i64,) = on!(&mut tx, |conn| sqlx::query_as(KEY).bind(operator).fetch_one(conn).await?);
        Ok((keys > 0).then_some(0))
    }
}
