//! Held mail, for those who may decide on it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::MessageId;
use mailward_mailroom::{AllowRequest, Approvals, Decide, Error, Mail};
use mailward_store::{Decision, Direction, Scopes, State as MailState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::emails::EmailView;
use super::gate::AllowedSenderView;
use crate::Web;
use crate::body::Body;
use crate::caller::Caller;
use crate::cursor::{self, Page};
use crate::problem::{ErrorView, Problem};
use crate::query::{Ids, Limit, Moment, Paging, Query};

/// The longest reason, in characters.
const MOST_REASON: usize = 1_000;
/// How long a sender is let through when nothing is said.
const DEFAULT_TIME: Duration = Duration::from_secs(30 * 86_400);

/// A decision.
#[derive(Deserialize, ToSchema)]
#[schema(as = Decide)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DecideRequest {
    /// Why, at most 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
    /// Let the sender through from now on; with a release alone, and with the scope `settings`.
    #[serde(default)]
    allow_sender: Option<AllowShape>,
}

/// How long mail of the sender is let through, where DMARC passes and nothing would hand data on.
#[derive(Deserialize, ToSchema)]
#[schema(as = AllowSender)]
#[serde(untagged)]
pub(crate) enum AllowShape {
    /// `true`: for 30 days. `false`: not at all.
    Switch(bool),
    /// Until then.
    Until(AllowUntil),
}

/// Until when, and where.
#[derive(Deserialize, ToSchema)]
#[schema(as = AllowSenderUntil)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct AllowUntil {
    /// ISO 8601, within a year.
    #[schema(value_type = String)]
    until: Moment,
    /// To all inboxes of the tenant; else to the mail's alone.
    #[serde(default)]
    all_inboxes: bool,
}

/// A mail under review. Why it was held is told by `security`.
#[derive(Serialize, ToSchema)]
#[schema(as = ReviewedEmail)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewView {
    /// `held`, `delivered` or `rejected`.
    state: &'static str,
    /// Of a mail that goes: why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_for: Option<HeldForView>,
    #[serde(flatten)]
    email: EmailView,
    /// Where two must release it: how far it has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    approvals: Option<ApprovalsView>,
    /// The sender that is let through from now on, where the release asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_sender: Option<AllowedSenderView>,
}

/// How far a mail has come that two must release.
#[derive(Serialize, ToSchema)]
#[schema(as = Approvals)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApprovalsView {
    /// Releases so far: 0 or 1.
    given: u8,
    /// Always 2.
    needed: u8,
    /// Who released it first, a key or a person: it takes another.
    by: Option<String>,
    at: Option<String>,
}

/// Why a mail that goes waits for a person.
#[derive(Serialize, ToSchema)]
#[schema(as = HeldFor)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeldForView {
    reasons: Vec<String>,
    /// The mail of risk that its inbox was given.
    caused_by: Option<String>,
}

/// How long held mail waits.
#[derive(Serialize, ToSchema)]
#[schema(as = ReviewPace)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaceView {
    /// Mails that wait for a person.
    waiting: i64,
    /// When the one that waits longest came.
    oldest_at: Option<String>,
    /// Decisions of people in the last 30 days; what expired is none.
    decided: i64,
    /// Half of these mails waited at most so long, in seconds.
    median_seconds: Option<u64>,
}

/// Says how much waits, since when, and how fast people decide.
#[utoipa::path(get, path = "/v1/review/pace", operation_id = "getReviewPace", tag = "review",
    responses((status = 200, body = PaceView)))]
pub(crate) async fn pace(caller: Caller, State(web): State<Web>) -> Result<Json<PaceView>, Problem> {
    let principal = caller.need(Scopes::REVIEW)?;
    let waiting = web.room.waiting(principal).await?;
    let pace = web.room.pace(principal).await?;
    Ok(Json(PaceView {
        waiting: waiting.count,
        oldest_at: waiting.oldest.map(|at| at.to_string()),
        decided: pace.decided,
        median_seconds: pace.median.map(|time| time.as_secs()),
    }))
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
    let approvals = web.room.approvals(principal, &found).await?;
    let found: Vec<_> = found.into_iter().zip(approvals).collect();
    let view = |(mail, approvals)| ReviewView::of(mail).with(approvals);
    Ok(Json(Page::of(found, limit, |(mail, _)| mail.message.id.to_string(), view)))
}

/// Opens one held mail.
#[utoipa::path(get, path = "/v1/review/{email}", operation_id = "getHeld", tag = "review",
    params(("email" = String, Path)), responses((status = 200, body = ReviewView)))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<MessageId>,
) -> Result<Json<ReviewView>, Problem> {
    let principal = caller.need(Scopes::REVIEW)?;
    let mail = web.room.held_mail(principal, &id).await?.ok_or_else(Problem::not_found)?;
    let recipients = match mail.message.direction {
        Direction::Inbound => None,
        Direction::Outbound => Some(web.room.recipients(principal, &mail.message.inbox, &id).await?),
    };
    let approvals = web.room.approvals(principal, std::slice::from_ref(&mail)).await?.pop().flatten();
    let view = ReviewView::of(mail).with(approvals);
    Ok(Json(ReviewView { email: view.email.with_recipients(recipients), ..view }))
}

