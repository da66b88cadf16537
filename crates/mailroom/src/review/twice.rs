//! Held mail that two people must release: the first release is kept, the second, by somebody else, lets it go.
//!
//! Who is another is told by the public id: of a key, or of a person. One who rejects is enough at any time.

use std::collections::HashMap;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::MessageId;
use mailward_score::Level;
use mailward_store::{Approval, Decision, Message, NewAllowedSender, Scope, State, Tenant};

use super::Decide;
use super::later::Kept;
use crate::access::Principal;
use crate::reading::{Mail, meta};
use crate::snapshot::Meta;
use crate::{Error, Mailroom, Result};

/// How far a mail has come that two must release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvals {
    /// The first release: who gave it, and when.
    pub first: Option<(String, Timestamp)>,
}

impl Mailroom {
    /// For each mail how far it has come; none where one person's release is enough.
    pub async fn approvals(&self, caller: &Principal, mails: &[Mail]) -> Result<Vec<Option<Approvals>>> {
        let mut scope = caller.tenant().read().await?;
        let policy = self.tenant_policy(caller.tenant(), &mut scope).await?;
        let takes_two = |mail: &Mail| {
            let rule = policy.four_eyes_for(mail.message.received_at);
            mail.message.state == State::Held && rule.takes_two(mail.message.direction, level(&mail.meta))
        };
        let mut found = HashMap::new();
        if let [only] = mails {
            found.extend(scope.approval(&only.message.id).await?.map(|one| (one.message.clone(), one)));
        } else if mails.iter().any(takes_two) {
            found.extend(scope.approvals().await?.into_iter().map(|one| (one.message.clone(), one)));
        }
        let of = |mail: &Mail| {
            let first = found.get(&mail.message.id).map(|one| (one.by.clone(), one.at));
            takes_two(mail).then_some(Approvals { first })
        };
        Ok(mails.iter().map(of).collect())
    }

    /// Whether a mail needs two who release it.
    pub(super) async fn takes_two(
        &self,
        tenant: &Tenant,
        scope: &mut Scope,
        message: &Message,
        meta: &Meta,
    ) -> Result<bool> {
        let policy = self.tenant_policy(tenant, scope).await?;
        Ok(policy.four_eyes_for(message.received_at).takes_two(message.direction, level(meta)))
    }

    /// A release as it is kept, should it be the first of two. Sealed before anything is locked.
    pub(super) async fn first_release(
        &self,
        caller: &Principal,
        id: &MessageId,
        request: &Decide,
    ) -> Result<Approval> {
        let text = Kept::of(request).text();
        Ok(Approval {
            message: id.clone(),
            by: caller.keyid().to_owned(),
            at: self.0.clock.now(),
            sealed: self.seal_small(caller.tenant(), &place(id), &text).await?,
        })
    }

    /// What a release is of two: `None` the first, else the one that it confirms. The mail is the transaction's from here
    /// on, so of two who release at once one is the first and one the second.
    ///
    /// # Errors
    /// [`Error::Conflict`] for who gave the first one, and where the mail was decided on meanwhile; [`Error::Invalid`] for who
    /// lets a sender through and the first did not.
    pub(super) async fn confirms(
        &self,
        caller: &Principal,
        scope: &mut Scope,
        message: &Message,
        allow: Option<&mut NewAllowedSender>,
    ) -> Result<Option<Approval>> {
        if !scope.take_hold(&message.id).await? {
            return Err(Error::Conflict("this mail was decided on already"));
        }
        let Some(first) = scope.approval(&message.id).await? else { return Ok(None) };
        let kept = self.checked_first(caller, &first, allow.is_some()).await?;
        if let (Some(new), Some(until)) = (allow, kept.until) {
            // For no longer, and no wider, than both want.
            new.shown.until = new.shown.until.min(Timestamp(until));
            if !kept.everywhere {
                new.shown.inbox = Some(message.inbox.clone());
            }
        }
        Ok(Some(first))
    }

    /// Says early what a release will be refused for, where it is carried out later.
    pub(super) async fn may_release(
        &self,
        caller: &Principal,
        id: &MessageId,
        request: &Decide,
    ) -> Result<()> {
        if request.decision != Decision::Release {
            return Ok(());
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        let Some(first) = scope.approval(id).await? else { return Ok(()) };
        let Some(message) = scope.message_for_review(id).await? else { return Ok(()) };
        let meta = meta(caller.tenant(), &mut scope, &keys, &message).await?;
        if self.takes_two(caller.tenant(), &mut scope, &message, &meta).await? {
            self.checked_first(caller, &first, request.allow.is_some()).await?;
        }
        Ok(())
    }

    /// What the first of two asked for, if the caller may confirm it.
    async fn checked_first(&self, caller: &Principal, first: &Approval, allows: bool) -> Result<Kept> {
        if first.by == caller.keyid() {
            return Err(Error::Conflict(
                "you have released this mail already: a second person, with another key, must confirm it",
            ));
        }
        let text = self.open_small(caller.tenant(), &place(&first.message), &first.sealed).await?;
        let kept = Kept::read(&text)?;
        if allows && kept.until.is_none() {
            return Err(Error::invalid(
                "allowSender",
                "the first of the two who release this mail did not ask for it: it takes both",
            ));
        }
        Ok(kept)
    }
}

fn level(meta: &Meta) -> Level {
    meta.verdict.as_ref().map_or(Level::Unknown, |verdict| verdict.level)
}

fn place(id: &MessageId) -> String {
    format!("approval {id}")
}
