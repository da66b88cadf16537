//! Keys by name, and their rotation. No key material is ever here, wrapped or not.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::TenantId;
use mailward_mailroom::RotationRequest;
use mailward_store::{RotationRow, StoredMaster, TenantKeyRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::cursor;
use crate::problem::Problem;
use crate::query::{Ids, Limit, Paging, Query};

/// What is to be rotated; nothing named: every tenant's key.
#[derive(Deserialize, ToSchema)]
#[schema(as = RotateKeys)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RotateRequest {
    /// The master key.
    #[serde(default)]
    master: bool,
    /// The key of this tenant alone.
    #[serde(default)]
    tenant: Option<String>,
    /// Write bodies anew, under new message keys.
    #[serde(default)]
    reencrypt: bool,
    /// Do not destroy the old master key yet.
    #[serde(default)]
    keep_old: bool,
}

/// A rotation and how far it is.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyRotation)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RotationView {
    id: String,
    /// `master`, `tenant` or `tenants`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    /// `running`, `done` or `failed`.
    state: &'static str,
    /// The master key that was switched to.
    #[serde(skip_serializing_if = "Option::is_none")]
    master_key_id: Option<String>,
    /// Tenants that are done.
    tenants: i64,
    /// Keys that were wrapped anew.
    keys: i64,
    /// Message keys that were wrapped anew.
    messages: i64,
    /// What stands in the way, or is left to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    created_at: String,
    updated_at: String,
}

/// The keys, tenants' a page at a time.
#[derive(Serialize, ToSchema)]
#[schema(as = Keys)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeysView {
    master_keys: Vec<MasterView>,
    service_keys: Vec<ServiceView>,
    /// Tenants' keys by slug.
    data: Vec<TenantView>,
    /// Ask with this for the next tenants; absent: these were the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// A master key.
#[derive(Serialize, ToSchema)]
#[schema(as = MasterKey)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MasterView {
    id: String,
    /// `current`, `retiring` or `destroyed`.
    state: &'static str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired_at: Option<String>,
    /// Versions of tenants' keys that it wraps.
    tenant_keys: i64,
    /// Keys of the service that it wraps.
    service_keys: i64,
}

/// A key of the service itself.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceKey)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceView {
    name: String,
    version: u32,
    master_key_id: String,
    created_at: String,
}

/// A tenant's keys.
#[derive(Serialize, ToSchema)]
#[schema(as = TenantKeys)]
pub(crate) struct TenantView {
    tenant: String,
    region: String,
    /// Newest first; more than one while a rotation runs.
    versions: Vec<VersionView>,
}

/// A version of a tenant's key.
#[derive(Serialize, ToSchema)]
#[schema(as = TenantKeyVersion)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VersionView {
    version: u32,
    master_key_id: String,
    created_at: String,
    /// Purpose keys that it wraps.
    purpose_keys: i64,
}

/// Lists keys: ids, versions, counts, ages.
#[utoipa::path(get, path = "/operator/v1/keys", operation_id = "listMasterAndTenantKeys", tag = "keys",
    params(Paging), responses((status = 200, body = KeysView)))]
pub(crate) async fn list(
    Operator(operator): Operator,
    State(web): State<Web>,
    Query(options): Query<Paging>,
) -> Result<Json<KeysView>, Problem> {
    let Limit(limit) = options.limit;
    let after = cursor::read(options.cursor.as_deref(), |place| TenantId::parse(place).ok())?;
    let found = web.room.key_list(&operator, after.as_ref(), i64::from(limit) + 1).await?;
    let page = cursor::Page::of(found.tenants, limit, |row| row.tenant.to_string(), TenantView::of);
    let service = found.service.into_iter().map(|(name, version, master_key_id, at)| ServiceView {
        name,
        version,
        master_key_id,
        created_at: at.to_string(),
    });
    Ok(Json(KeysView {
        master_keys: found.masters.into_iter().map(MasterView::of).collect(),
        service_keys: service.collect(),
        data: page.data,
        cursor: page.cursor,
    }))
}

/// Starts a rotation; the answer is one that runs already, where there is one of the same kind.
#[utoipa::path(post, path = "/operator/v1/keys/rotate", operation_id = "rotateKeys", tag = "keys",
    request_body(content = RotateRequest), responses((status = 202, body = RotationView)))]
pub(crate) async fn rotate(
    Operator(operator): Operator,
    State(web): State<Web>,
    Body(request): Body<RotateRequest>,
) -> Result<(StatusCode, Json<RotationView>), Problem> {
    let tenant = request.tenant.as_deref().map(TenantId::parse).transpose();
    let tenant = tenant.map_err(|_| Problem::validation("tenant: there is no such tenant"))?;
    let wanted = RotationRequest {
        master: request.master,
        tenant,
        reencrypt: request.reencrypt,
        keep_old: request.keep_old,
    };
    let row = web.room.begin_rotation(&operator, wanted).await?;
    Ok((StatusCode::ACCEPTED, Json(RotationView::of(row))))
}

/// Shows how far a rotation is.
#[utoipa::path(get, path = "/operator/v1/keys/rotations/{id}", operation_id = "getKeyRotation", tag = "keys",
    params(("id" = String, Path)), responses((status = 200, body = RotationView)))]
pub(crate) async fn show(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
) -> Result<Json<RotationView>, Problem> {
    let row = web.room.rotation(&operator, &id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(RotationView::of(row)))
}

impl RotationView {
    fn of(row: RotationRow) -> Self {
        Self {
            kind: row.kind.as_str(),
            tenant: row.kind.tenant().map(ToString::to_string),
            state: row.state.as_str(),
            master_key_id: row.target,
            tenants: row.tenants,
            keys: row.keys,
            messages: row.messages,
            detail: row.detail,
            created_at: row.created_at.to_string(),
            updated_at: row.updated_at.to_string(),
            id: row.id,
        }
    }
}

impl MasterView {
    fn of(row: StoredMaster) -> Self {
        Self {
            state: row.state.as_str(),
            created_at: row.created_at.to_string(),
            retired_at: row.retired_at.map(|at| at.to_string()),
            tenant_keys: row.tenant_keys,
            service_keys: row.service_keys,
            id: row.id,
        }
    }
}

impl TenantView {
    fn of(row: TenantKeyRow) -> Self {
        let version = |one: mailward_store::KeyVersion| VersionView {
            version: one.version,
            master_key_id: one.mk_id,
            created_at: one.created_at.to_string(),
            purpose_keys: one.purpose_keys,
        };
        Self {
            tenant: row.tenant.to_string(),
            region: row.region,
            versions: row.versions.into_iter().map(version).collect(),
        }
    }
}
