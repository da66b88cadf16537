//! A file of a held mail, to be saved: never shown, run or sniffed by a browser, and never of the type its sender claims.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use mailward_mail::id::MessageId;
use mailward_store::Role;
use mailward_web::file::File;

use crate::Desk;
use crate::door::Seat;
use crate::trouble::Trouble;

/// `GET /console/review/{mail}/files/{index}`
pub(crate) async fn show(
    State(desk): State<Desk>,
    seat: Seat,
    headers: HeaderMap,
    Path((id, index)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Reviewer)?;
    let id = MessageId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let index = index.parse().map_err(|_| Trouble::NotFound)?;
    let (name, bytes) = desk.room.held_file(&principal, &id, index).await?.ok_or(Trouble::NotFound)?;
    Ok(File { name, content_type: "application/octet-stream", bytes }.answer(&headers))
}
