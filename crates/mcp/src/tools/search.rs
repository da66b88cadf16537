//! Search over what an agent may read.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};
use mailward_mailroom::{Mail, SearchRequest};
use mailward_store::SearchPlace;
use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;

use super::mails::{Mails, moment};
use super::{Context, Tool};
use crate::budget::Budget;
use crate::refusal::Refusal;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Search {
    /// Words, all of which a mail must hold, in whatever case: in its subject, people, names of files or text. All mails
    /// when left out.
    #[serde(default)]
    query: String,
    /// Only in this inbox.
    #[serde(default)]
    inbox_id: Option<String>,
    /// Only from an address or a name that contains this.
    #[serde(default)]
    from: Option<String>,
    /// Only what became available later, ISO 8601.
    #[serde(default)]
    since: Option<String>,
    /// Only with, or without, attachments.
    #[serde(default)]
    has_attachments: Option<bool>,
    /// 1 to 50; 10 when left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 50))]
    limit: Option<u8>,
    /// The `cursor` of the answer before.
    #[serde(default)]
    cursor: Option<String>,
    /// About how many tokens the answer may have, 400 to 8000; 4000 when left out.
    #[serde(default)]
    #[schemars(range(min = 400, max = 8000))]
    max_tokens: Option<u32>,
}

pub(super) fn search() -> Tool {
    const ABOUT: &str = "Looks for mails in the inboxes that you reach, newest first. One call looks at a bounded number of \
                         them: as long as there is a `cursor`, call again with it, also where nothing was found.";
    let run = |call: Context, asked: Search| async move {
        let budget = Budget::asked(asked.max_tokens)?;
        let inbox = asked.inbox_id.as_deref().map(InboxId::parse).transpose();
        let request = SearchRequest {
            text: asked.query,
            inbox: inbox.map_err(|_| Refusal::not_found())?,
            from: asked.from,
            since: moment(asked.since.as_deref())?,
            has_attachments: asked.has_attachments,
            limit: u32::from(asked.limit.unwrap_or(10).clamp(1, 50)),
            behind: asked.cursor.as_deref().map(|text| read(text).ok_or_else(unknown)).transpose()?,
            ..SearchRequest::default()
        };
        let page =
            call.room.search(call.caller.principal(), &request).await?.ok_or_else(Refusal::not_found)?;
        let places: Vec<String> = page.mails.iter().map(|mail| written(&place_of(mail))).collect();
        let mut mails = Mails::within(page.mails, &call, budget);
        // Where the budget ended before the page, one goes on behind the last that was shown.
        let shown = mails.emails.len();
        mails.cursor = match shown < places.len() {
            true => places.into_iter().nth(shown.saturating_sub(1)),
            false => page.next.as_ref().map(written),
        };
        Ok(mails)
    };
    Tool::new("search_emails", "Search e-mails", ABOUT, run)
}

fn place_of(mail: &Mail) -> SearchPlace {
    let message = &mail.message;
    SearchPlace {
        at: message.available_at.unwrap_or(message.received_at),
        seq: message.seq.unwrap_or_default(),
        id: message.id.clone(),
    }
}

fn written(place: &SearchPlace) -> String {
    format!("{}.{}.{}", place.at.millis(), place.seq, place.id)
}

fn read(text: &str) -> Option<SearchPlace> {
    let mut words = text.split('.');
    let mut word = || words.next();
    let (at, seq, id) = (word()?, word()?, word()?);
    let id = MessageId::parse(id).ok()?;
    Some(SearchPlace { at: Timestamp(at.parse().ok()?), seq: seq.parse().ok()?, id })
}

fn unknown() -> Refusal {
    Refusal::invalid("cursor: is none of ours")
}
