//! Every route, and what may be swapped in a request to it. A new route gets a line here.

use super::Dice;

/// What an id in a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Inbox,
    /// Delivered mail.
    Email,
    Thread,
    Held,
    Index,
    /// Where somebody has an account elsewhere; nobody's in particular.
    Provider,
    Key,
    Webhook,
    Domain,
    /// An address that is written to no more.
    Suppression,
    /// A sender that is let through.
    Allowed,
    /// A grant of an operator's to read mail.
    Glass,
    Event,
    /// A claim of a mail; its inbox stands before it.
    Lease,
    Signed,
    Tenant,
}

/// What a query may name.
#[derive(Clone, Copy)]
pub enum Query {
    None,
    Page,
    Inboxes,
    Poll,
    View,
    Search,
    Usage,
    Month,
    Events,
    Stream,
    Code,
    Chain,
    Walk,
}

/// What a body may name.
#[derive(Clone, Copy)]
pub enum Body {
    None,
    Empty,
    Inbox,
    Name,
    Key,
    Webhook,
    Include,
    Replay,
    Domain,
    Address,
    Relay,
    Brand,
    Reason,
    Operators,
    Tenant,
    Why,
    Heads,
    Trial,
    Scan,
    Issue,
    Trespass,
    Plan,
    Rotate,
    Gate,
    /// A call of a tool.
    Tool,
    Send,
    /// An answer.
    Say,
    /// A mail passed on.
    Forward,
    Claim,
}

/// One route.
pub struct Case {
    /// As the routes describe themselves.
    pub route: &'static str,
    /// What stands in the places of its path.
    pub ids: &'static [Kind],
    pub query: Query,
    pub body: Body,
    /// It shows what was written.
    pub shows: bool,
    /// What it names is used up by it.
    pub spends: bool,
    /// It answers nobody with success here.
    pub is_closed: bool,
    /// It takes long, and is asked seldom.
    pub is_slow: bool,
}

impl Case {
    pub fn is_operators(&self) -> bool {
        self.route.contains(" /operator/")
    }

    /// It stands on the private listener, with or without an operator's key.
    pub fn is_private(&self) -> bool {
        self.is_operators() || self.route.ends_with(" /metrics")
    }

    /// Its path has a place for something that is somebody's.
    pub fn names_somebody(&self) -> bool {
        self.ids.iter().any(|kind| !matches!(kind, Kind::Index | Kind::Provider))
    }

    pub fn is_reviewers(&self) -> bool {
        ["/review", "/raw", "/v1/break-glass", "/v1/audit", "/gate", "/suppressions", "/v1/relay"]
            .iter()
            .any(|noun| self.route.contains(noun))
    }
}

impl Kind {
    /// An id of this kind that was issued to nobody.
    pub fn never(self, dice: &Dice) -> String {
        let alphabet = b"0123456789abcdefghjkmnpqrstvwxyz";
        let word =
            |length: usize| -> String { (0..length).map(|_| char::from(*dice.pick(alphabet))).collect() };
        match self {
            Self::Inbox => format!("ibx_0{}", word(25)),
            Self::Email | Self::Held => format!("eml_0{}", word(25)),
            Self::Thread => format!("thd_0{}", word(25)),
            Self::Webhook => format!("wh_0{}", word(25)),
            Self::Domain => format!("dom_0{}", word(25)),
            Self::Suppression => format!("sup_0{}", word(25)),
            Self::Allowed => format!("alw_0{}", word(25)),
            Self::Glass => format!("glass_0{}", word(25)),
            Self::Event => format!("evt_0{}", word(25)),
            Self::Lease => format!("lse_0{}", word(25)),
            Self::Key => format!("key_{}", word(12)),
            Self::Index => "7".to_owned(),
            Self::Provider => "never".to_owned(),
            Self::Signed => word(120),
            Self::Tenant => format!("never-{}", word(8)),
        }
    }
}

const fn case(route: &'static str, ids: &'static [Kind]) -> Case {
    Case {
        route,
        ids,
        query: Query::None,
        body: Body::None,
        shows: false,
        spends: false,
        is_closed: false,
        is_slow: false,
    }
}

