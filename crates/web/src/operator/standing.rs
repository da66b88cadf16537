//! Whether a tenant may act, and its keys when it lost them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::TenantId;
use mailward_store::Scopes;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::operator::tenants::TenantView;
use crate::problem::Problem;
use crate::query::Ids;
use crate::v1::keys::KeyView;

/// The longest reason, in characters.
const MOST_REASON: usize = 1_000;

/// Why; kept sealed in the tenant's audit log, for the tenant to read.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = Reason)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonRequest {
    /// At most 1000 characters.
    #[serde(default)]
    reason: Option<String>,
}

/// Suspends a tenant: its keys are answered 423, its mail 450.
#[utoipa::path(post, path = "/operator/v1/tenants/{id}/suspend", operation_id = "suspendTenant", tag = "tenants",
    params(("id" = String, Path)), request_body(content = Option<ReasonRequest>),
    responses((status = 200, body = TenantView)))]
pub(crate) async fn suspend(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Body(request): Body<ReasonRequest>,
) -> Result<Json<TenantView>, Problem> {
    let row = web.room.suspend(&operator, &tenant(&id)?, request.checked()?).await?;
    Ok(Json(TenantView::of(row.ok_or_else(Problem::not_found)?)))
}

/// Lets a suspended tenant act again.
#[utoipa::path(post, path = "/operator/v1/tenants/{id}/resume", operation_id = "resumeTenant", tag = "tenants",
    params(("id" = String, Path)), request_body(content = Option<ReasonRequest>),
    responses((status = 200, body = TenantView)))]
pub(crate) async fn resume(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Body(request): Body<ReasonRequest>,
) -> Result<Json<TenantView>, Problem> {
    let row = web.room.resume(&operator, &tenant(&id)?, request.checked()?).await?;
    Ok(Json(TenantView::of(row.ok_or_else(Problem::not_found)?)))
}

/// Which key a tenant needs anew.
#[derive(Deserialize, ToSchema)]
#[schema(as = IssueKey)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssueRequest {
    /// `tenant` for its agents' programs, `reviewer` for its reviewers.
    kind: KeyKind,
}

/// For whom a key is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum KeyKind {
    /// Its agents' programs.
    Tenant,
    /// Its reviewers.
    Reviewer,
}

/// Makes a tenant another key: it lost its own. The tenant's audit log says that an operator did.
#[utoipa::path(post, path = "/operator/v1/tenants/{id}/keys", operation_id = "issueTenantKey", tag = "tenants",
    params(("id" = String, Path)), request_body(content = IssueRequest), responses((status = 201, body = KeyView)))]
pub(crate) async fn issue_key(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Body(request): Body<IssueRequest>,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    let scopes = match request.kind {
        KeyKind::Tenant => Scopes::TENANT,
        KeyKind::Reviewer => Scopes::REVIEWER,
    };
    let minted = web.room.issue_key(&operator, &tenant(&id)?, scopes).await?;
    Ok((StatusCode::CREATED, Json(KeyView::minted(minted.ok_or_else(Problem::not_found)?))))
}

impl ReasonRequest {
    fn checked(&self) -> Result<Option<&str>, Problem> {
        match &self.reason {
            Some(reason) if reason.chars().count() > MOST_REASON => {
                Err(Problem::validation(format!("reason: must be at most {MOST_REASON} characters")))
            }
            reason => Ok(reason.as_deref()),
        }
    }
}

fn tenant(id: &str) -> Result<TenantId, Problem> {
    TenantId::parse(id).map_err(|_| Problem::not_found())
}
