//! What a tenant of a trial has beside its inbox and its mail: one of each kind that a request can name.

use serde_json::{Value, json};

use super::lane::Ask;
use super::stage::{Service, Side};

/// The id of one of each. None where this deployment gives nobody such a thing: what would lead there stays untried.
#[derive(Default)]
pub(super) struct Belongings {
    /// The thread of its mail.
    pub(super) thread: Option<String>,
    /// What told of its mail.
    pub(super) event: Option<String>,
    /// A claim of its mail.
    pub(super) lease: Option<String>,
    /// A domain that it says is its own. Nobody proves that.
    pub(super) domain: Option<String>,
    /// An address that it writes to no more.
    pub(super) suppression: Option<String>,
    /// An operator's grant to read its mail.
    pub(super) grant: Option<String>,
}

impl Belongings {
    /// Makes what is missing, with the tenant's word in it, and finds the rest.
    pub(super) async fn of(side: &Side, service: &Service) -> Self {
        let word = side.canary.word();
        let public = |method, path: String, token: &str| Ask::new(method, path, token);
        let ask = async |ask: Ask| -> Value {
            service.public.ask(&ask).await.map(|heard| heard.json()).unwrap_or_default()
        };
        let mail =
            ask(public("GET", format!("/v1/inboxes/{}/emails/{}", side.inbox, side.email), &side.token))
                .await;
        let events = ask(public("GET", "/v1/events?limit=1".into(), &side.token)).await;
        let domain = json!({ "domain": format!("{word}.example.com") });
        let domain = ask(public("POST", "/v1/domains".into(), &side.token).with(domain)).await;
        let address = json!({ "address": format!("{word}@example.com") });
        let suppression =
            ask(public("POST", "/v1/suppressions".into(), &side.review_token).with(address)).await;
        // Nothing is sent during a trial, so nobody logs in there.
        let relay = json!({ "url": format!("smtps://{word}.example.com"), "user": word, "password": word });
        ask(public("PUT", "/v1/relay".into(), &side.review_token).with(relay)).await;
        let claim = json!({ "max": 1, "seconds": 600 });
        let claimed =
            ask(public("POST", format!("/v1/inboxes/{}/leases", side.inbox), &side.inbox_token).with(claim))
                .await;
        let path = format!("/operator/v1/tenants/{}/break-glass", side.id);
        let reason = json!({ "reason": format!("a trial of the walls between tenants: {word}") });
        let grant = service.operator.ask(&Ask::new("POST", path, &service.operator_token).with(reason)).await;
        let grant = grant.map(|heard| heard.json()).unwrap_or_default();
        Self {
            thread: id(&mail["threadId"]),
            event: id(&events["data"][0]["id"]),
            lease: id(&claimed["data"][0]["id"]),
            domain: id(&domain["id"]),
            suppression: id(&suppression["id"]),
            grant: id(&grant["id"]),
        }
    }
}

fn id(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
