//! What is told to an endpoint of an event: put together when it is sent, from what is true then.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId, MessageId};
use mailward_store::{ClaimedJob, EventKind, EventRow, Include, Probe, State, TenantState, Webhook};
use serde_json::{Value, json};

use crate::reading::{meta, parsed};
use crate::snapshot::{Meta, body_text};
use crate::{Error, Mailroom, Result};

/// A call that is to be made.
pub struct WebhookCall {
    /// Where.
    pub url: String,
    /// `whsec_` and base64.
    pub secret: String,
    /// The secret before it, as long as it is valid.
    pub older_secret: Option<String>,
    /// The endpoint's own headers.
    pub headers: Vec<(String, String)>,
    /// The event, the same on every way it is delivered.
    pub event: EventId,
    /// Its name.
    pub kind: &'static str,
    /// The inbox and the mail that it is about.
    pub about: (Option<InboxId>, Option<MessageId>),
    /// JSON.
    pub body: Vec<u8>,
    /// What the endpoint is asked to give back; of a challenge alone.
    pub challenge: Option<String>,
    /// It gave an earlier challenge back.
    pub echoes: bool,
}

/// What a job is to do.
pub enum WebhookStep {
    /// Make this call.
    Call(Box<WebhookCall>),
    /// Wait for the job that tries the endpoint.
    Wait,
    /// There is nothing to be told any more.
    Nothing,
}

/// What a call tells.
struct Told {
    kind: &'static str,
    at: Timestamp,
    inbox: Option<InboxId>,
    message: Option<MessageId>,
    data: Value,
    challenge: Option<String>,
}

impl Mailroom {
    /// What a job is to do now.
    pub async fn webhook_step(&self, job: &ClaimedJob) -> Result<WebhookStep> {
        self.noting(&job.tenant, self.put_together(job)).await
    }

    async fn put_together(&self, job: &ClaimedJob) -> Result<WebhookStep> {
        let (Some(event), Some(webhook)) = (&job.event, &job.webhook) else {
            return Ok(WebhookStep::Nothing);
        };
        let mut scope = job.tenant.read().await?;
        // What was queued before a suspension waits for its end, as retries do.
        if scope.state().await? != TenantState::Active {
            return Err(Error::Conflict("the tenant is not active"));
        }
        let Some(webhook) = scope.webhook(webhook).await?.filter(|webhook| webhook.is_active) else {
            return Ok(WebhookStep::Nothing);
        };
        drop(scope);
        let probe = Probe::of(&job.id);
        let is_others = webhook.probe.as_ref().is_some_and(|tries| *tries != job.id);
        // Nothing is told to who was not asked. Later a test may go beside the one that tries.
        if (webhook.is_unverified && probe != Some(Probe::Verify)) || (is_others && probe.is_none()) {
            return Ok(WebhookStep::Wait);
        }
        let told = match probe {
            Some(probe) => self.told_by(probe, job, &webhook),
            None => match self.told_of(job, event, &webhook).await? {
                Some(told) => told,
                None => return Ok(WebhookStep::Nothing),
            },
        };
        let endpoint = self.open_endpoint(&job.tenant, &webhook).await?;
        let body = json!({
            "id": event.as_str(),
            // Receivers that know no header of ours take a repeat for what it is by this.
            "idempotencyKey": event.as_str(),
            "type": told.kind,
            "event": told.kind,
            "timestamp": told.at.to_string(),
            "tenantId": job.tenant.id().as_str(),
            "inboxId": told.inbox.as_ref().map(InboxId::as_str),
            "data": told.data,
        });
        let older_secret = endpoint.older(self.0.clock.now()).map(|older| older.secret.clone());
        Ok(WebhookStep::Call(Box::new(WebhookCall {
            url: endpoint.url,
            secret: endpoint.secret,
            older_secret,
            headers: endpoint.headers.into_iter().collect(),
            event: event.clone(),
            kind: told.kind,
            about: (told.inbox, told.message),
            body: body.to_string().into_bytes(),
            challenge: told.challenge,
            echoes: webhook.echoes,
        })))
    }

    /// What tries an endpoint, and is no event: nothing of it is anybody's mail.
    fn told_by(&self, probe: Probe, job: &ClaimedJob, webhook: &Webhook) -> Told {
        let (kind, data, challenge) = match probe {
            Probe::Test => ("webhook.test", json!({ "webhookId": webhook.id.as_str() }), None),
            Probe::Verify => {
                let challenge = URL_SAFE_NO_PAD.encode(self.0.random.bytes::<24>());
                let data = json!({ "webhookId": webhook.id.as_str(), "challenge": challenge });
                ("webhook.verify", data, Some(challenge))
            }
        };
        Told { kind, at: job.created_at, inbox: webhook.inbox.clone(), message: None, data, challenge }
    }

