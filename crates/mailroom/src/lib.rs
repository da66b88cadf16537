//! What happens to mail: how it comes in, who may read it, who decides on it.
//!
//! The front ends (SMTP, HTTP, command line) translate and decide nothing; [`Mailroom`] is what they call. Keys are
//! used here and nowhere above. [`inbound`] is the pipeline; start there.

pub mod access;
mod allowances;
pub mod archive;
mod audit;
pub mod brand;
mod break_glass;
mod codes;
mod config;
mod copies;
mod dkim;
mod domains;
mod error;
mod event_log;
mod extraction;
pub mod flags;
mod inbound;
mod judging;
mod keyring;
mod leases;
mod lifecycle;
mod limits;
mod nodes;
pub mod offboarding;
mod onboarding;
mod outbound;
pub mod people;
mod policies;
mod polling;
mod queue;
mod reading;
mod relays;
mod rescoring;
mod review;
mod rotation;
mod screening;
pub mod sender_auth;
mod setbacks;
pub mod signed;
mod snapshot;
mod standing;
mod streaming;
mod suppressions;
mod trespass;
#[cfg(doctest)]
mod unforgeable;
mod unreadable;
mod viewing;
mod webhooks;

use std::sync::Arc;

use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_net::dns::Dns;
use mailward_net::egress::Egress;
use mailward_net::exchangers::Exchangers;
use mailward_store::{Intake, Store};
use mailward_trace::Tracer;

pub use allowances::{AllowRequest, AllowedView};
pub use audit::{CheckpointFault, check_list};
pub use break_glass::{GLASS_FOR, GlassView};
pub use codes::{CodeWait, FoundCode};
pub use config::{Config, Hold};
pub use copies::{Examined, end_again, examine, go_on, receipt_key};
pub use domains::{DnsRecord, DomainView, Presence};
pub use error::{Error, Result};
pub use event_log::LoggedEvent;
pub use extraction::{Extracted, facts};
pub use inbound::{Route, Taken};
pub use judging::{BadJudge, Failure as JudgeFailure, Judge, JudgeFormat, JudgeSettings, Step};
pub use keyring::{Issued, KeyContext, Keyring, Root, RootError};
pub use leases::{Lease, LeaseRequest};
pub use limits::{
    InboxDays, Limit, LimitChange, Line, OverLimit, Overrides, Plan, Standing, Statement, UsageDays,
    UsageRequest,
};
pub use mailward_mail::sample::sample;
pub use nodes::{BEAT, NodeState};
pub use onboarding::{CreatedInbox, CreatedTenant, InboxPatch, InboxRequest, InboxView};
pub use outbound::{
    Begun, DailySends, Effective as EffectiveSend, Fate, OnSecret, Parcel, Queued, RecipientStatus, Report,
    Said, SendAttachment, SendLimits, SendPolicy, SendRequest, SendTo, Taint,
};
pub use policies::{PolicyChange, PolicyView};
pub use polling::Poll;
pub use reading::{
    AttachmentFile, Joined, ListRequest, Mail, OpenThread, Outgoing, Page, SafeMail, SafeRequest, SearchPage,
    SearchRequest, ThreadPage, ThreadPlace, ThreadView, safe_line, tokens,
};
pub use relays::{RelayRequest, RelayView, TenantRelay};
pub use rescoring::{MOST as MOST_RESCORED, RescoreRequest, Rescored, SenderDiff};
pub use review::{Approvals, Decide, DecidedMail, PendingView, TIME_TO_UNDO};
pub use rotation::{KeyList, RotationRequest};
pub use screening::gate::{GateNote, Trust};
pub use screening::policy::{Effective, FourEyes, GatePolicy, OwnRule};
pub use screening::receive::{Effective as EffectiveReceive, Otherwise, ReceiveFrom, ReceivePolicy};
pub use screening::{Screened, Screening, judge, judge_texts};
pub use setbacks::{Setback, SetbackKind};
pub use snapshot::{AttachmentMeta, HeldFor, Meta};
pub use streaming::{Followed, Following, Happening, StreamPlace};
pub use suppressions::SuppressionView;
pub use trespass::{Foreign, Trespass};
pub use viewing::{Pace, Waiting};
pub use webhooks::{
    CreatedWebhook, DeliveryView, ReplayRequest, RotatedWebhook, WebhookCall, WebhookPatch, WebhookRequest,
    WebhookStep, WebhookView,
};

