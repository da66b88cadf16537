//! The list of addresses that a tenant's mail is not sent to any more: shown, added to and taken from by who may.

use mailward_mail::id::SuppressionId;
use mailward_store::{Action, Suppression, SuppressionReason};

use crate::access::Principal;
use crate::{Error, Mailroom, Result};

/// A suppressed address as its tenant sees it.
#[derive(Clone, Debug)]
pub struct SuppressionView {
    /// What is stored.
    pub suppression: Suppression,
    /// The address.
    pub address: String,
}

impl Mailroom {
    /// The list, newest first, before `before`.
    pub async fn suppressions(
        &self,
        caller: &Principal,
        before: Option<&SuppressionId>,
        limit: i64,
    ) -> Result<Vec<SuppressionView>> {
        whole_tenant(caller)?;
        let found = caller.tenant().read().await?.suppressions(before, limit).await?;
        let mut views = Vec::with_capacity(found.len());
        for suppression in found {
            let address = self.open_small(caller.tenant(), "suppressed", &suppression.sealed).await?;
            views.push(SuppressionView { suppression, address });
        }
        Ok(views)
    }

    /// Puts an address on the list; one that is on it stays as it is.
    pub async fn suppress_address(&self, caller: &Principal, address: &str) -> Result<SuppressionView> {
        whole_tenant(caller)?;
        let address = address.trim();
        let is_one = address.len() <= 254
            && address
                .rsplit_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
            && address.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_one {
            return Err(Error::invalid("address", "must be a bare address such as ada@example.com"));
        }
        let now = self.0.clock.now();
        let mut scope = caller.tenant().write().await?;
        let reason = SuppressionReason::Manual;
        let suppression = self.suppress(&mut scope, caller.tenant(), address, reason, now).await?;
        scope.audit(&caller.act(Action::SuppressionAdded).on(suppression.id.as_str()), now).await?;
        scope.commit().await?;
        Ok(SuppressionView { suppression, address: address.to_owned() })
    }

    /// Takes an address off the list; `false` when it is not on it.
    pub async fn end_suppression(&self, caller: &Principal, id: &SuppressionId) -> Result<bool> {
        whole_tenant(caller)?;
        let mut scope = caller.tenant().write().await?;
        if !scope.end_suppression(id).await? {
            return Ok(false);
        }
        scope.audit(&caller.act(Action::SuppressionEnded).on(id.as_str()), self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(true)
    }
}

/// The list names whom other inboxes wrote to.
fn whole_tenant(caller: &Principal) -> Result<()> {
    if caller.inbox().is_some() { Err(Error::Scope("settings".into())) } else { Ok(()) }
}
