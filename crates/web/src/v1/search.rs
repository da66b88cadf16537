//! Search over delivered mail.

use axum::Json;
use axum::extract::State;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};
use mailward_mailroom::SearchRequest;
use mailward_store::{Scopes, SearchPlace};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::emails::{EmailView, Way};
use crate::Web;
use crate::caller::Caller;
use crate::cursor;
use crate::problem::Problem;
use crate::query::{Limit, Moment, Query};

/// What is looked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SearchOptions {
    /// Words, all of which a mail must hold: in its subject, people, attachments' names or text. Case and accents make no
    /// difference. At most 16 words and 500 characters; all mails when absent.
    #[serde(default)]
    q: String,
    /// Only in this inbox.
    #[param(value_type = Option<String>)]
    inbox_id: Option<InboxId>,
    /// Only what came, or what went.
    #[param(value_type = Option<String>)]
    direction: Option<Way>,
    /// Only from an address or a name that contains this.
    from: Option<String>,
    /// Only what became available later, ISO 8601.
    #[param(value_type = Option<String>)]
    since: Option<Moment>,
    /// Only what became available earlier, ISO 8601.
    #[param(value_type = Option<String>)]
    until: Option<Moment>,
    /// Only with, or without, attachments.
    has_attachments: Option<bool>,
    /// 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// From the answer before.
    cursor: Option<String>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchResult)]
pub(crate) struct SearchView {
    /// Newest first, without their texts.
    data: Vec<EmailView>,
    pagination: PaginationView,
}

/// Whether there is more to be looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = Pagination)]
#[serde(rename_all = "camelCase")]
struct PaginationView {
    /// Whether not everything was looked at so far: one request looks at a bounded number of mails, and may have found none.
    has_more: bool,
    /// Ask with this to go on.
    cursor: Option<String>,
}

/// Looks for mails, newest first, in all inboxes that the caller reaches. One request looks at 500 mails at most: as long as
/// `hasMore` says so, go on with the cursor, also where nothing was found.
#[utoipa::path(get, path = "/v1/emails/search", operation_id = "searchEmails", tag = "emails", params(SearchOptions),
    responses((status = 200, body = SearchView)))]
pub(crate) async fn search(
    caller: Caller,
    State(web): State<Web>,
    Query(options): Query<SearchOptions>,
) -> Result<Json<SearchView>, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let request = options.request()?;
    let page = web.room.search(principal, &request).await?.ok_or_else(Problem::not_found)?;
    let cursor = page
        .next
        .as_ref()
        .map(|place| cursor::write(&format!("{} {} {}", place.at.millis(), place.seq, place.id)));
    let data = page.mails.into_iter().map(EmailView::of).collect();
    Ok(Json(SearchView { data, pagination: PaginationView { has_more: cursor.is_some(), cursor } }))
}

impl SearchOptions {
    fn request(self) -> Result<SearchRequest, Problem> {
        Ok(SearchRequest {
            behind: cursor::read(self.cursor.as_deref(), read_place)?,
            text: self.q,
            inbox: self.inbox_id,
            direction: self.direction.map(Way::direction),
            from: self.from,
            since: self.since.map(|Moment(at)| at),
            until: self.until.map(|Moment(at)| at),
            has_attachments: self.has_attachments,
            limit: self.limit.0,
        })
    }
}

fn read_place(text: &str) -> Option<SearchPlace> {
    let mut words = text.split(' ');
    let mut word = || words.next();
    let (at, seq, id) = (word()?, word()?, word()?);
    Some(SearchPlace {
        at: Timestamp(at.parse().ok()?),
        seq: seq.parse().ok()?,
        id: MessageId::parse(id).ok()?,
    })
}
