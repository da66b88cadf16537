//! Webhook endpoints. A secret is shown once, in the answer that made it; the values of headers never are.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::{InboxId, WebhookId};
use mailward_mailroom::{CreatedWebhook, RotatedWebhook, WebhookPatch, WebhookRequest};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DeletedView;
use crate::Web;
use crate::body::Body;
use crate::caller::Caller;
use crate::cursor::Page;
use crate::problem::Problem;
use crate::query::Ids;

/// What endpoint is wanted.
#[derive(Deserialize, ToSchema)]
#[schema(as = CreateWebhook)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CreateRequest {
    /// Where; https, unless the operator allows private addresses.
    url: String,
    /// Only events of this inbox.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    inbox_id: Option<InboxId>,
    /// Which events; `email.received` when absent.
    #[serde(default)]
    events: Option<Vec<String>>,
    /// Headers to be sent along.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// How much of a mail an event carries: `ids`, `summary` (when absent) or `body`.
    #[serde(default)]
    include: Option<String>,
}

/// What is to change of an endpoint; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChangeWebhook)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangeRequest {
    /// Where; the new place is asked before anything is told to it.
    #[serde(default)]
    url: Option<String>,
    /// Which events.
    #[serde(default)]
    events: Option<Vec<String>>,
    /// All headers, in place of all there were.
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
    /// `ids`, `summary` or `body`.
    #[serde(default)]
    include: Option<String>,
    /// `false` switches it off; `true` switches it on again, once it answered a challenge.
    #[serde(default)]
    is_active: Option<bool>,
}

/// How an endpoint's secret is replaced.
#[derive(Deserialize, ToSchema)]
#[schema(as = RotateWebhook)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RotateRequest {
    /// How long calls are signed with the secret before as well: a day when absent, a week at most.
    #[serde(default = "a_day")]
    overlap_seconds: u64,
}

fn a_day() -> u64 {
    86_400
}

/// How an endpoint does.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It has not said yet that it wants to be called.
    Pending,
    /// It is told of events.
    Active,
    /// It failed ten times in a row; one call at a time tries it.
    Failing,
    /// It is switched off.
    Disabled,
}

/// An endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookView {
    id: String,
    url: String,
    inbox_id: Option<String>,
    events: Vec<&'static str>,
    include: &'static str,
    /// Whether it is called.
    is_active: bool,
    status: Status,
    /// Since when nothing but failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<String>,
    /// When it was switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<String>,
    /// Why: `gone` (it answered 410), `failing` (for 120 hours) or `tenant` (with PATCH).
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<&'static str>,
    /// The names of its own headers; their values are never shown.
    header_names: Vec<String>,
    created_at: String,
    /// Until when calls are signed with the secret before the last as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_secret_expires_at: Option<String>,
    /// Signs each call; shown once: when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Makes an endpoint.
#[utoipa::path(post, path = "/v1/webhooks", operation_id = "createWebhook", tag = "webhooks",
    request_body(content = CreateRequest), responses((status = 201, body = WebhookView)))]
pub(crate) async fn create(
    caller: Caller,
    State(web): State<Web>,
    Body(request): Body<CreateRequest>,
) -> Result<(StatusCode, Json<WebhookView>), Problem> {
    let principal = caller.need(Scopes::WEBHOOKS)?;
    let request = WebhookRequest {
        url: request.url,
        inbox: request.inbox_id,
        events: request.events,
        headers: request.headers,
        include: request.include,
    };
    let made = web.room.create_webhook(principal, request).await?.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::CREATED, Json(WebhookView::made(made))))
}

/// Lists the endpoints, newest first.
#[utoipa::path(get, path = "/v1/webhooks", operation_id = "listWebhooks", tag = "webhooks",
    responses((status = 200, body = Page<WebhookView>)))]
pub(crate) async fn list(caller: Caller, State(web): State<Web>) -> Result<Json<Page<WebhookView>>, Problem> {
    let found = web.room.webhooks(caller.need(Scopes::WEBHOOKS)?).await?;
    Ok(Json(Page::whole(found.into_iter().map(WebhookView::of).collect())))
}

