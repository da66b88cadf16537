//! A held mail that a person let go: counted like any other before it joins the queue.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::InboxId;
use mailward_store::{Message, Scope, Sent, State, Tenant};

use super::{place, quota};
use crate::inbound::author_digest;
use crate::keyring::TenantKeys;
use crate::{Error, Mailroom, Result};

impl Mailroom {
    /// Whom a held mail is for, as digests: opened before anything is locked.
    ///
    /// # Errors
    /// [`Error::SendingStopped`]: whoever lets one mail go does not thereby let its inbox send again.
    pub(crate) async fn departing(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
        message: &Message,
    ) -> Result<Vec<[u8; 16]>> {
        let mut scope = tenant.read().await?;
        let (stored, inbox) = (scope.recipients(&message.id).await?, scope.inbox(&message.inbox).await?);
        drop(scope);
        // What was decided on already is told so, and not that its inbox was stopped since.
        if message.state == State::Held
            && let Some(inbox) = inbox
        {
            self.comes_through(tenant, &inbox).await?;
        }
        let mut digests = Vec::with_capacity(stored.len());
        for one in stored {
            let address = self.open_small(tenant, &place(&message.id, one.no), &one.sealed).await?;
            digests.push(author_digest(keys, &address));
        }
        Ok(digests)
    }

    /// Counts a mail that was held, in the transaction that lets it go. Its bytes were counted when it came to be held.
    ///
    /// # Errors
    /// [`Error::Limit`] and [`Error::InboxPaused`]: it stays held.
    pub(crate) async fn depart(
        &self,
        tenant: &Tenant,
        scope: &mut Scope,
        inbox: &InboxId,
        digests: &[[u8; 16]],
        now: Timestamp,
    ) -> Result<()> {
        let Some(created) =
            scope.inbox(inbox).await?.filter(|inbox| inbox.is_active).map(|inbox| inbox.created_at)
        else {
            return Err(Error::InboxPaused);
        };
        let limits = self.effective_send(tenant, scope, inbox).await?.limits;
        let mut plan = limits.narrow(self.plan_of(scope).await?);
        let used = scope.send_use(inbox, now).await?;
        let full = self.ramped(&mut plan, created, used.day);
        let new = scope.strangers(inbox, digests).await?;
        let wanted = quota::Wanted { recipients: digests.len(), strangers: new.len(), bytes: 0 };
        let departure =
            quota::judge(&used, &plan, &wanted, now).map_err(|refused| quota::refusal(refused.over, full))?;
        let recipients = i64::try_from(digests.len()).unwrap_or(i64::MAX);
        scope.count_sent(&Sent { inbox, day: used.day, departure, recipients, bytes: 0, new: &new }).await?;
        self.tell_near_sends(scope, inbox, &used, &plan, &wanted).await
    }
}
