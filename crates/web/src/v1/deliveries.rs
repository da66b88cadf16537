//! Calls to a webhook endpoint: what was tried, tests, and events told again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::{AttemptId, EventId, WebhookId};
use mailward_mailroom::ReplayRequest as Replay;
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Web;
use crate::body::Body;
use crate::caller::Caller;
use crate::cursor::{self, Page};
use crate::problem::Problem;
use crate::query::{Ids, Limit, Moment, Query};

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ListOptions {
    /// 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// From the page before.
    cursor: Option<String>,
    /// Only calls of this event.
    #[param(value_type = Option<String>)]
    event_id: Option<EventId>,
}

/// What is to be told again: one event, or all that the endpoint wants to hear of from one moment to another.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReplayWebhook)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ReplayRequest {
    /// One event.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    event_id: Option<EventId>,
    /// From then on, at most 30 days ago.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    since: Option<Moment>,
    /// Until then; now when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    until: Option<Moment>,
}

/// A call to an endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView {
    id: String,
    event_id: String,
    /// The event's name; `webhook.verify` and `webhook.test` are no events.
    event: String,
    /// The first is 1. A call that tries a failing endpoint for all that wait counts once.
    attempt: i64,
    at: String,
    /// What was answered; null when nothing was.
    status: Option<u16>,
    latency_ms: i64,
    /// `delivered`, `retry` or `failed`.
    outcome: &'static str,
    /// When it is made again.
    next_attempt_at: Option<String>,
    /// What went wrong: the start of the answer, at most 256 printable characters, or why there was none.
    error: Option<String>,
}

/// What was queued.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedTest)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestView {
    /// Names the test in the endpoint's deliveries.
    event_id: String,
    /// Always `queued`.
    status: &'static str,
}

/// How much was queued.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedReplay)]
pub(crate) struct ReplayView {
    /// Events; those on their way already are not counted. At most 1,000 at a time.
    queued: usize,
}

/// Lists the last calls to an endpoint, at most 1,000, newest first.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", operation_id = "listWebhookDeliveries", tag = "webhooks",
    params(("id" = String, Path), ListOptions), responses((status = 200, body = Page<DeliveryView>)))]
pub(crate) async fn list(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<WebhookId>,
    Query(options): Query<ListOptions>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let principal = caller.need(Scopes::WEBHOOKS)?;
    let Limit(limit) = options.limit;
    let before = cursor::read(options.cursor.as_deref(), |place| AttemptId::parse(place).ok())?;
    let more = i64::from(limit) + 1;
    let found = web.room.deliveries(principal, &id, options.event_id.as_ref(), before.as_ref(), more).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(Json(Page::of(found, limit, |one| one.attempt.id.to_string(), DeliveryView::of)))
}

/// Lets an endpoint be told a `webhook.test`; how it went stands in its deliveries.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", operation_id = "testWebhook", tag = "webhooks",
    params(("id" = String, Path)), responses((status = 202, body = TestView)))]
pub(crate) async fn test(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<WebhookId>,
) -> Result<(StatusCode, Json<TestView>), Problem> {
    let event = web.room.test_webhook(caller.need(Scopes::WEBHOOKS)?, &id).await?;
    let event_id = event.ok_or_else(Problem::not_found)?.into();
    Ok((StatusCode::ACCEPTED, Json(TestView { event_id, status: "queued" })))
}

/// Tells an endpoint of events again, under the ids they have.
#[utoipa::path(post, path = "/v1/webhooks/{id}/replay", operation_id = "replayWebhook", tag = "webhooks",
    params(("id" = String, Path)), request_body(content = ReplayRequest),
    responses((status = 202, body = ReplayView)))]
pub(crate) async fn replay(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<WebhookId>,
    Body(request): Body<ReplayRequest>,
) -> Result<(StatusCode, Json<ReplayView>), Problem> {
    let principal = caller.need(Scopes::WEBHOOKS)?;
    let wanted = match (request.event_id, request.since, request.until) {
        (Some(event), None, None) => Replay::Event(event),
        (None, Some(Moment(since)), until) => Replay::Between(since, until.map(|Moment(at)| at)),
        _ => return Err(Problem::validation("name either `eventId`, or `since` and perhaps `until`")),
    };
    let queued = web.room.replay_webhook(principal, &id, wanted).await?.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::ACCEPTED, Json(ReplayView { queued })))
}

impl DeliveryView {
    fn of(view: mailward_mailroom::DeliveryView) -> Self {
        let attempt = view.attempt;
        Self {
            id: attempt.id.into(),
            event_id: attempt.event.into(),
            event: attempt.kind,
            attempt: attempt.attempt,
            at: attempt.at.to_string(),
            status: attempt.status,
            latency_ms: attempt.latency_ms,
            outcome: attempt.outcome.as_str(),
            next_attempt_at: attempt.next_at.map(|at| at.to_string()),
            error: view.error,
        }
    }
}
