//! Held mail, for those who may decide on it.

use axum::Json;
use axum::extract::State;
use mailward_mail::id::MessageId;
use mailward_mailroom::Mail;
use mailward_store::{Decision, Scopes, State as MailState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::emails::EmailView;
use crate::Web;
use crate::body::Body;
use crate::caller::Caller;
use crate::cursor::{self, Page};
use crate::problem::Problem;
use crate::query::{Ids, Limit, Paging, Query};

/// The longest reason, in characters.
const MOST_REASON: usize = 1_000;

/// A decision.
#[derive(Deserialize, ToSchema)]
#[schema(as = Decide)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DecideRequest {
    /// Why, at most 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
    /// Must be absent or false: senders cannot be allowed by this.
    #[serde(default)]
    allow_sender: Option<bool>,
}

/// A mail under review. Why it was held is told by `security`.
#[derive(Serialize, ToSchema)]
#[schema(as = ReviewedEmail)]
pub(crate) struct ReviewView {
    /// `held`, `delivered` or `rejected`.
    state: &'static str,
    #[serde(flatten)]
    email: EmailView,
}

/// Lists held mail, newest first.
#[utoipa::path(get, path = "/v1/review", operation_id = "listHeld", tag = "review", params(Paging),
    responses((status = 200, body = Page<ReviewView>)))]
pub(crate) async fn list(
    caller: Caller,
    State(web): State<Web>,
    Query(options): Query<Paging>,
) -> Result<Json<Page<ReviewView>>, Problem> {
    let principal = caller.need(Scopes::REVIEW)?;
    let Limit(limit) = options.limit;
    let before = cursor::read(options.cursor.as_deref(), |place| MessageId::parse(place).ok())?;
    let found = web.room.held(principal, before.as_ref(), i64::from(limit) + 1).await?;
    Ok(Json(Page::of(found, limit, |mail| mail.message.id.to_string(), ReviewView::of)))
}

/// Opens one held mail.
#[utoipa::path(get, path = "/v1/review/{email}", operation_id = "getHeld", tag = "review",
    params(("email" = String, Path)), responses((status = 200, body = ReviewView)))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<MessageId>,
) -> Result<Json<ReviewView>, Problem> {
    let found = web.room.held_mail(caller.need(Scopes::REVIEW)?, &id).await?;
    Ok(Json(ReviewView::of(found.ok_or_else(Problem::not_found)?)))
}

/// Hands a held mail to its agent. A second decision is answered 409.
#[utoipa::path(post, path = "/v1/review/{email}/release", operation_id = "releaseHeld", tag = "review",
    params(("email" = String, Path)), request_body(content = Option<DecideRequest>),
    responses((status = 200, body = ReviewView)))]
pub(crate) async fn release(
    caller: Caller,
    web: State<Web>,
    id: Ids<MessageId>,
    Body(request): Body<DecideRequest>,
) -> Result<Json<ReviewView>, Problem> {
    decide(&caller, &web, &id.0, &request, Decision::Release).await
}

/// Keeps a held mail from its agent for ever. A second decision is answered 409.
#[utoipa::path(post, path = "/v1/review/{email}/reject", operation_id = "rejectHeld", tag = "review",
    params(("email" = String, Path)), request_body(content = Option<DecideRequest>),
    responses((status = 200, body = ReviewView)))]
pub(crate) async fn reject(
    caller: Caller,
    web: State<Web>,
    id: Ids<MessageId>,
    Body(request): Body<DecideRequest>,
) -> Result<Json<ReviewView>, Problem> {
    decide(&caller, &web, &id.0, &request, Decision::Reject).await
}

async fn decide(
    caller: &Caller,
    web: &Web,
    id: &MessageId,
    request: &DecideRequest,
    decision: Decision,
) -> Result<Json<ReviewView>, Problem> {
    let principal = caller.need(Scopes::REVIEW)?;
    request.check()?;
    let decided = web.room.decide(principal, id, decision, request.reason.as_deref()).await?;
    Ok(Json(ReviewView::of(decided.ok_or_else(Problem::not_found)?)))
}

impl DecideRequest {
    fn check(&self) -> Result<(), Problem> {
        if self.allow_sender == Some(true) {
            return Err(Problem::validation("allowSender: senders cannot be allowed here; leave it out"));
        }
        if self.reason.as_ref().is_some_and(|reason| reason.chars().count() > MOST_REASON) {
            return Err(Problem::validation(format!("reason: must be at most {MOST_REASON} characters")));
        }
        Ok(())
    }
}

impl ReviewView {
    pub(crate) fn of(mail: Mail) -> Self {
        let state = match mail.message.state {
            MailState::Held => "held",
            MailState::Delivered => "delivered",
            MailState::Rejected => "rejected",
        };
        Self { state, email: EmailView::of(mail) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(json: &str) -> bool {
        serde_json::from_str::<DecideRequest>(json).expect("a decision").check().is_ok()
    }

    #[test]
    fn a_decision_may_have_a_reason_and_allows_no_sender() {
        assert!(accepted("{}"));
        assert!(accepted(r#"{"reason":"a newsletter","allowSender":false}"#));
        assert!(!accepted(r#"{"allowSender":true}"#));
        assert!(!accepted(&format!(r#"{{"reason":"{}"}}"#, "x".repeat(1_001))));
    }
}
