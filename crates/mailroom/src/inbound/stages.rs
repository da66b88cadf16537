//! How long each step on the way of a message took.

use mailward_mail::id::{InboxId, MessageId, TenantId};
use mailward_trace::meters::Act;
use mailward_trace::{Fact, Kind, Span, Trace};
use tokio::time::Instant;

use super::{Route, Taken};
use crate::Mailroom;
use crate::allowances::Gated;

/// Steps one behind the other, each from the end of the one before.
#[derive(Clone)]
pub(super) struct Stages {
    steps: Vec<(&'static str, Instant, Instant)>,
    last: Instant,
}

impl Stages {
    pub(super) fn begin() -> Self {
        Self { steps: Vec::with_capacity(4), last: Instant::now() }
    }

    /// A step is over.
    pub(super) fn done(&mut self, step: &'static str) {
        let now = Instant::now();
        self.steps.push((step, self.last, now));
        self.last = now;
    }
}

/// The way of one delivery: whose it is, what was found, how long it took.
pub(super) struct Way {
    pub(super) tenant: TenantId,
    pub(super) inbox: InboxId,
    pub(super) id: MessageId,
    pub(super) held: bool,
    pub(super) level: &'static str,
    pub(super) score: u8,
    pub(super) stages: Stages,
}

impl Way {
    pub(super) fn of(route: &Route, id: &MessageId, gated: &Gated, stages: &Stages) -> Self {
        Self {
            tenant: route.tenant.id().clone(),
            inbox: route.inbox.clone(),
            id: id.clone(),
            held: gated.held,
            level: gated.verdict.level.as_str(),
            score: gated.verdict.score,
            stages: stages.clone(),
        }
    }
}

impl Mailroom {
    fn meter_taken(&self, taken: &Taken, since: Instant, came: Instant) {
        let meters = self.0.tracer.meters();
        meters.took("stage", "smtp", came.saturating_duration_since(since));
        for way in &taken.ways {
            for (step, from, to) in &way.stages.steps {
                meters.took("stage", step, to.saturating_duration_since(*from));
            }
            meters.took("stage", "taken", came.elapsed());
            meters.count("mail", way.level, 1);
            meters.tenant(&way.tenant, Act::Received, 1);
            if way.held {
                meters.count("held", "inbound", 1);
                meters.tenant(&way.tenant, Act::Held, 1);
            }
        }
    }

    /// Tells the log, and whoever traces, of the way of mails until now, when they are acknowledged: `since` their connection
    /// was opened or their transaction begun, and `came` the last of their octets.
    pub fn tell_taken(&self, taken: &Taken, bytes: usize, since: Instant, came: Instant) {
        for Way { tenant, inbox, id, held, level, score, .. } in &taken.ways {
            let (trace_id, ms) = (Trace::of_message(id), came.elapsed().as_millis());
            tracing::info!(
                tenant_id = %tenant, inbox_id = %inbox, message_id = %id, %trace_id, bytes, risk = level, score, held, ms,
                "mail taken"
            );
        }
        self.meter_taken(taken, since, came);
        let tracer = &self.0.tracer;
        let Some(watch) = tracer.watch() else { return };
        for way in &taken.ways {
            let trace = Trace::of_message(&way.id);
            let of = |span: Span| span.of(Some(&way.tenant), Some(&way.inbox));
            tracer.tell(|| {
                let span = Span::root(trace, "receive", watch.at(since), watch.now()).kind(Kind::Server);
                of(span)
                    .with(Fact::Message(way.id.clone()))
                    .with(Fact::Bytes(bytes))
                    .with(Fact::Level(way.level))
                    .with(Fact::Score(way.score))
                    .with(Fact::Held(way.held))
            });
            tracer.tell(|| of(Span::new(trace, "smtp", watch.at(since), watch.at(came))));
            for (step, from, to) in &way.stages.steps {
                tracer.tell(|| of(Span::new(trace, *step, watch.at(*from), watch.at(*to))));
            }
        }
    }
}
