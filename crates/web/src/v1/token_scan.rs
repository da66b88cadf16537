//! Leaked tokens, reported by whoever found them: revoked on proof of the whole token. Takes one, or
//! several at once.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Web;
use crate::body::Body;
use crate::caller::Client;
use crate::cursor::Page;
use crate::problem::Problem;

/// Tokens that one report may hold.
const MOST: usize = 100;

/// What was found: one token, or several.
#[derive(Deserialize, ToSchema)]
#[schema(as = TokenScan)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    /// The whole token.
    #[serde(default)]
    token: Option<String>,
    /// Several, at most 100.
    #[serde(default)]
    tokens: Vec<String>,
}

/// What became of one token.
#[derive(Serialize, ToSchema)]
#[schema(as = ScannedToken)]
pub(crate) struct ScannedView {
    /// Whether it was valid, and is revoked now.
    revoked: bool,
    /// `true_positive` or `false_positive`.
    label: &'static str,
}

/// Revokes tokens that were found where they should not be.
#[utoipa::path(post, path = "/v1/token-scan", operation_id = "scanTokens", tag = "keys", security(()),
    request_body(content = Report), responses((status = 200, body = Page<ScannedView>,
    description = "In the order of the tokens")))]
pub(crate) async fn scan(
    State(web): State<Web>,
    Client(from): Client,
    Body(report): Body<Report>,
) -> Result<Json<Page<ScannedView>>, Problem> {
    let tokens: Vec<String> = report.token.into_iter().chain(report.tokens).collect();
    if tokens.is_empty() || tokens.len() > MOST {
        return Err(Problem::validation(format!("give `token`, or `tokens` with 1 to {MOST} of them")));
    }
    let texts: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let revoked = web.room.report_leaks(&texts, from).await?;
    let views: Vec<ScannedView> = revoked.into_iter().map(ScannedView::from).collect();
    Ok(Json(Page::whole(views)))
}

impl From<bool> for ScannedView {
    fn from(revoked: bool) -> Self {
        Self { revoked, label: if revoked { "true_positive" } else { "false_positive" } }
    }
}
