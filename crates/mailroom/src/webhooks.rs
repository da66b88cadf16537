//! Webhook endpoints: made, listed, deleted, and what is to be told to one.

mod call;
mod changes;
mod deliveries;
mod headers;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId, WebhookId};
use mailward_net::egress::Blocked;
use mailward_store::{Action, EventKind, Include, NewWebhook, Tenant, Webhook};
use serde::{Deserialize, Serialize};

pub use call::{WebhookCall, WebhookStep};
pub use changes::{ReplayRequest, RotatedWebhook, WebhookPatch};
pub use deliveries::DeliveryView;
pub(crate) use headers::check_headers;

use crate::access::Principal;
use crate::limits::{Limit, OverLimit};
use crate::{Error, Mailroom, Result};

/// Endpoints of one tenant, whatever its limit says: they are listed on one page.
pub(crate) const MOST: u64 = 1_000;

/// What endpoint is wanted.
#[derive(Clone, Debug, Default)]
pub struct WebhookRequest {
    /// Where.
    pub url: String,
    /// Only this inbox' events.
    pub inbox: Option<InboxId>,
    /// Which events; none: `email.received`.
    pub events: Option<Vec<String>>,
    /// Headers to be sent along.
    pub headers: BTreeMap<String, String>,
    /// `ids`, `summary`, `body`.
    pub include: Option<String>,
}

/// An endpoint as its tenant sees it.
#[derive(Clone, Debug)]
pub struct WebhookView {
    /// What is stored.
    pub webhook: Webhook,
    /// Where.
    pub url: String,
    /// The names of its own headers; their values are never shown.
    pub header_names: Vec<String>,
    /// Until when calls are signed with the secret before the last as well.
    pub older_secret_until: Option<Timestamp>,
}

/// A new endpoint and its secret, which is told this once.
pub struct CreatedWebhook {
    /// The endpoint.
    pub view: WebhookView,
    /// `whsec_` and base64.
    pub secret: String,
}

/// What is sealed of an endpoint.
#[derive(Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) headers: BTreeMap<String, String>,
    /// The secret before the last rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) older: Option<OlderSecret>,
}

/// A secret that was replaced.
#[derive(Serialize, Deserialize)]
pub(crate) struct OlderSecret {
    pub(crate) secret: String,
    /// Until when calls are signed with it too, in milliseconds since 1970.
    pub(crate) until: i64,
}

impl Endpoint {
    /// The secret before the last rotation, where it is valid still.
    pub(crate) fn older(&self, now: Timestamp) -> Option<&OlderSecret> {
        self.older.as_ref().filter(|older| older.until > now.millis())
    }
}

impl Mailroom {
    /// Makes an endpoint. `None`: the caller has no such inbox.
    pub async fn create_webhook(
        &self,
        caller: &Principal,
        request: WebhookRequest,
    ) -> Result<Option<CreatedWebhook>> {
        // Resolved and judged now, for a clear answer; and again at each call, for safety.
        self.0.egress.check(&request.url).await.map_err(|blocked| url_error(&blocked))?;
        check_headers(&request.headers)?;
        let inbox = match (caller.inbox(), request.inbox) {
            (Some(own), None) => Some(own.clone()),
            (_, wanted) => wanted,
        };
        let events = events(request.events)?;
        let include = request.include.as_deref().map_or(Ok(Include::Summary), include)?;
        let id = WebhookId::generate(&self.0.clock, &self.0.random);
        let (sealed, endpoint) =
            self.new_endpoint(caller.tenant(), &id, request.url, request.headers).await?;
        let new = NewWebhook {
            sealed,
            inbox: inbox.clone(),
            events,
            include,
            is_active: true,
            created_at: self.0.clock.now(),
            id,
        };
        let mut scope = caller.tenant().write().await?;
        if let Some(inbox) = &inbox
            && (!caller.reaches(inbox) || scope.inbox(inbox).await?.is_none())
        {
            return Ok(None);
        }
        // Counted under the tenant's lock, so that two creations cannot both be the last one.
        scope.plan_for_update().await?;
        let count = scope.count_webhooks(None).await?;
        let max = match self.plan_of(&mut scope).await?.webhook_endpoints {
            0 => MOST,
            chosen => chosen.min(MOST),
        };
        let used = u64::try_from(count).unwrap_or_default();
        if used >= max {
            drop(scope);
            let over = OverLimit { limit: Limit::WebhookEndpoints, max, used, resets_at: None };
            self.tell_refused(caller.tenant(), None, &over);
            return Err(Error::Limit(over));
        }
        scope.insert_webhook(&new).await?;
        // Asked at once whether it wants to be called; until it said so, nothing is told to it.
        let challenge = EventId::generate(&self.0.clock, &self.0.random);
        scope.verify_webhook(&new.id, &challenge, new.created_at).await?;
        self.tell_near(&mut scope, Limit::WebhookEndpoints, max, count + 1).await?;
        scope.audit(&caller.act(Action::WebhookCreated).on(new.id.as_str()), new.created_at).await?;
        let stored = scope.webhook(&new.id).await?.ok_or(Error::Damaged("a new endpoint is not there"))?;
        scope.commit().await?;
        let secret = endpoint.secret.clone();
        Ok(Some(CreatedWebhook { view: self.view_of(stored, endpoint), secret }))
    }

