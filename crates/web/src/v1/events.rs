//! The event log.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::EventId;
use mailward_mailroom::LoggedEvent;
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::Web;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::{Ids, Limit, Query};

/// Which events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogOptions {
    /// Only those behind this event; from the beginning when absent.
    after: Option<String>,
    /// 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
}

/// Some of the log, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = EventLog)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogView {
    data: Vec<EventView>,
    /// Whether there are more: ask with the last one's id as `after`.
    has_more: bool,
}

/// An event of the log, as a webhook with a summary is told of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventView {
    /// The same on every way it is delivered.
    id: String,
    r#type: &'static str,
    /// The same as `type`.
    event: &'static str,
    timestamp: String,
    inbox_id: Option<String>,
    data: Value,
}

/// What was told again.
#[derive(Serialize, ToSchema)]
#[schema(as = Redelivered)]
pub(crate) struct RedeliveredView {
    /// The event.
    id: String,
    /// Endpoints that it is told to again; those that are being told already are not counted.
    webhooks: u64,
}

/// The events of the last 30 days, oldest first; with an inbox key those of its inbox.
#[utoipa::path(get, path = "/v1/events", operation_id = "listEvents", tag = "events",
    params(LogOptions), responses((status = 200, body = LogView)))]
pub(crate) async fn list(
    caller: Caller,
    State(web): State<Web>,
    Query(options): Query<LogOptions>,
) -> Result<Json<LogView>, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let after = options.after.map(|text| event_id("after", &text)).transpose()?;
    let (events, has_more) = web.room.events(principal, after.as_ref(), options.limit.0).await?;
    Ok(Json(LogView { data: events.into_iter().map(EventView::of).collect(), has_more }))
}

/// Tells an event again, under its id, to the webhooks that ask for its kind.
#[utoipa::path(post, path = "/v1/events/{event}/redeliver", operation_id = "redeliverEvent", tag = "events",
    params(("event" = String, Path)), responses((status = 202, body = RedeliveredView)))]
pub(crate) async fn redeliver(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<EventId>,
) -> Result<(StatusCode, Json<RedeliveredView>), Problem> {
    let webhooks = web.room.redeliver(caller.need(Scopes::WEBHOOKS)?, &id).await?;
    let webhooks = webhooks.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::ACCEPTED, Json(RedeliveredView { id: id.into(), webhooks })))
}

/// The id of an event in a query or header.
pub(crate) fn event_id(field: &'static str, text: &str) -> Result<EventId, Problem> {
    EventId::parse(text).map_err(|_| Problem::validation(format!("{field}: must be the id of an event")))
}

impl EventView {
    fn of(logged: LoggedEvent) -> Self {
        let LoggedEvent { event, data } = logged;
        Self {
            id: event.id.into(),
            r#type: event.kind.as_str(),
            event: event.kind.as_str(),
            timestamp: event.created_at.to_string(),
            inbox_id: event.inbox.map(String::from),
            data,
        }
    }
}
