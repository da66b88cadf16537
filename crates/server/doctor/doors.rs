//! The doors between two tenants, a line each. A new one is tried by adding its line.

/// Whose key opens a door for its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Tenant,
    Inbox,
    Reviewer,
}

/// How a door is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It shows what its path names: its owner sees it, the neighbour hears that it never was.
    Shows,
    /// It changes what its path or body names: the neighbour hears that it never was, and it stays as it is.
    Changes,
    /// It lists or finds among what is the caller's own.
    Lists,
}

/// One door: in its path and body, `{inbox}`, `{email}`, `{held}`, `{key}`, `{webhook}`, `{address}` and `{client}` are
/// whoever's is tried; `{url}` is an endpoint that this deployment allows.
pub(super) struct Door {
    pub(super) name: &'static str,
    pub(super) way: Way,
    pub(super) by: By,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// JSON.
    pub(super) body: Option<&'static str>,
}

const fn door(name: &'static str, way: Way, by: By, method: &'static str, path: &'static str) -> Door {
    Door { name, way, by, method, path, body: None }
}

impl Door {
    const fn with(self, body: &'static str) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Whether it names something of this kind.
    pub(super) fn names(&self, what: &str) -> bool {
        self.path.contains(what) || self.body.is_some_and(|body| body.contains(what))
    }
}

use By::{Inbox, Reviewer, Tenant};
use Way::{Changes, Lists, Shows};

/// Every door of the API.
pub(super) const DOORS: &[Door] = &[
    door("inbox", Shows, Tenant, "GET", "/v1/inboxes/{inbox}"),
    door("inbox, by its agent", Shows, Inbox, "GET", "/v1/inboxes/{inbox}"),
    door("mails", Shows, Tenant, "GET", "/v1/inboxes/{inbox}/emails"),
    door("mails, by its agent", Shows, Inbox, "GET", "/v1/inboxes/{inbox}/emails"),
    door("poll", Shows, Inbox, "GET", "/v1/inboxes/{inbox}/emails/poll?timeout=0&after=0"),
    door("code", Shows, Inbox, "GET", "/v1/inboxes/{inbox}/code?timeout=0"),
    door("stream", Shows, Inbox, "GET", "/v1/inboxes/{inbox}/stream?timeout=0"),
    door("mail", Shows, Tenant, "GET", "/v1/inboxes/{inbox}/emails/{email}"),
    door("mail, by its agent", Shows, Inbox, "GET", "/v1/inboxes/{inbox}/emails/{email}"),
    door("mail for a prompt", Shows, Inbox, "GET", "/v1/inboxes/{inbox}/emails/{email}?view=safe"),
    door("threads", Shows, Tenant, "GET", "/v1/inboxes/{inbox}/threads"),
    door("threads, by its agent", Shows, Inbox, "GET", "/v1/inboxes/{inbox}/threads"),
    door("raw mail", Shows, Reviewer, "GET", "/v1/inboxes/{inbox}/emails/{email}/raw"),
    door("attachment", Shows, Inbox, "GET", "/v1/inboxes/{inbox}/emails/{email}/attachments/0"),
    door("held mail", Shows, Reviewer, "GET", "/v1/review/{held}"),
    door("policy of an inbox", Shows, Reviewer, "GET", "/v1/inboxes/{inbox}/gate"),
    door("webhook", Shows, Tenant, "GET", "/v1/webhooks/{webhook}"),
    door("inboxes", Lists, Tenant, "GET", "/v1/inboxes?limit=100"),
    door("inbox by address", Lists, Tenant, "GET", "/v1/inboxes?address={address}"),
    door("inbox by client id", Lists, Tenant, "GET", "/v1/inboxes?clientId={client}"),
    door("search", Lists, Tenant, "GET", "/v1/emails/search?limit=100"),
    door("use", Lists, Tenant, "GET", "/v1/usage"),
    door("keys", Lists, Tenant, "GET", "/v1/keys"),
    door("webhooks", Lists, Tenant, "GET", "/v1/webhooks"),
    door("held mails", Lists, Reviewer, "GET", "/v1/review?limit=100"),
    door("policy", Lists, Reviewer, "GET", "/v1/gate"),
    door("senders let through", Lists, Reviewer, "GET", "/v1/gate/senders?limit=100"),
    door("account", Lists, Tenant, "GET", "/v1/account"),
    door("events", Lists, Tenant, "GET", "/v1/events?limit=100"),
    door("audit log", Lists, Reviewer, "GET", "/v1/audit?limit=100"),
    door("change inbox", Changes, Tenant, "PATCH", "/v1/inboxes/{inbox}").with(r#"{"isActive":false}"#),
    door("delete inbox", Changes, Tenant, "DELETE", "/v1/inboxes/{inbox}"),
    door("release", Changes, Reviewer, "POST", "/v1/review/{held}/release").with("{}"),
    door("reject", Changes, Reviewer, "POST", "/v1/review/{held}/reject").with("{}"),
    door("change policy", Changes, Reviewer, "PATCH", "/v1/inboxes/{inbox}/gate").with(r#"{"hold":"never"}"#),
    door("revoke key", Changes, Tenant, "DELETE", "/v1/keys/{key}"),
    door("rotate key", Changes, Tenant, "POST", "/v1/keys/{key}/rotate").with("{}"),
    door("mint key", Changes, Tenant, "POST", "/v1/keys").with(r#"{"inboxId":"{inbox}"}"#),
    door("make webhook", Changes, Tenant, "POST", "/v1/webhooks")
        .with(r#"{"url":"{url}","inboxId":"{inbox}","events":["webhook.disabled"]}"#),
    door("deliveries", Shows, Tenant, "GET", "/v1/webhooks/{webhook}/deliveries"),
    door("change webhook", Changes, Tenant, "PATCH", "/v1/webhooks/{webhook}").with(r#"{"isActive":false}"#),
    door("rotate webhook", Changes, Tenant, "POST", "/v1/webhooks/{webhook}/rotate").with("{}"),
    door("test webhook", Changes, Tenant, "POST", "/v1/webhooks/{webhook}/test"),
    door("replay webhook", Changes, Tenant, "POST", "/v1/webhooks/{webhook}/replay")
        .with(r#"{"since":"2026-01-01T00:00:00Z"}"#),
    door("delete webhook", Changes, Tenant, "DELETE", "/v1/webhooks/{webhook}"),
];

/// Tools of MCP that show what their arguments name.
pub(super) const TOOLS: &[&str] = &[
    "check_inbox",
    "get_email",
    "get_attachment",
    "wait_for_email",
    "wait_for_code",
    "list_threads",
    "search_emails",
];