    /// The caller's endpoints, newest first.
    pub async fn webhooks(&self, caller: &Principal) -> Result<Vec<WebhookView>> {
        let stored = caller.tenant().read().await?.webhooks(None, MOST.cast_signed()).await?;
        let mut views = Vec::with_capacity(stored.len());
        for webhook in stored.into_iter().filter(|webhook| may_touch(caller, webhook)) {
            let endpoint = self.open_endpoint(caller.tenant(), &webhook).await?;
            views.push(self.view_of(webhook, endpoint));
        }
        Ok(views)
    }

    /// One endpoint.
    pub async fn webhook(&self, caller: &Principal, id: &WebhookId) -> Result<Option<WebhookView>> {
        let stored = caller.tenant().read().await?.webhook(id).await?;
        let Some(webhook) = stored.filter(|webhook| may_touch(caller, webhook)) else { return Ok(None) };
        let endpoint = self.open_endpoint(caller.tenant(), &webhook).await?;
        Ok(Some(self.view_of(webhook, endpoint)))
    }

    /// Deletes an endpoint and what was still to be told to it.
    pub async fn delete_webhook(&self, caller: &Principal, id: &WebhookId) -> Result<bool> {
        let mut scope = caller.tenant().write().await?;
        if scope.webhook(id).await?.is_none_or(|webhook| !may_touch(caller, &webhook)) {
            return Ok(false);
        }
        let done = scope.delete_webhook(id).await?;
        scope.audit(&caller.act(Action::WebhookDeleted).on(id.as_str()), self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(done)
    }

    /// Draws an endpoint's secret and seals it with the rest.
    pub(crate) async fn new_endpoint(
        &self,
        tenant: &Tenant,
        id: &WebhookId,
        url: String,
        headers: BTreeMap<String, String>,
    ) -> Result<(Vec<u8>, Endpoint)> {
        let endpoint = Endpoint { url, secret: self.new_secret(), headers, older: None };
        Ok((self.seal_endpoint(tenant, id, &endpoint).await?, endpoint))
    }

    fn new_secret(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.0.random.bytes::<32>()))
    }

    fn view_of(&self, webhook: Webhook, endpoint: Endpoint) -> WebhookView {
        let older = endpoint.older(self.0.clock.now()).map(|older| Timestamp(older.until));
        WebhookView {
            webhook,
            url: endpoint.url,
            header_names: endpoint.headers.into_keys().collect(),
            older_secret_until: older,
        }
    }

    async fn seal_endpoint(&self, tenant: &Tenant, id: &WebhookId, endpoint: &Endpoint) -> Result<Vec<u8>> {
        let keys = self.0.keyring.tenant(tenant).await?;
        let json =
            serde_json::to_vec(endpoint).map_err(|_| Error::Damaged("an endpoint cannot be written"))?;
        Ok(keys.webhook.seal(
            &[tenant.id().as_str().as_bytes(), id.as_str().as_bytes()],
            &json,
            &self.0.random,
        ))
    }

    pub(crate) async fn open_endpoint(&self, tenant: &Tenant, webhook: &Webhook) -> Result<Endpoint> {
        let keys = self.0.keyring.tenant(tenant).await?;
        let place = [tenant.id().as_str().as_bytes(), webhook.id.as_str().as_bytes()];
        let opened = keys.webhook.open(&place, &webhook.sealed);
        let json = opened.map_err(|error| Error::unreadable(webhook.id.as_str(), error))?;
        serde_json::from_slice(&json).map_err(|_| Error::Damaged("an endpoint cannot be read"))
    }
}

/// An inbox key sees only endpoints of its inbox.
fn may_touch(caller: &Principal, webhook: &Webhook) -> bool {
    caller.inbox().is_none() || caller.inbox() == webhook.inbox.as_ref()
}

fn events(names: Option<Vec<String>>) -> Result<Vec<EventKind>> {
    let Some(names) = names else { return Ok(vec![EventKind::EmailReceived]) };
    if names.is_empty() {
        return Err(Error::invalid("events", "name at least one event"));
    }
    let mut kinds = Vec::with_capacity(names.len());
    for name in names {
        let kind = EventKind::parse(&name).ok_or_else(|| {
            let known: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
            Error::invalid("events", format!("there is no event `{name}`; there are {}", known.join(", ")))
        })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

fn include(name: &str) -> Result<Include> {
    Include::parse(name).ok_or_else(|| Error::invalid("include", "must be `ids`, `summary` or `body`"))
}

fn url_error(blocked: &Blocked) -> Error {
    Error::UrlNotAllowed(blocked.to_string())
}
