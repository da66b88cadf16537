//! The bytes behind a signed link. The link is the permission; the mailroom asks again whether it still holds.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::Web;
use crate::file::File;
use crate::problem::Problem;
use crate::query::Ids;

/// Downloads an attachment, whole or one range of bytes.
#[utoipa::path(get, path = "/v1/files/{signed}", operation_id = "getFile", tag = "emails", security(()),
    params(("signed" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 206), (status = 416)))]
pub(crate) async fn download(
    State(web): State<Web>,
    headers: HeaderMap,
    Ids(signed): Ids<String>,
) -> Result<Response, Problem> {
    let (name, bytes) = web.room.file(&signed).await?.ok_or_else(Problem::not_found)?;
    // Never the type that the sender claims: a browser must not come to run it.
    Ok(File { name, content_type: "application/octet-stream", bytes }.answer(&headers))
}
