//! Domains and what is to be published for them: the service's own, and a tenant's.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::inboxes::acting_for;
use crate::Web;
use crate::caller::Operator;
use crate::cursor::Page;
use crate::problem::Problem;
use crate::query::Ids;
use crate::v1::domains::{DomainView, RecordView};

/// A domain of the service's own.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnDomain)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnDomainView {
    /// Its name.
    domain: String,
    /// What is to be published in DNS, and whether it is there now.
    dns_records: Vec<RecordView>,
}

/// Lists the service's own domains, with what is to be published for them. DNS is asked for each.
#[utoipa::path(get, path = "/operator/v1/domains", operation_id = "listOwnDomains", tag = "domains",
    responses((status = 200, body = Page<OwnDomainView>)))]
pub(crate) async fn list(_: Operator, State(web): State<Web>) -> Result<Json<Page<OwnDomainView>>, Problem> {
    let mut all = Vec::new();
    for domain in web.room.config().domains.clone() {
        let records = web.room.own_records(&domain).await?;
        let dns_records = records.into_iter().map(RecordView::of).collect();
        all.push(OwnDomainView { domain, dns_records });
    }
    Ok(Json(Page::whole(all)))
}

/// Lists a tenant's domains, newest first, with what was last found of their records.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/domains", operation_id = "listTenantDomains", tag = "domains",
    params(("id" = String, Path)), responses((status = 200, body = Page<DomainView>)))]
pub(crate) async fn of_tenant(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
) -> Result<Json<Page<DomainView>>, Problem> {
    let principal = acting_for(&web, &operator, &id).await?;
    let found = web.room.domains(&principal).await?;
    Ok(Json(Page::whole(found.into_iter().map(DomainView::of).collect())))
}
