//! Carries mail to those who are not of this house: one SMTP transaction for each recipient, so that what a server says
//! of one is of that one alone.
//!
//! What is carried, and what becomes of it, is somebody else's to know: an [`Outbox`] that the server fills in. Before a
//! word is said to a server the outbox has committed that it will be; a worker that dies in between leaves that behind.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lettre::address::{Address, Envelope};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::MessageId;
use mailward_mail::random::Random;
use mailward_store::{ClaimedJob, JobKind};
use mailward_trace::meters::Act;
use mailward_trace::{Fact, Kind, Span, Trace, Tracer};
use rustls_pki_types::CertificateDer;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::backoff::delay;
use crate::direct::{Direct, DirectSettings, Entry, Place, Places};
use crate::worker::{Handler, Lane, Outcome};

/// How long one command of a conversation may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one job may take; what is left of its recipients then is tried with the next one.
const LONGEST: Duration = Duration::from_secs(300);

/// Tries of one mail end after this, however often its destination kept it waiting.
const OLDEST: Duration = Duration::from_secs(4 * 24 * 3_600);
/// How long a mail holds its place while its destination is busy, before it goes back to the queue.
const STANDING: Duration = Duration::from_millis(250);
/// How often it looks in that time.
const LOOKS: u32 = 3;

/// The server to which everything is handed.
#[derive(Clone)]
pub struct Relay {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the conversation is protected.
    pub security: Security,
    /// Name and password.
    pub login: Option<(String, Zeroizing<String>)>,
    /// The name that is said in EHLO.
    pub hello: String,
    /// What is written beside each answer; none where it says enough.
    pub remark: Option<&'static str>,
    /// Where it is dialled, if not where its name leads now.
    pub address: Option<IpAddr>,
    /// Certificate authorities beside the built-in ones.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

/// How a conversation is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all: on this machine only.
    None,
    /// STARTTLS (RFC 3207); without it nothing is said.
    StartTls,
    /// From the first byte (RFC 8314 3.3).
    Tls,
}

/// What is to be carried.
pub struct Load {
    /// Whom it is for, each with its place and the reverse-path of what is sent to it.
    pub to: Vec<(i64, String, String)>,
    /// The message, every line ending in CRLF.
    pub raw: Vec<u8>,
    /// The server that takes it instead of all others; `Err`: there is one, and it cannot be dialled.
    pub relay: Option<Result<Relay, String>>,
}

/// What became of a mail's first step.
#[derive(Default)]
pub struct Taken {
    /// What is to be carried.
    pub load: Option<Load>,
    /// Somebody else could not take it now.
    pub deferred: bool,
    /// Somebody was not admitted, and nothing was noted of that.
    pub left: bool,
    /// When to look again, whatever the schedule says.
    pub again: Option<Timestamp>,
    /// Nothing was begun, and nothing is to be before then.
    pub waits: Option<Timestamp>,
}

/// What became of a mail with one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// A server that passes it on took it.
    Taken,
    /// The recipient's own server took it.
    Delivered,
    /// Not yet.
    Later,
    /// Never.
    Never,
}

impl Carried {
    /// In a word, for logs and traces.
    fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Delivered => "delivered",
            Self::Later => "later",
            Self::Never => "never",
        }
    }
}

/// What became of a mail with the recipient at a place, and what was said.
pub struct Said {
    /// The recipient's place.
    pub no: i64,
    /// What became of it.
    pub carried: Carried,
    /// What the server said, or why there was none.
    pub answer: String,
}

/// Why an outbox could not answer.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Where mail comes from and what becomes of it is noted.
pub trait Outbox: Send + Sync {
    /// What a job has to carry, noted as being on its way. With `last` there is no other try. Whoever is of a domain that
    /// `admit` does not admit stays as he is.
    fn take<'a>(
        &'a self,
        job: ClaimedJob,
        last: bool,
        admit: &'a (dyn Fn(&str) -> bool + Sync),
    ) -> BoxFuture<'a, Result<Taken, Trouble>>;
    /// Notes what became of it.
    fn note(&self, job: ClaimedJob, said: Vec<Said>) -> BoxFuture<'_, Result<(), Trouble>>;
}

impl Lane {
    /// Mail that goes to one server.
    pub const SENDING: Self = Self { kind: JobKind::Send, at_once: 16, per_tenant: 8, longest: LONGEST };
    /// Mail that goes to many: some of them are always slow.
    pub const DIRECT: Self = Self {
        kind: JobKind::Send,
        at_once: 64,
        per_tenant: 24,
        longest: Duration::from_secs(260).saturating_add(Direct::LONGEST),
    };
}

