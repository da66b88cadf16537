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

/// What stands in a path or body for an id of whoever's is tried, and what ids of that kind begin with.
pub(super) const IDS: &[(&str, &str)] = &[
    ("{inbox}", "ibx_"),
    ("{email}", "eml_"),
    ("{held}", "eml_"),
    ("{thread}", "thd_"),
    ("{event}", "evt_"),
    ("{lease}", "lse_"),
    ("{key}", "key_"),
    ("{webhook}", "wh_"),
    ("{domain}", "dom_"),
    ("{suppression}", "sup_"),
    ("{grant}", "glass_"),
];

/// One door: in its path and body, [`IDS`], `{from}` (an address; in a path `{address}`) and `{client}` are whoever's is
/// tried; `{url}` is an endpoint that this deployment allows.
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
    door("thread", Shows, Tenant, "GET", "/v1/inboxes/{inbox}/threads/{thread}"),
    door("extract", Shows, Inbox, "POST", "/v1/inboxes/{inbox}/emails/{email}/extract").with("{}"),
    door("extraction", Shows, Inbox, "GET", "/v1/inboxes/{inbox}/emails/{email}/extraction"),
    door("mails put aside", Shows, Inbox, "GET", "/v1/inboxes/{inbox}/leases/dead"),
    door("domain", Shows, Tenant, "GET", "/v1/domains/{domain}"),
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
    door("statement", Lists, Tenant, "GET", "/v1/usage/statement"),
    door("domains", Lists, Tenant, "GET", "/v1/domains"),
    door("addresses not written to", Lists, Reviewer, "GET", "/v1/suppressions"),
    door("relay", Lists, Reviewer, "GET", "/v1/relay"),
    door("operators' grants", Lists, Reviewer, "GET", "/v1/break-glass"),
    door("time to decide", Lists, Reviewer, "GET", "/v1/review/pace"),
    door("keys", Lists, Tenant, "GET", "/v1/keys"),
    door("webhooks", Lists, Tenant, "GET", "/v1/webhooks"),
    door("held mails", Lists, Reviewer, "GET", "/v1/review?limit=100"),
    door("policy", Lists, Reviewer, "GET", "/v1/gate"),
    door("senders let through", Lists, Reviewer, "GET", "/v1/gate/senders?limit=100"),
    door("account", Lists, Tenant, "GET", "/v1/account"),
    door("events", Lists, Tenant, "GET", "/v1/events?limit=100"),
    door("audit log", Lists, Reviewer, "GET", "/v1/audit?limit=100"),
    door("audit log's chain", Lists, Reviewer, "GET", "/v1/audit/verify"),
    door("change inbox", Changes, Tenant, "PATCH", "/v1/inboxes/{inbox}").with(r#"{"isActive":false}"#),
    door("delete inbox", Changes, Tenant, "DELETE", "/v1/inboxes/{inbox}"),
    door("release", Changes, Reviewer, "POST", "/v1/review/{held}/release").with("{}"),
    door("reject", Changes, Reviewer, "POST", "/v1/review/{held}/reject").with("{}"),
    door("change policy", Changes, Reviewer, "PATCH", "/v1/inboxes/{inbox}/gate").with(r#"{"hold":"never"}"#),
    door("send", Changes, Tenant, "POST", "/v1/emails/send")
        .with(r#"{"from":"{from}","to":["nobody@invalid.test"],"subject":"x","body":{"text":"x"}}"#),
    door("reply", Changes, Inbox, "POST", "/v1/inboxes/{inbox}/emails/{email}/reply")
        .with(r#"{"body":{"text":"x"}}"#),
    door("forward", Changes, Inbox, "POST", "/v1/inboxes/{inbox}/emails/{email}/forward")
        .with(r#"{"to":["nobody@invalid.test"],"text":"x"}"#),
    door("cancel", Changes, Inbox, "POST", "/v1/inboxes/{inbox}/emails/{email}/cancel").with("{}"),
    door("claim", Changes, Inbox, "POST", "/v1/inboxes/{inbox}/leases").with(r#"{"max":1,"seconds":1}"#),
    door("acknowledge", Changes, Inbox, "POST", "/v1/inboxes/{inbox}/leases/{lease}/ack").with("{}"),
    door("give back", Changes, Inbox, "POST", "/v1/inboxes/{inbox}/leases/{lease}/nack").with("{}"),
    door("tell again", Changes, Tenant, "POST", "/v1/events/{event}/redeliver"),
    door("verify domain", Changes, Tenant, "POST", "/v1/domains/{domain}/verify"),
    door("rotate domain", Changes, Tenant, "POST", "/v1/domains/{domain}/rotate"),
    door("delete domain", Changes, Tenant, "DELETE", "/v1/domains/{domain}"),
    door("write to again", Changes, Reviewer, "DELETE", "/v1/suppressions/{suppression}"),
    door("end a grant", Changes, Reviewer, "DELETE", "/v1/break-glass/{grant}"),
    door("replace policy", Changes, Reviewer, "PUT", "/v1/inboxes/{inbox}/gate").with(r#"{"hold":"never"}"#),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Routes of tenants without a line of their own, and why nobody misses it.
    const WITHOUT: &[(&str, &str)] = &[
        ("DELETE /v1/gate/senders/{}", "made by a release alone"),
        ("DELETE /v1/relay", "names nothing"),
        ("GET /v1/files/{}", "tried with a forged link"),
        ("GET /v1/ws", "the stream in another protocol"),
        ("PATCH /v1/gate", "names nothing"),
        ("POST /v1/domains", "names what is made"),
        ("POST /v1/inboxes", "tried with a neighbour's names"),
        ("POST /v1/signup", "before there is a tenant"),
        ("POST /v1/suppressions", "names what is made"),
        ("POST /v1/token-scan", "whoever has a token may have it revoked"),
        ("POST /v1/verify/{}", "names nobody's"),
        ("PUT /v1/gate", "names nothing"),
        ("PUT /v1/relay", "names nothing"),
    ];

    /// A method and a path with `{}` for each name in it, as in a route.
    fn shape(method: &str, path: &str) -> String {
        let path = path.split('?').next().unwrap_or_default();
        let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
        let parts: Vec<&str> = parts.collect();
        format!("{} {}", method.to_uppercase(), parts.join("/"))
    }

    #[test]
    fn every_route_of_tenants_is_a_door_or_says_why_not() {
        let api: serde_json::Value = serde_json::from_slice(&mailward_web::description()).expect("JSON");
        let mut served = BTreeSet::new();
        for (path, methods) in api["paths"].as_object().expect("paths") {
            for method in methods.as_object().expect("methods").keys() {
                served.insert(shape(method, path));
            }
        }
        served.retain(|route| route.contains(" /v1/"));
        assert!(served.len() > 50, "{}", served.len());
        let doors = DOORS
            .iter()
            .map(|door| shape(door.method, &door.path.replace("attachments/0", "attachments/{}")));
        let tried: BTreeSet<String> = doors.collect();
        let without: BTreeSet<String> = WITHOUT.iter().map(|(route, _)| (*route).to_owned()).collect();
        assert_eq!(tried.intersection(&without).count(), 0);
        assert_eq!(served, tried.union(&without).cloned().collect());
    }

    #[test]
    fn what_a_door_names_is_known() {
        for door in DOORS {
            let text = format!("{}{}", door.path, door.body.unwrap_or_default());
            let mut rest = text;
            for known in
                IDS.iter().map(|(name, _)| *name).chain(["{address}", "{from}", "{client}", "{url}", "{}"])
            {
                rest = rest.replace(known, "");
            }
            let names = rest.split('{').skip(1).filter(|name| !name.starts_with('"'));
            assert_eq!(names.collect::<Vec<_>>(), Vec::<&str>::new(), "{}", door.name);
        }
    }
}
