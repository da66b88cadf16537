//! Inboxes: made, found, changed, deleted.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mailward_mail::id::InboxId;
use mailward_mailroom::{CreatedInbox, DailySends, InboxPatch, InboxRequest, PolicyChange};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::DeletedView;
use super::gate::{GateRequest, GateView, InboxGate};
use super::send_policy::{InboxSendPolicy, SendLimitsShape};
use crate::Web;
use crate::body::Body;
use crate::caller::Caller;
use crate::cursor::{self, Page};
use crate::headers::idempotency_key;
use crate::problem::Problem;
use crate::query::{Ids, Limit, Query};

/// What inbox is wanted.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = CreateInbox)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CreateRequest {
    /// What people see.
    #[serde(default)]
    display_name: Option<String>,
    /// The part before the `@`, 3 to 64 characters; a random one when absent.
    #[serde(default)]
    local_part: Option<String>,
    /// One of the service's domains.
    #[serde(default)]
    domain: Option<String>,
    /// Your own name for the inbox: a second request with the same finds the first one's inbox.
    #[serde(default)]
    client_id: Option<String>,
    /// Seconds until it ends.
    #[serde(default)]
    expires_in: Option<u64>,
}

/// What is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChangeInbox)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangeRequest {
    /// What people see.
    #[serde(default)]
    display_name: Option<String>,
    /// Whether it takes mail.
    #[serde(default)]
    is_active: Option<bool>,
    /// What of its mail waits for a person: a level, or the fields of a gate. Needs the scope `settings`.
    #[serde(default)]
    gate: Option<InboxGate>,
    /// To whom the inbox may write: `anyone`, `known`, `allowlist`, `domain`, `none`, or the fields of a send policy. Needs
    /// the scope `settings`, and not a key of one inbox.
    #[serde(default)]
    send_policy: Option<InboxSendPolicy>,
    /// How much the inbox may send, below its plan's limits. Needs the same as `sendPolicy`, of which it is a part.
    #[serde(default)]
    limits: Option<SendLimitsShape>,
    /// `false` wakes an inbox that was paused because it exchanged too much mail; it is told of all that came meanwhile. It also
    /// lets one send again that was stopped because too much came back, with a key that is not bound to it. Needs the scope
    /// `settings`.
    #[serde(default)]
    is_paused: Option<bool>,
}

/// Which inboxes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ListOptions {
    /// 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// From the page before.
    cursor: Option<String>,
    /// Only the one that was made with this client id.
    client_id: Option<String>,
    /// Only the one with this address.
    address: Option<String>,
}

/// An inbox.
#[derive(Serialize, ToSchema)]
#[schema(as = Inbox)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InboxView {
    id: String,
    /// Where mail for it is sent.
    address: String,
    display_name: Option<String>,
    domain: String,
    /// Whether it takes mail.
    is_active: bool,
    /// Since when nobody is told of its mail, because it exchanged too much of it; or since when it sends nothing, because too
    /// much of what it sent came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_at: Option<String>,
    /// Why: `pair_budget` or `thread_budget`; `bounces` or `complaints`.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_reason: Option<String>,
    /// Mails received so far.
    email_count: i64,
    /// How many recipients a day it may write to: where one inbox is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    daily_sends: Option<DailySendsView>,
    expires_at: Option<String>,
    created_at: String,
    /// The inbox' own key, shown once: when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// What of its mail waits for a person, for who may choose it: when it was chosen with this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<GateView>,
}

/// How many recipients a day an inbox may write to. `null` is no limit.
#[derive(Serialize, ToSchema)]
#[schema(as = DailySends)]
pub(crate) struct DailySendsView {
    /// Today: an inbox that is new begins with a few and has twice as many each day (UTC).
    today: Option<u64>,
    /// What that grows to.
    full: Option<u64>,
}

/// Makes an inbox, or answers 200 with the one that an equal request made before.
#[utoipa::path(post, path = "/v1/inboxes", operation_id = "createInbox", tag = "inboxes",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats with the same are one request")),
    request_body(content = Option<CreateRequest>),
    responses((status = 201, body = InboxView), (status = 200, body = InboxView, description = "Made before")))]
