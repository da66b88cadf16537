//! Break-glass: mail of a tenant, for a reason that the tenant reads; one mail, or any for half an hour.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use mailward_mail::id::{GlassId, MessageId, TenantId};
use mailward_mailroom::Mail;
use mailward_store::{Operator, Role};

use crate::door::{Form, Seat};
use crate::shell::Shell;
use crate::text::{Piece, line, pieces};
use crate::trouble::{Trouble, render};
use crate::{Desk, words};

#[derive(Template)]
#[template(path = "glass.html")]
struct GlassPage {
    shell: Shell,
    tenant: String,
    subject: Vec<Piece>,
    sender: Vec<Piece>,
    state: &'static str,
    body: Vec<Piece>,
}

/// A grant that is open.
pub(crate) struct GrantRow {
    pub(crate) id: String,
    pub(crate) operator: String,
    pub(crate) mail: Option<String>,
    pub(crate) until: String,
    pub(crate) is_mine: bool,
}

/// Grants that are open at a tenant.
pub(super) async fn open_grants(
    desk: &Desk,
    operator: &Operator,
    tenant: &TenantId,
) -> Result<Vec<GrantRow>, Trouble> {
    let found = desk.room.glasses(operator, tenant).await?.unwrap_or_default();
    let open = found.into_iter().filter(|view| view.is_open).map(|view| GrantRow {
        is_mine: view.glass.operator == operator.keyid(),
        id: view.glass.id.to_string(),
        operator: view.glass.operator,
        mail: view.glass.message.map(String::from),
        until: words::time(view.glass.until),
    });
    Ok(open.collect())
}

/// `POST /console/tenants/{tenant}/break-glass`: of one mail where it is named.
pub(crate) async fn break_glass(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let operator = seat.operator(Role::Reviewer)?;
    let tenant = TenantId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let reason = fields.text("reason");
    let mail = fields.text("mail").trim();
    if mail.is_empty() {
        desk.room.open_glass(&operator, &tenant, reason).await?.ok_or(Trouble::NotFound)?;
        return Ok(Redirect::to(&format!("/console/tenants/{tenant}?done=glass")).into_response());
    }
    let mail = MessageId::parse(mail).map_err(|_| Trouble::NotFound)?;
    let mail = desk.room.break_glass(&operator, &tenant, &mail, reason).await?.ok_or(Trouble::NotFound)?;
    Ok(shown(&desk, &seat, &tenant, &mail))
}

/// `POST /console/tenants/{tenant}/mail`: with a grant that is open.
pub(crate) async fn read_mail(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let operator = seat.operator(Role::Reviewer)?;
    let tenant = TenantId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let mail = MessageId::parse(fields.text("mail").trim()).map_err(|_| Trouble::NotFound)?;
    let mail = desk.room.read_by_grant(&operator, &tenant, &mail).await?.ok_or(Trouble::NotFound)?;
    Ok(shown(&desk, &seat, &tenant, &mail))
}

/// `POST /console/tenants/{tenant}/break-glass/{grant}/close`
pub(crate) async fn close_glass(
    State(desk): State<Desk>,
    Path((id, grant)): Path<(String, String)>,
    Form { seat, .. }: Form,
) -> Result<Response, Trouble> {
    let operator = seat.operator(Role::Reviewer)?;
    let tenant = TenantId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let grant = GlassId::parse(&grant).map_err(|_| Trouble::NotFound)?;
    match desk.room.close_glass(&operator, &tenant, &grant).await? {
        Some(true) => {
            Ok(Redirect::to(&format!("/console/tenants/{tenant}?done=glass-closed")).into_response())
        }
        _ => Err(Trouble::NotFound),
    }
}

fn shown(desk: &Desk, seat: &Seat, tenant: &TenantId, mail: &Mail) -> Response {
    let meta = &mail.meta;
    render(&GlassPage {
        shell: Shell::new(desk, seat, "One mail", "/console/tenants"),
        subject: line(if meta.subject.is_empty() { "(no subject)" } else { &meta.subject }),
        sender: line(&format!("{} <{}>", meta.from.name, meta.from.address)),
        state: mail.message.state.as_str(),
        body: pieces(&mail.body().unwrap_or_default(), &[]),
        tenant: tenant.to_string(),
    })
}
