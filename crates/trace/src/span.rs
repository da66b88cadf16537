//! One span: what was done, for whom, from when to when.

use std::time::Duration;

use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{EventId, InboxId, MessageId, TenantId, WebhookId};
use tokio::time::Instant;

use crate::Trace;

/// A moment: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub(crate) u64);

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(u64::try_from(at.millis()).unwrap_or_default().saturating_mul(1_000_000))
    }
}

/// Times the stages of something: one look at the clock, then spans of time, which no set clock bends.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    start: Moment,
    began: Instant,
}

impl Watch {
    pub(crate) fn start(clock: &Clock) -> Self {
        Self { start: clock.now().into(), began: Instant::now() }
    }

    /// When it was started.
    pub fn start_of(&self) -> Moment {
        self.start
    }

    /// Now.
    pub fn now(&self) -> Moment {
        self.after(self.began.elapsed())
    }

    /// When something happened that may have been before the start.
    pub fn at(&self, instant: Instant) -> Moment {
        match instant.checked_duration_since(self.began) {
            Some(behind) => self.after(behind),
            None => {
                let before = self.began.saturating_duration_since(instant);
                Moment(self.start.0.saturating_sub(nanos(before)))
            }
        }
    }

    fn after(&self, elapsed: Duration) -> Moment {
        Moment(self.start.0.saturating_add(nanos(elapsed)))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Which side of a call it is (OpenTelemetry, SpanKind).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Within this service.
    Internal,
    /// Somebody asked us.
    Server,
    /// We asked somebody.
    Client,
}

/// What a span may say besides its name and times. Whatever is not here cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The mail.
    Message(MessageId),
    /// The event.
    Event(EventId),
    /// The endpoint that was called.
    Webhook(WebhookId),
    /// Octets.
    Bytes(usize),
    /// How often it was tried, this time included.
    Attempt(i64),
    /// The HTTP status of the answer.
    Status(u16),
    /// The code of an SMTP reply.
    Reply(u16),
    /// The method of a request.
    Method(&'static str),
    /// The pattern of a route, a word of ours.
    Route(String),
    /// `low`, `medium`, `high` or `unknown`.
    Level(&'static str),
    /// 0 to 100.
    Score(u8),
    /// Whether the mail waits for a person.
    Held(bool),
    /// How it ended, in one word of ours.
    Outcome(&'static str),
}

/// One span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub(crate) trace: Trace,
    pub(crate) id: u64,
    pub(crate) parent: Option<u64>,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) from: Moment,
    pub(crate) to: Moment,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) inbox: Option<InboxId>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) failed: bool,
}

impl Span {
    /// A span below the trace's root. `name` is a word of ours.
    pub fn new(trace: Trace, name: impl Into<String>, from: Moment, to: Moment) -> Self {
        Self {
            trace,
            id: 0,
            parent: Some(trace.root()),
            name: name.into(),
            kind: Kind::Internal,
            from,
            to,
            tenant: None,
            inbox: None,
            facts: Vec::new(),
            failed: false,
        }
    }

    /// The trace's root itself.
    pub fn root(trace: Trace, name: impl Into<String>, from: Moment, to: Moment) -> Self {
        Self { id: trace.root(), parent: None, ..Self::new(trace, name, from, to) }
    }

    /// Whose it is.
    pub fn of(mut self, tenant: Option<&TenantId>, inbox: Option<&InboxId>) -> Self {
        (self.tenant, self.inbox) = (tenant.cloned(), inbox.cloned());
        self
    }

    /// Which side of a call it is.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Says something more.
    pub fn with(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }

    /// Whether it went wrong on our side, or the other side's where we asked.
    pub fn failed(mut self, failed: bool) -> Self {
        self.failed = failed;
        self
    }
}
