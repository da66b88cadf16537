//! The policies of a tenant and its inboxes: shown, chosen anew, and what rules when mail comes in.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::InboxId;
use mailward_store::{Action, PolicyRow, Scope, Tenant};

use crate::access::Principal;
use crate::outbound::{Effective as EffectiveSend, SendTo};
use crate::screening::policy::{Effective, GatePolicy};
use crate::{Error, Mailroom, Result};

/// A policy as its owner sees it.
#[derive(Clone, Debug)]
pub struct PolicyView {
    /// The inbox it is for; none: the whole tenant.
    pub inbox: Option<InboxId>,
    /// Counts from 1; 0: nobody has chosen anything yet.
    pub version: i64,
    /// What was chosen.
    pub policy: GatePolicy,
    /// What rules, with what the wider policies say.
    pub effective: Effective,
    /// What rules for mail that goes.
    pub send: EffectiveSend,
    /// Since when, and by which key.
    pub changed: Option<(Timestamp, String)>,
}

/// What is to become of a policy.
#[derive(Clone, Debug)]
pub enum PolicyChange {
    /// This instead.
    Replace(GatePolicy),
    /// This instead of the same fields; the others stay.
    Merge(GatePolicy),
}

/// The policies that concern one inbox, opened.
struct Opened {
    tenant: Option<(i64, GatePolicy)>,
    inbox: Option<(i64, GatePolicy)>,
}

impl Opened {
    fn send(&self) -> EffectiveSend {
        let of = |one: &Option<(i64, GatePolicy)>| one.as_ref().and_then(|(_, policy)| policy.send.clone());
        EffectiveSend::of(of(&self.tenant), of(&self.inbox))
    }
}

impl Mailroom {
    /// The policy of the caller's tenant, or of one of its inboxes. `None`: the caller has no such inbox.
    ///
    /// # Errors
    /// [`Error::Scope`] when a key of one inbox asks for the whole tenant's.
    pub async fn policy(&self, caller: &Principal, inbox: Option<&InboxId>) -> Result<Option<PolicyView>> {
        may_touch(caller, inbox)?;
        let mut scope = caller.tenant().read().await?;
        if let Some(id) = inbox
            && (!caller.reaches(id) || scope.inbox(id).await?.is_none())
        {
            return Ok(None);
        }
        let rows = scope.policies(inbox).await?;
        drop(scope);
        Ok(Some(self.view_policy(caller.tenant(), inbox, rows).await?))
    }

    /// Chooses a policy anew: the next version. `expected` is the version that the caller saw, where that matters to it.
    /// `None`: the caller has no such inbox.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a policy that cannot be; [`Error::Conflict`] when somebody was faster.
    pub async fn change_policy(
        &self,
        caller: &Principal,
        inbox: Option<&InboxId>,
        change: PolicyChange,
        expected: Option<i64>,
    ) -> Result<Option<PolicyView>> {
        let (PolicyChange::Replace(said) | PolicyChange::Merge(said)) = &change;
        if inbox.is_some() && said.four_eyes.is_some() {
            return Err(Error::invalid("fourEyes", "is chosen for the whole tenant: PATCH /v1/gate"));
        }
        let sends = said.send.is_some() || said.receive.is_some();
        // An agent that was talked into something would first open its own door.
        if sends && caller.inbox().is_some() {
            return Err(Error::Scope("settings".into()));
        }
        // Read, made, written: a version that came between is a conflict, or is read again.
        for _ in 0..3 {
            let Some(was) = self.policy(caller, inbox).await? else { return Ok(None) };
            if expected.is_some_and(|version| version != was.version) {
                return Err(Error::Conflict("the policy was changed meanwhile; read it again"));
            }
            let policy = match change.clone() {
                // What is said of mail that comes leaves alone what is said of mail that goes.
                PolicyChange::Replace(policy) => {
                    // An inbox' own key must not take away what only others may say, by leaving it out.
                    GatePolicy {
                        send: policy.send.or_else(|| was.policy.send.clone()),
                        receive: policy.receive.or_else(|| was.policy.receive.clone()),
                        // Nor is it forgotten that two must release: that is said.
                        four_eyes: policy.four_eyes.or(was.policy.four_eyes),
                        ..policy
                    }
                }
                PolicyChange::Merge(policy) => was.policy.clone().with(policy),
            };
            let now = self.0.clock.now();
            let (policy, version) = (policy.checked()?.after(&was.policy, now), was.version + 1);
            let json =
                serde_json::to_string(&policy).map_err(|_| Error::Damaged("a policy cannot be written"))?;
            let new = PolicyRow {
                sealed: self.seal_small(caller.tenant(), &place(inbox, version), &json).await?,
                inbox: inbox.cloned(),
                version,
                created_at: now,
                created_by: caller.keyid().to_owned(),
            };
            let mut scope = caller.tenant().write().await?;
            if let Some(id) = inbox
                && scope.inbox(id).await?.is_none()
            {
                return Ok(None);
            }
            if !scope.insert_policy(&new).await? {
                continue;
            }
            // What was chosen is sealed with the version; the log says how much of it there is.
            let act = caller.act(Action::PolicyChanged).on(inbox.map_or("tenant", InboxId::as_str));
            let act = act
                .number("version", version)
                .word("hold", policy.hold.map_or("inherit", crate::Hold::as_str))
                .word(
                    "codesWhileHeld",
                    match policy.codes_while_held {
                        Some(true) => "yes",
                        Some(false) => "no",
                        None => "inherit",
                    },
                )
                .number("trustedSenders", count(policy.trusted_senders.as_deref()))
                .number("rules", count(policy.rules.as_deref()))
                .word(
                    "sendTo",
                    policy.send.as_ref().and_then(|send| send.to).map_or("inherit", SendTo::as_str),
                );
            let act = match policy.four_eyes {
                Some(rule) => act.word("fourEyes", rule.as_str()),
                None => act,
            };
            scope.audit(&act, now).await?;
            scope.commit().await?;
            return self.policy(caller, inbox).await;
        }
        Err(Error::Conflict("the policy is being changed by others; try again"))
    }