pub(crate) async fn create(
    caller: Caller,
    State(web): State<Web>,
    headers: HeaderMap,
    Body(request): Body<CreateRequest>,
) -> Result<(StatusCode, Json<InboxView>), Problem> {
    let principal = caller.need(Scopes::INBOXES)?;
    let made = web.room.create_inbox(principal, request.bound(&headers)?).await?;
    let status = if made.token.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(InboxView::made(made))))
}

/// Lists the caller's inboxes, newest first.
#[utoipa::path(get, path = "/v1/inboxes", operation_id = "listInboxes", tag = "inboxes", params(ListOptions),
    responses((status = 200, body = Page<InboxView>)))]
pub(crate) async fn list(
    caller: Caller,
    State(web): State<Web>,
    Query(options): Query<ListOptions>,
) -> Result<Json<Page<InboxView>>, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let (client_id, address) = (options.client_id.as_deref(), options.address.as_deref());
    if client_id.is_some() || address.is_some() {
        let found = web.room.find_inbox(principal, client_id, address).await?;
        return Ok(Json(Page::whole(found.into_iter().map(InboxView::of).collect())));
    }
    page(&web, principal, options.limit, options.cursor.as_deref()).await
}

/// Shows one inbox.
#[utoipa::path(get, path = "/v1/inboxes/{id}", operation_id = "getInbox", tag = "inboxes",
    params(("id" = String, Path)), responses((status = 200, body = InboxView)))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<InboxId>,
) -> Result<Json<InboxView>, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let found = web.room.inbox(principal, &id).await?;
    let view = InboxView::of(found.ok_or_else(Problem::not_found)?);
    let daily_sends = web.room.daily_sends(principal, &id).await?.map(DailySendsView::of);
    Ok(Json(InboxView { daily_sends, ..view }))
}

/// Changes an inbox.
#[utoipa::path(patch, path = "/v1/inboxes/{id}", operation_id = "changeInbox", tag = "inboxes",
    params(("id" = String, Path)), request_body(content = ChangeRequest),
    responses((status = 200, body = InboxView)))]
pub(crate) async fn change(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<InboxId>,
    Body(request): Body<ChangeRequest>,
) -> Result<Json<InboxView>, Problem> {
    if request.is_paused == Some(true) {
        return Err(Problem::validation(
            "isPaused: only `false`; `isActive` false stops an inbox from taking mail",
        ));
    }
    let wake = request.is_paused.is_some();
    let patch = InboxPatch { display_name: request.display_name, is_active: request.is_active, wake };
    let is_more = patch.display_name.is_some() || patch.is_active.is_some();
    let gate = request.gate.map(InboxGate::request);
    let send_policy = match request.limits {
        Some(limits) => Some(InboxSendPolicy::limited(request.send_policy, limits)),
        None => request.send_policy,
    };
    let gate = match (gate, send_policy) {
        (None, None) => None,
        (gate, send) => Some(gate.unwrap_or_default().and_send(send)),
    };
    let Some(gate): Option<GateRequest> = gate else {
        let principal = if wake { caller.need(Scopes::SETTINGS)? } else { caller.need(Scopes::INBOXES)? };
        if is_more {
            caller.need(Scopes::INBOXES)?;
        }
        let changed = web.room.change_inbox(principal, &id, patch).await?;
        return Ok(Json(InboxView::of(changed.ok_or_else(Problem::not_found)?)));
    };
    // A reviewer's key chooses what is held and changes nothing else: each part needs its own scope, before any is done.
    let principal = caller.need(Scopes::SETTINGS)?;
    if is_more {
        caller.need(Scopes::INBOXES)?;
    }
    let (policy, version) = gate.split();
    let changed = web.room.change_policy(principal, Some(&id), PolicyChange::Merge(policy), version).await?;
    let gate = Some(GateView::of(changed.ok_or_else(Problem::not_found)?));
    let inbox = match is_more || wake {
        true => web.room.change_inbox(principal, &id, patch).await?,
        false => web.room.inbox(principal, &id).await?,
    };
    Ok(Json(InboxView { gate, ..InboxView::of(inbox.ok_or_else(Problem::not_found)?) }))
}

