//! The message as it came from the wire, for the few that may have it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use mailward_mail::id::{InboxId, MessageId};
use mailward_store::Scopes;

use crate::Web;
use crate::caller::Caller;
use crate::file::File;
use crate::problem::Problem;
use crate::query::Ids;

/// Downloads a mail as it was received.
#[utoipa::path(get, path = "/v1/inboxes/{id}/emails/{email}/raw", operation_id = "getRawEmail", tag = "emails",
    params(("id" = String, Path), ("email" = String, Path)),
    responses((status = 200, content_type = "message/rfc822", body = Vec<u8>)))]
pub(crate) async fn download(
    caller: Caller,
    State(web): State<Web>,
    headers: HeaderMap,
    Ids((inbox, id)): Ids<(InboxId, MessageId)>,
) -> Result<Response, Problem> {
    let found = web.room.raw(caller.need(Scopes::RAW)?, &inbox, &id).await?;
    let bytes = found.ok_or_else(Problem::not_found)?;
    Ok(File { name: format!("{id}.eml"), content_type: "message/rfc822", bytes }.answer(&headers))
}
