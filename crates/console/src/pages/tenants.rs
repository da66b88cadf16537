//! Tenants, for the operator's staff: found, looked at, suspended, limited, offboarded, restored. Their mail is never here.

mod act;
mod brand;
mod glass;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use mailward_mail::id::{TenantId, WebhookId};
use mailward_mailroom::access::Principal;
use mailward_mailroom::offboarding::OffboardView;
use mailward_mailroom::{Limit, UsageRequest};
use mailward_store::{DayUse, Role, TenantRow, TenantState};

pub(crate) use act::{create, invite, limits, offboard, replay, restore, resume, suspend};
pub(crate) use brand::brand;
pub(crate) use glass::{break_glass, close_glass, read_mail};

use self::brand::BrandForm;
use self::glass::{GrantRow, open_grants};
use super::audit::{LogRow, Names, row_of};
use super::home::{Need, figures, needs};
use super::service::{
    Delivery, DomainRow, HookRow, InboxRow, KeyRow, deliveries, domain_rows, hook_rows, inbox_rows, key_rows,
};
use crate::door::Seat;
use crate::fields::Fields;
use crate::figures::{Figures, Meter, meters};
use crate::notice::Notice;
use crate::setbacks::{self, SetbackRow};
use crate::shell::Shell;
use crate::trouble::{Trouble, render};
use crate::{Desk, words};

/// Tenants of a page.
const MOST: i64 = 100;
/// Calls of each endpoint.
const CALLS: i64 = 10;

#[derive(Template)]
#[template(path = "tenants.html")]
struct TenantsPage {
    shell: Shell,
    search: String,
    rows: Vec<Row>,
    next: Option<String>,
    plans: Vec<String>,
    is_admin: bool,
}

struct Row {
    id: String,
    plan: String,
    state: &'static str,
    tone: &'static str,
    week: String,
    sent: String,
    bounced: String,
    calls: String,
    held: i64,
    seen: String,
    needs: usize,
}

#[derive(Template)]
#[template(path = "tenant.html")]
struct TenantPage {
    shell: Shell,
    id: String,
    /// Where the page stands.
    here: String,
    plan: String,
    region: String,
    state: &'static str,
    tone: &'static str,
    made: String,
    seen: String,
    waiting: i64,
    oldest: Option<String>,
    pace: Option<String>,
    figures: Figures,
    meters: Vec<Meter>,
    limits: Vec<LimitRow>,
    plans: Vec<String>,
    needs: Vec<Need>,
    setbacks: Vec<SetbackRow>,
    inboxes: Vec<InboxRow>,
    hooks: Vec<Called>,
    domains: Vec<DomainRow>,
    keys: Vec<KeyRow>,
    log: Vec<LogRow>,
    leaving: Option<String>,
    brand: BrandForm,
    is_admin: bool,
    is_reviewer: bool,
    grants: Vec<GrantRow>,
    /// Whether she who looks has a grant that is open.
    may_read: bool,
    dry_run: Option<Vec<(&'static str, String)>>,
    link: Option<(String, String)>,
}

/// An endpoint, its last calls, and how long half of these took at most, in milliseconds.
struct Called {
    hook: HookRow,
    calls: Vec<Delivery>,
    median: i64,
}

struct LimitRow {
    name: &'static str,
    what: &'static str,
    value: String,
    is_own: bool,
}

/// `GET /console/tenants`
pub(crate) async fn list(
    State(desk): State<Desk>,
    seat: Seat,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let operator = seat.operator(Role::Viewer)?;
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let search = query.text("search").trim().to_lowercase();
    let after = TenantId::parse(query.text("after")).ok();
    let now = desk.room.clock().now();
    let mut found = desk
        .room
        .tenants(&operator, after.as_ref(), if search.is_empty() { MOST + 1 } else { 10_000 })
        .await?;
    found.retain(|row| !row.state.is_gone() && row.id.as_str().contains(&search));
    let next = (found.len() as i64 > MOST).then(|| found[MOST as usize - 1].id.to_string());
    found.truncate(MOST as usize);
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let Ok(Some((row, principal))) = desk.room.viewing(&operator, &row.id).await else { continue };
        let from = Some(now.minus(std::time::Duration::from_secs(6 * 86_400)));
        let used = desk.room.usage(&principal, &UsageRequest { from, ..UsageRequest::default() }).await?;
        let week =
            used.into_iter().flat_map(|used| used.days.into_values()).fold(DayUse::default(), DayUse::plus);
        let hooks = desk.room.webhooks(&principal).await?;
        let failing = hooks
            .iter()
            .filter(|hook| hook.webhook.failing_since.is_some() || hook.webhook.disabled.is_some());
        let failing = failing.count();
        let near = meters(&desk.room.account(&principal).await?)
            .iter()
            .filter(|meter| !meter.tone.is_empty())
            .count();
        let (state, tone) = state(&row);
        rows.push(Row {
            plan: row.plan.clone(),
            week: words::number(week.received),
            sent: words::number(week.sent),
            bounced: if week.bounced > 0 {
                format!("{} came back", words::number(week.bounced))
            } else {
                String::new()
            },
            calls: match (hooks.len(), failing) {
                (0, _) => "no endpoint".to_owned(),
                (_, 0) => "work".to_owned(),
                (all, failing) => format!("{failing} of {all} fail"),
            },
            held: desk.room.waiting(&principal).await?.count,
            seen: words::ago(row.last_active_at, now),
            needs: near + needs(&desk, &principal, "").await?.len(),
            id: row.id.to_string(),
            state,
            tone,
        });
    }
    let shell =
        Shell::new(&desk, &seat, "Tenants", "/console/tenants").saying(Notice::named(query.text("done")));
    let plans = desk.room.config().plans.keys().cloned().collect();
    Ok(render(&TenantsPage { shell, search, rows, next, plans, is_admin: seat.may(Role::Admin) }))
}

