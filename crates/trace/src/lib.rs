//! Traces: what happened to one message or one request, as spans for a collector of OpenTelemetry.
//!
//! **The trace of a message bears the message's own number.** `eml_...` is a UUID in base32, and the trace id is the same
//! 16 bytes in hexadecimal: every node and every later start adds to it with nothing carried along, whoever has a mail has its
//! trace, and mail for two tenants is two traces, so none holds two tenants. A request's trace likewise is its `requestId`.
//!
//! What may stand in a span is a closed list ([`Fact`]): ids, counts and words of ours, never what a mail says or whom it
//! names. Knows no network; what is told here goes to whoever holds the [`Spans`].

pub mod meters;
mod otlp;
mod span;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mailward_mail::clock::Clock;
use mailward_mail::id::{EventId, MessageId};
use mailward_mail::random::Random;
use tokio::sync::mpsc;

pub use meters::Meters;
pub use otlp::body;
pub use span::{Fact, Kind, Moment, Span, Watch};

/// Spans that wait to be sent, at most; further ones are dropped and counted, since telling must cost mail nothing.
const WAITING: usize = 8_192;

/// One trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace(u128);

impl Trace {
    /// A message's.
    pub fn of_message(message: &MessageId) -> Self {
        Self(message.number())
    }

    /// An event's that is about no message.
    pub fn of_event(event: &EventId) -> Self {
        Self(event.number())
    }

    /// A request's, by its 16 random bytes.
    pub fn of_request(number: u128) -> Self {
        Self(number)
    }

    /// The span that everything else is below. The last half of a UUID, and of random bytes, is never nothing in practice; a
    /// span id must not be 0 (OpenTelemetry, SpanContext).
    pub fn root(self) -> u64 {
        let low = u64::try_from(self.0 & u128::from(u64::MAX)).unwrap_or(1);
        low.max(1)
    }
}

/// As it is written: 32 hexadecimal digits (W3C Trace Context 3.2.2.3).
impl std::fmt::Display for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Where spans are told, and what is counted. Cheap to clone; spans are nothing where nobody listens.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Told>>, Meters);

struct Told {
    spans: mpsc::Sender<Span>,
    dropped: AtomicU64,
    clock: Clock,
    random: Random,
}

/// The other end: what was told, for who sends it on.
pub struct Spans(mpsc::Receiver<Span>);

impl Tracer {
    /// A tracer that is listened to.
    pub fn new(clock: Clock, random: Random) -> (Self, Spans) {
        let (spans, waiting) = mpsc::channel(WAITING);
        (
            Self(
                Some(Arc::new(Told { spans, dropped: AtomicU64::new(0), clock, random })),
                Meters::default(),
            ),
            Spans(waiting),
        )
    }

    /// What is counted for monitors.
    pub fn meters(&self) -> &Meters {
        &self.1
    }

    /// A watch for the stages of something, where anybody listens.
    pub fn watch(&self) -> Option<Watch> {
        self.0.as_ref().map(|told| Watch::start(&told.clock))
    }

    /// Tells of a span, if anybody listens; it is given an id of its own unless it has one.
    pub fn tell(&self, span: impl FnOnce() -> Span) {
        let Some(told) = &self.0 else { return };
        let mut span = span();
        if span.id == 0 {
            span.id = u64::from_be_bytes(told.random.bytes()).max(1);
        }
        if told.spans.try_send(span).is_err() {
            told.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts spans that nobody took.
    pub fn drop_more(&self, spans: usize) {
        if let Some(told) = &self.0 {
            told.dropped.fetch_add(u64::try_from(spans).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// Spans that were dropped: too many waited, or nobody took them.
    pub fn dropped(&self) -> u64 {
        self.0.as_ref().map_or(0, |told| told.dropped.load(Ordering::Relaxed))
    }
}

impl std::fmt::Debug for Tracer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Tracer(on)" } else { "Tracer(off)" })
    }
}

impl Spans {
    /// Waits for spans, and takes those that are there, at most `most`; none when all tracers are gone.
    pub async fn next(&mut self, most: usize) -> Vec<Span> {
        let mut spans = Vec::new();
        self.0.recv_many(&mut spans, most).await;
        spans
    }

    /// What is there already, at most `most`.
    pub fn waiting(&mut self, most: usize) -> Vec<Span> {
        std::iter::from_fn(|| self.0.try_recv().ok()).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use mailward_mail::id::TenantId;

    use super::*;

    fn span(tracer: &Tracer, trace: Trace) -> Span {
        let watch = tracer.watch().expect("somebody listens");
        let tenant = TenantId::parse("acme").expect("a slug");
        Span::new(trace, "screen", watch.start_of(), watch.now()).of(Some(&tenant), None)
    }

    #[tokio::test]
    async fn what_is_told_comes_with_an_id_and_what_is_too_much_is_counted() {
        let (tracer, mut spans) = Tracer::new(Clock::system(), Random::seeded(7));
        for _ in 0..WAITING + 3 {
            tracer.tell(|| span(&tracer, Trace(7)));
        }
        assert_eq!(tracer.dropped(), 3);
        let told = spans.next(100).await;
        assert!(told.len() == 100 && told.iter().all(|span| span.id != 0 && span.parent == Some(7)));
        assert_ne!(told[0].id, told[1].id);
    }

    #[tokio::test]
    async fn where_nobody_listens_nothing_is_made() {
        let tracer = Tracer::default();
        assert!(tracer.watch().is_none());
        tracer.tell(|| panic!("it is not asked for"));
        assert_eq!(tracer.dropped(), 0);
    }

    #[test]
    fn the_trace_of_a_message_is_its_own_number() {
        let message = MessageId::generate(&Clock::system(), &Random::system());
        let trace = Trace::of_message(&message);
        assert_eq!(trace, Trace::of_message(&MessageId::parse(message.as_str()).expect("an id")));
        assert_eq!(trace.to_string().len(), 32);
        assert_eq!(&trace.to_string()[12..13], "7", "a UUIDv7 (RFC 9562 5.7): {trace}");
    }
}
