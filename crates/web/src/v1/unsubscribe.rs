//! The link that ends mail in bulk (RFC 8058). The link is the permission: it ends mail to one address and does nothing else, so a
//! program that follows all links must ask by POST, and a person is asked once.

use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::Web;
use crate::problem::Problem;
use crate::query::Ids;

/// Nothing is loaded; the form asks this very page.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// Asks a person who followed the link.
#[utoipa::path(get, path = "/u/{signed}", operation_id = "askUnsubscribe", tag = "emails", security(()),
    params(("signed" = String, Path)),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, body = String, content_type = "text/html")))]
pub(crate) async fn ask(State(web): State<Web>, Ids(signed): Ids<String>) -> Result<Response, Problem> {
    let question = "<h1>No more mail?</h1><p>You will get no more mail from this sender.</p>\
        <form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
        <button>Unsubscribe</button></form>";
    Ok(match web.room.may_unsubscribe(&signed).await? {
        true => page(StatusCode::OK, question),
        false => nothing(),
    })
}

/// Ends mail to whom the link names, at once; again is the same.
#[utoipa::path(post, path = "/u/{signed}", operation_id = "unsubscribe", tag = "emails", security(()),
    params(("signed" = String, Path)),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, body = String, content_type = "text/html")))]
pub(crate) async fn end(State(web): State<Web>, Ids(signed): Ids<String>) -> Result<Response, Problem> {
    Ok(match web.room.unsubscribe(&signed).await? {
        true => page(StatusCode::OK, "<h1>Done</h1><p>You will get no more mail from this sender.</p>"),
        false => nothing(),
    })
}

fn nothing() -> Response {
    let text =
        "<h1>This link does nothing</h1><p>It is not whole, or has ended. Answer the mail instead.</p>";
    page(StatusCode::NOT_FOUND, text)
}

fn page(status: StatusCode, body: &str) -> Response {
    let whole = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Unsubscribe</title><style>:root{{color-scheme:light dark}}body{{font:1.1rem/1.5 system-ui,sans-serif;\
         max-width:32rem;margin:15vh auto;padding:0 1rem}}button{{font:inherit;padding:.6rem 1.4rem}}</style>\
         <main>{body}</main></html>"
    );
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, POLICY)], whole).into_response()
}
