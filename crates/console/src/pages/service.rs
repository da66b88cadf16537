//! What a tenant's service is made of: inboxes, endpoints with their deliveries, domains with their records, keys.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use mailward_mail::id::{EventId, WebhookId};
use mailward_mailroom::access::Principal;
use mailward_mailroom::{DnsRecord, ReplayRequest};
use mailward_store::{AttemptOutcome, Role};

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
}

/// An inbox.
pub(crate) struct InboxRow {
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) mails: String,
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

struct Delivery {
    event: String,
    kind: String,
    attempt: i64,
    when: String,
    status: String,
    took: i64,
    outcome: &'static str,
    tone: &'static str,
    error: String,
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
    Ok(render(&InboxesPage { shell: Shell::new(&desk, &seat, "Inboxes", "/console/inboxes"), inboxes }))
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
    let now = desk.room.clock().now();
    let found = desk.room.deliveries(&principal, &id, None, None, MOST).await?.ok_or(Trouble::NotFound)?;
    let deliveries = found.into_iter().map(|view| {
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
    let shell = Shell::new(&desk, &seat, "Webhook", "/console/webhooks");
    Ok(render(&WebhookPage {
        shell: shell.saying(Notice::named(query.text("done"))),
        hook,
        is_admin: seat.may(Role::Admin),
        deliveries: deliveries.collect(),
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

pub(crate) async fn inbox_rows(desk: &Desk, principal: &Principal) -> Result<Vec<InboxRow>, Trouble> {
    let now = desk.room.clock().now();
    let found = desk.room.inboxes(principal, None, MOST).await?;
    Ok(found
        .into_iter()
        .map(|view| {
            let (state, tone) = match (&view.inbox.quiet, view.inbox.is_active) {
                (_, false) => ("paused", "near"),
                (Some(_), true) => ("quiet: it answered in circles", "near"),
                (None, true) => ("takes mail", "good"),
            };
            InboxRow {
                name: view.display_name.unwrap_or_default(),
                mails: words::number(view.inbox.email_count),
                made: words::ago(view.inbox.created_at, now),
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