/// The mailroom. A cheap clone.
#[derive(Clone)]
pub struct Mailroom(pub(crate) Arc<Room>);

pub(crate) struct Room {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) intake: Intake,
    pub(crate) keyring: Keyring,
    pub(crate) screening: Screening,
    pub(crate) dns: Dns,
    pub(crate) egress: Egress,
    pub(crate) relays: Exchangers,
    pub(crate) judge: Option<Judge>,
    pub(crate) tracer: Tracer,
    pub(crate) judge_counts: judging::JudgeCounts,
    pub(crate) own_signing: dkim::OwnKeys,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) sessions: access::Cache,
    pub(crate) pollers: polling::Pollers,
    pub(crate) searches: reading::Searches,
    pub(crate) streams: streaming::Streams,
    pub(crate) known: limits::Known,
    pub(crate) inflight: limits::Inflight,
    pub(crate) rotations: tokio::sync::Notify,
    pub(crate) endings: tokio::sync::Notify,
    pub(crate) rescoring: tokio::sync::Mutex<()>,
    pub(crate) people: people::Doors,
    pub(crate) brands: brand::Known,
}

/// What a mailroom works with.
pub struct Parts {
    /// What the operator chose.
    pub config: Config,
    /// The rows.
    pub store: Store,
    /// The writer.
    pub intake: Intake,
    /// The keys.
    pub keyring: Keyring,
    /// The threads that parse and score.
    pub screening: Screening,
    /// The resolver.
    pub dns: Dns,
    /// The guard of what leaves by HTTP.
    pub egress: Egress,
    /// Whom grey mail is shown to.
    pub judge: Option<Judge>,
    /// Who is told how long things took.
    pub tracer: Tracer,
    /// The time.
    pub clock: Clock,
    /// The dice.
    pub random: Random,
}

impl Mailroom {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let inflight = limits::Inflight::new(parts.config.inflight_bytes);
        let networks = parts.config.relay_networks.clone();
        let relays = Exchangers::new(parts.dns.clone(), networks, &parts.config.hostname);
        Self(Arc::new(Room {
            inflight,
            relays,
            sessions: access::Cache::new(parts.config.token_cache),
            config: parts.config,
            store: parts.store,
            intake: parts.intake,
            keyring: parts.keyring,
            screening: parts.screening,
            dns: parts.dns,
            egress: parts.egress,
            judge: parts.judge,
            tracer: parts.tracer,
            judge_counts: judging::JudgeCounts::default(),
            own_signing: dkim::OwnKeys::default(),
            clock: parts.clock,
            random: parts.random,
            pollers: polling::Pollers::default(),
            searches: reading::Searches::default(),
            streams: streaming::Streams::default(),
            known: limits::Known::default(),
            rotations: tokio::sync::Notify::new(),
            endings: tokio::sync::Notify::new(),
            rescoring: tokio::sync::Mutex::new(()),
            people: people::Doors::default(),
            brands: brand::Known::default(),
        }))
    }

    /// The time as this service sees it.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The resolver that this service asks.
    pub fn dns(&self) -> &Dns {
        &self.0.dns
    }

    /// Who is told how long things took.
    pub fn tracer(&self) -> &Tracer {
        &self.0.tracer
    }

    /// What the operator chose.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Closes what the mailroom holds open.
    pub async fn close(&self) {
        self.0.keyring.close().await;
    }

    /// Whether mail and requests can be served; else in one word why not.
    pub async fn ready(&self) -> std::result::Result<(), &'static str> {
        if self.0.store.ping().await.is_err() {
            return Err("store");
        }
        if !self.0.keyring.is_ready().await {
            return Err("keys");
        }
        if !self.0.config.takes_mail {
            return Ok(());
        }
        if self.0.config.disk_is_full() {
            return Err("disk");
        }
        if self.0.screening.is_exhausted() {
            return Err("screening");
        }
        Ok(())
    }

    /// Whether so many screening threads hang that the process had better start afresh.
    pub fn is_exhausted(&self) -> bool {
        self.0.screening.is_exhausted()
    }
}
