//! Held mail, for who decides on it: the list, one mail, decisions and taking them back.

mod decide;
mod mail;
mod queue;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use mailward_mail::id::MessageId;
use mailward_store::Role;

pub(crate) use decide::{bulk, decide, undo};

use crate::Desk;
use crate::door::Seat;
use crate::fields::Fields;
use crate::notice::Notice;
use crate::shell::Shell;
use crate::trouble::{Trouble, render};
use mail::{MailView, View};
use queue::{Queue, Undo};

#[derive(Template)]
#[template(path = "review.html")]
struct ListPage {
    shell: Shell,
    queue: Queue,
    undos: Vec<Undo>,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage {
    shell: Shell,
    queue: Queue,
    undos: Vec<Undo>,
    mail: Box<MailView>,
    previous: Option<String>,
    next: Option<String>,
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
    Ok(render(&ListPage { shell, chosen: campaign.is_some(), queue, undos }))
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
    let (queue, undos) = queue::read(&desk, &principal, seat.member().id(), Some(&id)).await?;
    let mail = mail::view(&desk, &principal, found, query.text("view")).await?;
    let (previous, next) = queue.around(id.as_str());
    let shell = Shell::new(&desk, &seat, "Review", "/console/review").counting(queue.count);
    Ok(render(&MailPage { shell, queue, undos, mail: Box::new(mail), previous, next }))
}
