//! What was used: a month against the plan, days, inboxes, and all of it to download. Of a tenant for its own people, and
//! for the operator's staff.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use mailward_mail::calendar::{Day, Month};
use mailward_mail::id::TenantId;
use mailward_mailroom::access::Principal;
use mailward_mailroom::{Line, UsageRequest};
use mailward_store::{DayUse, Role};
use mailward_web::sheet::Sheet;

use crate::door::Seat;
use crate::fields::Fields;
use crate::shell::Shell;
use crate::trouble::{Trouble, render};
use crate::{Desk, words};

/// Months that can be chosen.
const MONTHS: usize = 13;
/// Inboxes that are listed, the busiest; the download has all.
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "usage.html")]
struct UsagePage {
    shell: Shell,
    /// Where the page stands: its downloads stand below.
    base: String,
    back: Option<String>,
    months: Vec<Choice>,
    month: String,
    state: String,
    is_closed: bool,
    plan: String,
    lines: Vec<LineRow>,
    days: Vec<DayRow>,
    inboxes: Vec<InboxRow>,
    is_cut: bool,
}

struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

struct LineRow {
    what: &'static str,
    used: String,
    limit: String,
    percent: Option<u64>,
    tone: &'static str,
}

struct DayRow {
    date: String,
    used: DayUse,
    size: String,
}

struct InboxRow {
    name: String,
    used: DayUse,
    size: String,
}

/// `GET /console/usage`
pub(crate) async fn show(
    State(desk): State<Desk>,
    seat: Seat,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Viewer)?;
    page(&desk, &seat, &principal, None, query).await
}

/// `GET /console/usage/days.csv`; with `by=inbox`, each inbox for itself too.
pub(crate) async fn days(
    State(desk): State<Desk>,
    seat: Seat,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Viewer)?;
    sheet_of_days(&desk, &principal, query).await
}

/// `GET /console/usage/statement.csv`
pub(crate) async fn statement(
    State(desk): State<Desk>,
    seat: Seat,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Viewer)?;
    sheet_of_month(&desk, &principal, query).await
}

/// `GET /console/tenants/{tenant}/usage`
pub(crate) async fn show_tenant(
    State(desk): State<Desk>,
    seat: Seat,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let (id, principal) = viewing(&desk, &seat, &id).await?;
    page(&desk, &seat, &principal, Some(&id), query).await
}

/// `GET /console/tenants/{tenant}/usage/days.csv`
pub(crate) async fn days_of_tenant(
    State(desk): State<Desk>,
    seat: Seat,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let (_, principal) = viewing(&desk, &seat, &id).await?;
    sheet_of_days(&desk, &principal, query).await
}

/// `GET /console/tenants/{tenant}/usage/statement.csv`
pub(crate) async fn statement_of_tenant(
    State(desk): State<Desk>,
    seat: Seat,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let (_, principal) = viewing(&desk, &seat, &id).await?;
    sheet_of_month(&desk, &principal, query).await
}

async fn viewing(desk: &Desk, seat: &Seat, id: &str) -> Result<(TenantId, Principal), Trouble> {
    let operator = seat.operator(Role::Viewer)?;
    let id = TenantId::parse(id).map_err(|_| Trouble::NotFound)?;
    let (_, principal) = desk.room.viewing(&operator, &id).await?.ok_or(Trouble::NotFound)?;
    Ok((id, principal))
}

async fn sheet_of_days(
    desk: &Desk,
    principal: &Principal,
    query: Option<String>,
) -> Result<Response, Trouble> {
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let by_inbox = query.text("by") == "inbox";
    let request = UsageRequest { by_inbox, ..UsageRequest::default() };
    let used = desk.room.usage(principal, &request).await?.ok_or(Trouble::NotFound)?;
    Ok(Sheet::of_usage(&used).into_response())
}

async fn sheet_of_month(
    desk: &Desk,
    principal: &Principal,
    query: Option<String>,
) -> Result<Response, Trouble> {
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let month = Month::parse(query.text("month")).ok_or(Trouble::NotFound)?;
    let found = desk.room.statement(principal, month).await?.ok_or(Trouble::NotFound)?;
    Ok(Sheet::of_statement(&found).into_response())
}

