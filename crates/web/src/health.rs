//! Whether the process lives, and whether it can serve.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Web;

/// How the service is.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthView {
    /// `ok`, `ready` or `unready`.
    status: &'static str,
    /// Why it is not ready: `store`, `keys`, `disk` or `screening`; `certificate` where it is ready, and its certificate
    /// is missing, expired or about to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The same in words: what is wrong, what becomes of mail meanwhile, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "health", security(()),
    responses((status = 200, body = HealthView)))]
pub(crate) async fn alive() -> Json<HealthView> {
    Json(HealthView { status: "ok", reason: None, detail: None })
}

/// Mail and requests can be served.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "health", security(()),
    responses((status = 200, body = HealthView), (status = 503, body = HealthView, description = "Not now")))]
pub(crate) async fn ready(State(web): State<Web>) -> Response {
    match web.room.ready().await {
        Ok(()) => {
            // Mail comes in and requests are answered all the same: no balancer should turn away from all nodes for it.
            let detail = web.config.certificate.words(web.room.clock().now());
            let reason = detail.map(|_| "certificate");
            Json(HealthView { status: "ready", reason, detail }).into_response()
        }
        Err(reason) => {
            let again = [(RETRY_AFTER, HeaderValue::from_static("1"))];
            let view = HealthView { status: "unready", reason: Some(reason), detail: words(reason) };
            (StatusCode::SERVICE_UNAVAILABLE, again, Json(view)).into_response()
        }
    }
}

/// Whoever reads it has not got the documentation at hand. It names no host, path or key.
fn words(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "store" => {
            "the database does not answer: senders hear 451 and come back; look at the database, then nothing is to be done here"
        }
        "keys" => {
            "the keystore or the provider of the master key does not answer: tenants whose keys are in memory go on, for others mail gets 451; look at that service, then nothing is to be done here"
        }
        "disk" => {
            "less than limits.disk_free_bytes is free: senders hear 452 and come back, what is stored can be read; make room, then nothing is to be done here"
        }
        "screening" => {
            "the screening threads hang in messages that cannot be read: senders hear 452 and come back; after 30 seconds the process ends, to be started again"
        }
        _ => return None,
    })
}
