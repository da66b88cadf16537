//! All pages, in one list for each listener. Each takes [`crate::door::Seat`], but for those before the door.

use axum::Router;
use axum::routing::{get, post};

use crate::pages::{
    audit, home, invitation, overview, people, review, sent, service, sign_in, tenants, usage,
};
use crate::{Desk, assets, formatted, look};

/// What a tenant's people reach.
pub(crate) fn of_tenants() -> Router<Desk> {
    before_the_door()
        .route("/", get(home::show))
        .route("/review", get(review::list).post(review::bulk))
        .route("/review/undo", post(review::undo))
        .route("/review/{mail}", get(review::show).post(review::decide))
        .route("/review/{mail}/files/{index}", get(review::file))
        // No session is asked for: a frame without any right brings none. The link itself is good for a minute.
        .route("/view/{link}", get(formatted::show))
        .route("/inboxes", get(service::inboxes))
        .route("/inboxes/{inbox}/sent", get(sent::show))
        .route("/webhooks", get(service::webhooks))
        .route("/webhooks/{webhook}", get(service::webhook))
        .route("/webhooks/{webhook}/replay", post(service::replay))
        .route("/domains", get(service::domains))
        .route("/usage", get(usage::show))
        .route("/usage/days.csv", get(usage::days))
        .route("/usage/statement.csv", get(usage::statement))
        .route("/break-glass/{grant}/end", post(home::end_glass))
        .route("/keys", get(service::keys))
        .route("/keys/{key}/revoke", post(service::revoke))
        .merge(everybody())
}

/// What the operator's staff reach.
pub(crate) fn of_staff() -> Router<Desk> {
    before_the_door()
        .route("/", get(overview::show))
        .route("/tenants", get(tenants::list).post(tenants::create))
        .route("/tenants/{tenant}", get(tenants::show))
        .route("/tenants/{tenant}/usage", get(usage::show_tenant))
        .route("/tenants/{tenant}/usage/days.csv", get(usage::days_of_tenant))
        .route("/tenants/{tenant}/usage/statement.csv", get(usage::statement_of_tenant))
        .route("/tenants/{tenant}/suspend", post(tenants::suspend))
        .route("/tenants/{tenant}/resume", post(tenants::resume))
        .route("/tenants/{tenant}/webhooks/{webhook}/replay", post(tenants::replay))
        .route("/tenants/{tenant}/limits", post(tenants::limits))
        .route("/tenants/{tenant}/brand", post(tenants::brand))
        .route("/tenants/{tenant}/people", post(tenants::invite))
        .route("/tenants/{tenant}/offboard", post(tenants::offboard))
        .route("/tenants/{tenant}/restore", post(tenants::restore))
        .route("/tenants/{tenant}/break-glass", post(tenants::break_glass))
        .route("/tenants/{tenant}/break-glass/{grant}/close", post(tenants::close_glass))
        .route("/tenants/{tenant}/mail", post(tenants::read_mail))
        .merge(everybody())
}

/// What is open to who has no session.
fn before_the_door() -> Router<Desk> {
    Router::new()
        .route("/assets/{file}", get(assets::show))
        .route("/brand/{file}", get(look::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::password))
        .route("/sign-in/code", get(sign_in::ask_code).post(sign_in::code))
        .route("/invitation/{secret}", get(invitation::show).post(invitation::accept))
}

/// What both kinds of people have.
fn everybody() -> Router<Desk> {
    Router::new()
        .route("/sign-out", post(sign_in::sign_out))
        .route("/audit", get(audit::show))
        .route("/people", get(people::list).post(people::invite))
        .route("/people/{person}/role", post(people::change_role))
        .route("/people/{person}/remove", post(people::remove))
}
