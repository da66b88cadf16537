//! Links to attachments.

use axum::Json;
use axum::extract::State;
use mailward_mail::id::{InboxId, MessageId};
use mailward_mailroom::AttachmentFile;
use mailward_store::Scopes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Web;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::Ids;

/// An attachment and where it can be fetched, without a token, for a quarter of an hour.
#[derive(Serialize, ToSchema)]
#[schema(as = AttachmentLink)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachmentLinkView {
    filename: String,
    /// As the sender claims.
    content_type: String,
    size_bytes: u64,
    download_url: String,
    expires_at: String,
}

/// Makes a link to the attachment at this place of the list, from 0.
#[utoipa::path(get, path = "/v1/inboxes/{id}/emails/{email}/attachments/{index}", operation_id = "getAttachment",
    tag = "emails", params(("id" = String, Path), ("email" = String, Path), ("index" = u32, Path)),
    responses((status = 200, body = AttachmentLinkView)))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    Ids((inbox, id, index)): Ids<(InboxId, MessageId, u32)>,
) -> Result<Json<AttachmentLinkView>, Problem> {
    let found = web.room.attachment(caller.need(Scopes::READ)?, &inbox, &id, index as usize).await?;
    Ok(Json(AttachmentLinkView::of(found.ok_or_else(Problem::not_found)?, &web.config.public_url)))
}

impl AttachmentLinkView {
    fn of(file: AttachmentFile, public_url: &str) -> Self {
        Self {
            filename: file.filename,
            content_type: file.content_type,
            size_bytes: file.size,
            download_url: format!("{public_url}/v1/files/{}", file.link),
            expires_at: file.expires_at.to_string(),
        }
    }
}
