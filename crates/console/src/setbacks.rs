//! What went wrong of late, in words and with what to do.

use mailward_mailroom::access::Principal;
use mailward_mailroom::{Limit, Setback, SetbackKind};
use mailward_store::EventKind;

use crate::trouble::Trouble;
use crate::{Desk, words};

/// Rows that are shown.
const MOST: i64 = 20;

/// A row.
pub(crate) struct SetbackRow {
    pub(crate) when: String,
    pub(crate) what: String,
    pub(crate) whereabouts: String,
    pub(crate) href: String,
}

/// The last of a tenant; with links to pages of its own where those are at hand.
pub(crate) async fn rows(
    desk: &Desk,
    principal: &Principal,
    is_own: bool,
) -> Result<Vec<SetbackRow>, Trouble> {
    let now = desk.room.clock().now();
    let found = desk.room.setbacks(principal, MOST).await?;
    Ok(found.into_iter().map(|setback| row(setback, now, is_own)).collect())
}

fn row(setback: Setback, now: mailward_mail::clock::Timestamp, is_own: bool) -> SetbackRow {
    let mut href = String::new();
    let what = match setback.kind {
        SetbackKind::Call { webhook, event, status, again } => {
            if is_own {
                href = format!("/console/webhooks/{webhook}");
            }
            let answer =
                status.map_or_else(|| "nobody answered".to_owned(), |status| format!("answer {status}"));
            let then = if again { "tried again" } else { "given up" };
            format!("A webhook was not taken: {event}, {answer}, {then}")
        }
        SetbackKind::Event(kind, detail) => match kind {
            EventKind::EmailBounced => match detail["code"].as_str() {
                Some(code) => format!("A mail came back, {code}"),
                None => "A mail came back".to_owned(),
            },
            EventKind::EmailFailed => "A mail will not reach one of its recipients".to_owned(),
            EventKind::LimitExceeded => {
                let name = detail["limit"].as_str().unwrap_or_default();
                let what = Limit::parse(name).map_or(name, |limit| limit.what());
                match detail["max"].as_i64() {
                    Some(max) => format!("A limit stood in the way: {} {what}", words::number(max)),
                    None => format!("A limit stood in the way: {what}"),
                }
            }
            EventKind::WebhookDisabled => "A webhook endpoint was switched off".to_owned(),
            EventKind::DomainFailed => "The proof of a domain is missing".to_owned(),
            EventKind::DomainLost => "A domain was lost".to_owned(),
            EventKind::InboxPaused => "An inbox is quiet: it answered in circles".to_owned(),
            other => other.as_str().to_owned(),
        },
    };
    let whereabouts = setback.message.map(|id| id.to_string()).or(setback.inbox.map(|id| id.to_string()));
    SetbackRow { when: words::ago(setback.at, now), what, whereabouts: whereabouts.unwrap_or_default(), href }
}
