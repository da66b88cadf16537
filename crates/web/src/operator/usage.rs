//! What a tenant used, day by day and month by month: for whoever bills, or looks for the busiest.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use mailward_mail::id::TenantId;
use mailward_mailroom::access::Principal;

use crate::Web;
use crate::caller::Operator;
use crate::problem::Problem;
use crate::query::{Ids, Query};
use crate::v1::statement::{StatementOptions, StatementView};
use crate::v1::usage::{UsageDaysView, UsageOptions};

/// Shows what a tenant, or one inbox of it, used day by day, in UTC.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/usage", operation_id = "getTenantUsage", tag = "tenants",
    params(("id" = String, Path), UsageOptions),
    responses((status = 200, content((UsageDaysView = "application/json"), (String = "text/csv")))))]
pub(crate) async fn show(
    Operator(operator): Operator,
    State(web): State<Web>,
    headers: HeaderMap,
    Ids(id): Ids<String>,
    Query(options): Query<UsageOptions>,
) -> Result<Response, Problem> {
    let principal = viewing(&web, &operator, &id).await?;
    options.answer(&web, &principal, &headers).await
}

/// Shows a month of use of a tenant against its plan.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/usage/statement", operation_id = "getTenantUsageStatement",
    tag = "tenants", params(("id" = String, Path), StatementOptions),
    responses((status = 200, content((StatementView = "application/json"), (String = "text/csv")))))]
pub(crate) async fn statement(
    Operator(operator): Operator,
    State(web): State<Web>,
    headers: HeaderMap,
    Ids(id): Ids<String>,
    Query(options): Query<StatementOptions>,
) -> Result<Response, Problem> {
    let principal = viewing(&web, &operator, &id).await?;
    options.answer(&web, &principal, &headers).await
}

async fn viewing(web: &Web, operator: &mailward_store::Operator, id: &str) -> Result<Principal, Problem> {
    let id = TenantId::parse(id).map_err(|_| Problem::not_found())?;
    let (_, principal) = web.room.viewing(operator, &id).await?.ok_or_else(Problem::not_found)?;
    Ok(principal)
}
