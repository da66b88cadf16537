//! Which operators may read mail of the tenant now, or could: for the tenant to see, and to end.

use axum::Json;
use axum::extract::State;
use mailward_mail::id::GlassId;
use mailward_mailroom::GlassView;
use mailward_store::Scopes;
use serde::Serialize;
use utoipa::ToSchema;

use super::DeletedView;
use crate::Web;
use crate::caller::Caller;
use crate::cursor::Page;
use crate::problem::Problem;
use crate::query::Ids;

/// An operator's grant to read mail of a tenant.
#[derive(Serialize, ToSchema)]
#[schema(as = BreakGlassGrant)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GrantView {
    id: String,
    /// The public id of the operator's key, or of a member of the operator's staff.
    operator: String,
    /// The one mail that it is for; null: any.
    email_id: Option<String>,
    /// Why; told to the tenant alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Whether mail can be read by it now.
    is_open: bool,
    opened_at: String,
    /// When it ends by itself.
    until: String,
    /// When it was ended before.
    ended_at: Option<String>,
    /// Who ended it: the operator, or a key or person of the tenant's.
    ended_by: Option<String>,
}

/// Lists grants of operators to read mail of the tenant, of the last 90 days, newest first.
#[utoipa::path(get, path = "/v1/break-glass", operation_id = "listBreakGlassGrants", tag = "audit",
    responses((status = 200, body = Page<GrantView>)))]
pub(crate) async fn list(caller: Caller, State(web): State<Web>) -> Result<Json<Page<GrantView>>, Problem> {
    let found = web.room.own_glasses(caller.need(Scopes::AUDIT)?).await?;
    Ok(Json(Page::whole(found.into_iter().map(GrantView::of).collect())))
}

/// Ends a grant at once.
#[utoipa::path(delete, path = "/v1/break-glass/{grant}", operation_id = "endBreakGlassGrant", tag = "audit",
    params(("grant" = String, Path)), responses((status = 200, body = DeletedView)))]
pub(crate) async fn end(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<GlassId>,
) -> Result<Json<DeletedView>, Problem> {
    match web.room.end_glass(caller.need(Scopes::SETTINGS)?, &id).await? {
        true => Ok(DeletedView::of(id)),
        false => Err(Problem::not_found()),
    }
}

impl GrantView {
    pub(crate) fn of(view: GlassView) -> Self {
        let glass = view.glass;
        let (ended_at, ended_by) = glass.ended.unzip();
        Self {
            id: glass.id.into(),
            operator: glass.operator,
            email_id: glass.message.map(String::from),
            reason: view.reason,
            is_open: view.is_open,
            opened_at: glass.opened_at.to_string(),
            until: glass.until.to_string(),
            ended_at: ended_at.map(|at| at.to_string()),
            ended_by,
        }
    }
}
