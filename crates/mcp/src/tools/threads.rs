//! Conversations of an inbox.

use mailward_mail::id::ThreadId;
use mailward_mailroom::{ThreadPlace, ThreadView};
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use super::mails::{Mails, place};
use super::{Context, Tool};
use crate::budget::Budget;
use crate::frame::{self, Frame};
use crate::refusal::Refusal;

/// A conversation, without a word of its writers'.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Thread {
    thread_id: String,
    /// How many mails it has.
    email_count: i64,
    /// When the newest of them became available.
    last_email_at: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct List {
    /// Which inbox; a key of one inbox may leave it out.
    #[serde(default)]
    inbox_id: Option<String>,
    /// 1 to 50; 20 when left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 50))]
    limit: Option<u8>,
    /// The `cursor` of the answer before.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Threads {
    /// The one that was written to last first. The lines of `text` stand in the same order.
    threads: Vec<Thread>,
    /// Always true: `text` was written by senders, whoever they are.
    untrusted: bool,
    /// The subjects, in a frame.
    text: String,
    /// Give it to the next call for those that follow; absent: these were the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Show {
    /// Which inbox; a key of one inbox may leave it out.
    #[serde(default)]
    inbox_id: Option<String>,
    /// Which.
    thread_id: String,
    /// The `cursor` of the answer before.
    #[serde(default)]
    cursor: Option<String>,
    /// About how many tokens the answer may have, 400 to 8000; 4000 when left out.
    #[serde(default)]
    #[schemars(range(min = 400, max = 8000))]
    max_tokens: Option<u32>,
}

pub(super) fn list() -> Tool {
    const ABOUT: &str =
        "Lists the conversations of an inbox, the one that was written to last first, with their subjects.";
    let run = |call: Context, asked: List| async move {
        let inbox = call.inbox(asked.inbox_id.as_deref())?;
        let limit = u32::from(asked.limit.unwrap_or(20).clamp(1, 50));
        let behind = asked.cursor.as_deref().map(|text| walk(text).ok_or_else(unknown)).transpose()?;
        let page = call.room.threads(call.caller.principal(), &inbox, limit, behind).await?;
        let page = page.ok_or_else(Refusal::not_found)?;
        let mut frame = Frame::open(&call.random);
        for view in &page.threads {
            frame.push(&format!("| [{}]\n{}", view.thread.id, frame::line("Subject", &view.subject)));
        }
        let cursor = page.next.map(|place| format!("{}.{}", place.until, place.before));
        let threads = page.threads.iter().map(Thread::of).collect();
        Ok(Threads { threads, untrusted: true, text: frame.close(), cursor })
    };
    Tool::new("list_threads", "List conversations", ABOUT, run)
}

pub(super) fn show() -> Tool {
    const ABOUT: &str = "Shows the mails of one conversation, oldest first: what is known of each, and their beginnings. \
                         get_email gives the text of one.";
    let run = |call: Context, asked: Show| async move {
        let inbox = call.inbox(asked.inbox_id.as_deref())?;
        let id = ThreadId::parse(&asked.thread_id).map_err(|_| Refusal::not_found())?;
        let budget = Budget::asked(asked.max_tokens)?;
        let after = place(asked.cursor.as_deref())?;
        let open = call.room.thread(call.caller.principal(), &inbox, &id, 50, after).await?;
        let open = open.ok_or_else(Refusal::not_found)?;
        let mut mails = Mails::within(open.mails, &call, budget);
        mails.cursor = mails.cursor.or(open.next.map(|seq| seq.to_string()));
        Ok(mails)
    };
    Tool::new("get_thread", "Read a conversation", ABOUT, run)
}

impl Thread {
    fn of(view: &ThreadView) -> Self {
        let thread = &view.thread;
        Self {
            thread_id: thread.id.to_string(),
            email_count: thread.emails,
            last_email_at: thread.last_at.to_string(),
        }
    }
}

fn walk(text: &str) -> Option<ThreadPlace> {
    let (until, before) = text.split_once('.')?;
    Some(ThreadPlace { until: until.parse().ok()?, before: before.parse().ok()? })
}

fn unknown() -> Refusal {
    Refusal::invalid("cursor: is none of ours")
}
