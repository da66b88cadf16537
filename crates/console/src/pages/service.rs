//! What a tenant's service is made of: inboxes, endpoints with their deliveries, domains with their records, keys.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use mailward_mail::id::{EventId, WebhookId};
use mailward_mailroom::access::Principal;
use mailward_mailroom::{DnsRecord, ReplayRequest, UsageRequest};
use mailward_store::{AttemptOutcome, DayUse, Role};

use crate::door::{Form, Seat};
use crate::fields::Fields;
use crate::notice::Notice;
use crate::shell::Shell;
use crate::trouble::{Trouble, render};
use crate::{Desk, words};

/// Inboxes and deliveries that are listed.
const MOST: i64 = 100;

#[derive(Template)]
#[template(path = "inboxes.html")]
struct InboxesPage {
    shell: Shell,
    inboxes: Vec<InboxRow>,
    is_reviewer: bool,
}

/// An inbox.
pub(crate) struct InboxRow {
    pub(crate) id: String,
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) mails: String,
    /// What came and went in the last seven days.
    pub(crate) week: String,
    pub(crate) state: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) made: String,
}

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    shell: Shell,
    hooks: Vec<HookRow>,
}

/// An endpoint.
pub(crate) struct HookRow {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) events: String,
    pub(crate) state: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) failures: i64,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct WebhookPage {
    shell: Shell,
    hook: HookRow,
    is_admin: bool,
    deliveries: Vec<Delivery>,
}

/// A call of an endpoint.
pub(crate) struct Delivery {
    pub(crate) event: String,
    pub(crate) kind: String,
    pub(crate) attempt: i64,
    pub(crate) when: String,
    pub(crate) status: String,
    pub(crate) took: i64,
    pub(crate) outcome: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) error: String,
}

#[derive(Template)]
#[template(path = "domains.html")]
struct DomainsPage {
    shell: Shell,
    domains: Vec<DomainRow>,
}

/// A domain.
pub(crate) struct DomainRow {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) checked: String,
    pub(crate) records: Vec<DnsRecord>,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    shell: Shell,
    keys: Vec<KeyRow>,
    is_admin: bool,
}

/// A key.
pub(crate) struct KeyRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) end: String,
    pub(crate) scopes: String,
    pub(crate) used: String,
    pub(crate) expires: String,
}

/// `GET /console/inboxes`
pub(crate) async fn inboxes(State(desk): State<Desk>, seat: Seat) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Viewer)?;
    let inboxes = inbox_rows(&desk, &principal).await?;
    let is_reviewer = seat.may(Role::Reviewer);
    let shell = Shell::new(&desk, &seat, "Inboxes", "/console/inboxes");
    Ok(render(&InboxesPage { shell, inboxes, is_reviewer }))
}

/// `GET /console/webhooks`
pub(crate) async fn webhooks(State(desk): State<Desk>, seat: Seat) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Viewer)?;
    let hooks = hook_rows(&desk, &principal).await?;
    Ok(render(&WebhooksPage { shell: Shell::new(&desk, &seat, "Webhooks", "/console/webhooks"), hooks }))
}

/// `GET /console/webhooks/{webhook}`
pub(crate) async fn webhook(
    State(desk): State<Desk>,
    seat: Seat,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Viewer)?;
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let id = WebhookId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let hook = hook_rows(&desk, &principal).await?.into_iter().find(|hook| hook.id == id.as_str());
    let hook = hook.ok_or(Trouble::NotFound)?;
    let deliveries = deliveries(&desk, &principal, &id, MOST).await?.ok_or(Trouble::NotFound)?;
    let shell = Shell::new(&desk, &seat, "Webhook", "/console/webhooks");
    Ok(render(&WebhookPage {
        shell: shell.saying(Notice::named(query.text("done"))),
        hook,
        is_admin: seat.may(Role::Admin),
        deliveries,
    }))
}

/// `POST /console/webhooks/{webhook}/replay`
pub(crate) async fn replay(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Admin)?;
    let id = WebhookId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let event = EventId::parse(fields.text("event")).map_err(|_| Trouble::NotFound)?;
    let done = desk.room.replay_webhook(&principal, &id, ReplayRequest::Event(event)).await?;
    done.ok_or(Trouble::NotFound)?;
    Ok(Redirect::to(&format!("/console/webhooks/{id}?done=replayed")).into_response())
}

/// `GET /console/domains`
pub(crate) async fn domains(State(desk): State<Desk>, seat: Seat) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Viewer)?;
    let domains = domain_rows(&desk, &principal).await?;
    Ok(render(&DomainsPage { shell: Shell::new(&desk, &seat, "Domains", "/console/domains"), domains }))
}

/// `GET /console/keys`
pub(crate) async fn keys(
    State(desk): State<Desk>,
    seat: Seat,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Viewer)?;
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let keys = key_rows(&desk, &principal).await?;
    let shell = Shell::new(&desk, &seat, "Keys", "/console/keys").saying(Notice::named(query.text("done")));
    Ok(render(&KeysPage { shell, keys, is_admin: seat.may(Role::Admin) }))
}

/// `POST /console/keys/{key}/revoke`
pub(crate) async fn revoke(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, .. }: Form,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Admin)?;
    if !desk.room.revoke(&principal, &id).await? {
        return Err(Trouble::NotFound);
    }
    Ok(Redirect::to("/console/keys?done=revoked").into_response())
}

