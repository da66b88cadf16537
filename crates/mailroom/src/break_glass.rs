//! An operator's look at a tenant's mail: one mail, for a reason, in the tenant's own log before it is shown.

use mailward_mail::id::{MessageId, TenantId};
use mailward_store::{Act, Action, Actor, Operator};

use crate::reading::{Mail, meta, parsed};
use crate::{Error, Mailroom, Result};

/// The shortest reason that says anything, in characters.
const LEAST_REASON: usize = 10;

impl Mailroom {
    /// Opens one mail of a tenant, in whatever state, for an operator who says why. `None`: no such tenant or mail.
    pub async fn break_glass(
        &self,
        operator: &Operator,
        tenant: &TenantId,
        id: &MessageId,
        reason: &str,
    ) -> Result<Option<Mail>> {
        if reason.trim().chars().count() < LEAST_REASON {
            return Err(Error::invalid(
                "reason",
                "say in at least 10 characters why; the tenant will read it",
            ));
        }
        let Some((row, tenant)) = operator.tenant(tenant).await? else { return Ok(None) };
        if row.state.is_gone() {
            return Ok(None);
        }
        let keys = self.0.keyring.tenant(&tenant).await?;
        let reason = self.seal_small(&tenant, id.as_str(), reason).await?;
        let now = self.0.clock.now();
        let act = Act::new(Action::BreakGlass)
            .by(Actor::Operator(operator.keyid()))
            .from(operator.origin())
            .on(id.as_str())
            .sealed(Some(reason));
        let opened = async {
            let mut scope = tenant.write().await?;
            let Some(message) = scope.message_for_review(id).await? else { return Ok(None) };
            let meta = meta(&tenant, &mut scope, &keys, &message).await?;
            let parsed = parsed(&tenant, &mut scope, &keys, &message).await?;
            scope.audit(&act, now).await?;
            scope.commit().await?;
            Ok(Some(Mail { message, meta, parsed }))
        };
        self.noting(&tenant, opened).await
    }
}