/// Shows one endpoint.
#[utoipa::path(get, path = "/v1/webhooks/{id}", operation_id = "getWebhook", tag = "webhooks",
    params(("id" = String, Path)), responses((status = 200, body = WebhookView)))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<WebhookId>,
) -> Result<Json<WebhookView>, Problem> {
    let found = web.room.webhook(caller.need(Scopes::WEBHOOKS)?, &id).await?;
    Ok(Json(WebhookView::of(found.ok_or_else(Problem::not_found)?)))
}

/// Changes an endpoint, or switches it off and on.
#[utoipa::path(patch, path = "/v1/webhooks/{id}", operation_id = "changeWebhook", tag = "webhooks",
    params(("id" = String, Path)), request_body(content = ChangeRequest),
    responses((status = 200, body = WebhookView)))]
pub(crate) async fn change(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<WebhookId>,
    Body(request): Body<ChangeRequest>,
) -> Result<Json<WebhookView>, Problem> {
    let patch = WebhookPatch {
        url: request.url,
        events: request.events,
        headers: request.headers,
        include: request.include,
        is_active: request.is_active,
    };
    let changed = web.room.change_webhook(caller.need(Scopes::WEBHOOKS)?, &id, patch).await?;
    Ok(Json(WebhookView::of(changed.ok_or_else(Problem::not_found)?)))
}

/// Gives an endpoint a new secret; the one before is valid beside it for a while.
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate", operation_id = "rotateWebhook", tag = "webhooks",
    params(("id" = String, Path)), request_body(content = Option<RotateRequest>),
    responses((status = 200, body = WebhookView)))]
pub(crate) async fn rotate(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<WebhookId>,
    Body(request): Body<RotateRequest>,
) -> Result<Json<WebhookView>, Problem> {
    let overlap = Duration::from_secs(request.overlap_seconds);
    let rotated = web.room.rotate_webhook(caller.need(Scopes::WEBHOOKS)?, &id, overlap).await?;
    Ok(Json(WebhookView::rotated(rotated.ok_or_else(Problem::not_found)?)))
}

/// Deletes an endpoint and what was still to be told to it.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", operation_id = "deleteWebhook", tag = "webhooks",
    params(("id" = String, Path)), responses((status = 200, body = DeletedView)))]
pub(crate) async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<WebhookId>,
) -> Result<Json<DeletedView>, Problem> {
    if web.room.delete_webhook(caller.need(Scopes::WEBHOOKS)?, &id).await? {
        Ok(DeletedView::of(id))
    } else {
        Err(Problem::not_found())
    }
}

impl WebhookView {
    fn of(view: mailward_mailroom::WebhookView) -> Self {
        let webhook = view.webhook;
        let status = match () {
            () if !webhook.is_active => Status::Disabled,
            () if webhook.is_unverified => Status::Pending,
            () if webhook.probe.is_some() => Status::Failing,
            () => Status::Active,
        };
        Self {
            id: webhook.id.into(),
            url: view.url,
            inbox_id: webhook.inbox.map(String::from),
            events: webhook.events.iter().map(|kind| kind.as_str()).collect(),
            include: webhook.include.as_str(),
            is_active: webhook.is_active,
            status,
            failing_since: webhook.failing_since.map(|at| at.to_string()),
            disabled_at: webhook.disabled.map(|(at, _)| at.to_string()),
            disabled_reason: webhook.disabled.map(|(_, why)| why.as_str()),
            header_names: view.header_names,
            previous_secret_expires_at: view.older_secret_until.map(|at| at.to_string()),
            created_at: webhook.created_at.to_string(),
            secret: None,
        }
    }

    fn made(made: CreatedWebhook) -> Self {
        Self { secret: Some(made.secret), ..Self::of(made.view) }
    }

    fn rotated(rotated: RotatedWebhook) -> Self {
        Self { secret: Some(rotated.secret), ..Self::of(rotated.view) }
    }
}
