//! Threads of an inbox: listed, and one with its mails.

use axum::Json;
use axum::extract::State;
use mailward_mail::id::{InboxId, ThreadId};
use mailward_mailroom::{ThreadPlace, ThreadView as Thread};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::emails::EmailView;
use crate::Web;
use crate::caller::Caller;
use crate::cursor;
use crate::problem::Problem;
use crate::query::{Ids, Limit, Paging, Query};

/// Mails of one answer where nothing is said: whoever opens a thread wants all of it.
const MOST: u32 = 100;

/// Which mails of a thread.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailsOptions {
    /// 1 to 100; 100 when absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// From the answer before: the mails that follow.
    cursor: Option<String>,
}

/// A thread: mails that answer each other, or that the same people wrote on the same subject.
#[derive(Serialize, ToSchema)]
#[schema(as = Thread)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThreadView {
    id: String,
    inbox_id: String,
    /// Of the mail that opened it, as its sender wrote it.
    subject: String,
    /// How many mails it has.
    email_count: i64,
    /// When the newest of them became available.
    last_email_at: String,
    /// When the first did.
    created_at: String,
}

/// Some threads, the one that was written to last first.
#[derive(Serialize, ToSchema)]
#[schema(as = ThreadPage)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThreadsView {
    data: Vec<ThreadView>,
    /// Whether there are more.
    has_more: bool,
    /// Ask with this for them.
    cursor: Option<String>,
}

/// A thread with its mails, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = ThreadWithEmails)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenThreadView {
    #[serde(flatten)]
    thread: ThreadView,
    emails: Vec<ThreadEmailView>,
    /// Whether there are more.
    has_more: bool,
    /// Ask with this for them.
    cursor: Option<String>,
}

/// A mail of a thread.
#[derive(Serialize, ToSchema)]
#[schema(as = ThreadEmail)]
#[serde(rename_all = "camelCase")]
struct ThreadEmailView {
    #[serde(flatten)]
    email: EmailView,
    /// Whether its injection score is 50 or more.
    is_injection_risk: bool,
}

/// Lists the threads of an inbox, the one that was written to last first. A walk along the cursors meets each thread once,
/// whatever comes meanwhile.
#[utoipa::path(get, path = "/v1/inboxes/{id}/threads", operation_id = "listThreads", tag = "threads",
    params(("id" = String, Path), Paging), responses((status = 200, body = ThreadsView)))]
pub(crate) async fn list(
    caller: Caller,
    State(web): State<Web>,
    Ids(inbox): Ids<InboxId>,
    Query(Paging { limit, cursor }): Query<Paging>,
) -> Result<Json<ThreadsView>, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let place = cursor::read(cursor.as_deref(), read_place)?;
    let page = web.room.threads(principal, &inbox, limit.0, place).await?.ok_or_else(Problem::not_found)?;
    let cursor = page.next.map(|place| cursor::write(&format!("{} {}", place.until, place.before)));
    let data = page.threads.into_iter().map(ThreadView::of).collect();
    Ok(Json(ThreadsView { data, has_more: cursor.is_some(), cursor }))
}

/// Shows a thread with its mails, oldest first. They have no text: open one for that.
#[utoipa::path(get, path = "/v1/inboxes/{id}/threads/{thread}", operation_id = "getThread", tag = "threads",
    params(("id" = String, Path), ("thread" = String, Path), MailsOptions),
    responses((status = 200, body = OpenThreadView)))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    Ids((inbox, id)): Ids<(InboxId, ThreadId)>,
    Query(options): Query<MailsOptions>,
) -> Result<Json<OpenThreadView>, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let after = cursor::read(options.cursor.as_deref(), |place| place.parse().ok())?;
    let limit = options.limit.map_or(MOST, |Limit(limit)| limit);
    let open = web.room.thread(principal, &inbox, &id, limit, after).await?;
    let open = open.ok_or_else(Problem::not_found)?;
    let cursor = open.next.map(|seq| cursor::write(&seq.to_string()));
    let emails = open.mails.into_iter().map(|mail| {
        let email = EmailView::of(mail);
        ThreadEmailView { is_injection_risk: email.is_injection_risk(), email }
    });
    Ok(Json(OpenThreadView {
        thread: ThreadView::of(open.view),
        emails: emails.collect(),
        has_more: cursor.is_some(),
        cursor,
    }))
}

fn read_place(text: &str) -> Option<ThreadPlace> {
    let (until, before) = text.split_once(' ')?;
    Some(ThreadPlace { until: until.parse().ok()?, before: before.parse().ok()? })
}

impl ThreadView {
    fn of(view: Thread) -> Self {
        let thread = view.thread;
        let created_at = thread.opener.available_at.unwrap_or(thread.opener.received_at);
        Self {
            id: thread.id.into(),
            inbox_id: thread.opener.inbox.into(),
            subject: view.subject,
            email_count: thread.emails,
            last_email_at: thread.last_at.to_string(),
            created_at: created_at.to_string(),
        }
    }
}
