//! Verification of an account by another one elsewhere, which clients of hosted services ask for before they send. Nothing
//! is asked of anybody here: who holds a key is known, and what it may send is its plan's matter.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::Body;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::Ids;

/// The longest name of a provider or a handle, in characters.
const MOST: usize = 100;

/// Which account elsewhere.
#[derive(Deserialize, ToSchema)]
#[schema(as = Verify)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Its name there. Not kept, and asked of nobody.
    #[serde(default)]
    #[schema(max_length = 100)]
    handle: Option<String>,
}

/// How it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Verified)]
pub(crate) struct VerifiedView {
    /// Always `verified`.
    status: &'static str,
}

/// Says that the account is verified: this service verifies none, and unlocks nothing by it.
#[utoipa::path(post, path = "/v1/verify/{provider}", operation_id = "verifyAccount", tag = "account",
    params(("provider" = String, Path)), request_body(content = Option<Request>),
    responses((status = 200, body = VerifiedView)))]
pub(crate) async fn verify(
    caller: Caller,
    Ids(provider): Ids<String>,
    Body(Request { handle }): Body<Request>,
) -> Result<Json<VerifiedView>, Problem> {
    let _ = caller.anyone();
    if provider.chars().count() > MOST {
        return Err(Problem::not_found());
    }
    if handle.is_some_and(|handle| handle.chars().count() > MOST) {
        return Err(Problem::validation(format!("handle: must have at most {MOST} characters")));
    }
    Ok(Json(VerifiedView { status: "verified" }))
}
