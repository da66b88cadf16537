//! Domains that a tenant brings: claimed, verified by DNS, deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::DomainId;
use mailward_mailroom::DnsRecord;
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

/// What domain is claimed.
#[derive(Deserialize, ToSchema)]
#[schema(as = CreateDomain)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CreateRequest {
    /// Its name; international names in either form.
    domain: String,
}

/// A claimed domain.
#[derive(Serialize, ToSchema)]
#[schema(as = Domain)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DomainView {
    id: String,
    /// In its ASCII form.
    domain: String,
    /// `pending_verification`, `verified`, or `failed`: it was verified, and the proof is missing now.
    #[schema(pattern = "^(pending_verification|verified|failed)$")]
    status: &'static str,
    /// What is to be published in DNS. The first record, `purpose` `ownership`, decides on `status`.
    dns_records: Vec<RecordView>,
    /// When DNS was last asked.
    checked_at: Option<String>,
    created_at: String,
}

/// One record to be published.
#[derive(Serialize, ToSchema)]
#[schema(as = DnsRecord)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordView {
    /// `TXT` or `MX`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The name it stands at.
    host: String,
    /// What it says.
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u16>,
    /// What it is for: `ownership`, `mx`, `spf`, `dkim`, `dmarc`, or `dkim_next`: keys that sign once they are published.
    purpose: &'static str,
    /// `pending` (not looked for yet), `found`, `missing`, `mismatch` (something else is there) or `unknown` (no answer).
    #[schema(pattern = "^(pending|found|missing|mismatch|unknown)$")]
    status: &'static str,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
}

/// Claims a domain. It is of use once it is verified.
#[utoipa::path(post, path = "/v1/domains", operation_id = "createDomain", tag = "domains",
    request_body(content = CreateRequest), responses((status = 201, body = DomainView)))]
pub(crate) async fn create(
    caller: Caller,
    State(web): State<Web>,
    Body(request): Body<CreateRequest>,
) -> Result<(StatusCode, Json<DomainView>), Problem> {
    let made = web.room.claim_domain(caller.need(Scopes::DOMAINS)?, &request.domain).await?;
    Ok((StatusCode::CREATED, Json(DomainView::of(made))))
}

/// Lists the domains, newest first.
#[utoipa::path(get, path = "/v1/domains", operation_id = "listDomains", tag = "domains",
    responses((status = 200, body = Page<DomainView>)))]
pub(crate) async fn list(caller: Caller, State(web): State<Web>) -> Result<Json<Page<DomainView>>, Problem> {
    let found = web.room.domains(caller.need(Scopes::DOMAINS)?).await?;
    Ok(Json(Page::whole(found.into_iter().map(DomainView::of).collect())))
}

/// Shows one domain, and what was last found of its records.
#[utoipa::path(get, path = "/v1/domains/{id}", operation_id = "getDomain", tag = "domains",
    params(("id" = String, Path)), responses((status = 200, body = DomainView)))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<DomainId>,
) -> Result<Json<DomainView>, Problem> {
    let found = web.room.domain(caller.need(Scopes::DOMAINS)?, &id).await?;
    Ok(Json(DomainView::of(found.ok_or_else(Problem::not_found)?)))
}

/// Looks for the records now. A domain whose proof is not there stays as it is.
#[utoipa::path(post, path = "/v1/domains/{id}/verify", operation_id = "verifyDomain", tag = "domains",
    params(("id" = String, Path)), responses((status = 200, body = DomainView)))]
pub(crate) async fn verify(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<DomainId>,
) -> Result<Json<DomainView>, Problem> {
    let looked = web.room.verify_domain(caller.need(Scopes::DOMAINS)?, &id).await?;
    Ok(Json(DomainView::of(looked.ok_or_else(Problem::not_found)?)))
}

/// Makes new signing keys, shown as `dkim_next`. They sign once they are published and found; asked again before that, they are
/// the same.
#[utoipa::path(post, path = "/v1/domains/{id}/rotate", operation_id = "rotateDomainKeys", tag = "domains",
    params(("id" = String, Path)), responses((status = 200, body = DomainView)))]
pub(crate) async fn rotate(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<DomainId>,
) -> Result<Json<DomainView>, Problem> {
    let rotated = web.room.rotate_domain_keys(caller.need(Scopes::DOMAINS)?, &id).await?;
    Ok(Json(DomainView::of(rotated.ok_or_else(Problem::not_found)?)))
}

/// Deletes a domain at which there are no inboxes.
#[utoipa::path(delete, path = "/v1/domains/{id}", operation_id = "deleteDomain", tag = "domains",
    params(("id" = String, Path)), responses((status = 200, body = DeletedView)))]
pub(crate) async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<DomainId>,
) -> Result<Json<DeletedView>, Problem> {
    if web.room.delete_domain(caller.need(Scopes::DOMAINS)?, &id).await? {
        Ok(DeletedView::of(id))
    } else {
        Err(Problem::not_found())
    }
}

impl DomainView {
    pub(crate) fn of(view: mailward_mailroom::DomainView) -> Self {
        let domain = view.domain;
        Self {
            id: domain.id.into(),
            domain: domain.name,
            status: domain.status.as_str(),
            dns_records: view.records.into_iter().map(RecordView::of).collect(),
            checked_at: domain.checked_at.map(|at| at.to_string()),
            created_at: domain.created_at.to_string(),
        }
    }
}

impl RecordView {
    pub(crate) fn of(record: DnsRecord) -> Self {
        Self {
            kind: record.kind,
            host: record.host,
            value: record.value,
            priority: record.priority,
            purpose: record.purpose,
            status: record.presence.as_str(),
            found: record.found,
        }
    }
}
