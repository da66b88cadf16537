//! What a tenant used, day by day: for whoever bills, or looks for the busiest.

use axum::Json;
use axum::extract::State;
use mailward_mail::id::TenantId;

use crate::Web;
use crate::caller::Operator;
use crate::problem::Problem;
use crate::query::{Ids, Query};
use crate::v1::usage::{UsageDaysView, UsageOptions};

/// Shows what a tenant, or one inbox of it, used day by day, in UTC.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/usage", operation_id = "getTenantUsage", tag = "tenants",
    params(("id" = String, Path), UsageOptions), responses((status = 200, body = UsageDaysView)))]
pub(crate) async fn show(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Query(options): Query<UsageOptions>,
) -> Result<Json<UsageDaysView>, Problem> {
    let id = TenantId::parse(&id).map_err(|_| Problem::not_found())?;
    let (_, principal) = web.room.viewing(&operator, &id).await?.ok_or_else(Problem::not_found)?;
    let used = web.room.usage(&principal, &options.request()).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(UsageDaysView::of(used)))
}
