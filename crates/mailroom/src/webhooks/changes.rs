//! What a tenant does with an endpoint it has: change it, give it a new secret, try it, tell it of events again.

use std::collections::BTreeMap;
use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, WebhookId};
use mailward_store::{Action, Disabled, Webhook, WebhookChange};

use super::{OlderSecret, WebhookView, check_headers, events, include, may_touch, url_error};
use crate::access::Principal;
use crate::{Error, Mailroom, Result};

/// The longest time for which two secrets are valid.
const MOST_OVERLAP: Duration = Duration::from_secs(7 * 86_400);
/// Events that one replay tells again.
const MOST_REPLAYED: i64 = 1_000;
/// How far back a replay reaches: as long as events are kept.
const REPLAYED: Duration = Duration::from_secs(30 * 86_400);

/// What is to change; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookPatch {
    /// Where; the new place is asked before anything is told to it.
    pub url: Option<String>,
    /// Which events.
    pub events: Option<Vec<String>>,
    /// All headers, in place of all there were.
    pub headers: Option<BTreeMap<String, String>>,
    /// `ids`, `summary`, `body`.
    pub include: Option<String>,
    /// Off, or on again.
    pub is_active: Option<bool>,
}

/// What is to be told again.
#[derive(Clone, Debug)]
pub enum ReplayRequest {
    /// One event.
    Event(EventId),
    /// All that the endpoint wants to hear of, from then until then.
    Between(Timestamp, Option<Timestamp>),
}

/// An endpoint with a new secret, which is told this once.
pub struct RotatedWebhook {
    /// The endpoint.
    pub view: WebhookView,
    /// `whsec_` and base64.
    pub secret: String,
}

impl Mailroom {
    /// Changes an endpoint. `None`: the caller has no such endpoint.
    pub async fn change_webhook(
        &self,
        caller: &Principal,
        id: &WebhookId,
        patch: WebhookPatch,
    ) -> Result<Option<WebhookView>> {
        let Some(webhook) = self.own_webhook(caller, id).await? else { return Ok(None) };
        let mut endpoint = self.open_endpoint(caller.tenant(), &webhook).await?;
        let is_moved = patch.url.as_ref().is_some_and(|url| *url != endpoint.url);
        if let Some(url) = patch.url {
            self.0.egress.check(&url).await.map_err(|blocked| url_error(&blocked))?;
            endpoint.url = url;
        }
        if let Some(headers) = patch.headers {
            check_headers(&headers)?;
            endpoint.headers = headers;
        }
        let change = WebhookChange {
            events: match patch.events {
                None => webhook.events.clone(),
                wanted => events(wanted)?,
            },
            include: patch.include.as_deref().map_or(Ok(webhook.include), include)?,
            sealed: self.seal_endpoint(caller.tenant(), id, &endpoint).await?,
        };
        let now = self.0.clock.now();
        let challenge = EventId::generate(&self.0.clock, &self.0.random);
        let mut scope = caller.tenant().write().await?;
        if !scope.change_webhook(id, &change, &webhook.sealed).await? {
            return Err(CHANGED);
        }
        let wanted = patch.is_active.unwrap_or(webhook.is_active);
        if !wanted {
            scope.disable_webhook(id, Disabled::Tenant, now).await?;
        } else if is_moved || !webhook.is_active {
            scope.verify_webhook(id, &challenge, now).await?;
        }
        scope.audit(&caller.act(Action::WebhookChanged).on(id.as_str()), now).await?;
        let stored = scope.webhook(id).await?;
        scope.commit().await?;
        Ok(stored.map(|stored| self.view_of(stored, endpoint)))
    }

