//! Webhook endpoints. The secret is shown once, in the answer that made the endpoint.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::{InboxId, WebhookId};
use mailward_mailroom::{CreatedWebhook, WebhookRequest};
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
    created_at: String,
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
        Self {
            id: webhook.id.into(),
            url: view.url,
            inbox_id: webhook.inbox.map(String::from),
            events: webhook.events.iter().map(|kind| kind.as_str()).collect(),
            include: webhook.include.as_str(),
            is_active: webhook.is_active,
            created_at: webhook.created_at.to_string(),
            secret: None,
        }
    }

    fn made(made: CreatedWebhook) -> Self {
        Self { secret: Some(made.secret), ..Self::of(made.view) }
    }
}
