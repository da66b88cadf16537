//! What an audit row says: who, what, to which object, how it ended, from where.

use std::collections::BTreeMap;

use mailward_mail::clock::Timestamp;

use super::link::{Row, digest};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What is logged. Closed: what is not in it cannot be written.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $name,)+ }

        impl Action {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As stored and shown.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

actions! {
    /// A tenant was made.
    TenantCreated = "tenant.create",
    /// A tenant was suspended.
    TenantSuspended = "tenant.suspend",
    /// A suspended tenant may act again.
    TenantResumed = "tenant.resume",
    /// A tenant's plan or limits were changed.
    TenantLimits = "tenant.limits",
    /// A tenant's mail and records were exported.
    TenantExported = "tenant.export",
    /// A tenant was taken up from an export.
    TenantImported = "tenant.import",
    /// The end of a tenant began.
    TenantOffboarded = "tenant.offboard",
    /// A tenant was taken back within its grace period.
    TenantRestored = "tenant.restore",
    /// A tenant's keys were destroyed.
    TenantShredded = "tenant.shred",
    /// A tenant's rows were removed.
    TenantPurged = "tenant.purge",
    /// An inbox was made.
    InboxCreated = "inbox.create",
    /// An inbox was changed.
    InboxChanged = "inbox.change",
    /// An inbox' time was over: it takes no more mail.
    InboxExpired = "inbox.expire",
    /// An inbox was deleted.
    InboxDeleted = "inbox.delete",
    /// A domain was claimed.
    DomainClaimed = "domain.claim",
    /// A domain was proven to be the tenant's.
    DomainVerified = "domain.verify",
    /// The proof of a domain is missing.
    DomainFailed = "domain.fail",
    /// A domain is held no more.
    DomainLost = "domain.lose",
    /// A claim of a domain was deleted.
    DomainDeleted = "domain.delete",
    /// An address was put on the list of those that are written to no more, by hand.
    SuppressionAdded = "suppression.add",
    /// One was taken off it.
    SuppressionEnded = "suppression.remove",
    /// A domain's new signing keys were made, or took over.
    DomainKeysRotated = "domain.rotate",
    /// The server that a tenant's mail is handed to was chosen.
    RelaySet = "relay.set",
    /// A tenant's mail goes the service's own way again.
    RelayRemoved = "relay.remove",
    /// A tenant's own brand was chosen by an operator.
    BrandSet = "brand.set",
    /// A tenant's people see the deployment's brand again.
    BrandRemoved = "brand.remove",
    /// An API key was made.
    KeyCreated = "key.create",
    /// An API key got a new secret.
    KeyRotated = "key.rotate",
    /// An API key was ended.
    KeyRevoked = "key.revoke",
    /// An API key was shown where it should not be, and ended.
    KeyLeaked = "key.leak",
    /// Many wrong tokens came from one network.
    TokenFailures = "token.failures",
    /// An operator's key was installed.
    OperatorInstalled = "operator.install",
    /// An operator's key was ended.
    OperatorRevoked = "operator.revoke",
    /// A mail was not sent because a token of ours stood in it.
    SendRefused = "mail.refuse_send",
    /// A held mail was shown to a reviewer.
    HeldShown = "mail.show_held",
    /// A file of a held mail was downloaded by a reviewer.
    HeldFileTaken = "mail.download_held",
    /// A held mail that two must release was released by the first.
    ReleaseProposed = "mail.propose_release",
    /// A held mail was released.
    MailReleased = "mail.release",
    /// A held mail was rejected.
    MailRejected = "mail.reject",
    /// A held mail that nobody decided on in time was rejected.
    HeldExpired = "mail.expire",
    /// Stored mail was judged anew, by the present model and policy.
    MailRescored = "mail.rescore",
    /// What is held, of a tenant or one inbox, was chosen anew.
    PolicyChanged = "policy.change",
    /// A sender was let through for some time.
    SenderAllowed = "sender.allow",
    /// A sender is let through no more.
    SenderRevoked = "sender.revoke",
    /// The judge was asked about a mail, or was to be, and the mail was let through or held.
    MailJudged = "mail.judge",
    /// A code or a link that signs in was handed out, or found for who asked; never which.
    CodeRead = "mail.code",
    /// A mail was downloaded as it came.
    RawDownloaded = "mail.raw",
    /// A stored mail did not open: its bytes, or its place, are not what was stored.
    MailUnreadable = "mail.unreadable",
    /// An operator was granted to read a tenant's mail for half an hour, for a reason.
    GlassOpened = "break_glass.open",
    /// Such a grant was ended before its time.
    GlassClosed = "break_glass.close",
    /// An operator looked at a tenant's mail, for a reason.
    BreakGlass = "mail.break_glass",
    /// A webhook endpoint was made.
    WebhookCreated = "webhook.create",
    /// A webhook endpoint was changed.
    WebhookChanged = "webhook.change",
    /// A webhook endpoint was deleted.
    WebhookDeleted = "webhook.delete",
    /// A webhook endpoint's secret was changed.
    WebhookRotated = "webhook.rotate",
    /// A webhook endpoint is told of events again.
    WebhookReplayed = "webhook.replay",
    /// A tenant's key was changed, or its use re-wrapped.
    TenantKeyRotated = "keys.rotate_tenant",
    /// The master key was changed.
    MasterKeyRotated = "keys.rotate_master",
    /// The service started; its version is in the detail.
    ServiceStarted = "service.start",
    /// The doors between tenants were tried.
    IsolationChecked = "isolation.check",
    /// A person was invited to the console.
    PersonInvited = "person.invite",
    /// A person took an invitation up.
    PersonJoined = "person.join",
    /// A person's role was changed.
    PersonChanged = "person.change",
    /// A person may sign in no more.
    PersonRemoved = "person.remove",
    /// A person signed in.
    SignedIn = "person.sign_in",
    /// Somebody knew a person's password and not her second factor.
    SecondFactorFailed = "person.second_factor",
    /// A backup was taken.
    BackedUp = "backup.create",
    /// A backup was restored.
    BackupRestored = "backup.restore",
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor<'a> {
    /// The holder of a tenant's or inbox's key, or a person of the tenant: the public id.
    Key(&'a str),
    /// The holder of an operator's key, or one of the staff: the public id.
    Operator(&'a str),
    /// The service by itself.
    Service,
    /// Somebody without a key.
    Anybody,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
    /// It could not be done.
    Failed,
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The request's id.
    pub request_id: Option<String>,
    /// The client's network: /24 of IPv4, /48 of IPv6, no narrower.
    pub network: Option<String>,
}

/// One act, ready for a chain.
#[derive(Clone, Debug)]
pub struct Act<'a> {
    action: Action,
    actor: Actor<'a>,
    object: Option<&'a str>,
    outcome: Outcome,
    origin: Origin,
    detail: BTreeMap<&'static str, serde_json::Value>,
    sealed: Option<Vec<u8>>,
}

impl<'a> Act<'a> {
    /// Something the service did.
    pub fn new(action: Action) -> Self {
        Self {
            action,
            actor: Actor::Service,
            object: None,
            outcome: Outcome::Done,
            origin: Origin::default(),
            detail: BTreeMap::new(),
            sealed: None,
        }
    }

    /// Who did it.
    pub fn by(self, actor: Actor<'a>) -> Self {
        Self { actor, ..self }
    }

    /// To what: an id, never content.
    pub fn on(self, object: &'a str) -> Self {
        Self { object: Some(object), ..self }
    }

    /// From where.
    pub fn from(self, origin: &Origin) -> Self {
        Self { origin: origin.clone(), ..self }
    }

    /// It did not end well.
    pub fn ended(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }

    /// A number worth keeping.
    pub fn number(mut self, name: &'static str, value: i64) -> Self {
        self.detail.insert(name, value.into());
        self
    }

    /// A word worth keeping: a name of ours, never what a sender or agent wrote.
    pub fn word(mut self, name: &'static str, value: &str) -> Self {
        self.detail.insert(name, value.into());
        self
    }

    /// What a person wrote, sealed under the tenant's key: a reason.
    pub fn sealed(self, sealed: Option<Vec<u8>>) -> Self {
        Self { sealed, ..self }
    }

    pub(super) fn sealed_bytes(&self) -> Option<&[u8]> {
        self.sealed.as_deref()
    }

    pub(super) fn row(&self, now: Timestamp) -> Row {
        let (actor_kind, actor) = match self.actor {
            Actor::Key(keyid) => ("key", Some(keyid)),
            Actor::Operator(keyid) => ("operator", Some(keyid)),
            Actor::Service => ("service", None),
            Actor::Anybody => ("sender", None),
        };
        let outcome = match self.outcome {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        };
        Row {
            at: now.millis(),
            actor_kind: actor_kind.to_owned(),
            actor: actor.map(str::to_owned),
            action: self.action.as_str().to_owned(),
            object: self.object.map(str::to_owned),
            outcome: outcome.to_owned(),
            request_id: self.origin.request_id.clone(),
            network: self.origin.network.clone(),
            // A BTreeMap of plain values: sorted names and no spaces, which is RFC 8785 for them.
            detail: serde_json::to_string(&self.detail).expect("words and numbers are JSON"),
            sealed: self.sealed.as_deref().map(digest),
        }
    }
}
