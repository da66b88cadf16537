//! The inboxes of a tenant, made and listed for it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mailward_mail::id::TenantId;
use mailward_mailroom::access::Principal;

use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::cursor::Page;
use crate::problem::Problem;
use crate::query::{Ids, Paging, Query};
use crate::v1::inboxes::{CreateRequest, InboxView, page};

/// Makes an inbox for a tenant.
#[utoipa::path(post, path = "/operator/v1/tenants/{id}/inboxes", operation_id = "createTenantInbox",
    tag = "tenants", params(("id" = String, Path)), request_body(content = Option<CreateRequest>),
    responses((status = 201, body = InboxView), (status = 200, body = InboxView, description = "Made before")))]
pub(crate) async fn create(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    headers: HeaderMap,
    Body(request): Body<CreateRequest>,
) -> Result<(StatusCode, Json<InboxView>), Problem> {
    let principal = acting_for(&web, &operator, &id).await?;
    let made = web.room.create_inbox(&principal, request.bound(&headers)?).await?;
    let status = if made.token.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(InboxView::made(made))))
}

/// Lists the inboxes of a tenant, newest first.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/inboxes", operation_id = "listTenantInboxes",
    tag = "tenants", params(("id" = String, Path), Paging), responses((status = 200, body = Page<InboxView>)))]
pub(crate) async fn list(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Query(options): Query<Paging>,
) -> Result<Json<Page<InboxView>>, Problem> {
    let principal = acting_for(&web, &operator, &id).await?;
    page(&web, &principal, options.limit, options.cursor.as_deref()).await
}

/// The operator, acting for a tenant.
pub(crate) async fn acting_for(
    web: &Web,
    operator: &mailward_store::Operator,
    id: &str,
) -> Result<Principal, Problem> {
    let id = TenantId::parse(id).map_err(|_| Problem::not_found())?;
    web.room.principal_for_operator(operator, &id).await?.ok_or_else(Problem::not_found)
}
