//! Held mail, for who decides on it.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use mailward_store::Role;

use crate::Desk;
use crate::door::Seat;
use crate::shell::Shell;
use crate::trouble::{Trouble, render};

#[derive(Template)]
#[template(path = "review.html")]
struct ListPage {
    shell: Shell,
    count: usize,
}

/// `GET /console`
pub(crate) async fn home(_seat: Seat) -> Response {
    Redirect::to("/console/review").into_response()
}

/// `GET /console/review`
pub(crate) async fn list(State(desk): State<Desk>, seat: Seat) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Reviewer)?;
    let held = desk.room.held(&principal, None, 200).await?;
    Ok(render(&ListPage { shell: Shell::new(&desk, &seat, "Review", "/console/review"), count: held.len() }))
}
