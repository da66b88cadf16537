//! A tenant's own brand: what its people see at the console, and the host at which they come in.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailward_mail::id::TenantId;
use mailward_mailroom::brand::{BrandRequest as Wanted, BrandView as Found};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::problem::Problem;
use crate::query::Ids;

/// A brand. What is absent or null is the deployment's.
#[derive(Deserialize, ToSchema)]
#[schema(as = SetBrand)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct BrandRequest {
    /// What the service is called, in at most 40 characters.
    #[serde(default)]
    name: Option<String>,
    /// A PNG or WebP file of at most 64 KiB and 2,048 pixels on each side, as base64.
    #[serde(default)]
    logo: Option<String>,
    /// The colour (`#rrggbb`) of links and buttons on light grounds; refused below a contrast of 4.5:1.
    #[serde(default)]
    accent: Option<String>,
    /// Likewise on dark grounds.
    #[serde(default)]
    accent_dark: Option<String>,
    /// Where people find help: `https://…` or `mailto:…`.
    #[serde(default)]
    support_url: Option<String>,
    /// The name of a host, no other tenant's, at which the tenant's people and nobody else sign in.
    #[serde(default)]
    host: Option<String>,
}

/// A tenant's own brand. Null is the deployment's.
#[derive(Serialize, ToSchema)]
#[schema(as = Brand)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BrandView {
    name: Option<String>,
    /// The file, as base64.
    logo: Option<String>,
    /// `image/png` or `image/webp`.
    logo_type: Option<&'static str>,
    /// In pixels.
    logo_width: Option<u32>,
    /// In pixels.
    logo_height: Option<u32>,
    accent: Option<String>,
    accent_dark: Option<String>,
    support_url: Option<String>,
    host: Option<String>,
    /// ISO 8601; null where it has none.
    changed_at: Option<String>,
}

/// Whether there was one.
#[derive(Serialize, ToSchema)]
#[schema(as = RemovedBrand)]
pub(crate) struct RemovedView {
    /// Always true.
    deleted: bool,
}

/// Shows a tenant's own brand.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/brand", operation_id = "getTenantBrand", tag = "tenants",
    params(("id" = String, Path)), responses((status = 200, body = BrandView)))]
pub(crate) async fn show(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
) -> Result<Json<BrandView>, Problem> {
    let id = TenantId::parse(&id).map_err(|_| Problem::not_found())?;
    let found = web.room.tenant_brand(&operator, &id).await?;
    Ok(Json(BrandView::of(found.ok_or_else(Problem::not_found)?)))
}

/// Gives a tenant a brand, in place of what it had. 409: another tenant has the host.
#[utoipa::path(put, path = "/operator/v1/tenants/{id}/brand", operation_id = "setTenantBrand", tag = "tenants",
    params(("id" = String, Path)), request_body(content = BrandRequest), responses((status = 200, body = BrandView)))]
pub(crate) async fn set(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Body(request): Body<BrandRequest>,
) -> Result<Json<BrandView>, Problem> {
    let id = TenantId::parse(&id).map_err(|_| Problem::not_found())?;
    let logo = request.logo.map(|text| STANDARD.decode(text)).transpose();
    let wanted = Wanted {
        name: request.name,
        logo: logo.map_err(|_| Problem::validation("logo: must be base64"))?,
        accent: request.accent,
        accent_dark: request.accent_dark,
        support_url: request.support_url,
        host: request.host,
    };
    let set = web.room.set_tenant_brand(&operator, &id, wanted).await?;
    Ok(Json(BrandView::of(set.ok_or_else(Problem::not_found)?)))
}

/// Takes a tenant's own brand away: its people see the deployment's. 404: it has none.
#[utoipa::path(delete, path = "/operator/v1/tenants/{id}/brand", operation_id = "deleteTenantBrand", tag = "tenants",
    params(("id" = String, Path)), responses((status = 200, body = RemovedView)))]
pub(crate) async fn delete(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
) -> Result<Json<RemovedView>, Problem> {
    let id = TenantId::parse(&id).map_err(|_| Problem::not_found())?;
    match web.room.remove_tenant_brand(&operator, &id).await? {
        Some(true) => Ok(Json(RemovedView { deleted: true })),
        Some(false) | None => Err(Problem::not_found()),
    }
}

impl BrandView {
    fn of(Found { brand, host, changed_at }: Found) -> Self {
        let logo = brand.logo.as_ref();
        Self {
            name: brand.name.map(|name| name.as_str().to_owned()),
            logo: logo.map(|logo| STANDARD.encode(logo.bytes())),
            logo_type: logo.map(|logo| logo.kind().media_type()),
            logo_width: logo.map(|logo| logo.width()),
            logo_height: logo.map(|logo| logo.height()),
            accent: brand.accent.map(|accent| accent.colour().to_string()),
            accent_dark: brand.accent_dark.map(|accent| accent.colour().to_string()),
            support_url: brand.support.map(|link| link.as_str().to_owned()),
            host: host.map(|host| host.as_str().to_owned()),
            changed_at: changed_at.map(|at| at.to_string()),
        }
    }
}