/// How mail leaves.
enum Way {
    Relay(AsyncSmtpTransport<Tokio1Executor>, Option<&'static str>),
    Direct(Box<Direct>),
}

/// The handler of jobs that send.
pub struct Sender {
    outbox: Arc<dyn Outbox>,
    way: Way,
    tracer: Tracer,
    clock: Clock,
    random: Random,
}

impl Sender {
    /// A handler that hands everything to one server.
    ///
    /// # Errors
    /// What is wrong with the server's name.
    pub fn new(outbox: Arc<dyn Outbox>, relay: Relay, clock: Clock, random: Random) -> Result<Self, String> {
        let transport = transport(&relay)?;
        Ok(Self {
            outbox,
            way: Way::Relay(transport, relay.remark),
            tracer: Tracer::default(),
            clock,
            random,
        })
    }

    /// A handler that carries mail to the hosts that take it.
    ///
    /// # Errors
    /// One of the further certificate authorities is none.
    pub fn direct(
        outbox: Arc<dyn Outbox>,
        settings: DirectSettings,
        clock: Clock,
        random: Random,
    ) -> Result<Self, String> {
        let direct = Direct::new(settings, clock.clone(), random.clone())?;
        Ok(Self { outbox, way: Way::Direct(Box::new(direct)), tracer: Tracer::default(), clock, random })
    }

    /// Likewise, told of to whoever traces.
    pub fn traced(mut self, tracer: Tracer) -> Self {
        self.tracer = tracer;
        self
    }

    async fn carry(&self, job: &ClaimedJob) -> Outcome {
        let too_old = job.created_at.plus(OLDEST) < self.clock.now();
        let next = delay(job.attempts, None, &self.random).filter(|_| !too_old);
        let later = || match next {
            Some(wait) => Outcome::Retry(self.clock.now().plus(wait), None),
            None => Outcome::GiveUp(None),
        };
        let admitted = Admitted::default();
        let taken = match self.take(job, next.is_none(), &admitted).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, job = job.id, "a mail could not be taken from the queue");
                return later();
            }
        };
        let mut deferred = taken.deferred;
        if let Some(load) = taken.load {
            let said = self.say(job, load, next.is_none()).await;
            deferred |= said.iter().any(|one| one.carried == Carried::Later);
            // Not noted is not known: it is deferred when the job is run again.
            if let Err(error) = self.outbox.note(job.clone(), said).await {
                tracing::warn!(%error, job = job.id, "could not note what became of a mail");
                return later();
            }
        }
        if let Some(at) = taken.waits {
            return Outcome::NotYet(at);
        }
        match taken.again {
            Some(at) => Outcome::Retry(at, None),
            None if deferred => later(),
            None if taken.left => Outcome::NotYet(self.clock.now().plus(self.pause(&admitted))),
            None => Outcome::Done,
        }
    }

    /// Takes what may be carried now, and a place with each destination; stands in line for a moment where all are busy.
    async fn take(&self, job: &ClaimedJob, last: bool, admitted: &Admitted) -> Result<Taken, Trouble> {
        let admit = |domain: &str| match &self.way {
            Way::Relay(..) => true,
            // Whoever has no other try is told what is known of the destination.
            Way::Direct(direct) => last || admitted.enter(direct.places(), domain, job, self.clock.now()),
        };
        let mut looks = 0;
        loop {
            let taken = self.outbox.take(job.clone(), last, &admit).await?;
            looks += 1;
            let Way::Direct(direct) = &self.way else { return Ok(taken) };
            if !taken.left || taken.load.is_some() || admitted.is_closed() || looks == LOOKS {
                return Ok(taken);
            }
            direct.places().wait(STANDING / LOOKS).await;
        }
    }

    /// How long a mail stays in the queue whose destinations take no more now.
    fn pause(&self, admitted: &Admitted) -> Duration {
        let jitter = Duration::from_millis(u64::from(u16::from_be_bytes(self.random.bytes())) / 32);
        let closed = admitted.lock().closed.map_or(0, |until| until.millis() - self.clock.now().millis());
        Duration::from_secs(1).max(Duration::from_millis(u64::try_from(closed).unwrap_or_default())) + jitter
    }

    async fn say(&self, job: &ClaimedJob, load: Load, last: bool) -> Vec<Said> {
        let room = match self.way {
            _ if load.relay.is_some() => LONGEST - PATIENCE,
            Way::Relay(..) => LONGEST - PATIENCE,
            Way::Direct(_) => Lane::DIRECT.longest.saturating_sub(Direct::LONGEST),
        };
        let (mut all, until) = (Vec::with_capacity(load.to.len()), self.clock.now().plus(room));
        let own = load.relay.map(|relay| relay.and_then(|relay| transport(&relay)));
        for (no, address, from) in &load.to {
            if self.clock.now() > until {
                let answer = "there was no time for it".to_owned();
                all.push(Said {
                    no: *no,
                    carried: if last { Carried::Never } else { Carried::Later },
                    answer,
                });
                continue;
            }
            let (watch, began) = (self.tracer.watch(), Instant::now());
            let (carried, answer) = match (&own, &self.way) {
                (Some(Err(why)), _) => (Carried::Later, why.clone()),
                (Some(Ok(relay)), _) => say_one(relay, None, from, address, &load.raw).await,
                (None, Way::Relay(relay, remark)) => say_one(relay, *remark, from, address, &load.raw).await,
                (None, Way::Direct(direct)) => direct.carry(from, address, &load.raw).await,
            };
            let carried = if last && carried == Carried::Later { Carried::Never } else { carried };
            let message_id = job.message.as_ref().map(MessageId::as_str);
            let trace_id = job.message.as_ref().map(|id| Trace::of_message(id).to_string());
            let how = carried.word();
            let meters = self.tracer.meters();
            meters.took("stage", "send", began.elapsed());
            meters.count("send", how, 1);
            let act =
                if matches!(carried, Carried::Taken | Carried::Delivered) { Act::Sent } else { Act::Failed };
            meters.tenant(job.tenant.id(), act, 1);
            tracing::info!(tenant_id = %job.tenant.id(), message_id, trace_id, job = job.id, no, carried = how, "a mail was carried");
            if let Some((watch, message)) = watch.zip(job.message.as_ref()) {
                self.tracer.tell(|| {
                    Span::new(Trace::of_message(message), "send", watch.start_of(), watch.now())
                        .kind(Kind::Client)
                        .of(Some(job.tenant.id()), None)
                        .with(Fact::Message(message.clone()))
                        .with(Fact::Attempt(job.attempts))
                        .with(Fact::Outcome(how))
                        .failed(matches!(carried, Carried::Later | Carried::Never))
                });
            }
            all.push(Said { no: *no, carried, answer });
        }
        all
    }
}

