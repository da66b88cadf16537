//! Addresses that a tenant's mail is not sent to any more.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::SuppressionId;
use mailward_mailroom::SuppressionView as Found;
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

/// Entries that are shown.
const MOST: i64 = 1_000;

/// An address to be written to no more.
#[derive(Deserialize, ToSchema)]
#[schema(as = CreateSuppression)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CreateRequest {
    /// A bare address.
    address: String,
}

/// An address that is written to no more.
#[derive(Serialize, ToSchema)]
#[schema(as = Suppression)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SuppressionView {
    id: String,
    address: String,
    /// `bounce` (there is no such address), `complaint`, `unsubscribe` or `manual`.
    #[schema(pattern = "^(bounce|complaint|unsubscribe|manual)$")]
    reason: &'static str,
    created_at: String,
}

/// Puts an address on the list; one that is on it stays as it is.
#[utoipa::path(post, path = "/v1/suppressions", operation_id = "createSuppression", tag = "emails",
    request_body(content = CreateRequest), responses((status = 201, body = SuppressionView)))]
pub(crate) async fn create(
    caller: Caller,
    State(web): State<Web>,
    Body(request): Body<CreateRequest>,
) -> Result<(StatusCode, Json<SuppressionView>), Problem> {
    let made = web.room.suppress_address(caller.need(Scopes::SETTINGS)?, &request.address).await?;
    Ok((StatusCode::CREATED, Json(SuppressionView::of(made))))
}

/// Lists the newest thousand, newest first.
#[utoipa::path(get, path = "/v1/suppressions", operation_id = "listSuppressions", tag = "emails",
    responses((status = 200, body = Page<SuppressionView>)))]
pub(crate) async fn list(
    caller: Caller,
    State(web): State<Web>,
) -> Result<Json<Page<SuppressionView>>, Problem> {
    let found = web.room.suppressions(caller.need(Scopes::SETTINGS)?, None, MOST).await?;
    Ok(Json(Page::whole(found.into_iter().map(SuppressionView::of).collect())))
}

/// Takes an address off the list.
#[utoipa::path(delete, path = "/v1/suppressions/{id}", operation_id = "deleteSuppression", tag = "emails",
    params(("id" = String, Path)), responses((status = 200, body = DeletedView)))]
pub(crate) async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<SuppressionId>,
) -> Result<Json<DeletedView>, Problem> {
    let found = web.room.end_suppression(caller.need(Scopes::SETTINGS)?, &id).await?;
    if found { Ok(DeletedView::of(id)) } else { Err(Problem::not_found()) }
}

impl SuppressionView {
    fn of(Found { suppression, address }: Found) -> Self {
        Self {
            id: suppression.id.to_string(),
            address,
            reason: suppression.reason.as_str(),
            created_at: suppression.created_at.to_string(),
        }
    }
}
