//! The long poll: the request waits until there is mail.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mailward_mail::id::InboxId;
use mailward_mailroom::Poll;
use mailward_store::Scopes;
use serde::Deserialize;
use utoipa::IntoParams;

use super::emails::EmailView;
use crate::Web;
use crate::caller::Caller;
use crate::cursor::Page;
use crate::problem::Problem;
use crate::query::{Ids, Moment, Query};
use crate::server::Shutdown;

/// The longest wait, in seconds; proxies commonly give up at 30.
const MOST_SECONDS: u32 = 25;

/// What is waited for. With neither `since` nor `after` it is what comes after the request.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PollOptions {
    /// Seconds, at most 25.
    timeout: Option<u32>,
    /// What became available later, ISO 8601.
    #[param(value_type = Option<String>)]
    since: Option<Moment>,
    /// What stands after this `seq`.
    after: Option<i64>,
    /// Only from this address.
    from: Option<String>,
    /// Only with this in the subject.
    subject: Option<String>,
}

/// Waits for mail, newest first; 204 when none came.
#[utoipa::path(get, path = "/v1/inboxes/{id}/emails/poll", operation_id = "pollEmails", tag = "emails",
    params(("id" = String, Path), PollOptions),
    responses((status = 200, body = Page<EmailView>), (status = 204, description = "None came")))]
pub(crate) async fn poll(
    caller: Caller,
    State(web): State<Web>,
    shutdown: Shutdown,
    Ids(inbox): Ids<InboxId>,
    Query(options): Query<PollOptions>,
) -> Result<Response, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let poll = options.poll();
    let found = tokio::select! {
        found = web.room.poll(principal, &inbox, &poll) => found?.ok_or_else(Problem::not_found)?,
        () = shutdown.begun() => Vec::new(),
    };
    if found.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    // A key that was revoked during the wait gets nothing of what came after.
    caller.still(&web).await?;
    let events = web.room.events_of(principal, &found).await?;
    let views = found.into_iter().zip(events).map(|(mail, event)| EmailView::of(mail).told_by(event));
    Ok(Json(Page::whole(views.collect())).into_response())
}

impl PollOptions {
    fn poll(self) -> Poll {
        Poll {
            since: self.since.map(|Moment(at)| at),
            after: self.after,
            from: self.from,
            subject: self.subject,
            timeout: Duration::from_secs(self.timeout.unwrap_or(MOST_SECONDS).min(MOST_SECONDS).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_longer_than_25_seconds() {
        let seconds = |query: &str| {
            let uri = format!("/?{query}").parse().expect("a URI");
            let axum::extract::Query(options) =
                axum::extract::Query::<PollOptions>::try_from_uri(&uri).expect("options");
            options.poll().timeout.as_secs()
        };
        assert_eq!(
            (seconds(""), seconds("timeout=0"), seconds("timeout=7"), seconds("timeout=600")),
            (25, 0, 7, 25)
        );
    }
}