impl Case {
    const fn query(self, query: Query) -> Self {
        Self { query, ..self }
    }

    const fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    const fn shows(self) -> Self {
        Self { shows: true, ..self }
    }

    const fn spends(self) -> Self {
        Self { spends: true, ..self }
    }

    const fn slow(self) -> Self {
        Self { is_slow: true, ..self }
    }

    const fn closed(self) -> Self {
        Self { is_closed: true, ..self }
    }
}

use Kind::{
    Allowed, Domain, Email, Event, Glass, Held, Inbox, Index, Key, Lease, Provider, Signed, Suppression,
    Tenant, Thread, Webhook,
};

/// Every route of both listeners.
pub const CASES: &[Case] = &[
    case("POST /v1/signup", &[]).body(Body::Empty).closed(),
    case("GET /v1/account", &[]),
    case("POST /v1/verify/{provider}", &[Provider]).body(Body::Empty),
    case("POST /v1/inboxes", &[]).body(Body::Inbox).shows(),
    case("GET /v1/inboxes", &[]).query(Query::Inboxes).shows(),
    case("GET /v1/inboxes/{id}", &[Inbox]).shows(),
    case("PATCH /v1/inboxes/{id}", &[Inbox]).body(Body::Name).shows(),
    case("DELETE /v1/inboxes/{id}", &[Inbox]).spends(),
    case("GET /v1/inboxes/{id}/emails", &[Inbox]).query(Query::Page).shows(),
    case("GET /v1/inboxes/{id}/emails/poll", &[Inbox]).query(Query::Poll).shows(),
    case("GET /v1/inboxes/{id}/emails/{email}", &[Inbox, Email]).query(Query::View).shows(),
    case("GET /v1/emails/search", &[]).query(Query::Search).shows(),
    case("GET /v1/usage", &[]).query(Query::Usage),
    case("GET /v1/usage/statement", &[]).query(Query::Month),
    case("GET /v1/inboxes/{id}/threads", &[Inbox]).query(Query::Page).shows(),
    case("GET /v1/inboxes/{id}/threads/{thread}", &[Inbox, Thread]).shows(),
    case("POST /v1/emails/send", &[]).body(Body::Send),
    case("POST /v1/inboxes/{id}/emails/{email}/reply", &[Inbox, Email]).body(Body::Say),
    case("POST /v1/inboxes/{id}/emails/{email}/forward", &[Inbox, Email]).body(Body::Forward),
    // What came cannot be taken back by anybody.
    case("POST /v1/inboxes/{id}/emails/{email}/cancel", &[Inbox, Email]).closed(),
    case("GET /v1/inboxes/{id}/stream", &[Inbox]).query(Query::Stream).shows(),
    case("GET /v1/ws", &[]).closed(),
    case("GET /v1/events", &[]).query(Query::Events).shows(),
    case("POST /v1/events/{event}/redeliver", &[Event]),
    case("POST /v1/inboxes/{id}/leases", &[Inbox]).body(Body::Claim).shows(),
    case("GET /v1/inboxes/{id}/leases/dead", &[Inbox]).query(Query::Page),
    case("POST /v1/inboxes/{id}/leases/{lease}/ack", &[Inbox, Lease]).body(Body::Empty),
    case("POST /v1/inboxes/{id}/leases/{lease}/nack", &[Inbox, Lease]).body(Body::Empty),
    case("GET /v1/inboxes/{id}/code", &[Inbox]).query(Query::Code).shows(),
    case("POST /v1/inboxes/{id}/emails/{email}/extract", &[Inbox, Email]).body(Body::Empty).shows(),
    case("GET /v1/inboxes/{id}/emails/{email}/extraction", &[Inbox, Email]).shows(),
    case("GET /v1/inboxes/{id}/emails/{email}/raw", &[Inbox, Email]).shows(),
    case("GET /v1/inboxes/{id}/emails/{email}/attachments/{index}", &[Inbox, Email, Index]).shows(),
    case("GET /v1/files/{signed}", &[Signed]).shows(),
    // A link to a file is none to this.
    case("GET /u/{signed}", &[Signed]).closed(),
    case("POST /u/{signed}", &[Signed]).closed(),
    case("POST /v1/keys", &[]).body(Body::Key).shows(),
    case("GET /v1/keys", &[]).shows(),
    case("DELETE /v1/keys/{id}", &[Key]).spends(),
    case("POST /v1/keys/{id}/rotate", &[Key]).body(Body::Empty).spends(),
    case("POST /v1/webhooks", &[]).body(Body::Webhook).shows(),
    case("GET /v1/webhooks", &[]).shows(),
    case("GET /v1/webhooks/{id}", &[Webhook]).shows(),
    case("PATCH /v1/webhooks/{id}", &[Webhook]).body(Body::Include).shows(),
    case("POST /v1/webhooks/{id}/rotate", &[Webhook]).body(Body::Empty).shows(),
    case("POST /v1/webhooks/{id}/test", &[Webhook]).spends(),
    case("POST /v1/webhooks/{id}/replay", &[Webhook]).body(Body::Replay),
    case("GET /v1/webhooks/{id}/deliveries", &[Webhook]).query(Query::Page),
    case("DELETE /v1/webhooks/{id}", &[Webhook]).spends(),
    case("POST /v1/domains", &[]).body(Body::Domain).shows(),
    case("GET /v1/domains", &[]).shows(),
    case("GET /v1/domains/{id}", &[Domain]).shows(),
    case("POST /v1/domains/{id}/verify", &[Domain]).shows(),
    case("POST /v1/domains/{id}/rotate", &[Domain]).shows(),
    case("DELETE /v1/domains/{id}", &[Domain]).spends(),
    case("POST /v1/suppressions", &[]).body(Body::Address).shows(),
    case("GET /v1/suppressions", &[]).shows(),
    case("DELETE /v1/suppressions/{id}", &[Suppression]).spends(),
    case("GET /v1/relay", &[]).shows(),
    case("PUT /v1/relay", &[]).body(Body::Relay).shows(),
    case("DELETE /v1/relay", &[]),
    case("GET /v1/review", &[]).query(Query::Page).shows(),
    case("GET /v1/review/pace", &[]),
    case("GET /v1/review/{email}", &[Held]).shows(),
    case("POST /v1/review/{email}/release", &[Held]).body(Body::Reason).spends(),
    case("POST /v1/review/{email}/reject", &[Held]).body(Body::Reason).spends(),
    case("GET /v1/gate", &[]),
    case("PUT /v1/gate", &[]).body(Body::Gate).shows(),
    case("PATCH /v1/gate", &[]).body(Body::Gate).shows(),
    case("GET /v1/inboxes/{id}/gate", &[Inbox]),
    case("PUT /v1/inboxes/{id}/gate", &[Inbox]).body(Body::Gate).shows(),
    case("PATCH /v1/inboxes/{id}/gate", &[Inbox]).body(Body::Gate).shows(),
    case("GET /v1/gate/senders", &[]).query(Query::Page).shows(),
    case("DELETE /v1/gate/senders/{id}", &[Allowed]).spends(),
    case("GET /operator/v1/tenants/{id}/gate", &[Tenant]),
    case("PUT /operator/v1/tenants/{id}/gate", &[Tenant]).body(Body::Gate),
    case("PATCH /operator/v1/tenants/{id}/gate", &[Tenant]).body(Body::Gate),
    case("GET /operator/v1/tenants/{id}/inboxes/{inbox}/gate", &[Tenant, Inbox]),
    case("PUT /operator/v1/tenants/{id}/inboxes/{inbox}/gate", &[Tenant, Inbox]).body(Body::Gate),
    case("PATCH /operator/v1/tenants/{id}/inboxes/{inbox}/gate", &[Tenant, Inbox]).body(Body::Gate),
    case("POST /operator/v1/tenants/{id}/rescore", &[Tenant]).body(Body::Empty).slow(),
    case("POST /operator/v1/tenants", &[]).body(Body::Tenant).closed(),
    case("GET /operator/v1/tenants", &[]).query(Query::Page),
    case("GET /operator/v1/tenants/{id}", &[Tenant]),
    case("GET /operator/v1/tenants/{id}/brand", &[Tenant]),
    case("PUT /operator/v1/tenants/{id}/brand", &[Tenant]).body(Body::Brand),
    case("DELETE /operator/v1/tenants/{id}/brand", &[Tenant]),
    case("GET /operator/v1/tenants/{id}/usage", &[Tenant]).query(Query::Usage),
    case("GET /operator/v1/tenants/{id}/usage/statement", &[Tenant]).query(Query::Month),
    case("POST /operator/v1/tenants/{id}/inboxes", &[Tenant]).body(Body::Operators),
    case("GET /operator/v1/tenants/{id}/inboxes", &[Tenant]).query(Query::Page).shows(),
    case("GET /v1/audit", &[]).query(Query::Page),
    case("GET /v1/audit/verify", &[]).slow(),
    case("POST /operator/v1/tenants/{id}/suspend", &[Tenant]).body(Body::Why).spends(),
    case("POST /operator/v1/tenants/{id}/resume", &[Tenant]).body(Body::Why),
    case("GET /v1/break-glass", &[]),
    case("DELETE /v1/break-glass/{grant}", &[Glass]).spends(),
    case("POST /operator/v1/tenants/{id}/break-glass", &[Tenant]).body(Body::Why),
    case("GET /operator/v1/tenants/{id}/break-glass", &[Tenant]),
    case("DELETE /operator/v1/tenants/{id}/break-glass/{grant}", &[Tenant, Glass]).spends(),
    case("GET /operator/v1/tenants/{id}/emails/{email}", &[Tenant, Email]).shows(),
    case("POST /operator/v1/tenants/{id}/emails/{email}/break-glass", &[Tenant, Email])
        .body(Body::Why)
        .shows(),
    case("POST /v1/token-scan", &[]).body(Body::Scan).closed(),
    case("POST /operator/v1/tenants/{id}/keys", &[Tenant]).body(Body::Issue).spends(),
    case("PATCH /operator/v1/tenants/{id}", &[Tenant]).body(Body::Plan),
    case("PUT /operator/v1/tenants/{id}", &[Tenant]).body(Body::Plan),
    case("POST /operator/v1/tenants/{id}/export", &[Tenant]).body(Body::Empty).closed(),
    case("POST /operator/v1/imports", &[]).body(Body::Empty).closed(),
    case("GET /operator/v1/tenants/{id}/offboard", &[Tenant]),
    case("POST /operator/v1/tenants/{id}/offboard", &[Tenant]).body(Body::Empty).closed(),
    case("POST /operator/v1/tenants/{id}/restore", &[Tenant]).body(Body::Empty).closed(),
    case("GET /operator/v1/receipts", &[]).query(Query::Page),
    case("GET /operator/v1/keys", &[]).query(Query::Page),
    case("POST /operator/v1/keys/rotate", &[]).body(Body::Rotate).slow(),
    case("POST /operator/v1/people", &[]).body(Body::Empty).closed(),
    case("GET /operator/v1/keys/rotations/{id}", &[Key]).closed(),
    case("GET /operator/v1/nodes", &[]),
    case("GET /operator/v1/domains", &[]).slow(),
    case("GET /operator/v1/tenants/{id}/domains", &[Tenant]).shows(),
    case("GET /operator/v1/isolation", &[]),
    case("POST /operator/v1/isolation", &[]).body(Body::Trial),
    case("POST /operator/v1/isolation/trespass", &[]).body(Body::Trespass),
    case("GET /operator/v1/audit", &[]).query(Query::Chain),
    case("GET /operator/v1/audit/verify", &[]).query(Query::Walk).slow(),
    case("GET /operator/v1/audit/checkpoints", &[]).query(Query::Page),
    case("GET /operator/v1/audit/key", &[]),
    case("POST /operator/v1/audit/missing", &[]).body(Body::Heads),
    case("POST /mcp", &[]).body(Body::Tool).shows(),
    case("DELETE /mcp", &[]).closed(),
    case("GET /metrics", &[]),
    case("GET /healthz", &[]),
    case("GET /readyz", &[]),
    case("GET /openapi.json", &[]),
    case("GET /docs", &[]),
    case("GET /docs/style.css", &[]),
];