async fn page(
    desk: &Desk,
    seat: &Seat,
    principal: &Principal,
    tenant: Option<&TenantId>,
    query: Option<String>,
) -> Result<Response, Trouble> {
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let now = desk.room.clock().now();
    let present = Day::of(now).month();
    let month = match query.text("month") {
        "" => present,
        named => Month::parse(named).ok_or_else(|| Trouble::bad("A month is written as 2026-10."))?,
    };
    let found = desk.room.statement(principal, month).await?.ok_or(Trouble::NotFound)?;
    let request = UsageRequest { by_inbox: true, ..UsageRequest::default() };
    let used = desk.room.usage(principal, &request).await?.ok_or(Trouble::NotFound)?;
    let mut inboxes: Vec<InboxRow> = used
        .inboxes
        .into_iter()
        .map(|inbox| {
            let used = inbox.days.into_values().fold(DayUse::default(), DayUse::plus);
            let name = inbox.address.unwrap_or_else(|| format!("deleted, {}", inbox.inbox));
            InboxRow { name, used, size: words::size(used.bytes) }
        })
        .collect();
    inboxes.sort_by_key(|row| std::cmp::Reverse(row.used.received + row.used.sent));
    let is_cut = inboxes.len() > MOST;
    inboxes.truncate(MOST);
    let mut months = Vec::with_capacity(MONTHS);
    let mut at = present;
    for _ in 0..MONTHS {
        months.push(Choice {
            value: at.to_string(),
            label: words::month(at.start()),
            is_chosen: at == month,
        });
        at = at.before();
    }
    let here = if tenant.is_some() { "/console/tenants" } else { "/console/usage" };
    Ok(render(&UsagePage {
        shell: Shell::new(desk, seat, "Usage", here),
        base: tenant.map_or_else(|| "/console/usage".to_owned(), |id| format!("/console/tenants/{id}/usage")),
        back: tenant.map(ToString::to_string),
        months,
        month: month.to_string(),
        state: match found.closed_at {
            Some(at) => format!("Closed on {}. It will not change.", words::moment(at)),
            None if month == present => "Under way: it changes with every mail.".to_owned(),
            None => "Not closed yet.".to_owned(),
        },
        is_closed: found.closed_at.is_some(),
        plan: found.plan,
        lines: found.lines.iter().map(line).collect(),
        days: used
            .days
            .into_iter()
            .rev()
            .filter(|(_, used)| {
                [used.received, used.sent, used.bounced, used.webhook_attempts].iter().any(|count| *count > 0)
            })
            .map(|(day, used)| DayRow { date: words::day(day.start()), used, size: words::size(used.bytes) })
            .collect(),
        inboxes,
        is_cut,
    }))
}

fn line(line: &Line) -> LineRow {
    let (what, write): (_, fn(i64) -> String) = match line.item.as_str() {
        "received" => ("Mails received", words::number),
        "held" => ("Of these held", words::number),
        "sent" => ("Recipients sent to", words::number),
        "bounced" => ("Mails that came back", words::number),
        "complained" => ("Recipients who complained", words::number),
        "turnedAway" => ("Mails that were turned away", words::number),
        "webhookAttempts" => ("Webhook calls, failed ones too", words::number),
        "bytesStored" => ("Taken by mail that came", words::size),
        "storedBytes" => ("Kept", words::size),
        _ => ("Other", words::number),
    };
    let used = u64::try_from(line.used).unwrap_or_default();
    let percent = line.limit.map(|max| used.saturating_mul(100).checked_div(max).unwrap_or(100).min(100));
    LineRow {
        what,
        used: write(line.used),
        limit: match (line.limit, line.item.as_str()) {
            (Some(max), _) => write(i64::try_from(max).unwrap_or(i64::MAX)),
            (None, "received" | "sent" | "storedBytes") => "no limit".to_owned(),
            (None, _) => String::new(),
        },
        percent,
        tone: match percent {
            Some(100..) => "full",
            Some(80..) => "near",
            _ => "",
        },
    }
}
