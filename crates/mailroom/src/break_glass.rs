//! An operator's look at a tenant's mail: for a reason, for half an hour, and in the tenant's own log before anything is
//! shown. The tenant is told at once, and may end it.
//!
//! What an operator was given is hers alone, and over with her role or her key. Decides nothing on mail: it is read.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, GlassId, MessageId, TenantId};
use mailward_store::{Act, Action, Actor, EventKind, EventRow, Glass, Operator, Scope, Scopes, Tenant};
use serde_json::json;

use crate::access::Principal;
use crate::reading::{Mail, meta, parsed};
use crate::{Error, Mailroom, Result};

/// The shortest reason that says anything, in characters.
const LEAST_REASON: usize = 10;
/// How long a grant lasts.
pub const GLASS_FOR: Duration = Duration::from_secs(30 * 60);
/// How long it is remembered beside the audit log.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// An operator's grant to read a tenant's mail.
#[derive(Clone, Debug)]
pub struct GlassView {
    /// What is stored.
    pub glass: Glass,
    /// Why; for the tenant alone.
    pub reason: Option<String>,
    /// Whether mail can be read by it now.
    pub is_open: bool,
}

impl Mailroom {
    /// Grants an operator to read a tenant's mail for half an hour. `None`: no such tenant.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a reason that says nothing.
    pub async fn open_glass(
        &self,
        operator: &Operator,
        tenant: &TenantId,
        reason: &str,
    ) -> Result<Option<GlassView>> {
        says_why(reason)?;
        let Some(tenant) = self.looked_at(operator, tenant).await? else { return Ok(None) };
        let (glass, sealed) = self.new_glass(operator, &tenant, None, reason).await?;
        let mut scope = tenant.write().await?;
        self.give(operator, &mut scope, &glass, sealed).await?;
        scope.commit().await?;
        Ok(Some(GlassView { glass, reason: None, is_open: true }))
    }

    /// Opens one mail of a tenant, in whatever state, for an operator who says why: a grant for this mail alone.
    /// `None`: no such tenant or mail.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a reason that says nothing.
    pub async fn break_glass(
        &self,
        operator: &Operator,
        tenant: &TenantId,
        id: &MessageId,
        reason: &str,
    ) -> Result<Option<Mail>> {
        says_why(reason)?;
        let Some(tenant) = self.looked_at(operator, tenant).await? else { return Ok(None) };
        let (glass, sealed) = self.new_glass(operator, &tenant, Some(id), reason).await?;
        let said = self.seal_small(&tenant, id.as_str(), reason).await?;
        let keys = self.0.keyring.tenant(&tenant).await?;
        let opened = async {
            let mut scope = tenant.write().await?;
            let Some(message) = scope.message_for_review(id).await? else { return Ok(None) };
            let meta = meta(&tenant, &mut scope, &keys, &message).await?;
            let parsed = parsed(&tenant, &mut scope, &keys, &message).await?;
            self.give(operator, &mut scope, &glass, sealed).await?;
            let act = act(operator, Action::BreakGlass).on(id.as_str()).word("grant", glass.id.as_str());
            scope.audit(&act.sealed(Some(said)), self.0.clock.now()).await?;
            scope.commit().await?;
            Ok(Some(Mail { message, meta, parsed }))
        };
        self.noting(&tenant, opened).await
    }

    /// Opens a mail of a tenant, in whatever state, for an operator who has a grant. `None`: no such tenant or mail.
    ///
    /// # Errors
    /// [`Error::NoGrant`] for who has none, or not any more.
    pub async fn read_by_grant(
        &self,
        operator: &Operator,
        tenant: &TenantId,
        id: &MessageId,
    ) -> Result<Option<Mail>> {
        let Some(tenant) = self.looked_at(operator, tenant).await? else { return Ok(None) };
        let standing = self.0.store.standing(operator.keyid()).await?.ok_or(Error::NoGrant)?;
        let keys = self.0.keyring.tenant(&tenant).await?;
        let now = self.0.clock.now();
        let opened = async {
            let mut scope = tenant.write().await?;
            // Asked before the mail: who has no grant does not learn which mails there are.
            let glass = scope.glass_for(operator.keyid(), standing, id, now).await?.ok_or(Error::NoGrant)?;
            let Some(message) = scope.message_for_review(id).await? else { return Ok(None) };
            let meta = meta(&tenant, &mut scope, &keys, &message).await?;
            let parsed = parsed(&tenant, &mut scope, &keys, &message).await?;
            let act = act(operator, Action::BreakGlass).on(id.as_str()).word("grant", glass.id.as_str());
            scope.audit(&act, now).await?;
            scope.commit().await?;
            Ok(Some(Mail { message, meta, parsed }))
        };
        self.noting(&tenant, opened).await
    }

    /// Grants that operators had at a tenant, newest first, without their reasons. `None`: no such tenant.
    pub async fn glasses(&self, operator: &Operator, tenant: &TenantId) -> Result<Option<Vec<GlassView>>> {
        let Some(tenant) = self.looked_at(operator, tenant).await? else { return Ok(None) };
        let after = self.0.clock.now().minus(KEPT);
        let found = tenant.read().await?.glasses(after).await?;
        Ok(Some(self.viewed(found).await?))
    }

    /// Gives an operator's own grant up. `None`: no such tenant; `false`: she has no such grant that is open.
    pub async fn close_glass(
        &self,
        operator: &Operator,
        tenant: &TenantId,
        id: &GlassId,
    ) -> Result<Option<bool>> {
        let Some(tenant) = self.looked_at(operator, tenant).await? else { return Ok(None) };
        let now = self.0.clock.now();
        let mut scope = tenant.write().await?;
        let own = Some(operator.keyid());
        if !scope.end_glass(id, own, operator.keyid(), now).await? {
            return Ok(Some(false));
        }
        scope.audit(&act(operator, Action::GlassClosed).on(id.as_str()), now).await?;
        scope.commit().await?;
        Ok(Some(true))
    }