    /// Gives an endpoint a new secret; for `overlap` calls are signed with the one before as well. `None`: the caller has
    /// no such endpoint.
    pub async fn rotate_webhook(
        &self,
        caller: &Principal,
        id: &WebhookId,
        overlap: Duration,
    ) -> Result<Option<RotatedWebhook>> {
        if overlap > MOST_OVERLAP {
            return Err(Error::invalid("overlapSeconds", "must be at most 604800, a week"));
        }
        let Some(webhook) = self.own_webhook(caller, id).await? else { return Ok(None) };
        let now = self.0.clock.now();
        let mut endpoint = self.open_endpoint(caller.tenant(), &webhook).await?;
        let older = std::mem::replace(&mut endpoint.secret, self.new_secret());
        // Two at most are ever valid: one that was replaced before ends now.
        endpoint.older =
            (!overlap.is_zero()).then(|| OlderSecret { secret: older, until: now.plus(overlap).millis() });
        let change = WebhookChange {
            events: webhook.events.clone(),
            include: webhook.include,
            sealed: self.seal_endpoint(caller.tenant(), id, &endpoint).await?,
        };
        let mut scope = caller.tenant().write().await?;
        if !scope.change_webhook(id, &change, &webhook.sealed).await? {
            return Err(CHANGED);
        }
        scope.audit(&caller.act(Action::WebhookRotated).on(id.as_str()), now).await?;
        scope.commit().await?;
        let secret = endpoint.secret.clone();
        Ok(Some(RotatedWebhook { view: self.view_of(webhook, endpoint), secret }))
    }

    /// Lets an endpoint be told a test; the event's id. `None`: the caller has no such endpoint.
    pub async fn test_webhook(&self, caller: &Principal, id: &WebhookId) -> Result<Option<EventId>> {
        let Some(webhook) = self.own_webhook(caller, id).await? else { return Ok(None) };
        if !webhook.is_active {
            return Err(OFF);
        }
        let event = EventId::generate(&self.0.clock, &self.0.random);
        let mut scope = caller.tenant().write().await?;
        if !scope.test_webhook(id, &event, self.0.clock.now()).await? {
            return Err(Error::Conflict("a test is on its way to this endpoint already"));
        }
        scope.commit().await?;
        Ok(Some(event))
    }

    /// Tells an endpoint of events again, under their ids; of how many. `None`: the caller has no such endpoint, or it
    /// has no such event.
    pub async fn replay_webhook(
        &self,
        caller: &Principal,
        id: &WebhookId,
        wanted: ReplayRequest,
    ) -> Result<Option<usize>> {
        let Some(webhook) = self.own_webhook(caller, id).await? else { return Ok(None) };
        if !webhook.is_active {
            return Err(OFF);
        }
        let now = self.0.clock.now();
        let mut scope = caller.tenant().write().await?;
        let events = match wanted {
            ReplayRequest::Event(event) => {
                let found = scope
                    .event(&event)
                    .await?
                    .filter(|event| webhook.inbox.is_none() || webhook.inbox == event.inbox);
                let Some(found) = found else { return Ok(None) };
                vec![found.id]
            }
            ReplayRequest::Between(since, until) => {
                scope
                    .events_for(id, since.max(now.minus(REPLAYED)), until.unwrap_or(now), MOST_REPLAYED)
                    .await?
            }
        };
        let mut queued = 0;
        for event in &events {
            queued += usize::from(scope.replay(id, event, now).await?);
        }
        let act = caller.act(Action::WebhookReplayed).on(id.as_str());
        scope.audit(&act.number("events", i64::try_from(queued).unwrap_or(i64::MAX)), now).await?;
        scope.commit().await?;
        Ok(Some(queued))
    }

    pub(super) async fn own_webhook(&self, caller: &Principal, id: &WebhookId) -> Result<Option<Webhook>> {
        let stored = caller.tenant().read().await?.webhook(id).await?;
        Ok(stored.filter(|webhook| may_touch(caller, webhook)))
    }
}

const CHANGED: Error = Error::Conflict("somebody else changed this endpoint at the same time");
const OFF: Error =
    Error::Conflict("this endpoint is switched off: switch it on with PATCH {\"isActive\": true}");
