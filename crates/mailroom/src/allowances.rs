//! Senders let through for some time: made with a release, listed, revoked, asked about when mail is to be held.

use std::sync::Arc;

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{AllowedId, InboxId};
use mailward_mail::parsed::Parsed;
use mailward_score::{Level, Verdict};
use mailward_store::{Action, AllowedSender, Message, NewAllowedSender, Scope, Tenant};

use crate::access::Principal;
use crate::inbound::author_digest;
use crate::screening::gate::{GateNote, Trust, is_held, trusted_author};
use crate::screening::own::with_own_rules;
use crate::screening::policy::Effective;
use crate::screening::unread;
use crate::sender_auth::SenderAuth;
use crate::{Error, Mailroom, Result};

/// How long a sender is let through at most.
const MOST_TIME: Duration = Duration::from_secs(366 * 86_400);
/// Senders that a tenant may let through at a time.
const MOST: i64 = 1_000;

/// Lets the sender of a mail through when the mail is released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowRequest {
    /// Until when.
    pub until: Timestamp,
    /// To all inboxes of the tenant, not to the mail's alone.
    pub everywhere: bool,
}

/// An allowance as its tenant sees it.
#[derive(Clone, Debug)]
pub struct AllowedView {
    /// What is stored.
    pub allowed: AllowedSender,
    /// Who is let through.
    pub address: String,
}

/// What the gate says of one mail.
#[derive(Clone, Debug)]
pub(crate) struct Gated {
    /// The scorer's verdict with what the owner's phrases add.
    pub(crate) verdict: Verdict,
    /// Whether it waits for a person.
    pub(crate) held: bool,
    /// By what.
    pub(crate) note: GateNote,
}

impl Mailroom {
    /// Allowances in force that the caller may see, newest first, before `before`.
    pub async fn allowed_senders(
        &self,
        caller: &Principal,
        before: Option<&AllowedId>,
        limit: i64,
    ) -> Result<Vec<AllowedView>> {
        let mut scope = caller.tenant().read().await?;
        let found = scope.allowed_senders(caller.inbox(), self.0.clock.now(), before, limit).await?;
        drop(scope);
        let mut views = Vec::with_capacity(found.len());
        for allowed in found {
            views.push(self.view_allowed(caller.tenant(), allowed).await?);
        }
        Ok(views)
    }

    /// Ends an allowance at once; `false` when the caller has none of this id.
    pub async fn revoke_sender(&self, caller: &Principal, id: &AllowedId) -> Result<bool> {
        let mut scope = caller.tenant().write().await?;
        if !scope.revoke_sender(caller.inbox(), id).await? {
            return Ok(false);
        }
        scope.audit(&caller.act(Action::SenderRevoked).on(id.as_str()), self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(true)
    }

    /// Checks an allowance and seals it, before the transaction that makes it.
    pub(crate) async fn new_allowance(
        &self,
        caller: &Principal,
        message: &Message,
        address: &str,
        request: &AllowRequest,
    ) -> Result<NewAllowedSender> {
        let now = self.0.clock.now();
        if request.until <= now || request.until > now.plus(MOST_TIME) {
            return Err(Error::invalid("allowSender.until", "must be later than now, and within a year"));
        }
        if request.everywhere && caller.inbox().is_some() {
            return Err(Error::Scope("settings".into()));
        }
        if !address.contains('@') {
            return Err(Error::invalid(
                "allowSender",
                "this mail names no one sender that could be let through",
            ));
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let address = address.to_lowercase();
        let digest = author_digest(&keys, &address);
        let id = AllowedId::generate(&self.0.clock, &self.0.random);
        let sealed = self.seal_small(caller.tenant(), id.as_str(), &address).await?;
        let shown = AllowedSender {
            id,
            inbox: (!request.everywhere).then(|| message.inbox.clone()),
            message: message.id.clone(),
            sealed,
            created_at: now,
            created_by: caller.keyid().to_owned(),
            until: request.until,
        };
        Ok(NewAllowedSender { shown, digest })
    }

    /// Makes an allowance in the transaction of the release.
    pub(crate) async fn allow(
        &self,
        caller: &Principal,
        scope: &mut Scope,
        new: &NewAllowedSender,
    ) -> Result<AllowedSender> {
        let now = new.shown.created_at;
        if scope.count_allowed_senders(now).await? >= MOST {
            return Err(Error::Conflict("1,000 senders are let through already; revoke some first"));
        }
        let allowed = scope.allow_sender(new).await?;
        let act = caller.act(Action::SenderAllowed).on(allowed.id.as_str());
        let act = act.word("inbox", allowed.inbox.as_ref().map_or("all", InboxId::as_str));
        scope.audit(&act.word("until", &allowed.until.to_string()), now).await?;
        Ok(allowed)
    }

    pub(crate) async fn view_allowed(&self, tenant: &Tenant, allowed: AllowedSender) -> Result<AllowedView> {
        let address = self.open_small(tenant, allowed.id.as_str(), &allowed.sealed).await?;
        Ok(AllowedView { allowed, address })
    }

    /// What an inbox's policy makes of a verdict. The scorer never hears of it, and the sender neither.
    pub(crate) async fn gate(
        &self,
        tenant: &Tenant,
        inbox: &InboxId,
        policy: &Effective,
        scored: &Verdict,
        parsed: Option<&Arc<Parsed>>,
        auth: &SenderAuth,
    ) -> Result<Gated> {
        let verdict = match policy.rules.is_empty() {
            true => scored.clone(),
            false => judged(scored, parsed, policy).await,
        };
        let mut note = GateNote { policy: policy.versions, ..GateNote::default() };
        if !is_held(verdict.level, policy.hold) {
            return Ok(Gated { verdict, held: false, note });
        }
        let author = trusted_author(scored, &verdict, parsed.map(Arc::as_ref), auth, policy);
        note.trust = match author {
            None => None,
            Some(address) if policy.trusts(address) => Some(Trust::TrustedSender),
            Some(address) => {
                let keys = self.0.keyring.tenant(tenant).await?;
                let digest = author_digest(&keys, address);
                let mut scope = tenant.read().await?;
                let allowed = scope.is_allowed(inbox, &digest, self.0.clock.now()).await?;
                allowed.then_some(Trust::AllowedSender)
            }
        };
        Ok(Gated { verdict, held: note.trust.is_none(), note })
    }
}

/// The verdict with the owner's phrases, looked for apart from what answers others: the text is a stranger's.
async fn judged(scored: &Verdict, parsed: Option<&Arc<Parsed>>, policy: &Effective) -> Verdict {
    let Some(parsed) = parsed.map(Arc::clone) else { return scored.clone() };
    let (scored, rules) = (scored.clone(), policy.rules.clone());
    let looked = tokio::task::spawn_blocking(move || with_own_rules(&scored, &parsed, &rules));
    // Never fail-open: what could not be looked at is not let through.
    let verdict =
        looked.await.unwrap_or_else(|_| unread("own.failed", "the policy's own rules failed").verdict);
    debug_assert!(verdict.level != Level::Unknown || verdict.score >= 70);
    verdict
}
