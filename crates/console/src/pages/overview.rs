//! The whole service at a glance, for the operator's staff: is it well, what is wrong and what to do, who is busy.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use mailward_mailroom::UsageRequest;
use mailward_store::{Role, TenantState};

use super::home::{Need, needs};
use crate::door::Seat;
use crate::figures::meters;
use crate::shell::Shell;
use crate::trouble::{Trouble, render};
use crate::{Desk, words};

/// Tenants that are looked at for one page.
const MOST: i64 = 200;
/// The busiest that are shown.
const BUSIEST: usize = 8;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    shell: Shell,
    well: bool,
    tenants: usize,
    suspended: usize,
    today: i64,
    sent: i64,
    held: i64,
    waiting: i64,
    calls: i64,
    busiest: Vec<Busy>,
    troubles: Vec<Need>,
    is_cut: bool,
}

struct Busy {
    id: String,
    received: i64,
    held: i64,
    share: i64,
}

/// `GET /console`
pub(crate) async fn show(State(desk): State<Desk>, seat: Seat) -> Result<Response, Trouble> {
    let operator = seat.operator(Role::Viewer)?;
    let now = desk.room.clock().now();
    let mut troubles = Vec::new();
    let ready = desk.room.ready().await;
    if let Err(what) = ready {
        let (what, todo) = match what {
            "store" => (
                "The database does not answer",
                "See that it runs and can be reached; mail is refused for now and comes again.",
            ),
            "keys" => (
                "The key provider does not answer",
                "Tenants whose keys are known go on for a while; see `keys.provider`.",
            ),
            "disk" => (
                "The disk is almost full",
                "Make room on the data directory’s volume; no mail is taken until then.",
            ),
            _ => (
                "The threads that screen mail hang",
                "The process will start afresh by itself; look for what it was reading.",
            ),
        };
        troubles.push(Need { tone: "bad", what: what.into(), todo: todo.into(), href: String::new() });
    }
    let rows = desk.room.tenants(&operator, None, MOST).await?;
    let is_cut = rows.len() as i64 == MOST;
    let (mut tenants, mut suspended, mut today, mut sent, mut held, mut waiting, mut calls) =
        (0, 0, 0, 0, 0, 0, 0);
    let mut busiest = Vec::new();
    for row in rows {
        let Ok(Some((row, principal))) = desk.room.viewing(&operator, &row.id).await else { continue };
        tenants += 1;
        suspended += usize::from(row.state != TenantState::Active);
        let request = UsageRequest {
            from: Some(now.minus(std::time::Duration::from_secs(6 * 86_400))),
            ..UsageRequest::default()
        };
        let Some(used) = desk.room.usage(&principal, &request).await? else { continue };
        if let Some((_, day)) = used.days.last_key_value() {
            (today, sent, held, calls) =
                (today + day.received, sent + day.sent, held + day.held, calls + day.webhook_attempts);
        }
        let own = desk.room.waiting(&principal).await?;
        waiting += own.count;
        let week: i64 = used.days.values().map(|day| day.received).sum();
        let held: i64 = used.days.values().map(|day| day.held).sum();
        busiest.push(Busy { id: row.id.to_string(), received: week, held, share: 0 });
        let href = format!("/console/tenants/{}", row.id);
        if let Some(at) = own.oldest.filter(|at| *at < now.minus(std::time::Duration::from_secs(2 * 86_400)))
        {
            troubles.push(Need {
                tone: "near",
                what: format!("{}: {} held, the oldest came {}", row.id, own.count, words::ago(at, now)),
                todo: "Ask its reviewers to decide.".into(),
                href: href.clone(),
            });
        }
        for mut need in needs(&desk, &principal, "").await? {
            need.what = format!("{}: {}", row.id, need.what);
            need.href.clone_from(&href);
            troubles.push(need);
        }
        for meter in
            meters(&desk.room.account(&principal).await?).into_iter().filter(|meter| !meter.tone.is_empty())
        {
            troubles.push(Need {
                tone: if meter.tone == "full" { "bad" } else { "near" },
                what: format!("{}: {} at {} of {}", row.id, meter.what.to_lowercase(), meter.used, meter.max),
                todo: "Raise its limits, or let it make room.".into(),
                href: href.clone(),
            });
        }
    }
    busiest.sort_by_key(|busy| (std::cmp::Reverse(busy.received), busy.id.clone()));
    busiest.truncate(BUSIEST);
    let most = busiest.first().map_or(1, |busy| busy.received.max(1));
    for busy in &mut busiest {
        busy.share = busy.received * 100 / most;
    }
    troubles.sort_by_key(|need| need.tone != "bad");
    troubles.truncate(50);
    Ok(render(&OverviewPage {
        shell: Shell::new(&desk, &seat, "Overview", "/console"),
        well: ready.is_ok(),
        tenants,
        suspended,
        today,
        sent,
        held,
        waiting,
        calls,
        busiest,
        troubles,
        is_cut,
    }))
}
