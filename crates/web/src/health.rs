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
    /// Why it is not ready: `store`, `keys` or `disk`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "health", security(()),
    responses((status = 200, body = HealthView)))]
pub(crate) async fn alive() -> Json<HealthView> {
    Json(HealthView { status: "ok", reason: None })
}

/// Mail and requests can be served.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "health", security(()),
    responses((status = 200, body = HealthView), (status = 503, body = HealthView, description = "Not now")))]
pub(crate) async fn ready(State(web): State<Web>) -> Response {
    match web.room.ready().await {
        Ok(()) => Json(HealthView { status: "ready", reason: None }).into_response(),
        Err(reason) => {
            let again = [(RETRY_AFTER, HeaderValue::from_static("1"))];
            let view = HealthView { status: "unready", reason: Some(reason) };
            (StatusCode::SERVICE_UNAVAILABLE, again, Json(view)).into_response()
        }
    }
}
