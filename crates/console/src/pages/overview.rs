//! The whole service at a glance, for the operator's staff: is it well, what is wrong and what to do, who is busy.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use mailward_mailroom::{NodeState, UsageRequest};
use mailward_store::{Hour, HourUse, Levels, Operator, Role, TenantState};

use super::home::{Need, needs};
use crate::door::Seat;
use crate::figures::{Chart, meters, received_by_hour};
use crate::shell::Shell;
use crate::trouble::{Trouble, render};
use crate::{Desk, words};

/// Tenants that are looked at for one page.
const MOST: i64 = 200;
/// The busiest that are shown.
const BUSIEST: usize = 8;
/// Hours of the throughput.
const DAY: i64 = 24;
/// From how many seconds on a queue lags, and from how many on somebody must look.
const LAGS: i64 = 60;
const STUCK: i64 = 600;

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
    queues: Vec<Queue>,
    throughput: Chart,
    nodes: Vec<NodeRow>,
    steps: Vec<Step>,
}

/// How long a step takes on this node.
struct Step {
    what: &'static str,
    count: String,
    half: String,
    most: String,
}

/// A process that serves.
struct NodeRow {
    name: String,
    roles: String,
    version: String,
    since: String,
    state: String,
    tone: &'static str,
}

/// How long what is to be done waits.
struct Queue {
    what: &'static str,
    lag: String,
    tone: &'static str,
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
    let mut hours: BTreeMap<Hour, HourUse> = BTreeMap::new();
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
        for (hour, used) in desk.room.usage_by_hour(&principal, DAY).await? {
            let all = hours.entry(hour).or_default();
            let (sum, more) = (all.received, used.received);
            all.received = Levels {
                low: sum.low + more.low,
                medium: sum.medium + more.medium,
                high: sum.high + more.high,
                unknown: sum.unknown + more.unknown,
            };
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
    let queues = queues(&desk).await?;
    for queue in queues.iter().filter(|queue| queue.tone == "bad") {
        troubles.push(Need {
            tone: "bad",
            what: format!("{}: the oldest waits for {}", queue.what, queue.lag),
            todo: "See that a node with the role `dispatch` runs and reaches the database; start more of them if they are busy."
                .into(),
            href: String::new(),
        });
    }
    let nodes = nodes(&desk, &operator, &mut troubles).await?;
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
        queues,
        throughput: received_by_hour(&hours),
        nodes,
        steps: steps(&desk),
    }))
}

/// Who serves; who was killed or cannot serve is a trouble.
async fn nodes(desk: &Desk, operator: &Operator, troubles: &mut Vec<Need>) -> Result<Vec<NodeRow>, Trouble> {
    let now = desk.room.clock().now();
    let mut rows = Vec::new();
    for (node, state) in desk.room.nodes(operator).await? {
        let (state, tone) = match state {
            NodeState::Ready => ("serves".to_owned(), "good"),
            NodeState::Unready(why) => (format!("cannot serve: {why}"), "bad"),
            NodeState::Silent => (format!("last heard of {}", words::ago(node.seen_at, now)), "near"),
        };
        if tone != "good" {
            troubles.push(Need {
                tone,
                what: format!("{} ({}): {state}", node.name, node.roles),
                todo: match tone {
                    "bad" => "Ask it at `/readyz`: it says in words what is wrong.".into(),
                    _ => "It was killed, or does not reach the database. What it had in hand others take up; it leaves this list after a day."
                        .into(),
                },
                href: String::new(),
            });
        }
        rows.push(NodeRow {
            since: words::ago(node.started_at, now),
            name: node.name,
            roles: node.roles.replace(',', ", "),
            version: node.version,
            state,
            tone,
        });
    }
    Ok(rows)
}

/// The steps of mail, in the order in which it takes them.
const STEPS: [(&str, &str); 8] = [
    ("smtp", "From the first word to the last octet"),
    ("screen", "Screened"),
    ("authenticate", "Sender authenticated"),
    ("seal", "Sealed"),
    ("commit", "On the disk"),
    ("taken", "From the last octet to the 250"),
    ("webhook", "A webhook’s answer"),
    ("send", "Handed to another server"),
];

/// What this node saw since it began; nothing of steps that it never took.
fn steps(desk: &Desk) -> Vec<Step> {
    let seen = desk.room.tracer().meters().times("stage");
    let known =
        STEPS.iter().filter_map(|(name, what)| Some((*what, &seen.iter().find(|(word, _)| word == name)?.1)));
    known
        .map(|(what, seen)| Step {
            what,
            count: words::number(i64::try_from(seen.count).unwrap_or(i64::MAX)),
            half: within(seen.quantile(0.5)),
            most: within(seen.quantile(0.99)),
        })
        .collect()
}

fn within(micros: Option<u64>) -> String {
    match micros {
        None => "more than a minute".to_owned(),
        Some(micros) if micros < 1_000 => "under 1 ms".to_owned(),
        Some(micros) if micros < 1_000_000 => format!("{} ms", micros as f64 / 1_000.0),
        Some(micros) => format!("{} s", micros as f64 / 1_000_000.0),
    }
}

/// How long the oldest job of each kind has been due.
async fn queues(desk: &Desk) -> Result<Vec<Queue>, Trouble> {
    let lags = desk.room.queue_lags().await?;
    Ok(lags
        .into_iter()
        .map(|(kind, seconds)| Queue {
            what: match kind {
                "webhook" => "Webhook calls",
                "send" => "Mail to be sent",
                "judge" => "Questions to the judge",
                _ => "Decisions to carry out",
            },
            lag: match seconds {
                0 => "nothing waits".to_owned(),
                1..120 => format!("{seconds} s"),
                _ => format!("{} min", seconds / 60),
            },
            tone: match seconds {
                STUCK.. => "bad",
                LAGS.. => "near",
                _ => "good",
            },
        })
        .collect())
}