    /// Grants that operators have, or had in the last 90 days, at the caller's tenant, newest first, and why.
    pub async fn own_glasses(&self, caller: &Principal) -> Result<Vec<GlassView>> {
        whole_tenant(caller)?;
        let after = self.0.clock.now().minus(KEPT);
        self.with_reasons(caller, after).await
    }

    /// Those of them by which mail can be read now.
    pub async fn open_glasses(&self, caller: &Principal) -> Result<Vec<GlassView>> {
        whole_tenant(caller)?;
        let mut found = self.with_reasons(caller, self.0.clock.now()).await?;
        found.retain(|view| view.is_open);
        Ok(found)
    }

    /// Ends an operator's grant, for the tenant. `false`: there is none that is open.
    pub async fn end_glass(&self, caller: &Principal, id: &GlassId) -> Result<bool> {
        whole_tenant(caller)?;
        if !caller.scopes().contains(Scopes::SETTINGS) {
            return Err(Error::Scope("settings".into()));
        }
        let now = self.0.clock.now();
        let mut scope = caller.tenant().write().await?;
        if !scope.end_glass(id, None, caller.keyid(), now).await? {
            return Ok(false);
        }
        scope.audit(&caller.act(Action::GlassClosed).on(id.as_str()), now).await?;
        scope.commit().await?;
        Ok(true)
    }

    async fn with_reasons(&self, caller: &Principal, after: Timestamp) -> Result<Vec<GlassView>> {
        let found = caller.tenant().read().await?.glasses(after).await?;
        let mut views = self.viewed(found).await?;
        for view in &mut views {
            let glass = &view.glass;
            view.reason = Some(self.open_small(caller.tenant(), glass.id.as_str(), &glass.sealed).await?);
        }
        Ok(views)
    }

    /// Which of them are open: who lost her role has lost her grant.
    async fn viewed(&self, found: Vec<Glass>) -> Result<Vec<GlassView>> {
        let now = self.0.clock.now();
        let mut views = Vec::with_capacity(found.len());
        for glass in found {
            let is_open =
                glass.is_open(now) && self.0.store.standing(&glass.operator).await? == Some(glass.standing);
            views.push(GlassView { glass, reason: None, is_open });
        }
        Ok(views)
    }

    /// A tenant of which something is left.
    async fn looked_at(&self, operator: &Operator, tenant: &TenantId) -> Result<Option<Tenant>> {
        let found = operator.tenant(tenant).await?.filter(|(row, _)| !row.state.is_gone());
        Ok(found.map(|(_, tenant)| tenant))
    }

    /// A grant that begins now, and its reason as the log keeps it.
    async fn new_glass(
        &self,
        operator: &Operator,
        tenant: &Tenant,
        message: Option<&MessageId>,
        reason: &str,
    ) -> Result<(Glass, Vec<u8>)> {
        let standing = self.0.store.standing(operator.keyid()).await?.ok_or(Error::NoGrant)?;
        let now = self.0.clock.now();
        let id = GlassId::generate(&self.0.clock, &self.0.random);
        let sealed = self.seal_small(tenant, id.as_str(), reason.trim()).await?;
        let logged = self.seal_small(tenant, id.as_str(), reason.trim()).await?;
        let glass = Glass {
            id,
            operator: operator.keyid().to_owned(),
            standing,
            message: message.cloned(),
            opened_at: now,
            until: now.plus(GLASS_FOR),
            ended: None,
            sealed,
        };
        Ok((glass, logged))
    }

    /// Keeps a grant, in the log and with the event that tells of it.
    async fn give(
        &self,
        operator: &Operator,
        scope: &mut Scope,
        glass: &Glass,
        logged: Vec<u8>,
    ) -> Result<()> {
        let now = glass.opened_at;
        scope.insert_glass(glass, now.minus(KEPT)).await?;
        let minutes = i64::try_from(GLASS_FOR.as_secs() / 60).unwrap_or(i64::MAX);
        let mut act = act(operator, Action::GlassOpened).on(glass.id.as_str()).number("minutes", minutes);
        if let Some(message) = &glass.message {
            act = act.word("mail", message.as_str());
        }
        scope.audit(&act.sealed(Some(logged)), now).await?;
        let event = EventRow {
            id: EventId::generate(&self.0.clock, &self.0.random),
            kind: EventKind::TenantBreakGlass,
            inbox: None,
            message: None,
            created_at: now,
        };
        // The reason is not in it: an endpoint may be anybody's, and the log says it to who may read that.
        let detail = json!({
            "id": glass.id.as_str(),
            "operator": glass.operator,
            "emailId": glass.message.as_ref().map(MessageId::as_str),
            "openedAt": now.to_string(),
            "until": glass.until.to_string(),
        });
        scope.record_with(&event, Some(&detail.to_string())).await?;
        Ok(())
    }
}

fn says_why(reason: &str) -> Result<()> {
    if reason.trim().chars().count() < LEAST_REASON {
        return Err(Error::invalid("reason", "say in at least 10 characters why; the tenant will read it"));
    }
    Ok(())
}

fn act(operator: &Operator, action: Action) -> Act<'_> {
    Act::new(action).by(Actor::Operator(operator.keyid())).from(operator.origin())
}

/// Who may look is no matter of one inbox.
fn whole_tenant(caller: &Principal) -> Result<()> {
    if caller.inbox().is_some() { Err(Error::Scope("audit".into())) } else { Ok(()) }
}
