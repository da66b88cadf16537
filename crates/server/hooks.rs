//! The wiring of webhooks: what is told comes from the mailroom, and is told by the dispatcher. Neither knows the other.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_dispatch::{Call, Handler, Handlers, Source, SourceError, Step, Webhooks};
use mailward_mail::clock::Clock;
use mailward_mail::id::AttemptId;
use mailward_mail::random::Random;
use mailward_mailroom::{Mailroom, WebhookStep};
use mailward_net::egress::Egress;
use mailward_store::{ClaimedJob, JobKind};

/// What runs the jobs.
pub(crate) fn handlers(room: &Mailroom, egress: Egress, clock: &Clock, random: &Random) -> Handlers {
    let (source, tracer) = (Arc::new(Told(room.clone())), room.tracer().clone());
    let webhooks = Webhooks::new(egress, source, tracer, clock.clone(), random.clone());
    Handlers::from([(JobKind::Webhook, Arc::new(webhooks) as Arc<dyn Handler>)])
}

struct Told(Mailroom);

impl Source for Told {
    fn step(&self, job: ClaimedJob) -> BoxFuture<'static, Result<Step, SourceError>> {
        let room = self.0.clone();
        async move {
            Ok(match room.webhook_step(&job).await? {
                WebhookStep::Nothing => Step::Nothing,
                WebhookStep::Wait => Step::Wait,
                WebhookStep::Call(call) => Step::Call(Box::new(Call {
                    url: call.url,
                    secret: call.secret,
                    older_secret: call.older_secret,
                    headers: call.headers,
                    event: call.event,
                    kind: call.kind,
                    about: call.about,
                    body: call.body,
                    challenge: call.challenge,
                    echoes: call.echoes,
                })),
            })
        }
        .boxed()
    }

    fn seal(&self, job: ClaimedJob, id: AttemptId, said: String) -> BoxFuture<'static, Option<Vec<u8>>> {
        let room = self.0.clone();
        async move { room.seal_answer(&job, &id, &said).await }.boxed()
    }
}
