//! Break-glass: one mail of a tenant, for a reason that the tenant reads.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use mailward_mail::id::{MessageId, TenantId};
use mailward_store::Role;

use crate::Desk;
use crate::door::Form;
use crate::shell::Shell;
use crate::text::{Piece, line, pieces};
use crate::trouble::{Trouble, render};

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

/// `POST /console/tenants/{tenant}/break-glass`
pub(crate) async fn break_glass(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let operator = seat.operator(Role::Reviewer)?;
    let tenant = TenantId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let mail = MessageId::parse(fields.text("mail").trim()).map_err(|_| Trouble::NotFound)?;
    let reason = fields.text("reason");
    let mail = desk.room.break_glass(&operator, &tenant, &mail, reason).await?.ok_or(Trouble::NotFound)?;
    let meta = &mail.meta;
    Ok(render(&GlassPage {
        shell: Shell::new(&desk, &seat, "One mail", "/console/tenants"),
        subject: line(if meta.subject.is_empty() { "(no subject)" } else { &meta.subject }),
        sender: line(&format!("{} <{}>", meta.from.name, meta.from.address)),
        state: mail.message.state.as_str(),
        body: pieces(&mail.body().unwrap_or_default(), &[]),
        tenant: tenant.to_string(),
    }))
}
