//! Waits: a call that ends when there is something to tell, at the latest after 25 seconds.

use std::time::Duration;

use mailward_mailroom::Poll;
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use super::mails::{Head, moment};
use super::reading::{View, view};
use super::{Context, Tool};
use crate::budget::Budget;
use crate::refusal::Refusal;

/// The longest wait, in seconds; hosts and proxies commonly give up at 30.
const MOST_SECONDS: u8 = 25;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wait {
    /// Which; a key of one inbox may leave it out.
    #[serde(default)]
    inbox_id: Option<String>,
    /// Only from this address.
    #[serde(default)]
    from: Option<String>,
    /// Only with this in the subject.
    #[serde(default)]
    subject: Option<String>,
    /// Only what stands after this `seq`. With neither this nor `since`: what comes after the call.
    #[serde(default)]
    after: Option<i64>,
    /// Only what became available later, ISO 8601.
    #[serde(default)]
    since: Option<String>,
    /// 0 to 25; 25 when left out.
    #[serde(default)]
    #[schemars(range(min = 0, max = 25))]
    timeout_seconds: Option<u8>,
    /// About how many tokens the answer may have, 400 to 8000; 4000 when left out.
    #[serde(default)]
    #[schemars(range(min = 400, max = 8000))]
    max_tokens: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Waited {
    /// The oldest mail that was waited for; null: none came in time, so call again.
    email: Option<Head>,
    /// How many more wait behind it; call again with `after` for the next.
    more: usize,
    /// Give it to the next call as `after`, and no mail is missed or told twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<i64>,
    /// Always true: `text` was written by a sender, whoever that is.
    untrusted: bool,
    /// The mail in a frame; empty when none came.
    text: String,
    /// Give it to get_email for the rest of the text; absent: this is all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

pub(super) fn email() -> Tool {
    const ABOUT: &str = "Waits up to 25 seconds for mail and gives the oldest that fits, with its text, marked as read. \
                         To miss nothing that came before the call, give the `newestSeq` or `after` of an earlier \
                         answer as `after` (0: from the first mail on). When none came, call again.";
    let run = |call: Context, asked: Wait| async move {
        let inbox = call.inbox(asked.inbox_id.as_deref())?;
        let budget = Budget::asked(asked.max_tokens)?;
        let poll = Poll {
            since: moment(asked.since.as_deref())?,
            after: asked.after,
            from: asked.from,
            subject: asked.subject,
            timeout: patience(asked.timeout_seconds),
        };
        let found = tokio::select! {
            found = call.room.poll(call.caller.principal(), &inbox, &poll) => found?.ok_or_else(Refusal::not_found)?,
            () = call.caller.shutdown() => Vec::new(),
        };
        // A key that was revoked during the wait gets nothing of what came after.
        call.caller.still(&call.room).await?;
        let Some(oldest) = found.last().map(|mail| mail.message.id.clone()) else {
            return Ok(Waited {
                email: None,
                more: 0,
                after: poll.after,
                untrusted: true,
                text: String::new(),
                cursor: None,
            });
        };
        let View { email, after, text, cursor } = view(&call, &inbox, &oldest, budget, 0, false).await?;
        let email = Some(email);
        Ok(Waited { email, more: found.len() - 1, after, untrusted: true, text, cursor })
    };
    Tool::new("wait_for_email", "Wait for an e-mail", ABOUT, run)
}

/// How long a wait that asks for so many seconds waits.
pub(super) fn patience(seconds: Option<u8>) -> Duration {
    Duration::from_secs(seconds.unwrap_or(MOST_SECONDS).min(MOST_SECONDS).into())
}
