//! The tenant's own audit log: who did what, who looked at its mail, and that no row was changed.

use axum::Json;
use axum::extract::State;
use mailward_mailroom::access::Principal;
use mailward_store::Scopes;

use crate::Web;
use crate::audit::{EntryView, WalkView};
use crate::caller::Caller;
use crate::cursor::{self, Page};
use crate::problem::Problem;
use crate::query::{Limit, Paging, Query};

/// Lists the tenant's audit log, newest first.
#[utoipa::path(get, path = "/v1/audit", operation_id = "listAudit", tag = "audit", params(Paging),
    responses((status = 200, body = Page<EntryView>)))]
pub(crate) async fn list(
    caller: Caller,
    State(web): State<Web>,
    Query(options): Query<Paging>,
) -> Result<Json<Page<EntryView>>, Problem> {
    let principal = of_whole_tenant(&caller)?;
    let Limit(limit) = options.limit;
    let before = cursor::read(options.cursor.as_deref(), |place| place.parse().ok())?.unwrap_or(i64::MAX);
    let found = web.room.audit_log(principal, before, i64::from(limit) + 1).await?;
    Ok(Json(Page::of(
        found,
        limit,
        |(entry, _)| entry.seq.to_string(),
        |(entry, said)| EntryView::of(entry, said),
    )))
}

/// The log tells of all inboxes, so a key of one of them does not read it.
fn of_whole_tenant(caller: &Caller) -> Result<&Principal, Problem> {
    let principal = caller.need(Scopes::AUDIT)?;
    if principal.inbox().is_some() { Err(Problem::not_found()) } else { Ok(principal) }
}

/// Walks the tenant's audit log and says whether every row is what was written.
#[utoipa::path(get, path = "/v1/audit/verify", operation_id = "verifyAudit", tag = "audit",
    responses((status = 200, body = WalkView)))]
pub(crate) async fn verify(caller: Caller, State(web): State<Web>) -> Result<Json<WalkView>, Problem> {
    let walked = web.room.verify_own_audit(of_whole_tenant(&caller)?).await?;
    Ok(Json(walked.into()))
}
