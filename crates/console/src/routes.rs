//! All pages, in one list for each listener. Each takes [`crate::door::Seat`], but for those before the door.

use axum::Router;
use axum::routing::{get, post};

use crate::pages::{invitation, people, review, sign_in};
use crate::{Desk, assets};

/// What a tenant's people reach.
pub(crate) fn tenants() -> Router<Desk> {
    before_the_door().route("/", get(review::home)).route("/review", get(review::list)).merge(everybody())
}

/// What the operator's staff reach.
pub(crate) fn staff() -> Router<Desk> {
    before_the_door().route("/", get(people::list)).merge(everybody())
}

/// What is open to who has no session.
fn before_the_door() -> Router<Desk> {
    Router::new()
        .route("/assets/{file}", get(assets::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::password))
        .route("/sign-in/code", get(sign_in::ask_code).post(sign_in::code))
        .route("/invitation/{secret}", get(invitation::show).post(invitation::accept))
}

/// What both kinds of people have.
fn everybody() -> Router<Desk> {
    Router::new()
        .route("/sign-out", post(sign_in::sign_out))
        .route("/people", get(people::list).post(people::invite))
        .route("/people/{person}/role", post(people::change_role))
        .route("/people/{person}/remove", post(people::remove))
}
