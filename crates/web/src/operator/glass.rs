//! An operator's look at mail of a tenant: a grant for half an hour or for one mail, each for a reason that the tenant reads.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::{GlassId, MessageId, TenantId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::cursor::Page;
use crate::problem::{ErrorView, Problem};
use crate::query::Ids;
use crate::v1::DeletedView;
use crate::v1::glass::GrantView;
use crate::v1::review::ReviewView;

/// The longest reason, in characters.
const MOST_REASON: usize = 1_000;

/// Why; the tenant reads it.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = BreakGlass)]
#[serde(deny_unknown_fields)]
pub(crate) struct GlassRequest {
    /// 10 to 1,000 characters.
    #[serde(default)]
    reason: String,
}

/// Grants the caller to read mail of a tenant for half an hour. The tenant is told at once, and may end it.
#[utoipa::path(post, path = "/operator/v1/tenants/{id}/break-glass", operation_id = "openBreakGlass",
    tag = "tenants", params(("id" = String, Path)), request_body(content = GlassRequest),
    responses((status = 201, body = GrantView)))]
pub(crate) async fn open(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Body(request): Body<GlassRequest>,
) -> Result<(StatusCode, Json<GrantView>), Problem> {
    let made = web.room.open_glass(&operator, &tenant(&id)?, request.checked()?).await?;
    Ok((StatusCode::CREATED, Json(GrantView::of(made.ok_or_else(Problem::not_found)?))))
}

/// Lists grants of the last 90 days at a tenant, newest first, without their reasons.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/break-glass", operation_id = "listBreakGlass",
    tag = "tenants", params(("id" = String, Path)), responses((status = 200, body = Page<GrantView>)))]
pub(crate) async fn list(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
) -> Result<Json<Page<GrantView>>, Problem> {
    let found = web.room.glasses(&operator, &tenant(&id)?).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(Page::whole(found.into_iter().map(GrantView::of).collect())))
}

/// Gives the caller's own grant up.
#[utoipa::path(delete, path = "/operator/v1/tenants/{id}/break-glass/{grant}", operation_id = "closeBreakGlass",
    tag = "tenants", params(("id" = String, Path), ("grant" = String, Path)),
    responses((status = 200, body = DeletedView)))]
pub(crate) async fn close(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids((id, grant)): Ids<(String, GlassId)>,
) -> Result<Json<DeletedView>, Problem> {
    match web.room.close_glass(&operator, &tenant(&id)?, &grant).await? {
        Some(true) => Ok(DeletedView::of(grant)),
        _ => Err(Problem::not_found()),
    }
}

/// Opens a mail of a tenant for an operator who has a grant. The tenant's audit log has it before the mail is shown.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/emails/{email}", operation_id = "readByBreakGlass",
    tag = "tenants", params(("id" = String, Path), ("email" = String, Path)),
    responses((status = 200, body = ReviewView),
        (status = 403, body = ErrorView, description = "`break_glass_needed`: the caller has no grant that is open")))]
pub(crate) async fn read(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids((id, email)): Ids<(String, MessageId)>,
) -> Result<Json<ReviewView>, Problem> {
    let mail = web.room.read_by_grant(&operator, &tenant(&id)?, &email).await?;
    Ok(Json(ReviewView::of(mail.ok_or_else(Problem::not_found)?)))
}

/// Opens one mail of a tenant for an operator, who says why: a grant for this mail alone. The tenant's audit log has it before
/// the mail is shown.
#[utoipa::path(post, path = "/operator/v1/tenants/{id}/emails/{email}/break-glass", operation_id = "breakGlass",
    tag = "tenants", params(("id" = String, Path), ("email" = String, Path)),
    request_body(content = GlassRequest), responses((status = 200, body = ReviewView)))]
pub(crate) async fn read_one(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids((id, email)): Ids<(String, MessageId)>,
    Body(request): Body<GlassRequest>,
) -> Result<Json<ReviewView>, Problem> {
    let mail = web.room.break_glass(&operator, &tenant(&id)?, &email, request.checked()?).await?;
    Ok(Json(ReviewView::of(mail.ok_or_else(Problem::not_found)?)))
}

impl GlassRequest {
    fn checked(&self) -> Result<&str, Problem> {
        if self.reason.chars().count() > MOST_REASON {
            return Err(Problem::validation(format!("reason: must be at most {MOST_REASON} characters")));
        }
        Ok(&self.reason)
    }
}

fn tenant(id: &str) -> Result<TenantId, Problem> {
    TenantId::parse(id).map_err(|_| Problem::not_found())
}
