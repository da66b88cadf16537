//! Tells an endpoint of an event: a signed POST through the egress guard, and what becomes of the job and the endpoint.
//!
//! What is told, and how the log of calls is sealed, comes from a [`Source`]; this knows no key and no mail.

use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_mail::calendar::Day;
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{AttemptId, EventId, InboxId, MessageId, WebhookId};
use mailward_mail::random::Random;
use mailward_net::egress::{Answer, Egress, PostError};
use mailward_store::{
    Attempt, AttemptOutcome, ClaimedJob, Disabled, EventKind, EventRow, Probe, Scope, Settle, UseAct,
};
use mailward_trace::meters::Act;
use mailward_trace::{Fact, Kind, Span, Trace, Tracer};

use crate::backoff::delay;
use crate::pace::Pace;
use crate::signature;
use crate::verdict::{Came, Case, Next, after_failure};
use crate::worker::{Handler, Outcome};

/// What is to be told to an endpoint.
pub struct Call {
    /// Where.
    pub url: String,
    /// `whsec_` and base64.
    pub secret: String,
    /// The secret before it, as long as it is valid.
    pub older_secret: Option<String>,
    /// The endpoint's own headers.
    pub headers: Vec<(String, String)>,
    /// The event, the same in every attempt.
    pub event: EventId,
    /// Its name.
    pub kind: &'static str,
    /// The inbox and the mail that it is about.
    pub about: (Option<InboxId>, Option<MessageId>),
    /// JSON.
    pub body: Vec<u8>,
    /// What an endpoint that knows what it is called for gives back; of a challenge alone.
    pub challenge: Option<String>,
    /// It gave an earlier challenge back.
    pub echoes: bool,
}

/// What a job is to do.
pub enum Step {
    /// Make this call.
    Call(Box<Call>),
    /// Wait for the job that tries the endpoint.
    Wait,
    /// There is nothing to be told any more.
    Nothing,
}

/// Whatever kept a [`Source`] from its answer.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Who knows what is to be told.
pub trait Source: Send + Sync {
    /// Puts together what a job is to tell.
    fn step(&self, job: ClaimedJob) -> BoxFuture<'static, Result<Step, SourceError>>;
    /// Seals what an endpoint said for the log of its calls; `None` when that cannot be done now.
    fn seal(&self, job: ClaimedJob, id: AttemptId, said: String) -> BoxFuture<'static, Option<Vec<u8>>>;
}

/// The handler of webhook jobs.
pub struct Webhooks {
    egress: Egress,
    source: Arc<dyn Source>,
    pace: Pace,
    tracer: Tracer,
    clock: Clock,
    random: Random,
}

/// A call that was made.
struct Made {
    attempt: Attempt,
    came: Came,
    echoes: bool,
}

impl Webhooks {
    /// A handler that calls through `egress` what `source` puts together.
    pub fn new(
        egress: Egress,
        source: Arc<dyn Source>,
        tracer: Tracer,
        clock: Clock,
        random: Random,
    ) -> Self {
        Self { egress, source, pace: Pace::default(), tracer, clock, random }
    }

    async fn tell(&self, job: &ClaimedJob) -> Outcome {
        let Some(webhook) = &job.webhook else { return Outcome::Done };
        let settled = match self.source.step(job.clone()).await {
            Ok(Step::Call(call)) => match self.may_call(&call) {
                Ok(()) => {
                    let made = self.call(job, webhook, *call).await;
                    self.settle(job, webhook, made).await
                }
                Err(free) => job.put_back(free).await.map(drop),
            },
            Ok(Step::Wait) => self.wait(job, webhook).await,
            Ok(Step::Nothing) => self.nothing(job, webhook).await,
            Err(error) => {
                tracing::warn!(%error, job = job.id, "a webhook call could not be put together");
                return match delay(job.attempts, None, &self.random) {
                    Some(wait) => Outcome::Retry(self.clock.now().plus(wait), None),
                    None => Outcome::GiveUp(None),
                };
            }
        };
        if let Err(error) = settled {
            tracing::warn!(%error, job = job.id, "could not note how a webhook call went; its lease will end");
        }
        Outcome::Settled
    }

