//! What is around every request: what its pages wear, and the headers of every page: nothing is loaded but our own style
//! and script, nothing runs inline, nobody frames us.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Desk;
use crate::look::Worn;
use crate::trouble::Told;

/// Of pages. A page that shows what a sender wrote as HTML has its own, see [`crate::formatted`].
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
    frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// Adds what is missing; a page that set one of them knew better.
pub(crate) async fn dress(State(desk): State<Desk>, mut request: Request, next: Next) -> Response {
    let (worn, mut response) = match Worn::at(request.headers(), &desk).await {
        Ok(worn) => {
            request.extensions_mut().insert(worn.clone());
            (worn, next.run(request).await)
        }
        // Whose door this is is not known, so nobody is let in.
        Err(trouble) => (Worn::deployment(&desk), trouble.into_response()),
    };
    if let Some(told) = response.extensions_mut().remove::<Told>() {
        let status = response.status();
        response = told.page(worn.look());
        *response.status_mut() = status;
    }
    let headers = response.headers_mut();
    let fixed = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: a browser would then say `Origin: null` in our own forms.
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=()",
        ),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // RFC 6797 7.2: not to be sent over plain HTTP.
    if desk.config.tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}