/// Hands a held mail to its agent. A second decision is answered 409. Where two must release it, the first release is answered
/// 202 and the mail waits on; of who gave it a second one is answered 409.
#[utoipa::path(post, path = "/v1/review/{email}/release", operation_id = "releaseHeld", tag = "review",
    params(("email" = String, Path)), request_body(content = Option<DecideRequest>),
    responses((status = 200, body = ReviewView),
        (status = 202, body = ReviewView, description = "The first of two releases: it waits for another person's"),
        (status = 409, body = ErrorView, description = "Decided before, or released by the caller before"),
        (status = 423, body = ErrorView, description = "`inbox_paused`: what goes waits on"),
        (status = 429, body = ErrorView, description = "`send_limit_exceeded`: what goes waits on")))]
pub(crate) async fn release(
    caller: Caller,
    web: State<Web>,
    id: Ids<MessageId>,
    Body(request): Body<DecideRequest>,
) -> Result<(StatusCode, Json<ReviewView>), Problem> {
    decide(&caller, &web, &id.0, request, Decision::Release).await
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
) -> Result<(StatusCode, Json<ReviewView>), Problem> {
    decide(&caller, &web, &id.0, request, Decision::Reject).await
}

async fn decide(
    caller: &Caller,
    web: &Web,
    id: &MessageId,
    request: DecideRequest,
    decision: Decision,
) -> Result<(StatusCode, Json<ReviewView>), Problem> {
    let mut principal = caller.need(Scopes::REVIEW)?;
    request.check()?;
    let allow = request.allow(web.room.clock().now());
    if allow.is_some() {
        // The list of those who pass is a setting, whoever adds to it.
        principal = caller.need(Scopes::REVIEW.with(Scopes::SETTINGS))?;
    }
    let request = Decide { decision, reason: request.reason, allow };
    let decided = web.room.decide(principal, id, request).await.map_err(|error| match error {
        Error::Limit(over) => Problem::limit(&over, web.limits.now()),
        Error::StillNew { over, full } => Problem::still_new(&over, full, web.limits.now()),
        error => error.into(),
    })?;
    let decided = decided.ok_or_else(Problem::not_found)?;
    let allowed_sender = decided.allowed.map(AllowedSenderView::of);
    let status = if decided.approvals.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let view = ReviewView::of(decided.mail).with(decided.approvals);
    Ok((status, Json(ReviewView { allowed_sender, ..view })))
}

impl DecideRequest {
    fn check(&self) -> Result<(), Problem> {
        if self.reason.as_ref().is_some_and(|reason| reason.chars().count() > MOST_REASON) {
            return Err(Problem::validation(format!("reason: must be at most {MOST_REASON} characters")));
        }
        Ok(())
    }

    fn allow(&self, now: Timestamp) -> Option<AllowRequest> {
        match &self.allow_sender {
            None | Some(AllowShape::Switch(false)) => None,
            Some(AllowShape::Switch(true)) => {
                Some(AllowRequest { until: now.plus(DEFAULT_TIME), everywhere: false })
            }
            Some(AllowShape::Until(AllowUntil { until: Moment(until), all_inboxes })) => {
                Some(AllowRequest { until: *until, everywhere: *all_inboxes })
            }
        }
    }
}

impl ReviewView {
    pub(crate) fn of(mail: Mail) -> Self {
        let state = match mail.message.state {
            MailState::Held => "held",
            MailState::Delivered => "delivered",
            MailState::Rejected => "rejected",
        };
        let held_for = mail
            .meta
            .held_for
            .clone()
            .map(|held| HeldForView { reasons: held.reasons, caused_by: held.caused_by.map(String::from) });
        Self { state, held_for, email: EmailView::of(mail), approvals: None, allowed_sender: None }
    }

    fn with(self, approvals: Option<Approvals>) -> Self {
        let view = |approvals: Approvals| {
            let (by, at) = approvals.first.unzip();
            let at = at.map(|at| at.to_string());
            ApprovalsView { given: u8::from(by.is_some()), needed: 2, by, at }
        };
        Self { approvals: approvals.map(view), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(json: &str) -> bool {
        serde_json::from_str::<DecideRequest>(json).expect("a decision").check().is_ok()
    }

    #[test]
    fn a_decision_may_have_a_reason_of_a_thousand_characters() {
        assert!(accepted("{}"));
        assert!(accepted(r#"{"reason":"a newsletter","allowSender":false}"#));
        assert!(!accepted(&format!(r#"{{"reason":"{}"}}"#, "x".repeat(1_001))));
    }

    #[test]
    fn a_sender_is_let_through_for_thirty_days_or_until_a_moment() {
        let now = Timestamp(1_795_341_600_000);
        let allow = |json: &str| {
            let request: Result<DecideRequest, _> = serde_json::from_str(json);
            request.map(|request| request.allow(now)).map_err(drop)
        };
        for none in ["{}", r#"{"allowSender":null}"#, r#"{"allowSender":false}"#] {
            assert_eq!(allow(none), Ok(None), "{none}");
        }
        let month = AllowRequest { until: now.plus(DEFAULT_TIME), everywhere: false };
        assert_eq!(allow(r#"{"allowSender":true}"#), Ok(Some(month)));
        let until = Timestamp::parse("2027-01-01T00:00:00Z").expect("a moment");
        let all = r#"{"allowSender":{"until":"2027-01-01T00:00:00Z","allInboxes":true}}"#;
        assert_eq!(allow(all), Ok(Some(AllowRequest { until, everywhere: true })));
        for bad in [r#"{"allowSender":{}}"#, r#"{"allowSender":{"until":"soon"}}"#, r#"{"allowSender":30}"#] {
            assert_eq!(allow(bad), Err(()), "{bad}");
        }
    }
}
