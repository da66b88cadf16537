//! What staff do to a tenant. Each act is in its audit log, with who and why.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use mailward_mail::id::{EventId, TenantId, WebhookId};
use mailward_mailroom::offboarding::OffboardRequest;
use mailward_mailroom::people::InviteRequest;
use mailward_mailroom::{Limit, LimitChange, ReplayRequest};
use mailward_store::Role;

use super::page;
use crate::Desk;
use crate::door::Form;
use crate::fields::Fields;
use crate::trouble::Trouble;

/// `POST /console/tenants`
pub(crate) async fn create(
    State(desk): State<Desk>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let operator = seat.operator(Role::Admin)?;
    let id = TenantId::parse(fields.text("id").trim()).map_err(|_| {
        Trouble::bad("The id must have 1 to 40 characters of a-z, 0-9 and -, and no - at its ends.")
    })?;
    // Its tokens are not shown: they belong to programs, which ask for keys over the API.
    desk.room.create_tenant(&operator, id.clone(), fields.text("plan"), None).await?;
    Ok(done(&id, "created"))
}

/// `POST /console/tenants/{tenant}/suspend`
pub(crate) async fn suspend(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let (operator, id) = (seat.operator(Role::Admin)?, tenant(&id)?);
    desk.room.suspend(&operator, &id, reason(&fields)?).await?.ok_or(Trouble::NotFound)?;
    Ok(done(&id, "suspended"))
}

/// `POST /console/tenants/{tenant}/resume`
pub(crate) async fn resume(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let (operator, id) = (seat.operator(Role::Admin)?, tenant(&id)?);
    desk.room.resume(&operator, &id, reason(&fields)?).await?.ok_or(Trouble::NotFound)?;
    Ok(done(&id, "resumed"))
}

/// `POST /console/tenants/{tenant}/limits`
pub(crate) async fn limits(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let (operator, id) = (seat.operator(Role::Admin)?, tenant(&id)?);
    let plan = Some(fields.text("plan")).filter(|plan| !plan.is_empty()).map(str::to_owned);
    let mut limits = Vec::new();
    let named = fields.text("limit");
    if !named.is_empty() {
        let limit = Limit::ALL.iter().find(|limit| limit.name() == named);
        let limit = *limit.ok_or_else(|| Trouble::bad("There is no such limit."))?;
        let value = fields.text("value").trim();
        let value = match value {
            "" => None,
            text => {
                Some(text.parse().map_err(|_| Trouble::bad("A limit is a whole number; 0 is no limit."))?)
            }
        };
        limits.push((limit, value));
    }
    let change = LimitChange { plan, limits, replace: false };
    desk.room.change_limits(&operator, &id, &change).await?.ok_or(Trouble::NotFound)?;
    Ok(done(&id, "limited"))
}

/// `POST /console/tenants/{tenant}/webhooks/{webhook}/replay`: goes to the tenant's own endpoint, and shows nothing here.
pub(crate) async fn replay(
    State(desk): State<Desk>,
    Path((id, webhook)): Path<(String, String)>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let (operator, id) = (seat.operator(Role::Admin)?, tenant(&id)?);
    let webhook = WebhookId::parse(&webhook).map_err(|_| Trouble::NotFound)?;
    let event = EventId::parse(fields.text("event")).map_err(|_| Trouble::NotFound)?;
    let (_, principal) = desk.room.viewing(&operator, &id).await?.ok_or(Trouble::NotFound)?;
    let replayed = desk.room.replay_webhook(&principal, &webhook, ReplayRequest::Event(event)).await?;
    replayed.ok_or(Trouble::NotFound)?;
    Ok(done(&id, "replayed"))
}

/// `POST /console/tenants/{tenant}/people`
pub(crate) async fn invite(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let (operator, slug) = (seat.operator(Role::Admin)?, tenant(&id)?);
    let request = InviteRequest { email: fields.text("email").to_owned(), role: Role::Admin };
    let made =
        desk.room.invite_as_operator(&operator, Some(&slug), &request).await?.ok_or(Trouble::NotFound)?;
    let door = desk.room.door_of(&slug, &desk.config.people_url).await?;
    let link = format!("{door}/console/invitation/{}", made.secret);
    page(&desk, &seat, &id, &Fields::default(), None, Some((made.email, link))).await
}

/// `POST /console/tenants/{tenant}/offboard`: what there is, first; done once the id was typed.
pub(crate) async fn offboard(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let (operator, slug) = (seat.operator(Role::Admin)?, tenant(&id)?);
    if fields.text("really") != "1" {
        let request = OffboardRequest { dry_run: true, ..OffboardRequest::default() };
        let view = desk.room.offboard(&operator, &slug, &request).await?.ok_or(Trouble::NotFound)?;
        return page(&desk, &seat, &id, &Fields::default(), Some(view), None).await;
    }
    if fields.text("confirm").trim() != slug.as_str() {
        return Err(Trouble::bad("Type the tenant’s id exactly as it is."));
    }
    let days = fields.text("days").trim();
    let grace_days = match days {
        "" => None,
        text => Some(text.parse().map_err(|_| Trouble::bad("The time to come back is a number of days."))?),
    };
    let confirm = Some(slug.to_string());
    let request = OffboardRequest { grace_days, confirm, ..OffboardRequest::default() };
    desk.room.offboard(&operator, &slug, &request).await?.ok_or(Trouble::NotFound)?;
    Ok(done(&slug, "offboarded"))
}

/// `POST /console/tenants/{tenant}/restore`
pub(crate) async fn restore(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, .. }: Form,
) -> Result<Response, Trouble> {
    let (operator, id) = (seat.operator(Role::Admin)?, tenant(&id)?);
    desk.room.restore_tenant(&operator, &id).await?.ok_or(Trouble::NotFound)?;
    Ok(done(&id, "restored"))
}

fn tenant(id: &str) -> Result<TenantId, Trouble> {
    TenantId::parse(id).map_err(|_| Trouble::NotFound)
}

fn reason(fields: &Fields) -> Result<Option<&str>, Trouble> {
    let reason = fields.text("reason").trim();
    if reason.chars().count() > 1_000 {
        return Err(Trouble::bad("The reason may have 1,000 characters at most."));
    }
    Ok(Some(reason).filter(|reason| !reason.is_empty()))
}

fn done(id: &TenantId, what: &str) -> Response {
    Redirect::to(&format!("/console/tenants/{id}?done={what}")).into_response()
}
