//! A tenant's own service at a glance: what came, what waits, what needs somebody.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use mailward_mail::id::GlassId;
use mailward_mailroom::access::Principal;
use mailward_mailroom::{UsageDays, UsageRequest};
use mailward_store::{DomainStatus, Role};

use crate::door::{Form, Seat};
use crate::fields::Fields;
use crate::figures::{Figures, HOURS, Meter, meters};
use crate::notice::Notice;
use crate::setbacks::{self, SetbackRow};
use crate::shell::Shell;
use crate::trouble::{Trouble, render};
use crate::{Desk, words};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    shell: Shell,
    figures: Figures,
    meters: Vec<Meter>,
    plan: String,
    waiting: i64,
    oldest: Option<String>,
    is_reviewer: bool,
    troubles: Vec<Need>,
    setbacks: Vec<SetbackRow>,
}

/// Something that needs somebody, and what to do.
pub(crate) struct Need {
    pub(crate) tone: &'static str,
    pub(crate) what: String,
    pub(crate) todo: String,
    pub(crate) href: String,
}

/// `GET /console`
pub(crate) async fn show(
    State(desk): State<Desk>,
    seat: Seat,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Viewer)?;
    let now = desk.room.clock().now();
    let used = desk.room.usage(&principal, &UsageRequest::default()).await?.ok_or(Trouble::NotFound)?;
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let figures = figures(&desk, &principal, &used, query.text("by")).await?;
    let standing = desk.room.account(&principal).await?;
    let waiting = desk.room.waiting(&principal).await?;
    let meters = meters(&standing);
    let mut troubles = needs(&desk, &principal, "/console").await?;
    for meter in meters.iter().filter(|meter| !meter.tone.is_empty()) {
        troubles.push(Need {
            tone: if meter.tone == "full" { "bad" } else { "near" },
            what: format!("{}: {} of {} used", meter.what, meter.used, meter.max),
            todo: "Make room, or ask for a larger plan.".into(),
            href: String::new(),
        });
    }
    let shell = Shell::new(&desk, &seat, "Overview", "/console")
        .counting(usize::try_from(waiting.count).unwrap_or_default())
        .saying(Notice::named(query.text("done")));
    Ok(render(&HomePage {
        shell,
        figures,
        meters,
        plan: standing.account.plan,
        waiting: waiting.count,
        oldest: waiting.oldest.map(|at| words::ago(at, now)),
        is_reviewer: seat.may(Role::Reviewer),
        setbacks: setbacks::rows(&desk, &principal, true).await?,
        troubles,
    }))
}

/// `POST /console/break-glass/{grant}/end`
pub(crate) async fn end_glass(
    State(desk): State<Desk>,
    Path(grant): Path<String>,
    Form { seat, .. }: Form,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Admin)?;
    let grant = GlassId::parse(&grant).map_err(|_| Trouble::NotFound)?;
    if !desk.room.end_glass(&principal, &grant).await? {
        return Err(Trouble::NotFound);
    }
    Ok(Redirect::to("/console?done=glass-ended").into_response())
}

/// Charts by day, or by hour where that is asked for.
pub(crate) async fn figures(
    desk: &Desk,
    principal: &Principal,
    used: &UsageDays,
    by: &str,
) -> Result<Figures, Trouble> {
    let hours = match by {
        "hour" => Some(desk.room.usage_by_hour(principal, HOURS).await?),
        _ => None,
    };
    Ok(Figures::of(used, hours.as_ref()))
}

/// What of a tenant's endpoints and domains needs somebody; pages of them stand under `base`.
pub(crate) async fn needs(desk: &Desk, principal: &Principal, base: &str) -> Result<Vec<Need>, Trouble> {
    let now = desk.room.clock().now();
    let mut needs = Vec::new();
    for view in desk.room.webhooks(principal).await? {
        let hook = &view.webhook;
        let href = if base == "/console" { format!("/console/webhooks/{}", hook.id) } else { String::new() };
        if let Some((at, _)) = &hook.disabled {
            needs.push(Need {
                tone: "bad",
                what: format!("Webhook {} was switched off {}", host(&view.url), words::ago(*at, now)),
                todo: "Mend the endpoint, switch it on again, then replay what it missed.".into(),
                href,
            });
        } else if let Some(since) = hook.failing_since {
            needs.push(Need {
                tone: "near",
                what: format!("Webhook {} fails, since {}", host(&view.url), words::ago(since, now)),
                todo: "Look at its last deliveries.".into(),
                href,
            });
        }
    }
    for view in desk.room.domains(principal).await? {
        if view.domain.status == DomainStatus::Failed {
            needs.push(Need {
                tone: "bad",
                what: format!("The proof of {} is missing in DNS", view.domain.name),
                todo: "Publish the records again; after three days without them the domain is lost.".into(),
                href: if base == "/console" { "/console/domains".into() } else { String::new() },
            });
        }
    }
    Ok(needs)
}

/// The host of an endpoint.
pub(crate) fn host(url: &str) -> String {
    url::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| "endpoint".into())
}
