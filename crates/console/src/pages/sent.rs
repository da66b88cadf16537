//! What an inbox sent and how it fares, recipient by recipient, with what the other server last said. Its text is not shown.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use mailward_mail::id::InboxId;
use mailward_mailroom::{ListRequest, RecipientStatus};
use mailward_store::{Direction, OutgoingStatus, Role};

use crate::door::Seat;
use crate::fields::Fields;
use crate::shell::Shell;
use crate::text::{Piece, line};
use crate::trouble::{Trouble, render};
use crate::{Desk, words};

/// Mails of a page.
const MOST: u32 = 50;
/// Recipients that are named of one mail.
const NAMED: usize = 10;

#[derive(Template)]
#[template(path = "sent.html")]
struct SentPage {
    shell: Shell,
    address: String,
    here: String,
    mails: Vec<Row>,
    next: Option<i64>,
}

struct Row {
    id: String,
    subject: Vec<Piece>,
    state: &'static str,
    tone: &'static str,
    when: String,
    to: Vec<To>,
    more: usize,
}

struct To {
    address: Vec<Piece>,
    state: &'static str,
    tone: &'static str,
    answer: Vec<Piece>,
}

/// `GET /console/inboxes/{inbox}/sent`
pub(crate) async fn show(
    State(desk): State<Desk>,
    seat: Seat,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Reviewer)?;
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let id = InboxId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let view = desk.room.inbox(&principal, &id).await?.ok_or(Trouble::NotFound)?;
    let request = ListRequest {
        limit: MOST,
        before: query.text("before").parse().ok(),
        direction: Some(Direction::Outbound),
        ..ListRequest::default()
    };
    let page = desk.room.list(&principal, &id, &request).await?.ok_or(Trouble::NotFound)?;
    let now = desk.room.clock().now();
    let mut mails = Vec::with_capacity(page.mails.len());
    for mail in page.mails {
        let all = desk.room.recipients(&principal, &id, &mail.message.id).await?;
        let (state, tone) = mail.message.status.map_or(("", ""), fares);
        mails.push(Row {
            more: all.len().saturating_sub(NAMED),
            to: all.into_iter().take(NAMED).map(To::of).collect(),
            subject: line(&mail.meta.subject),
            when: words::ago(mail.message.received_at, now),
            id: mail.message.id.to_string(),
            state,
            tone,
        });
    }
    Ok(render(&SentPage {
        shell: Shell::new(&desk, &seat, "Sent", "/console/inboxes"),
        address: view.inbox.address,
        here: format!("/console/inboxes/{id}/sent"),
        mails,
        next: page.next,
    }))
}

impl To {
    fn of(one: RecipientStatus) -> Self {
        let (state, tone) = fares(one.status);
        Self { address: line(&one.address), answer: line(&one.answer.unwrap_or_default()), state, tone }
    }
}

/// How it fares, in words.
fn fares(status: OutgoingStatus) -> (&'static str, &'static str) {
    match status {
        OutgoingStatus::Queued => ("waits for its turn", ""),
        OutgoingStatus::Sending => ("is on its way", ""),
        OutgoingStatus::Sent => ("handed on", "good"),
        OutgoingStatus::Delivered => ("delivered", "good"),
        OutgoingStatus::Deferred => ("will be tried again", "near"),
        OutgoingStatus::Bounced => ("came back", "bad"),
        OutgoingStatus::Failed => ("failed", "bad"),
        OutgoingStatus::Cancelled => ("taken back", ""),
        OutgoingStatus::Held => ("waits for a person", "near"),
    }
}