    /// What rules for mail to an inbox, read beside what else is asked about it.
    pub(crate) async fn effective_policy(
        &self,
        tenant: &Tenant,
        scope: &mut Scope,
        inbox: &InboxId,
    ) -> Result<Effective> {
        let rows = scope.policies(Some(inbox)).await?;
        // Most have none, and no key has to be fetched for that.
        if rows.is_empty() {
            return Ok(Effective::of(self.0.config.hold, None, None));
        }
        let opened = self.open_policies(tenant, rows).await?;
        Ok(Effective::of(self.0.config.hold, opened.tenant, opened.inbox))
    }

    /// What the tenant chose for all of itself.
    pub(crate) async fn tenant_policy(&self, tenant: &Tenant, scope: &mut Scope) -> Result<GatePolicy> {
        let rows = scope.policies(None).await?;
        Ok(self.open_policies(tenant, rows).await?.tenant.unwrap_or_default().1)
    }

    /// What rules for mail from an inbox.
    pub(crate) async fn effective_send(
        &self,
        tenant: &Tenant,
        scope: &mut Scope,
        inbox: &InboxId,
    ) -> Result<EffectiveSend> {
        let opened = self.open_policies(tenant, scope.policies(Some(inbox)).await?).await?;
        Ok(opened.send())
    }

    async fn view_policy(
        &self,
        tenant: &Tenant,
        inbox: Option<&InboxId>,
        rows: Vec<PolicyRow>,
    ) -> Result<PolicyView> {
        let own = rows.iter().find(|row| row.inbox.as_ref() == inbox);
        let changed = own.map(|row| (row.created_at, row.created_by.clone()));
        let opened = self.open_policies(tenant, rows).await?;
        let own = if inbox.is_some() { &opened.inbox } else { &opened.tenant };
        let (version, policy) = own.clone().unwrap_or_default();
        let send = opened.send();
        let effective = Effective::of(self.0.config.hold, opened.tenant, opened.inbox);
        Ok(PolicyView { inbox: inbox.cloned(), version, policy, effective, send, changed })
    }

    async fn open_policies(&self, tenant: &Tenant, rows: Vec<PolicyRow>) -> Result<Opened> {
        let mut opened = Opened { tenant: None, inbox: None };
        for row in rows {
            let place = place(row.inbox.as_ref(), row.version);
            let json = self.open_small(tenant, &place, &row.sealed).await?;
            let policy = serde_json::from_str(&json)
                .map_err(|_| Error::unreadable(&place, Error::Damaged("a policy cannot be read")))?;
            let kept = if row.inbox.is_some() { &mut opened.inbox } else { &mut opened.tenant };
            *kept = Some((row.version, policy));
        }
        Ok(opened)
    }
}

/// The tenant's policy is not for a key of one inbox.
fn may_touch(caller: &Principal, inbox: Option<&InboxId>) -> Result<()> {
    if inbox.is_none() && caller.inbox().is_some() {
        return Err(Error::Scope("settings".into()));
    }
    Ok(())
}

/// Where a policy is sealed: no version opens in the place of another.
fn place(inbox: Option<&InboxId>, version: i64) -> String {
    format!("policy/{}/{version}", inbox.map_or("", InboxId::as_str))
}

fn count<T>(list: Option<&[T]>) -> i64 {
    list.map_or(0, |list| i64::try_from(list.len()).unwrap_or(i64::MAX))
}
