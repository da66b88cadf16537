//! The people of a house: who they are, what they may do; invited, changed and removed by admins.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use mailward_mail::id::PersonId;
use mailward_mailroom::people::{InviteRequest, PersonChange};
use mailward_store::{PersonState, Role};

use crate::door::{Form, Seat};
use crate::fields::Fields;
use crate::notice::Notice;
use crate::shell::Shell;
use crate::trouble::{Trouble, render};
use crate::{Desk, words};

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    shell: Shell,
    people: Vec<Row>,
    is_admin: bool,
    link: Option<(String, String)>,
}

struct Row {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    is_invited: bool,
    seen: String,
    is_me: bool,
    recovery_left: usize,
}

/// `GET /console/people`
pub(crate) async fn list(
    State(desk): State<Desk>,
    seat: Seat,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Result<Response, Trouble> {
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    page(&desk, &seat, Notice::named(query.text("done")), None).await
}

/// `POST /console/people`
pub(crate) async fn invite(
    State(desk): State<Desk>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    seat.need(Role::Admin)?;
    let role = Role::parse(fields.text("role")).ok_or_else(|| Trouble::bad("Choose a role."))?;
    let request = InviteRequest { email: fields.text("email").to_owned(), role };
    let made = desk.room.invite(seat.member(), &request).await?;
    let path = format!("/console/invitation/{}", made.secret);
    let link = match seat.member().tenant() {
        Some(tenant) => format!("{}{path}", desk.room.door_of(tenant, &desk.config.people_url).await?),
        None => path,
    };
    // Shown in the answer itself: it is told this once, and stands in no URL of ours.
    page(&desk, &seat, None, Some((made.email, link))).await
}

/// `POST /console/people/{person}/role`
pub(crate) async fn change_role(
    State(desk): State<Desk>,
    Path(person): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let role = Role::parse(fields.text("role")).ok_or_else(|| Trouble::bad("Choose a role."))?;
    change(&desk, &seat, &person, PersonChange::Role(role), "changed").await
}

/// `POST /console/people/{person}/remove`
pub(crate) async fn remove(
    State(desk): State<Desk>,
    Path(person): Path<String>,
    Form { seat, .. }: Form,
) -> Result<Response, Trouble> {
    change(&desk, &seat, &person, PersonChange::Remove, "removed").await
}

async fn change(
    desk: &Desk,
    seat: &Seat,
    person: &str,
    change: PersonChange,
    done: &str,
) -> Result<Response, Trouble> {
    seat.need(Role::Admin)?;
    let id = PersonId::parse(person).map_err(|_| Trouble::NotFound)?;
    if !desk.room.change_person(seat.member(), &id, change).await? {
        return Err(Trouble::NotFound);
    }
    Ok(Redirect::to(&format!("/console/people?done={done}")).into_response())
}

async fn page(
    desk: &Desk,
    seat: &Seat,
    notice: Option<Notice>,
    link: Option<(String, String)>,
) -> Result<Response, Trouble> {
    let now = desk.room.clock().now();
    let people = desk.room.people(seat.member()).await?;
    let rows = people.into_iter().map(|person| Row {
        is_me: person.id.as_str() == seat.member().id(),
        id: person.id.to_string(),
        name: person.name,
        email: person.email,
        role: person.role.as_str(),
        is_invited: person.state == PersonState::Invited,
        seen: person.seen_at.map_or_else(|| "never".into(), |at| words::ago(at, now)),
        recovery_left: person.recovery_left,
    });
    Ok(render(&PeoplePage {
        shell: Shell::new(desk, seat, "People", "/console/people").saying(notice),
        people: rows.collect(),
        is_admin: seat.may(Role::Admin),
        link,
    }))
}
