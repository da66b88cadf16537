//! Tells an endpoint of an event: a signed POST through the egress guard.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_mail::clock::Clock;
use mailward_mail::id::EventId;
use mailward_mail::random::Random;
use mailward_net::egress::{Egress, PostError};
use mailward_store::{ClaimedJob, EventKind, EventRow};

use crate::backoff::delay;
use crate::signature;
use crate::worker::{Handler, Outcome};

/// What is to be told to an endpoint.
pub struct Call {
    /// Where.
    pub url: String,
    /// `whsec_` and base64.
    pub secret: String,
    /// The endpoint's own headers.
    pub headers: Vec<(String, String)>,
    /// The event.
    pub event: EventId,
    /// JSON.
    pub body: Vec<u8>,
}

/// Puts together what a job is to tell; `None` when there is nothing to be told any more.
pub type Calls = Arc<
    dyn Fn(ClaimedJob) -> BoxFuture<'static, Result<Option<Call>, Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Sync,
>;

/// The handler of webhook jobs.
pub struct Webhooks {
    egress: Egress,
    calls: Calls,
    clock: Clock,
    random: Random,
}

impl Webhooks {
    /// A handler that calls through `egress` what `calls` puts together.
    pub fn new(egress: Egress, calls: Calls, clock: Clock, random: Random) -> Self {
        Self { egress, calls, clock, random }
    }

    async fn tell(&self, job: &ClaimedJob) -> Outcome {
        let call = match (self.calls)(job.clone()).await {
            Ok(Some(call)) => call,
            Ok(None) => return Outcome::Done,
            Err(error) => {
                tracing::warn!(%error, job = job.id, "a webhook call could not be put together");
                return self.again(job, None, None);
            }
        };
        let mut headers = call.headers;
        headers.push(("content-type".into(), "application/json".into()));
        headers.push(("user-agent".into(), concat!("mailward/", env!("CARGO_PKG_VERSION")).into()));
        headers.extend(signature::headers(&call.secret, call.event.as_str(), self.clock.now(), &call.body));
        let answer = self.egress.post(&call.url, &headers, call.body).await;
        let outcome = match &answer {
            Ok(answer) if (200..300).contains(&answer.status) => Outcome::Done,
            // RFC 9110 15.5.11: gone, and likely for good.
            Ok(answer) if answer.status == 410 => Outcome::GiveUp(Some(410)),
            Ok(answer) => self.again(job, Some(answer.status), answer.retry_after),
            Err(error) => {
                log(job, error);
                self.again(job, None, None)
            }
        };
        if let Err(error) = self.note(job, outcome).await {
            tracing::warn!(%error, job = job.id, "could not note how a webhook call went");
        }
        outcome
    }

    fn again(
        &self,
        job: &ClaimedJob,
        status: Option<u16>,
        retry_after: Option<std::time::Duration>,
    ) -> Outcome {
        match delay(job.attempts, retry_after, &self.random) {
            Some(wait) => Outcome::Retry(self.clock.now().plus(wait), status),
            None => Outcome::GiveUp(status),
        }
    }

    /// Keeps the endpoint's record; one that says it is gone is switched off, and its tenant is told.
    async fn note(&self, job: &ClaimedJob, outcome: Outcome) -> mailward_store::Result<()> {
        let Some(webhook) = &job.webhook else { return Ok(()) };
        let mut scope = job.tenant.write().await?;
        scope.note_webhook(webhook, outcome == Outcome::Done).await?;
        if outcome == Outcome::GiveUp(Some(410)) && scope.disable_webhook(webhook).await? {
            let now = self.clock.now();
            let id = EventId::generate(&self.clock, &self.random);
            let kind = EventKind::WebhookDisabled;
            scope.record(&EventRow { id, kind, inbox: None, message: None, created_at: now }).await?;
        }
        scope.commit().await
    }
}

impl Handler for Webhooks {
    fn run(&self, job: ClaimedJob) -> BoxFuture<'_, Outcome> {
        async move { self.tell(&job).await }.boxed()
    }
}

/// The kind of failure, never the URL: it may hold a secret of its tenant.
fn log(job: &ClaimedJob, error: &PostError) {
    tracing::info!(tenant_id = %job.tenant.id(), job = job.id, attempt = job.attempts, error = %error, "a webhook call failed");
}