/// Deletes an inbox with its mail and its keys. Its address is never given out again.
#[utoipa::path(delete, path = "/v1/inboxes/{id}", operation_id = "deleteInbox", tag = "inboxes",
    params(("id" = String, Path)), responses((status = 200, body = DeletedView)))]
pub(crate) async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<InboxId>,
) -> Result<Json<DeletedView>, Problem> {
    if web.room.delete_inbox(caller.need(Scopes::INBOXES)?, &id).await? {
        Ok(DeletedView::of(id))
    } else {
        Err(Problem::not_found())
    }
}

/// A page of a principal's inboxes.
pub(crate) async fn page(
    web: &Web,
    principal: &mailward_mailroom::access::Principal,
    Limit(limit): Limit,
    cursor: Option<&str>,
) -> Result<Json<Page<InboxView>>, Problem> {
    let before = cursor::read(cursor, |place| InboxId::parse(place).ok())?;
    let found = web.room.inboxes(principal, before.as_ref(), i64::from(limit) + 1).await?;
    Ok(Json(Page::of(found, limit, |one| one.inbox.id.to_string(), InboxView::of)))
}

impl CreateRequest {
    /// The request, bound to its idempotency key if it came with one.
    pub(crate) fn bound(self, headers: &HeaderMap) -> Result<InboxRequest, Problem> {
        // Written anew, so that the order of fields and white space make no other request of it.
        let canonical = serde_json::to_vec(&self).map_err(|error| Problem::internal(error.to_string()))?;
        let request = InboxRequest {
            display_name: self.display_name,
            local_part: self.local_part,
            domain: self.domain,
            client_id: self.client_id,
            expires_in: self.expires_in.map(Duration::from_secs),
            idempotency: None,
        };
        Ok(match idempotency_key(headers)? {
            None => request,
            Some(key) => request.idempotent(key, &canonical),
        })
    }
}

impl DailySendsView {
    fn of(daily: DailySends) -> Self {
        let limit = |most: u64| (most > 0).then_some(most);
        Self { today: limit(daily.today), full: limit(daily.full) }
    }
}

impl InboxView {
    pub(crate) fn of(view: mailward_mailroom::InboxView) -> Self {
        let inbox = view.inbox;
        let quiet = inbox.quiet.map(|quiet| (quiet.since, quiet.reason));
        let paused = quiet.or_else(|| inbox.stopped.map(|stopped| (stopped.since, stopped.reason)));
        Self {
            id: inbox.id.into(),
            address: inbox.address,
            display_name: view.display_name,
            domain: inbox.domain,
            is_active: inbox.is_active,
            paused_at: paused.as_ref().map(|(since, _)| since.to_string()),
            paused_reason: paused.map(|(_, reason)| reason),
            email_count: inbox.email_count,
            daily_sends: None,
            expires_at: inbox.expires_at.map(|at| at.to_string()),
            created_at: inbox.created_at.to_string(),
            token: None,
            gate: None,
        }
    }

    pub(crate) fn made(made: CreatedInbox) -> Self {
        let token = made.token.map(|token| token.expose().to_owned());
        Self { token, ..Self::of(made.view) }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn bound(json: &str, keys: &[&'static str]) -> Option<InboxRequest> {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append("idempotency-key", HeaderValue::from_static(key));
        }
        serde_json::from_str::<CreateRequest>(json).expect("a request").bound(&headers).ok()
    }

    #[test]
    fn the_same_request_written_differently_is_the_same() {
        let one = bound(r#"{"localPart":"ada","clientId":"1"}"#, &["k"]).expect("bound").idempotency;
        let two = bound(r#"{ "clientId": "1", "localPart": "ada", "domain": null }"#, &["k"])
            .expect("bound")
            .idempotency;
        let other = bound(r#"{"localPart":"ada"}"#, &["k"]).expect("bound").idempotency;
        assert!(one.is_some());
        assert_eq!(one, two);
        assert_ne!(one, other);
    }

    #[test]
    fn an_idempotency_key_comes_at_most_once() {
        assert!(bound("{}", &[]).expect("without").idempotency.is_none());
        assert!(bound("{}", &["a", "b"]).is_none());
    }
}
