//! Mails of an inbox: what is ours to say of each, and the frame with what their senders wrote.

use mailward_mail::clock::Timestamp;
use mailward_mailroom::{ListRequest, Mail, Meta};
use mailward_store::Message;
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use super::{Context, Tool};
use crate::budget::Budget;
use crate::frame::{self, Frame};
use crate::refusal::Refusal;

/// What is known of a mail without a word of its sender's.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Head {
    email_id: String,
    inbox_id: String,
    /// Its place in the inbox, growing.
    pub(super) seq: Option<i64>,
    /// The conversation that it belongs to; get_thread shows it.
    thread_id: Option<String>,
    /// `inbound` or `outbound`.
    direction: &'static str,
    is_read: bool,
    /// A machine sent it by itself: nobody should answer it.
    automated: bool,
    /// How likely it tries to instruct you: `low`, `medium`, `high` or `unknown`.
    injection_risk: &'static str,
    /// 0 to 100.
    injection_score: u8,
    /// Whether the author's domain vouches for it: `pass`, `fail`, `none` and others of RFC 8601.
    dmarc: String,
    /// How many; get_attachment takes 0 for the first.
    attachments: usize,
    /// When it became available, ISO 8601.
    created_at: String,
}

/// Some mails.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mails {
    /// Newest first. The blocks of `text` stand in the same order.
    pub(super) emails: Vec<Head>,
    /// The `seq` of the newest; wait_for_email with it as `after` waits for what comes next.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_seq: Option<i64>,
    /// Always true: `text` was written by senders, whoever they are.
    untrusted: bool,
    /// From, subject and beginning of each mail, in a frame.
    text: String,
    /// Give it to the next call for those that follow; absent: these were the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Check {
    /// Which; a key of one inbox may leave it out.
    #[serde(default)]
    inbox_id: Option<String>,
    /// 1 to 50; 10 when left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 50))]
    limit: Option<u8>,
    /// Only what was not opened yet.
    #[serde(default)]
    unread_only: bool,
    /// Only from this address.
    #[serde(default)]
    from: Option<String>,
    /// Only what became available later, ISO 8601.
    #[serde(default)]
    since: Option<String>,
    /// The `cursor` of the answer before.
    #[serde(default)]
    cursor: Option<String>,
    /// About how many tokens the answer may have, 400 to 8000; 4000 when left out.
    #[serde(default)]
    #[schemars(range(min = 400, max = 8000))]
    max_tokens: Option<u32>,
}

pub(super) fn check() -> Tool {
    const ABOUT: &str = "Lists the mails of an inbox, newest first: what is known of each, and in `text` who says they \
                         wrote it, its subject and its beginning. Marks nothing as read.";
    let run = |call: Context, asked: Check| async move {
        let inbox = call.inbox(asked.inbox_id.as_deref())?;
        let limit = u32::from(asked.limit.unwrap_or(10).clamp(1, 50));
        let request = ListRequest {
            limit,
            before: place(asked.cursor.as_deref())?,
            since: moment(asked.since.as_deref())?,
            from: asked.from,
            unread: asked.unread_only,
            ..ListRequest::default()
        };
        let page = call.room.list(call.caller.principal(), &inbox, &request).await?;
        let page = page.ok_or_else(Refusal::not_found)?;
        let is_first = request.before.is_none();
        let mut mails = Mails::within(page.mails, &call, Budget::asked(asked.max_tokens)?);
        mails.cursor = mails.cursor.or(page.next.map(|seq| seq.to_string()));
        mails.newest_seq = mails.emails.first().and_then(|head| head.seq).filter(|_| is_first);
        Ok(mails)
    };
    Tool::new("check_inbox", "Check an inbox", ABOUT, run)
}

impl Mails {
    /// As many of these as the budget has room for, one at least; `cursor` tells where it ended before their end.
    pub(super) fn within(mails: Vec<Mail>, call: &Context, mut budget: Budget) -> Self {
        let mut frame = Frame::open(&call.random);
        let _ = budget.take(frame.text());
        let (mut emails, mut cursor) = (Vec::with_capacity(mails.len()), None);
        for mail in mails {
            let head = Head::of(&mail.message, &mail.meta);
            let block = format!("| [{}]\n{}", head.email_id, summary(&mail));
            let fits = budget.take_json(&head) && budget.take(&block);
            if !fits && !emails.is_empty() {
                cursor = emails.last().and_then(|last: &Head| last.seq).map(|seq| seq.to_string());
                break;
            }
            frame.push(&block);
            emails.push(head);
        }
        Self { emails, newest_seq: None, untrusted: true, text: frame.close(), cursor }
    }
}

impl Head {
    pub(super) fn of(message: &Message, meta: &Meta) -> Self {
        let verdict = meta.verdict.as_ref();
        Self {
            email_id: message.id.to_string(),
            inbox_id: message.inbox.to_string(),
            seq: message.seq,
            thread_id: message.thread.as_ref().map(ToString::to_string),
            direction: message.direction.as_str(),
            is_read: message.is_read,
            automated: meta.automated.is_some(),
            // Mail that nobody judged is not known to be harmless.
            injection_risk: verdict.map_or("unknown", |verdict| verdict.level.as_str()),
            injection_score: verdict.map_or(75, |verdict| verdict.score),
            dmarc: word(&meta.auth.dmarc),
            attachments: meta.attachments.len(),
            created_at: message.available_at.unwrap_or(message.received_at).to_string(),
        }
    }
}

/// Who says they wrote it, about what, and how it begins.
fn summary(mail: &Mail) -> String {
    let meta = &mail.meta;
    let from = match meta.from.name.as_str() {
        "" => meta.from.address.clone(),
        name => format!("{name} <{}>", meta.from.address),
    };
    frame::line("From", &from)
        + &frame::line("Subject", &meta.subject)
        + &frame::line("Begins", &meta.preview)
}

/// A place in an inbox.
pub(super) fn place(cursor: Option<&str>) -> Result<Option<i64>, Refusal> {
    let read = |text: &str| text.parse().map_err(|_| Refusal::invalid("cursor: is none of ours"));
    cursor.map(read).transpose()
}

/// A moment in ISO 8601.
pub(super) fn moment(text: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    let read = |text: &str| {
        let bad =
            || Refusal::invalid("since: must be ISO 8601 with an offset, such as 2026-11-22T10:00:00.000Z");
        Timestamp::parse(text).ok_or_else(bad)
    };
    text.map(read).transpose()
}

/// The word by which a value is written.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
