//! The tenant itself, as it sees itself.

use mailward_mail::clock::Timestamp;

use crate::db::on;
use crate::{Result, Scope, TenantState};

/// A tenant's plan and use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The plan's name.
    pub plan: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When a key of it was last used, to 5 minutes.
    pub last_active_at: Timestamp,
    /// Inboxes that are not deleted.
    pub inboxes: i64,
    /// Messages ever received over all inboxes, deleted ones too.
    pub received: i64,
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    plan: String,
    created_at: i64,
    last_active_at: i64,
    inboxes: i64,
    received: i64,
}

impl Scope {
    /// The plan and the use of this tenant.
    pub async fn account(&mut self) -> Result<Account> {
        const SQL: &str = "SELECT plan, created_at, last_active_at,
            (SELECT COUNT(*) FROM inbox WHERE tenant_id = $1 AND deleted_at IS NULL) AS inboxes,
            (SELECT COALESCE(CAST(SUM(email_count) AS BIGINT), 0) FROM inbox WHERE tenant_id = $1) AS received
            FROM tenant WHERE id = $1";
        let row: AccountRow =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_one(conn).await?);
        Ok(Account {
            plan: row.plan,
            created_at: Timestamp(row.created_at),
            last_active_at: Timestamp(row.last_active_at),
            inboxes: row.inboxes,
            received: row.received,
        })
    }

    /// Whether this tenant may act.
    pub async fn state(&mut self) -> Result<TenantState> {
        const SQL: &str = "SELECT state FROM tenant WHERE id = $1";
        let (state,): (String,) =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_one(conn).await?);
        TenantState::parse(&state, self.tenant.as_str())
    }

    /// Moves the tenant from one of some states to another. `false`: it is in none of them.
    pub async fn change_state(
        &mut self,
        from: &[TenantState],
        to: TenantState,
        now: Timestamp,
    ) -> Result<bool> {
        const NOW: &str = "SELECT state FROM tenant WHERE id = $1";
        const SQL: &str =
            "UPDATE tenant SET state = $3, state_since = $4, token_generation = token_generation + 1
            WHERE id = $1 AND state = $2";
        let id = self.tenant.to_string();
        let row: Option<(String,)> =
            on!(&mut self.tx, |conn| sqlx::query_as(NOW).bind(&id).fetch_optional(conn).await?);
        let Some((state,)) = row else { return Ok(false) };
        if !from.contains(&TenantState::parse(&state, &id)?) {
            return Ok(false);
        }
        // Compared again in the statement: on PostgreSQL somebody may have been faster.
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(&id)
            .bind(&state)
            .bind(to.as_str())
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        self.changes_tenant();
        if to == TenantState::Active {
            // What waited for it is due.
            self.wakes_jobs();
        }
        Ok(done > 0)
    }
}
