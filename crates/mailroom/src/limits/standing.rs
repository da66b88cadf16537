//! Where a tenant stands: what it may use and what it does, for itself and for operators, who may change the former.

use mailward_mail::calendar::Day;
use mailward_mail::id::TenantId;
use mailward_store::{Account, Act, Action, Actor, JudgeUse, Operator, Scope, TenantRow, Use};

use super::{Limit, Overrides, Plan};
use crate::access::Principal;
use crate::{Error, Mailroom, Result};

/// A tenant's limits and use.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Plan, inboxes and mails ever received.
    pub account: Account,
    /// What it may use, in force now.
    pub plan: Plan,
    /// What of that differs from the plan.
    pub overrides: Overrides,
    /// What it received and keeps.
    pub used: Use,
    /// Webhook endpoints.
    pub webhooks: i64,
    /// What the judge was asked today; of the whole tenant alone.
    pub judge: Option<JudgeUse>,
}

/// What is to change of a tenant's limits.
#[derive(Clone, Debug, Default)]
pub struct LimitChange {
    /// Another plan.
    pub plan: Option<String>,
    /// Limits with their new values; none is the plan's.
    pub limits: Vec<(Limit, Option<u64>)>,
    /// Limits that are not named are the plan's, too.
    pub replace: bool,
}

impl Mailroom {
    /// The caller's tenant: limits and use. An inbox key sees its inbox; how busy its neighbours are is not its to know.
    pub async fn account(&self, caller: &Principal) -> Result<Standing> {
        let mut scope = caller.tenant().read().await?;
        let mut standing = self.standing_of(&mut scope).await?;
        if let Some(own) = caller.inbox() {
            let now = self.0.clock.now();
            standing.account.inboxes = 1;
            standing.account.received = scope.inbox(own).await?.map_or(0, |inbox| inbox.email_count);
            standing.account.last_active_at = now;
            standing.used = scope.receive_use(Some(own), now).await?.inbox;
            standing.webhooks = scope.count_webhooks(Some(own)).await?;
            standing.judge = None;
        }
        Ok(standing)
    }

    /// A tenant's limits and use, for an operator.
    pub async fn standing(
        &self,
        operator: &Operator,
        id: &TenantId,
    ) -> Result<Option<(TenantRow, Standing)>> {
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        let standing = self.standing_of(&mut tenant.read().await?).await?;
        Ok(Some((row, standing)))
    }

    /// Changes a tenant's plan and limits, as an operator. They act at once, on other nodes within five seconds.
    pub async fn change_limits(
        &self,
        operator: &Operator,
        id: &TenantId,
        change: &LimitChange,
    ) -> Result<Option<()>> {
        let Some((_, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        if let Some(plan) = &change.plan {
            self.check_plan(plan)?;
        }
        let mut scope = tenant.write().await?;
        let (plan, stored) = scope.plan_for_update().await?;
        let mut overrides = if change.replace { Overrides::default() } else { Overrides::read(&stored)? };
        for (limit, value) in &change.limits {
            match value {
                Some(value) => {
                    let value = limit.check(*value).map_err(|problem| Error::invalid("limits", problem))?;
                    overrides.0.insert(*limit, value);
                }
                None => {
                    overrides.0.remove(limit);
                }
            }
        }
        let plan = change.plan.as_deref().unwrap_or(&plan);
        let written = overrides.write();
        scope.set_plan(plan, &written).await?;
        let act = Act::new(Action::TenantLimits)
            .by(Actor::Operator(operator.keyid()))
            .from(operator.origin())
            .on(id.as_str())
            .word("plan", plan)
            .word("limits", &written);
        scope.audit(&act, self.0.clock.now()).await?;
        scope.commit().await?;
        self.0.known.forget(id);
        tracing::info!(tenant_id = %id, by = operator.keyid(), "changed a tenant's limits");
        Ok(Some(()))
    }

    /// Checks that there is a plan of that name.
    pub(crate) fn check_plan(&self, plan: &str) -> Result<()> {
        let plans = &self.0.config.plans;
        if plans.contains_key(plan) {
            return Ok(());
        }
        let known: Vec<&str> = plans.keys().map(String::as_str).collect();
        Err(Error::invalid("plan", format!("there is no plan `{plan}`; there are {}", known.join(", "))))
    }

    async fn standing_of(&self, scope: &mut Scope) -> Result<Standing> {
        let account = scope.account().await?;
        let now = self.0.clock.now();
        let found = scope.receive_use(None, now).await?;
        let overrides = Overrides::read(&found.overrides)?;
        let plan = overrides.on(self.0.config.plan(&found.plan));
        let webhooks = scope.count_webhooks(None).await?;
        let judge = Some(scope.judge_use(Day::of(now)).await?);
        Ok(Standing { account, plan, overrides, used: found.tenant, webhooks, judge })
    }
}
