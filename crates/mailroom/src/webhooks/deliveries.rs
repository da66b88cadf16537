//! The log of calls to an endpoint. What the endpoint said is sealed with its tenant's key, at its place in the log.

use mailward_mail::id::{AttemptId, EventId, WebhookId};
use mailward_store::{Attempt, ClaimedJob, Tenant};

use crate::access::Principal;
use crate::{Mailroom, Result};

/// A call as the tenant sees it.
#[derive(Clone, Debug)]
pub struct DeliveryView {
    /// What is stored.
    pub attempt: Attempt,
    /// What went wrong, at most 256 characters.
    pub error: Option<String>,
}

impl Mailroom {
    /// Calls to an endpoint, newest first, those before `before`; of one event where it is named. `None`: the caller has
    /// no such endpoint.
    pub async fn deliveries(
        &self,
        caller: &Principal,
        id: &WebhookId,
        event: Option<&EventId>,
        before: Option<&AttemptId>,
        limit: i64,
    ) -> Result<Option<Vec<DeliveryView>>> {
        if self.own_webhook(caller, id).await?.is_none() {
            return Ok(None);
        }
        let found = caller.tenant().read().await?.attempts(id, event, before, limit).await?;
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let views = found.into_iter().map(|attempt| {
            let error = match &attempt.sealed {
                None => None,
                Some(sealed) => {
                    let place = place(caller.tenant(), id, &attempt.id);
                    let opened = keys.webhook.open(&place, sealed);
                    let opened =
                        opened.map_err(|error| crate::Error::unreadable(attempt.id.as_str(), error))?;
                    Some(String::from_utf8_lossy(&opened).into_owned())
                }
            };
            Ok(DeliveryView { attempt, error })
        });
        views.collect::<Result<Vec<_>>>().map(Some)
    }

    /// Seals what an endpoint said in answer to a call. `None`: the keys cannot be had now, and it is not kept.
    pub async fn seal_answer(&self, job: &ClaimedJob, id: &AttemptId, said: &str) -> Option<Vec<u8>> {
        let webhook = job.webhook.as_ref()?;
        let keys = self.0.keyring.tenant(&job.tenant).await.ok()?;
        Some(keys.webhook.seal(&place(&job.tenant, webhook, id), said.as_bytes(), &self.0.random))
    }
}

/// Where in the store it stands: it opens nowhere else.
fn place<'a>(tenant: &'a Tenant, webhook: &'a WebhookId, id: &'a AttemptId) -> [&'a [u8]; 4] {
    [tenant.id().as_str().as_bytes(), webhook.as_str().as_bytes(), b"attempt", id.as_str().as_bytes()]
}
