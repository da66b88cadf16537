//! A tenant for somebody nobody knows, where the operator allows it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Web;
use crate::body::Body;
use crate::caller::Client;
use crate::problem::Problem;

/// Nothing is asked.
#[derive(Deserialize, ToSchema)]
#[schema(as = SignUp)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {}

/// The new tenant and its first token, shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedUp)]
pub(crate) struct SignupView {
    id: String,
    token: String,
}

/// Makes a tenant of the free plan.
#[utoipa::path(post, path = "/v1/signup", operation_id = "signUp", tag = "account", security(()),
    request_body(content = Option<Request>), responses((status = 201, body = SignupView)))]
pub(crate) async fn sign_up(
    State(web): State<Web>,
    Client(from): Client,
    Body(Request {}): Body<Request>,
) -> Result<(StatusCode, Json<SignupView>), Problem> {
    // Where nobody may, nobody is counted.
    if web.room.config().signup_open {
        web.limits.sign_up(from)?;
    }
    let made = web.room.sign_up().await?;
    let view = SignupView { id: made.tenant.id().to_string(), token: made.token.expose().to_owned() };
    Ok((StatusCode::CREATED, Json(view)))
}