    /// Whether it is the host's turn. What is no valid URL any more goes on, and is refused where it is judged.
    fn may_call(&self, call: &Call) -> Result<(), Timestamp> {
        match self.egress.judge(&call.url) {
            Ok(target) if !target.is_opened() => self.pace.turn(target.host(), call.echoes, self.clock.now()),
            _ => Ok(()),
        }
    }

    async fn call(&self, job: &ClaimedJob, webhook: &WebhookId, call: Call) -> Made {
        let at = self.clock.now();
        let mut headers = call.headers;
        headers.push(("content-type".into(), "application/json".into()));
        headers.push(("user-agent".into(), concat!("mailward/", env!("CARGO_PKG_VERSION")).into()));
        let older = call.older_secret.as_deref();
        headers.extend(signature::headers(&call.secret, older, call.event.as_str(), at, &call.body));
        // A span of time, not a moment: the wall clock may be set meanwhile.
        let (began, watch) = (Instant::now(), self.tracer.watch());
        let answer = self.egress.post(&call.url, &headers, call.body).await;
        let latency_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let meters = self.tracer.meters();
        meters.took("stage", "webhook", began.elapsed());
        meters.count("webhook", outcome(status), 1);
        meters.tenant(job.tenant.id(), Act::Called, 1);
        if !status.is_some_and(|status| (200..300).contains(&status)) {
            meters.tenant(job.tenant.id(), Act::Failed, 1);
        }
        if let Some(watch) = watch {
            self.tracer.tell(|| {
                let (inbox, message) = &call.about;
                // What is about no mail is a trace by itself.
                let trace = message.as_ref().map_or(Trace::of_event(&call.event), Trace::of_message);
                let mut span = Span::new(trace, "webhook", watch.start_of(), watch.now())
                    .kind(Kind::Client)
                    .of(Some(job.tenant.id()), inbox.as_ref())
                    .with(Fact::Webhook(webhook.clone()))
                    .with(Fact::Event(call.event.clone()))
                    .with(Fact::Attempt(job.attempts))
                    .failed(!status.is_some_and(|status| (200..300).contains(&status)));
                if let Some(status) = status {
                    span = span.with(Fact::Status(status));
                }
                span
            });
        }
        if let Err(error) = &answer {
            log(job, error);
        }
        let id = AttemptId::generate(&self.clock, &self.random);
        let sealed = match said(&answer) {
            Some(said) => self.source.seal(job.clone(), id.clone(), said).await,
            None => None,
        };
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let echoes = call.challenge.as_ref().is_some_and(|challenge| {
            answer.as_ref().is_ok_and(|answer| answer.body_start.contains(challenge.as_str()))
        });
        let came = match &answer {
            Ok(answer) => Came::of(answer.status, answer.retry_after),
            Err(_) => Came::Failed(None),
        };
        let attempt = Attempt {
            id,
            webhook: webhook.clone(),
            event: call.event,
            kind: call.kind.to_owned(),
            attempt: job.attempts,
            at,
            status,
            latency_ms,
            outcome: AttemptOutcome::Failed,
            next_at: None,
            sealed,
        };
        Made { attempt, came, echoes }
    }

    /// Writes down a call and what follows from it, in one transaction.
    async fn settle(&self, job: &ClaimedJob, webhook: &WebhookId, made: Made) -> mailward_store::Result<()> {
        let Made { mut attempt, came, echoes } = made;
        let now = self.clock.now();
        let probe = Probe::of(&job.id);
        let mut scope = job.tenant.write().await?;
        let settle = match came {
            Came::Taken => {
                attempt.outcome = AttemptOutcome::Delivered;
                match probe {
                    Some(Probe::Verify) => scope.note_verified(webhook, echoes, now).await?,
                    _ => scope.note_success(webhook, now).await?,
                }
                Settle::Done
            }
            Came::Gone => {
                self.disable(&mut scope, webhook, Disabled::Gone, now).await?;
                Settle::Dead(now)
            }
            // A test tells of itself alone.
            _ if probe == Some(Probe::Test) => Settle::Done,
            failed => self.after_failure(&mut scope, job, webhook, failed, now).await?,
        };
        if let Settle::Retry(at) | Settle::Probe(at) = settle {
            attempt.outcome = AttemptOutcome::Retry;
            attempt.next_at = Some(at);
        }
        scope.settle(job, settle, attempt.status).await?;
        scope.insert_attempt(&attempt).await?;
        scope.count_act(None, UseAct::WebhookAttempt, Day::of(now), 1).await?;
        scope.commit().await
    }

