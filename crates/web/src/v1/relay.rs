//! The server that a tenant's mail is handed to instead of the service's own way.

use axum::Json;
use axum::extract::State;
use mailward_mailroom::{RelayRequest as Wanted, RelayView as Found};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::Web;
use crate::body::Body;
use crate::caller::Caller;
use crate::problem::Problem;

/// A relay to hand mail to.
#[derive(Deserialize, ToSchema)]
#[schema(as = SetRelay)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RelayRequest {
    /// `smtp://host:587` (STARTTLS, or nothing is said) or `smtps://host:465` (TLS from the first byte).
    url: String,
    /// The name to log in with.
    user: String,
    /// The password. It is never shown again. Absent: the one that is there, where `url` and `user` stay as they are.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
}

/// The relay that mail is handed to. Its password is not shown.
#[derive(Serialize, ToSchema)]
#[schema(as = Relay)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RelayView {
    url: String,
    user: String,
    changed_at: String,
}

/// Whether there was one.
#[derive(Serialize, ToSchema)]
#[schema(as = RemovedRelay)]
pub(crate) struct RemovedView {
    /// Always true.
    deleted: bool,
}

/// Shows the relay that this tenant's mail is handed to; 404: it goes the service's own way.
#[utoipa::path(get, path = "/v1/relay", operation_id = "getRelay", tag = "emails",
    responses((status = 200, body = RelayView)))]
pub(crate) async fn show(caller: Caller, State(web): State<Web>) -> Result<Json<RelayView>, Problem> {
    let found = web.room.relay(caller.need(Scopes::SETTINGS)?).await?;
    Ok(Json(RelayView::of(found.ok_or_else(Problem::not_found)?)))
}

/// Has this tenant's mail handed to a relay from now on. Mail that waits goes there too.
#[utoipa::path(put, path = "/v1/relay", operation_id = "setRelay", tag = "emails",
    request_body(content = RelayRequest), responses((status = 200, body = RelayView)))]
pub(crate) async fn set(
    caller: Caller,
    State(web): State<Web>,
    Body(request): Body<RelayRequest>,
) -> Result<Json<RelayView>, Problem> {
    let wanted = Wanted { url: request.url, user: request.user, password: request.password };
    let set = web.room.set_relay(caller.need(Scopes::SETTINGS)?, wanted).await?;
    Ok(Json(RelayView::of(set)))
}

/// Has this tenant's mail go the service's own way again.
#[utoipa::path(delete, path = "/v1/relay", operation_id = "deleteRelay", tag = "emails",
    responses((status = 200, body = RemovedView)))]
pub(crate) async fn delete(caller: Caller, State(web): State<Web>) -> Result<Json<RemovedView>, Problem> {
    match web.room.remove_relay(caller.need(Scopes::SETTINGS)?).await? {
        true => Ok(Json(RemovedView { deleted: true })),
        false => Err(Problem::not_found()),
    }
}

impl RelayView {
    fn of(Found { url, user, changed_at }: Found) -> Self {
        Self { url, user, changed_at: changed_at.to_string() }
    }
}
