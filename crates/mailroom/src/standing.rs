//! Whether a tenant may act: suspended by an operator, and taken back.

use mailward_mail::id::TenantId;
use mailward_store::{Act, Action, Actor, Operator, TenantRow, TenantState};

use crate::{Error, Mailroom, Result};

impl Mailroom {
    /// Stops a tenant: its keys are answered 423, its mail is refused for now, its webhooks wait. `None`: no such tenant.
    pub async fn suspend(
        &self,
        operator: &Operator,
        id: &TenantId,
        reason: Option<&str>,
    ) -> Result<Option<TenantRow>> {
        self.stand(operator, id, TenantState::Active, TenantState::Suspended, reason).await
    }

    /// Lets a suspended tenant act again. `None`: no such tenant.
    pub async fn resume(
        &self,
        operator: &Operator,
        id: &TenantId,
        reason: Option<&str>,
    ) -> Result<Option<TenantRow>> {
        self.stand(operator, id, TenantState::Suspended, TenantState::Active, reason).await
    }

    async fn stand(
        &self,
        operator: &Operator,
        id: &TenantId,
        from: TenantState,
        to: TenantState,
        reason: Option<&str>,
    ) -> Result<Option<TenantRow>> {
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        // What is done already is not done again, and is no mistake.
        if row.state == to {
            return Ok(Some(row));
        }
        if row.state != from {
            return Err(Error::Conflict("the tenant is leaving; see `mailward tenant show`"));
        }
        let reason = match reason {
            Some(text) => Some(self.seal_small(&tenant, id.as_str(), text).await?),
            None => None,
        };
        let now = self.0.clock.now();
        let action = if to == TenantState::Active { Action::TenantResumed } else { Action::TenantSuspended };
        let act = Act::new(action)
            .by(Actor::Operator(operator.keyid()))
            .from(operator.origin())
            .on(id.as_str())
            .sealed(reason);
        let mut scope = tenant.write().await?;
        if !scope.change_state(&[from], to, now).await? {
            return Err(Error::Conflict("the tenant's state was changed meanwhile"));
        }
        scope.audit(&act, now).await?;
        scope.commit().await?;
        self.0.sessions.forget_tenant(id);
        Ok(operator.tenant(id).await?.map(|(row, _)| row))
    }
}