/// `GET /console/tenants/{tenant}`
pub(crate) async fn show(
    State(desk): State<Desk>,
    seat: Seat,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    page(&desk, &seat, &id, &query, None, None).await
}

/// The page of a tenant, with what a form on it brought to light.
async fn page(
    desk: &Desk,
    seat: &Seat,
    id: &str,
    query: &Fields,
    dry_run: Option<OffboardView>,
    link: Option<(String, String)>,
) -> Result<Response, Trouble> {
    let operator = seat.operator(Role::Viewer)?;
    let id = TenantId::parse(id).map_err(|_| Trouble::NotFound)?;
    let now = desk.room.clock().now();
    let (row, principal) = desk.room.viewing(&operator, &id).await?.ok_or(Trouble::NotFound)?;
    let used = desk.room.usage(&principal, &UsageRequest::default()).await?.ok_or(Trouble::NotFound)?;
    let standing = desk.room.account(&principal).await?;
    let waiting = desk.room.waiting(&principal).await?;
    let log = desk.room.audit_before(&operator, Some(id.as_str()), i64::MAX, 6).await?.unwrap_or_default();
    let leaving = match row.state {
        TenantState::Grace | TenantState::Exporting => desk.room.leaving(&operator, &id).await?.map(|view| {
            let until = view.leaving.and_then(|leaving| leaving.grace_until);
            until.map_or_else(
                || "It leaves, and waits for its archive.".to_owned(),
                |at| format!("It leaves. It can be taken back until {}.", words::moment(at)),
            )
        }),
        _ => None,
    };
    let limits = Limit::ALL.iter().map(|limit| {
        let value = limit.of(&standing.plan);
        LimitRow {
            name: limit.name(),
            what: limit.what(),
            value: if value == 0 {
                "no limit".into()
            } else {
                words::number(i64::try_from(value).unwrap_or(i64::MAX))
            },
            is_own: standing.overrides.0.contains_key(limit),
        }
    });
    let (state, tone) = state(&row);
    let names = Names::of(desk, seat).await?;
    let grants = open_grants(desk, &operator, &id).await?;
    Ok(render(&TenantPage {
        may_read: grants.iter().any(|grant| grant.is_mine),
        grants,
        shell: Shell::new(desk, seat, id.as_str(), "/console/tenants")
            .saying(Notice::named(query.text("done"))),
        plan: row.plan.clone(),
        region: row.region.clone(),
        made: words::day(row.created_at),
        seen: words::ago(row.last_active_at, now),
        waiting: waiting.count,
        oldest: waiting.oldest.map(|at| words::ago(at, now)),
        pace: words::pace(desk.room.pace(&principal).await?),
        figures: figures(desk, &principal, &used, query.text("by")).await?,
        meters: meters(&standing),
        limits: limits.collect(),
        plans: desk.room.config().plans.keys().cloned().collect(),
        needs: needs(desk, &principal, "").await?,
        setbacks: setbacks::rows(desk, &principal, false).await?,
        inboxes: inbox_rows(desk, &principal).await?,
        hooks: called(desk, &principal).await?,
        domains: domain_rows(desk, &principal).await?,
        keys: key_rows(desk, &principal).await?,
        log: log.into_iter().map(|entry| row_of(entry, None, &names)).collect(),
        leaving,
        brand: BrandForm::of(desk, &operator, &id).await?,
        is_admin: seat.may(Role::Admin),
        is_reviewer: seat.may(Role::Reviewer),
        dry_run: dry_run.map(|view| {
            let has = &view.holdings;
            [
                ("inboxes", has.inboxes),
                ("delivered mails", has.delivered),
                ("held mails", has.held),
                ("rejected mails", has.rejected),
                ("events", has.events),
                ("webhook endpoints", has.webhooks),
                ("API keys", has.keys),
                ("keys destroyed", i64::try_from(view.keys.len()).unwrap_or_default()),
            ]
            .into_iter()
            .map(|(what, count)| (what, words::number(count)))
            .chain([("stored", words::size(has.bytes))])
            .collect()
        }),
        link,
        here: format!("/console/tenants/{id}"),
        id: id.to_string(),
        state,
        tone,
    }))
}

/// Endpoints with their last calls.
async fn called(desk: &Desk, principal: &Principal) -> Result<Vec<Called>, Trouble> {
    let mut all = Vec::new();
    for hook in hook_rows(desk, principal).await? {
        let calls = match WebhookId::parse(&hook.id) {
            Ok(id) => deliveries(desk, principal, &id, CALLS).await?.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let mut took: Vec<i64> = calls.iter().map(|call| call.took).collect();
        took.sort_unstable();
        let median = took.get(took.len().saturating_sub(1) / 2).copied().unwrap_or_default();
        all.push(Called { hook, calls, median });
    }
    Ok(all)
}

fn state(row: &TenantRow) -> (&'static str, &'static str) {
    match row.state {
        TenantState::Active => ("active", "good"),
        TenantState::Suspended => ("suspended", "near"),
        TenantState::Importing => ("being imported", "near"),
        TenantState::Exporting => ("being exported", "near"),
        TenantState::Grace => ("leaving", "bad"),
        TenantState::Shredded | TenantState::Purged => ("gone", ""),
    }
}