    async fn told_of(&self, job: &ClaimedJob, event: &EventId, webhook: &Webhook) -> Result<Option<Told>> {
        let Some(event) = job.tenant.read().await?.event(event).await? else { return Ok(None) };
        let data = self.event_data(&job.tenant, &event, webhook.include).await?;
        Ok(data.map(|data| Told {
            kind: event.kind.as_str(),
            at: event.created_at,
            inbox: event.inbox,
            message: event.message,
            data,
            challenge: None,
        }))
    }

    /// The event's `data`. Mail that is held, or was deleted meanwhile, never carries content.
    pub(crate) async fn event_data(
        &self,
        tenant: &mailward_store::Tenant,
        event: &EventRow,
        include: Include,
    ) -> Result<Option<Value>> {
        let Some(id) = &event.message else {
            let detail = tenant.read().await?.event_detail(&event.id).await?;
            let data = detail.map(|json| serde_json::from_str(&json)).transpose();
            let data = data.map_err(|_| Error::Damaged("the detail of an event is no JSON"))?;
            return Ok(Some(data.unwrap_or_else(|| json!({}))));
        };
        let mut data = json!({ "id": id.as_str(), "inboxId": event.inbox.as_ref().map(InboxId::as_str) });
        let keys = self.0.keyring.tenant(tenant).await?;
        let mut scope = tenant.read().await?;
        let Some(message) = scope.message_for_review(id).await? else { return Ok(None) };
        // Who decided on it, where the event is of a decision: in a word of ours.
        if let Some(detail) = scope.event_detail(&event.id).await? {
            let detail: Value = serde_json::from_str(&detail)
                .map_err(|_| Error::Damaged("the detail of an event is no JSON"))?;
            data["decidedBy"] = detail["decidedBy"].clone();
        }
        if let Some(status) = message.status {
            data["direction"] = json!(message.direction.as_str());
            data["status"] = json!(status.as_str());
        }
        data["seq"] = json!(message.seq);
        data["receivedAt"] = json!(message.received_at.to_string());
        data["createdAt"] = json!(message.available_at.map(|at| at.to_string()));
        let opened = meta(tenant, &mut scope, &keys, &message).await?;
        data["security"] = security(&opened, false);
        // The state now decides, not the one at the event: a mail that is held tells nothing of what it says.
        let is_content = message.state == State::Delivered && event.kind != EventKind::EmailQuarantined;
        if !is_content || include == Include::Ids {
            return Ok(Some(data));
        }
        data["threadId"] = json!(message.thread.as_ref().map(mailward_mail::id::ThreadId::as_str));
        data["from"] = json!(opened.from.address);
        data["fromName"] = json!(opened.from.name);
        data["to"] = json!(opened.to);
        data["subject"] = json!(opened.subject);
        data["preview"] = json!(opened.preview);
        data["hasAttachments"] = json!(!opened.attachments.is_empty());
        data["automated"] = json!(opened.automated.is_some());
        data["automatedReason"] = json!(opened.automated);
        data["security"] = security(&opened, true);
        if include == Include::Body
            && let Some(parsed) = parsed(tenant, &mut scope, &keys, &message).await?
        {
            data["body"] = json!(body_text(&parsed));
            data["html"] = json!((!parsed.html.is_empty()).then_some(parsed.html));
        }
        Ok(Some(data))
    }
}

/// The `security` object of the contract. Findings quote the mail, so they are left out where content is.
fn security(meta: &Meta, with_findings: bool) -> Value {
    let Some(verdict) = &meta.verdict else { return json!({}) };
    let mut security = json!({
        "injectionRisk": verdict.level.as_str(),
        "injectionScore": verdict.score,
        "injectionRiskScore": f64::from(verdict.score) / 100.0,
        "flags": meta.flags(),
        "coverage": verdict.coverage,
        "model": verdict.model,
        "spf": meta.auth.spf,
        "dkim": meta.auth.dkim,
        "dmarc": meta.auth.dmarc,
        "ambiguous": meta.ambiguous,
    });
    if with_findings {
        security["findings"] = verdict
            .findings
            .iter()
            .map(|finding| {
                json!({ "rule": finding.rule, "weight": finding.weight, "where": finding.view, "excerpt": finding.excerpt })
            })
            .collect();
    }
    security
}
