//! How a tenant leaves, and the receipts of those that left.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::TenantId;
use mailward_mailroom::offboarding::{Erased, KeyDestroyed, OffboardRequest, OffboardView};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::tenants::TenantView;
use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::cursor::{self, Page};
use crate::problem::Problem;
use crate::query::{Ids, Limit, Paging, Query};

/// How a tenant is to leave.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = OffboardRequest)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct LeaveRequest {
    /// Change nothing; say what there is.
    dry_run: bool,
    /// How long it may be taken back, in days.
    grace_period_days: Option<u32>,
    /// No grace: destroy its keys now.
    shred_now: bool,
    /// Wait for the archive (`export`) before the grace period begins.
    await_export: bool,
    /// The tenant's id once more; needed unless `dryRun`.
    confirm: Option<String>,
}

/// How far a tenant's leaving is, and what there is of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Offboarding)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeaveView {
    tenant: TenantView,
    /// Counts of what would be, is or was left to erase.
    #[schema(value_type = Object)]
    holdings: Erased,
    /// Rows of its audit chain: they stay.
    audit_rows: i64,
    /// Its keys, and what wraps each.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<KeyDestroyed>,
    /// Since when it leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    offboarded_at: Option<String>,
    /// Until when it may be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    grace_until: Option<String>,
    /// The signed receipt, when nothing is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    receipt: Option<Value>,
}

/// A tenant that left.
#[derive(Serialize, ToSchema)]
#[schema(as = Receipt)]
pub(crate) struct ReceiptView {
    tenant: String,
    /// Signed; `mailward verify-receipt` checks it without a server.
    #[schema(value_type = Object)]
    receipt: Value,
}

/// Lets a tenant leave, or says with `dryRun` what there is of it.
#[utoipa::path(post, path = "/operator/v1/tenants/{id}/offboard", operation_id = "offboardTenant", tag = "tenants",
    params(("id" = String, Path)), request_body(content = Option<LeaveRequest>),
    responses((status = 200, body = LeaveView), (status = 202, body = LeaveView, description = "Begun, or going on")))]
pub(crate) async fn offboard(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Body(request): Body<LeaveRequest>,
) -> Result<(StatusCode, Json<LeaveView>), Problem> {
    let dry_run = request.dry_run;
    let request = OffboardRequest {
        dry_run,
        grace_days: request.grace_period_days,
        shred_now: request.shred_now,
        await_export: request.await_export,
        confirm: request.confirm,
    };
    let view = web.room.offboard(&operator, &tenant(&id)?, &request).await?.ok_or_else(Problem::not_found)?;
    let view = LeaveView::of(view)?;
    let is_over = dry_run || view.receipt.is_some();
    Ok((if is_over { StatusCode::OK } else { StatusCode::ACCEPTED }, Json(view)))
}

/// Says how far a tenant's leaving is.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/offboard", operation_id = "getOffboarding", tag = "tenants",
    params(("id" = String, Path)), responses((status = 200, body = LeaveView)))]
pub(crate) async fn show(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
) -> Result<Json<LeaveView>, Problem> {
    let view = web.room.leaving(&operator, &tenant(&id)?).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(LeaveView::of(view)?))
}

/// Takes a tenant back while its keys exist.
#[utoipa::path(post, path = "/operator/v1/tenants/{id}/restore", operation_id = "restoreTenant", tag = "tenants",
    params(("id" = String, Path)), responses((status = 200, body = TenantView)))]
pub(crate) async fn restore(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
) -> Result<Json<TenantView>, Problem> {
    let row = web.room.restore_tenant(&operator, &tenant(&id)?).await?;
    Ok(Json(TenantView::of(row.ok_or_else(Problem::not_found)?)))
}

/// Lists the receipts of tenants that left, by tenant.
#[utoipa::path(get, path = "/operator/v1/receipts", operation_id = "listReceipts", tag = "tenants",
    params(Paging), responses((status = 200, body = Page<ReceiptView>)))]
pub(crate) async fn receipts(
    Operator(operator): Operator,
    State(web): State<Web>,
    Query(options): Query<Paging>,
) -> Result<Json<Page<ReceiptView>>, Problem> {
    let Limit(limit) = options.limit;
    let after = cursor::read(options.cursor.as_deref(), |place| TenantId::parse(place).ok())?;
    let after = after.as_ref().map_or("", TenantId::as_str);
    let mut found = Vec::new();
    for (tenant, receipt) in web.room.receipts(&operator, after, i64::from(limit) + 1).await? {
        found.push(ReceiptView { tenant, receipt: read(&receipt)? });
    }
    Ok(Json(Page::of(found, limit, |one| one.tenant.clone(), |one| one)))
}

impl LeaveView {
    fn of(view: OffboardView) -> Result<Self, Problem> {
        let (leaving, holdings) = (view.leaving, view.holdings);
        let receipt =
            leaving.as_ref().and_then(|leaving| leaving.receipt.as_deref()).map(read).transpose()?;
        Ok(Self {
            tenant: TenantView::of(view.row),
            audit_rows: holdings.audit,
            holdings: Erased::from(holdings),
            keys: view.keys,
            offboarded_at: leaving.as_ref().map(|leaving| leaving.begun_at.to_string()),
            grace_until: leaving.and_then(|leaving| leaving.grace_until).map(|end| end.to_string()),
            receipt,
        })
    }
}

fn read(receipt: &str) -> Result<Value, Problem> {
    serde_json::from_str(receipt).map_err(|_| Problem::internal("a stored receipt is no JSON"))
}

fn tenant(id: &str) -> Result<TenantId, Problem> {
    TenantId::parse(id).map_err(|_| Problem::not_found())
}
