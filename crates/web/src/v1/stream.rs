//! Server-sent events of one inbox (WHATWG HTML 9.2).
//!
//! Each event is read from the log when the one before it was taken, so a slow reader holds one in memory.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::unfold;
use mailward_mail::id::InboxId;
use mailward_mailroom::{Followed, Following, StreamPlace};
use mailward_store::Scopes;
use serde::Deserialize;
use tokio::time::{Duration, Instant, Interval, interval, sleep_until};
use utoipa::IntoParams;

use super::events::event_id;
use super::happening::HappeningView;
use crate::Web;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::{Ids, Query};
use crate::server::Shutdown;

/// The longest that a client can ask for; without asking there is no end.
const MOST_SECONDS: u32 = 3_600;
/// How soon clients that know this field connect again.
const RETRY: Duration = Duration::from_secs(1);

/// From where, and how long.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamOptions {
    /// The same as the header `Last-Event-ID`, which counts where both stand.
    after: Option<String>,
    /// Seconds after which the stream ends; it goes on for ever when absent.
    timeout: Option<u32>,
}

/// An open stream.
struct Session {
    web: Web,
    caller: Caller,
    inbox: InboxId,
    following: Following,
    shutdown: Shutdown,
    look: Interval,
    told_at: Instant,
    until: Option<Instant>,
    begun: bool,
    _place: StreamPlace,
}

/// Tells what happens in an inbox as server-sent events. From now on, or behind the event in `Last-Event-ID`.
#[utoipa::path(get, path = "/v1/inboxes/{id}/stream", operation_id = "streamEvents", tag = "events",
    params(("id" = String, Path), StreamOptions, ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, body = HappeningView, content_type = "text/event-stream",
        description = "Each `data` is a StreamEvent; comments come when nothing else does")))]
pub(crate) async fn follow(
    caller: Caller,
    State(web): State<Web>,
    shutdown: Shutdown,
    Ids(inbox): Ids<InboxId>,
    Query(options): Query<StreamOptions>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let after = match headers.get("last-event-id") {
        Some(value) => Some(event_id("Last-Event-ID", value.to_str().unwrap_or_default())?),
        None => options.after.as_deref().map(|text| event_id("after", text)).transpose()?,
    };
    let from = web.room.place_in_log(principal, &inbox, after.as_ref()).await?;
    let from = from.ok_or_else(Problem::not_found)?;
    let place = web.room.open_stream(principal).await?;
    let following = web.room.follow(principal, &inbox, from);
    let now = Instant::now();
    let until = options.timeout.map(|seconds| now + Duration::from_secs(seconds.min(MOST_SECONDS).into()));
    let look = interval(web.config.streams.look);
    let session = Session {
        web,
        caller,
        inbox,
        following,
        shutdown,
        look,
        told_at: now,
        until,
        begun: false,
        _place: place,
    };
    let events = unfold(session, |mut session| async move {
        let event = session.next().await?;
        Some((Ok::<_, Infallible>(event), session))
    });
    // A proxy in between shall not wait for more.
    Ok(([("x-accel-buffering", "no")], Sse::new(events)).into_response())
}

impl Session {
    /// What comes next; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        if !self.begun {
            self.begun = true;
            return Some(Event::default().comment("following").retry(RETRY));
        }
        loop {
            let until = self.until;
            let over = async {
                match until {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.shutdown.begun() => return None,
                next = self.following.next() => {
                    let Some((_, Ok(Followed::Happened(happened)))) = next else { return None };
                    // A key that was revoked gets nothing of what came after.
                    if self.caller.denied(&self.web).await.is_some() {
                        return None;
                    }
                    self.told_at = Instant::now();
                    let view = HappeningView::of(&self.inbox, *happened);
                    return Some(Event::default().id(&view.id).event(view.event_type).data(view.json()));
                }
                _ = self.look.tick() => {
                    if self.caller.denied(&self.web).await.is_some() {
                        return None;
                    }
                    if self.told_at.elapsed() >= self.web.config.streams.ping {
                        self.told_at = Instant::now();
                        return Some(Event::default().comment("still here"));
                    }
                }
                () = over => return None,
            }
        }
    }
}
