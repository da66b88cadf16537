//! A tenant as the operator's staff look at it: figures, states and names of things, in whatever state it is. Never mail.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::{Authenticated, Operator, Scopes, TenantRow};

use crate::access::Principal;
use crate::{Error, Mailroom, Result};

/// What waits for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Held mails.
    pub count: i64,
    /// When the one that waits longest came.
    pub oldest: Option<Timestamp>,
}

/// How fast people decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Decisions of people in the last 30 days; what expired is none.
    pub decided: i64,
    /// Half of these mails waited at most so long.
    pub median: Option<Duration>,
}

/// Over how much time it is told.
const PACE_OVER: Duration = Duration::from_secs(30 * 86_400);

impl Mailroom {
    /// An operator who looks at a tenant's figures, whatever its state. What is answered holds no scope, and no mail is shown
    /// to it. `None`: there is no such tenant, or nothing is left of it.
    pub async fn viewing(
        &self,
        operator: &Operator,
        id: &TenantId,
    ) -> Result<Option<(TenantRow, Principal)>> {
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        if row.state.is_gone() {
            return Ok(None);
        }
        if !self.0.config.serves(tenant.region()) {
            return Err(Error::WrongRegion(tenant.region().to_owned()));
        }
        let held = Authenticated {
            tenant,
            state: row.state,
            keyid: operator.keyid().to_owned(),
            inbox: None,
            scopes: Scopes::NONE,
            expires_at: None,
            last_used_at: None,
            networks: None,
        };
        Ok(Some((row, Principal::of_operator(held, operator.origin().clone()))))
    }

    /// How much of the caller's mail waits for a person: a number, for who may know it.
    pub async fn waiting(&self, caller: &Principal) -> Result<Waiting> {
        let (count, oldest) = caller.tenant().read().await?.waiting(caller.inbox()).await?;
        Ok(Waiting { count, oldest })
    }

    /// How fast people decided on the caller's held mail in the last 30 days: numbers, for who may know them.
    pub async fn pace(&self, caller: &Principal) -> Result<Pace> {
        let since = self.0.clock.now().minus(PACE_OVER);
        let (decided, median) = caller.tenant().read().await?.decided_within(caller.inbox(), since).await?;
        Ok(Pace { decided, median })
    }
}