impl Handler for Sender {
    fn run(&self, job: ClaimedJob) -> BoxFuture<'_, Outcome> {
        async move { self.carry(&job).await }.boxed()
    }
}

/// What speaks with a relay. Its certificate has to be for its name, wherever it is dialled.
fn transport(relay: &Relay) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let failed = |error: lettre::transport::smtp::Error| format!("{}: no TLS with it: {error}", relay.host);
    let tls = || {
        let mut builder = TlsParameters::builder(relay.host.clone());
        for root in &relay.extra_roots {
            builder = builder.add_root_certificate(Certificate::from_der(root.to_vec()).map_err(failed)?);
        }
        builder.build().map_err(failed)
    };
    let tls = match relay.security {
        Security::None => Tls::None,
        Security::StartTls => Tls::Required(tls()?),
        Security::Tls => Tls::Wrapper(tls()?),
    };
    let dialled = relay.address.map_or_else(|| relay.host.clone(), |address| address.to_string());
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(dialled)
        .port(relay.port)
        .tls(tls)
        .timeout(Some(PATIENCE))
        .hello_name(ClientId::Domain(relay.hello.clone()));
    if let Some((name, password)) = &relay.login {
        builder = builder.credentials(Credentials::new(name.clone(), password.as_str().to_owned()));
    }
    Ok(builder.build())
}

async fn say_one(
    relay: &AsyncSmtpTransport<Tokio1Executor>,
    remark: Option<&str>,
    from: &str,
    to: &str,
    raw: &[u8],
) -> (Carried, String) {
    let addresses = from.parse::<Address>().and_then(|from| Ok((from, to.parse::<Address>()?)));
    let envelope = addresses
        .map_err(|error| error.to_string())
        .and_then(|(from, to)| Envelope::new(Some(from), vec![to]).map_err(|error| error.to_string()));
    let envelope = match envelope {
        Ok(envelope) => envelope,
        Err(error) => return (Carried::Never, error),
    };
    match relay.send_raw(&envelope, raw).await {
        Ok(response) => {
            let said = response.message().collect::<Vec<_>>().join(" ");
            let said = format!("{} {said}", response.code());
            let remark = remark.map(|remark| format!(" ({remark})")).unwrap_or_default();
            (Carried::Taken, said + &remark)
        }
        Err(error) => {
            // RFC 5321 4.2.1: 5yz alone means "do not try again"; a lost connection may pass.
            let carried = if error.is_permanent() { Carried::Never } else { Carried::Later };
            (carried, error.to_string())
        }
    }
}

/// The places that one job holds, and what was in its way.
#[derive(Default)]
struct Admitted(Mutex<Held>);

#[derive(Default)]
struct Held {
    places: HashMap<String, Place>,
    closed: Option<Timestamp>,
}

impl Admitted {
    /// One place serves all recipients of a domain: they are written to one after the other.
    fn enter(&self, places: &Arc<Places>, domain: &str, job: &ClaimedJob, now: Timestamp) -> bool {
        let mut held = self.lock();
        if held.places.contains_key(domain) {
            return true;
        }
        match places.enter(domain, job.tenant.id(), now) {
            (Entry::Free, Some(place)) => {
                held.places.insert(domain.to_owned(), place);
                true
            }
            (Entry::Closed(until), _) => {
                held.closed = Some(held.closed.map_or(until, |known| known.min(until)));
                false
            }
            _ => false,
        }
    }

    fn is_closed(&self) -> bool {
        self.lock().closed.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
