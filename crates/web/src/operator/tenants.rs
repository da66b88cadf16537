//! Tenants: made, listed, shown, and what they may use.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::TenantId;
use mailward_mailroom::{Limit, LimitChange};
use mailward_store::TenantRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::cursor::{self, Page};
use crate::problem::Problem;
use crate::query::{self, Ids, Paging, Query};
use crate::standing::{LimitsView, UsageView};

/// The plan of a tenant when none is named.
const DEFAULT_PLAN: &str = "scale";

/// What tenant is wanted.
#[derive(Deserialize, ToSchema)]
#[schema(as = CreateTenant)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRequest {
    /// A slug of 1 to 40 characters, never used before.
    id: String,
    /// `scale` when absent.
    #[serde(default)]
    plan: Option<String>,
    /// One that is served here; the default for new tenants when absent.
    #[serde(default)]
    region: Option<String>,
}

/// A tenant.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantView {
    id: String,
    plan: String,
    region: String,
    /// `active`, `suspended`, `exporting`, `grace`, `shredded` or `purged`.
    state: &'static str,
    created_at: String,
    /// When a key of it was last used, to five minutes.
    last_active_at: String,
}

/// A new tenant and its first tokens, shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedTenant)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedView {
    #[serde(flatten)]
    tenant: TenantView,
    /// For its agents' programs.
    token: String,
    /// For its reviewers.
    review_token: String,
}

/// A tenant with its limits and use.
#[derive(Serialize, ToSchema)]
#[schema(as = TenantStanding)]
pub(crate) struct StandingView {
    #[serde(flatten)]
    tenant: TenantView,
    /// In force now.
    limits: LimitsView,
    /// What of that differs from the plan.
    overrides: BTreeMap<&'static str, u64>,
    usage: UsageView,
}

/// What is to change of a tenant; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChangeTenant)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeRequest {
    /// Another plan.
    #[serde(default)]
    plan: Option<String>,
    /// Limits by name: a whole number, 0 for no limit, or null for the plan's own value.
    #[serde(default)]
    limits: BTreeMap<String, Option<u64>>,
}

/// Makes a tenant.
#[utoipa::path(post, path = "/operator/v1/tenants", operation_id = "createTenant", tag = "tenants",
    request_body(content = CreateRequest), responses((status = 201, body = CreatedView)))]
pub(crate) async fn create(
    Operator(operator): Operator,
    State(web): State<Web>,
    Body(request): Body<CreateRequest>,
) -> Result<(StatusCode, Json<CreatedView>), Problem> {
    let id = TenantId::parse(&request.id).map_err(|_| {
        Problem::validation("id: must have 1 to 40 characters of a-z, 0-9 and -, and no - at its ends")
    })?;
    let plan = request.plan.as_deref().unwrap_or(DEFAULT_PLAN);
    let made = web.room.create_tenant(&operator, id.clone(), plan, request.region.as_deref()).await?;
    let (row, _) = operator.tenant(&id).await?.ok_or_else(|| Problem::internal("a new tenant vanished"))?;
    let view = CreatedView {
        tenant: TenantView::of(row),
        token: made.token.expose().to_owned(),
        review_token: made.review_token.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Lists tenants by id.
#[utoipa::path(get, path = "/operator/v1/tenants", operation_id = "listTenants", tag = "tenants",
    params(Paging), responses((status = 200, body = Page<TenantView>)))]
pub(crate) async fn list(
    Operator(operator): Operator,
    State(web): State<Web>,
    Query(options): Query<Paging>,
) -> Result<Json<Page<TenantView>>, Problem> {
    let query::Limit(limit) = options.limit;
    let after = cursor::read(options.cursor.as_deref(), |place| TenantId::parse(place).ok())?;
    let found = web.room.tenants(&operator, after.as_ref(), i64::from(limit) + 1).await?;
    Ok(Json(Page::of(found, limit, |row| row.id.to_string(), TenantView::of)))
}

/// Shows one tenant with its limits and use.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}", operation_id = "getTenant", tag = "tenants",
    params(("id" = String, Path)), responses((status = 200, body = StandingView)))]
pub(crate) async fn show(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
) -> Result<Json<StandingView>, Problem> {
    let id = TenantId::parse(&id).map_err(|_| Problem::not_found())?;
    standing(&web, &operator, &id).await
}

/// Changes a tenant's plan, and limits one by one.
#[utoipa::path(patch, path = "/operator/v1/tenants/{id}", operation_id = "changeTenant", tag = "tenants",
    params(("id" = String, Path)), request_body(content = ChangeRequest),
    responses((status = 200, body = StandingView)))]
pub(crate) async fn change(
    operator: Operator,
    web: State<Web>,
    id: Ids<String>,
    Body(request): Body<ChangeRequest>,
) -> Result<Json<StandingView>, Problem> {
    set(operator, web, id, request, false).await
}

/// Changes a tenant's plan, and sets all limits: those that are not named are the plan's.
#[utoipa::path(put, path = "/operator/v1/tenants/{id}", operation_id = "replaceTenantLimits", tag = "tenants",
    params(("id" = String, Path)), request_body(content = ChangeRequest),
    responses((status = 200, body = StandingView)))]
pub(crate) async fn replace(
    operator: Operator,
    web: State<Web>,
    id: Ids<String>,
    Body(request): Body<ChangeRequest>,
) -> Result<Json<StandingView>, Problem> {
    set(operator, web, id, request, true).await
}

async fn set(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    request: ChangeRequest,
    replace: bool,
) -> Result<Json<StandingView>, Problem> {
    let id = TenantId::parse(&id).map_err(|_| Problem::not_found())?;
    let mut limits = Vec::with_capacity(request.limits.len());
    for (name, value) in request.limits {
        let limit = Limit::parse(&name).ok_or_else(|| {
            let known: Vec<&str> = Limit::ALL.iter().map(|limit| limit.json()).collect();
            Problem::validation(format!(
                "limits: there is no `{}`; there are {}",
                name.escape_default(),
                known.join(", ")
            ))
        })?;
        limits.push((limit, value));
    }
    let change = LimitChange { plan: request.plan, limits, replace };
    web.room.change_limits(&operator, &id, &change).await?.ok_or_else(Problem::not_found)?;
    standing(&web, &operator, &id).await
}

async fn standing(
    web: &Web,
    operator: &mailward_store::Operator,
    id: &TenantId,
) -> Result<Json<StandingView>, Problem> {
    let (row, standing) = web.room.standing(operator, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(StandingView {
        tenant: TenantView::of(row),
        limits: LimitsView::new(&standing.plan, true),
        overrides: standing.overrides.0.iter().map(|(limit, value)| (limit.json(), *value)).collect(),
        usage: UsageView::new(&standing, true),
    }))
}

impl TenantView {
    pub(crate) fn of(row: TenantRow) -> Self {
        Self {
            id: row.id.to_string(),
            plan: row.plan,
            region: row.region,
            state: row.state.as_str(),
            created_at: row.created_at.to_string(),
            last_active_at: row.last_active_at.to_string(),
        }
    }
}