    async fn after_failure(
        &self,
        scope: &mut Scope,
        job: &ClaimedJob,
        webhook: &WebhookId,
        came: Came,
        now: Timestamp,
    ) -> mailward_store::Result<Settle> {
        let Some(standing) = scope.note_failure(webhook, now).await? else {
            return Ok(Settle::Dead(now));
        };
        let case = Case {
            failures: standing.failures,
            failing_since: standing.failing_since(),
            probe: standing.probe.as_deref(),
            job: &job.id,
            attempts: job.attempts,
            is_challenge: Probe::of(&job.id) == Some(Probe::Verify),
        };
        Ok(match after_failure(&case, came, now, &self.random) {
            Next::Disable => {
                self.disable(scope, webhook, Disabled::Failing, now).await?;
                Settle::Dead(now)
            }
            Next::Drop => {
                scope.pass_probe_on(webhook, &job.id, now).await?;
                Settle::Dead(now)
            }
            Next::Again(at) => Settle::Retry(at),
            Next::Probe(at) => {
                scope.open_circuit(webhook, &job.id, now).await?;
                Settle::Probe(at)
            }
            // Its next claim finds the endpoint closed, and parks it.
            Next::Wait => Settle::Probe(now),
        })
    }

    /// Switches an endpoint off, and tells its tenant.
    async fn disable(
        &self,
        scope: &mut Scope,
        webhook: &WebhookId,
        why: Disabled,
        now: Timestamp,
    ) -> mailward_store::Result<()> {
        if !scope.disable_webhook(webhook, why, now).await? {
            return Ok(());
        }
        let id = EventId::generate(&self.clock, &self.random);
        let kind = EventKind::WebhookDisabled;
        let event = EventRow { id, kind, inbox: None, message: None, created_at: now };
        let detail = format!(r#"{{"webhookId":"{webhook}","reason":"{}"}}"#, why.as_str());
        tracing::info!(%webhook, reason = why.as_str(), "a webhook endpoint was switched off");
        scope.record_with(&event, Some(&detail)).await
    }

    async fn wait(&self, job: &ClaimedJob, webhook: &WebhookId) -> mailward_store::Result<()> {
        let mut scope = job.tenant.write().await?;
        scope.park(job, webhook, self.clock.now()).await?;
        scope.commit().await
    }

    async fn nothing(&self, job: &ClaimedJob, webhook: &WebhookId) -> mailward_store::Result<()> {
        let mut scope = job.tenant.write().await?;
        scope.pass_probe_on(webhook, &job.id, self.clock.now()).await?;
        scope.settle(job, Settle::Done, None).await?;
        scope.commit().await
    }
}

impl Handler for Webhooks {
    fn run(&self, job: ClaimedJob) -> BoxFuture<'_, Outcome> {
        async move { self.tell(&job).await }.boxed()
    }
}

/// What the tenant is shown of a call that was not taken: never more than the guard hands on.
fn said(answer: &Result<Answer, PostError>) -> Option<String> {
    match answer {
        Ok(answer) if (200..300).contains(&answer.status) => None,
        Ok(answer) if answer.body_start.is_empty() => None,
        Ok(answer) => Some(answer.body_start.clone()),
        Err(error) => Some(error.to_string().chars().take(256).collect()),
    }
}

/// How a call ended, as a label.
fn outcome(status: Option<u16>) -> &'static str {
    match status {
        None => "no_answer",
        Some(200..300) => "taken",
        Some(410) => "gone",
        Some(400..500) => "refused",
        Some(500..) => "failed",
        Some(_) => "other",
    }
}

/// The kind of failure, never the URL: it may hold a secret of its tenant.
fn log(job: &ClaimedJob, error: &PostError) {
    tracing::info!(tenant_id = %job.tenant.id(), job = job.id, attempt = job.attempts, error = %error, "a webhook call failed");
}
