//! Held mail, for who decides on it: the list, one mail, decisions and taking them back.

mod decide;
mod file;
mod mail;
mod queue;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use mailward_mail::id::MessageId;
use mailward_mailroom::Approvals;
use mailward_store::Role;

pub(crate) use decide::{bulk, decide, undo};
pub(crate) use file::show as file;

use crate::door::Seat;
use crate::fields::Fields;
use crate::notice::Notice;
use crate::shell::Shell;
use crate::text::plain;
use crate::trouble::{Trouble, render};
use crate::{Desk, words};
use mail::{MailView, View};
use queue::{Queue, Undo};

#[derive(Template)]
#[template(path = "review.html")]
struct ListPage {
    shell: Shell,
    queue: Queue,
    undos: Vec<Undo>,
    chosen: bool,
    /// Since when the one that waits longest does.
    oldest: Option<String>,
    pace: Option<String>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage {
    shell: Shell,
    queue: Queue,
    undos: Vec<Undo>,
    mail: Box<MailView>,
    twice: Option<Twice>,
    may_release: bool,
    previous: Option<String>,
    next: Option<String>,
}

/// A mail that two must release.
struct Twice {
    /// What it waits for, as a sentence.
    text: String,
    /// Whether she who looks released it: she cannot be the second.
    is_mine: bool,
}

/// `GET /console/review`; of one campaign where it is named by one of its mails.
pub(crate) async fn list(
    State(desk): State<Desk>,
    seat: Seat,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Reviewer)?;
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let (mut queue, undos) = queue::read(&desk, &principal, seat.member().id(), None).await?;
    let campaign = MessageId::parse(query.text("campaign")).ok();
    if let Some(id) = &campaign {
        queue.keep_campaign(id.as_str());
    }
    let shell = Shell::new(&desk, &seat, "Review", "/console/review").counting(queue.count);
    let shell = shell.saying(Notice::named(query.text("done")));
    let waiting = desk.room.waiting(&principal).await?;
    let now = desk.room.clock().now();
    Ok(render(&ListPage {
        shell,
        chosen: campaign.is_some(),
        queue,
        undos,
        oldest: waiting.oldest.map(|at| words::ago(at, now)),
        pace: words::pace(desk.room.pace(&principal).await?),
    }))
}

/// `GET /console/review/{mail}`
pub(crate) async fn show(
    State(desk): State<Desk>,
    seat: Seat,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Reviewer)?;
    let id = MessageId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let found = desk.room.held_mail(&principal, &id).await?.ok_or(Trouble::NotFound)?;
    let twice = desk.room.approvals(&principal, std::slice::from_ref(&found)).await?.pop().flatten();
    let twice = match twice {
        Some(approvals) => Some(twice_of(&desk, &seat, approvals).await?),
        None => None,
    };
    let (queue, undos) = queue::read(&desk, &principal, seat.member().id(), Some(&id)).await?;
    let mail = mail::view(&desk, &principal, found, query.text("view")).await?;
    let (previous, next) = queue.around(id.as_str());
    let shell = Shell::new(&desk, &seat, "Review", "/console/review").counting(queue.count);
    let may_release = twice.as_ref().is_none_or(|twice| !twice.is_mine);
    let mail = Box::new(mail);
    Ok(render(&MailPage { shell, queue, undos, mail, twice, may_release, previous, next }))
}

async fn twice_of(desk: &Desk, seat: &Seat, approvals: Approvals) -> Result<Twice, Trouble> {
    let Some((by, at)) = approvals.first else {
        let text = "Two different people must release this mail. One who rejects it is enough.".to_owned();
        return Ok(Twice { text, is_mine: false });
    };
    let ago = words::ago(at, desk.room.clock().now());
    if by == seat.member().id() {
        let text = format!("1 of 2: you released it {ago}. Somebody else must release it, too.");
        return Ok(Twice { text, is_mine: true });
    }
    let people = desk.room.people(seat.member()).await?;
    let name = people.into_iter().find(|person| person.id.as_str() == by).map(|person| person.name);
    let who = name.map_or_else(|| format!("the key key_{by}"), |name| plain(&name));
    let text = format!("1 of 2: {who} released it {ago}. Your release hands it to the agent.");
    Ok(Twice { text, is_mine: false })
}
