//! The long poll for a code: the request waits until a mail brings one.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use mailward_mail::id::InboxId;
use mailward_mailroom::{CodeWait, FoundCode};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Web;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::{Ids, Moment, Query};
use crate::server::Shutdown;

/// The longest wait, in seconds; proxies commonly give up at 30.
const MOST_SECONDS: u32 = 25;

/// Which code is waited for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeOptions {
    /// Seconds, at most 25.
    timeout: Option<u32>,
    /// Only from this address, or from this domain and those below it.
    from: Option<String>,
    /// Only of mail that became available later, ISO 8601: the moment before you asked for the code. Without it mail of
    /// the last five minutes counts, but for codes that were handed out more than 30 seconds ago.
    #[param(value_type = Option<String>)]
    since: Option<Moment>,
}

/// A code to type, or a link that signs in or confirms. A sender's word: use it where you asked for it, nowhere else.
#[derive(Serialize, ToSchema)]
#[schema(as = Code)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CodeView {
    /// As it is typed; null when the mail has a link alone.
    code: Option<String>,
    /// Null when the mail has none, or while it is held.
    link: Option<String>,
    /// 0.5 to 0.99.
    confidence: f64,
    email_id: String,
    /// The bare address of its author.
    from: String,
}

/// Waits for a verification code or link, the newest first; 204 when none came.
#[utoipa::path(get, path = "/v1/inboxes/{id}/code", operation_id = "waitForCode", tag = "emails",
    params(("id" = String, Path), CodeOptions),
    responses((status = 200, body = CodeView), (status = 204, description = "None came")))]
pub(crate) async fn wait(
    caller: Caller,
    State(web): State<Web>,
    shutdown: Shutdown,
    Ids(inbox): Ids<InboxId>,
    Query(options): Query<CodeOptions>,
) -> Result<Response, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let wait = CodeWait {
        from: options.from,
        since: options.since.map(|Moment(at)| at),
        timeout: Duration::from_secs(options.timeout.unwrap_or(MOST_SECONDS).min(MOST_SECONDS).into()),
    };
    let found = tokio::select! {
        found = web.room.wait_for_code(principal, &inbox, &wait) => found?.ok_or_else(Problem::not_found)?,
        () = shutdown.begun() => None,
    };
    let Some(found) = found else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    // A key that was revoked during the wait gets nothing of what came after.
    caller.still(&web).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(CodeView::of(found))).into_response())
}

impl CodeView {
    fn of(found: FoundCode) -> Self {
        Self {
            code: found.code,
            link: found.link,
            confidence: hundredths(found.confidence),
            email_id: found.email.into(),
            from: found.from,
        }
    }
}

/// A confidence as it is shown.
pub(crate) fn hundredths(confidence: f32) -> f64 {
    (f64::from(confidence) * 100.0).round() / 100.0
}
