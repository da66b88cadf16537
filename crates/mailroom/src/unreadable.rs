//! What does not open where it lies: refused, and put into its tenant's audit log.
//!
//! Somebody moved or changed bytes in the database. The tenant is to know, whoever it was that came upon it.

use mailward_store::{Act, Action, Outcome, Tenant};

use crate::access::Principal;
use crate::{Error, Mailroom, Result};

impl Mailroom {
    /// Puts into the caller's log that something of its tenant's could not be read. The front end calls it once it has
    /// an [`Error::Unreadable`] in hand, for all its routes in one place.
    pub async fn note_unreadable(&self, caller: &Principal, object: &str) {
        self.write_down(caller.tenant(), caller.act(Action::MailUnreadable).on(object)).await;
    }

    /// The same for ways in without a caller: `opening` is over, with its transactions, when the note is written.
    pub(crate) async fn noting<T>(
        &self,
        tenant: &Tenant,
        opening: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let opened = opening.await;
        if let Err(Error::Unreadable { object, .. }) = &opened {
            self.write_down(tenant, Act::new(Action::MailUnreadable).on(object)).await;
        }
        opened
    }

    /// The refusal stands whether or not it can be written down.
    async fn write_down(&self, tenant: &Tenant, act: Act<'_>) {
        let act = act.ended(Outcome::Failed);
        let written = async {
            let mut scope = tenant.write().await?;
            scope.audit(&act, self.0.clock.now()).await?;
            scope.commit().await
        };
        if let Err(error) = written.await {
            tracing::error!(%error, tenant_id = %tenant.id(), "could not write down that something cannot be read");
        }
    }
}