/// The last calls of an endpoint; `None`: no such endpoint.
pub(crate) async fn deliveries(
    desk: &Desk,
    principal: &Principal,
    id: &WebhookId,
    most: i64,
) -> Result<Option<Vec<Delivery>>, Trouble> {
    let now = desk.room.clock().now();
    let Some(found) = desk.room.deliveries(principal, id, None, None, most).await? else { return Ok(None) };
    let rows = found.into_iter().map(|view| {
        let (outcome, tone) = match view.attempt.outcome {
            AttemptOutcome::Delivered => ("delivered", "good"),
            AttemptOutcome::Failed => ("failed", "bad"),
            _ => ("will be tried again", "near"),
        };
        Delivery {
            event: view.attempt.event.to_string(),
            kind: view.attempt.kind,
            attempt: view.attempt.attempt,
            when: words::ago(view.attempt.at, now),
            status: view.attempt.status.map_or_else(|| "no answer".into(), |status| status.to_string()),
            took: view.attempt.latency_ms,
            outcome,
            tone,
            error: view.error.unwrap_or_default(),
        }
    });
    Ok(Some(rows.collect()))
}

pub(crate) async fn inbox_rows(desk: &Desk, principal: &Principal) -> Result<Vec<InboxRow>, Trouble> {
    let now = desk.room.clock().now();
    let found = desk.room.inboxes(principal, None, MOST).await?;
    let from = Some(now.minus(std::time::Duration::from_secs(6 * 86_400)));
    let request = UsageRequest { from, by_inbox: true, ..UsageRequest::default() };
    let used = desk.room.usage(principal, &request).await?;
    let week: HashMap<String, DayUse> = used
        .into_iter()
        .flat_map(|used| used.inboxes)
        .map(|inbox| (inbox.inbox, inbox.days.into_values().fold(DayUse::default(), DayUse::plus)))
        .collect();
    Ok(found
        .into_iter()
        .map(|view| {
            let (state, tone) = match (&view.inbox.quiet, view.inbox.is_active) {
                (_, false) => ("paused", "near"),
                (Some(_), true) => ("quiet: it answered in circles", "near"),
                (None, true) => ("takes mail", "good"),
            };
            let week = week.get(view.inbox.id.as_str()).copied().unwrap_or_default();
            InboxRow {
                week: match (week.received, week.sent) {
                    (0, 0) => "nothing".to_owned(),
                    (came, 0) => format!("{} came", words::number(came)),
                    (came, sent) => format!("{} came, {} sent", words::number(came), words::number(sent)),
                },
                name: view.display_name.unwrap_or_default(),
                mails: words::number(view.inbox.email_count),
                made: words::ago(view.inbox.created_at, now),
                id: view.inbox.id.to_string(),
                address: view.inbox.address,
                state,
                tone,
            }
        })
        .collect())
}

pub(crate) async fn hook_rows(desk: &Desk, principal: &Principal) -> Result<Vec<HookRow>, Trouble> {
    let found = desk.room.webhooks(principal).await?;
    Ok(found
        .into_iter()
        .map(|view| {
            let hook = &view.webhook;
            let (state, tone) = match () {
                () if hook.disabled.is_some() => ("switched off after failures", "bad"),
                () if !hook.is_active => ("switched off", ""),
                () if hook.is_unverified => ("waits for its challenge", "near"),
                () if hook.failing_since.is_some() => ("fails", "near"),
                () => ("works", "good"),
            };
            let events: Vec<&str> = hook.events.iter().map(|kind| kind.as_str()).collect();
            HookRow {
                id: hook.id.to_string(),
                events: if events.len() > 4 {
                    format!("{} kinds of events", events.len())
                } else {
                    events.join(", ")
                },
                failures: hook.failures,
                url: view.url,
                state,
                tone,
            }
        })
        .collect())
}

pub(crate) async fn domain_rows(desk: &Desk, principal: &Principal) -> Result<Vec<DomainRow>, Trouble> {
    let now = desk.room.clock().now();
    let found = desk.room.domains(principal).await?;
    Ok(found
        .into_iter()
        .map(|view| {
            let (state, tone) = match view.domain.status {
                mailward_store::DomainStatus::Verified => ("verified", "good"),
                mailward_store::DomainStatus::Failed => ("its proof is missing", "bad"),
                _ => ("waits for its records", "near"),
            };
            DomainRow {
                name: view.domain.name,
                checked: view.domain.checked_at.map_or_else(|| "not yet".into(), |at| words::ago(at, now)),
                records: view.records,
                state,
                tone,
            }
        })
        .collect())
}

pub(crate) async fn key_rows(desk: &Desk, principal: &Principal) -> Result<Vec<KeyRow>, Trouble> {
    let now = desk.room.clock().now();
    let found = desk.room.keys(principal).await?;
    Ok(found
        .into_iter()
        .map(|view| KeyRow {
            name: view.name.unwrap_or_default(),
            end: view.key.last4,
            scopes: view.key.scopes.names().join(", "),
            used: view.key.last_used_at.map_or_else(|| "never".into(), |at| words::ago(at, now)),
            expires: view.key.expires_at.map_or_else(|| "never".into(), words::moment),
            id: view.key.keyid,
        })
        .collect())
}
