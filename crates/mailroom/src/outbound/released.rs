//! A held mail that a person let go: counted like any other before it joins the queue.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};
use mailward_store::{Scope, Sent, Tenant};

use super::{place, quota};
use crate::inbound::author_digest;
use crate::keyring::TenantKeys;
use crate::{Error, Mailroom, Result};

impl Mailroom {
    /// Whom a held mail is for, as digests: opened before anything is locked.
    pub(crate) async fn departing(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
        id: &MessageId,
    ) -> Result<Vec<[u8; 16]>> {
        let stored = tenant.read().await?.recipients(id).await?;
        let mut digests = Vec::with_capacity(stored.len());
        for one in stored {
            let address = self.open_small(tenant, &place(id, one.no), &one.sealed).await?;
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
        if scope.inbox(inbox).await?.is_none_or(|inbox| !inbox.is_active) {
            return Err(Error::InboxPaused);
        }
        let limits = self.effective_send(tenant, scope, inbox).await?.limits;
        let plan = limits.narrow(self.plan_of(scope).await?);
        let used = scope.send_use(inbox, now).await?;
        let new = scope.strangers(inbox, digests).await?;
        let wanted = quota::Wanted { recipients: digests.len(), strangers: new.len(), bytes: 0 };
        let departure =
            quota::judge(&used, &plan, &wanted, now).map_err(|refused| Error::Limit(refused.over))?;
        let recipients = i64::try_from(digests.len()).unwrap_or(i64::MAX);
        scope.count_sent(&Sent { inbox, day: used.day, departure, recipients, bytes: 0, new: &new }).await?;
        Ok(())
    }
}
