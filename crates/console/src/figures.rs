//! What a tenant received, sent and keeps, as charts by day and by hour; and how full its limits are.

mod chart;

use std::collections::BTreeMap;

use mailward_mail::calendar::Day;
use mailward_mailroom::{Limit, Standing, UsageDays};
use mailward_store::{DayUse, Hour, HourUse, Levels};

pub(crate) use chart::Chart;
use chart::{Drawing, Series};

use crate::words;

/// Hours that are shown.
pub(crate) const HOURS: i64 = 48;
/// The wide chart, and one of several beside each other.
const WIDE: (i64, i64) = (720, 170);
const SMALL: (i64, i64) = (360, 120);

/// See the module.
pub(crate) struct Figures {
    pub(crate) charts: Vec<Chart>,
    pub(crate) is_by_hour: bool,
    pub(crate) received: i64,
    pub(crate) held: i64,
    pub(crate) sent: i64,
    pub(crate) bounced: i64,
    pub(crate) calls: i64,
    pub(crate) stored: String,
}

/// What the columns of a chart stand for.
struct Axis {
    /// One of them.
    first: &'static str,
    /// Several.
    unit: &'static str,
    /// How many have one label together.
    every: usize,
}

const BY_DAY: Axis = Axis { first: "Day", unit: "days", every: 7 };
const BY_HOUR: Axis = Axis { first: "Hour", unit: "hours", every: 12 };

/// One of several charts: what it shows of a day or an hour, and in which colour.
struct Single {
    id: &'static str,
    title: &'static str,
    name: &'static str,
    class: &'static str,
    write: fn(i64) -> String,
}

const HELD: Single = Single { id: "held", title: "Held", name: "held", class: "high", write: words::number };
const SENT: Single =
    Single { id: "sent", title: "Recipients sent to", name: "sent", class: "low", write: words::number };
const BOUNCED: Single =
    Single { id: "bounced", title: "Came back", name: "came back", class: "medium", write: words::number };
const STORED: Single =
    Single { id: "stored", title: "Kept", name: "kept", class: "unknown", write: words::size };
const TOOK: Single = Single {
    id: "took",
    title: "Time to take a mail",
    name: "on average",
    class: "low",
    write: words::millis,
};

/// How much of a limit is used.
pub(crate) struct Meter {
    pub(crate) what: &'static str,
    pub(crate) used: String,
    pub(crate) max: String,
    pub(crate) percent: u64,
    pub(crate) tone: &'static str,
}

impl Figures {
    /// Of days; with `hours`, the charts are of these instead.
    pub(crate) fn of(used: &UsageDays, hours: Option<&BTreeMap<Hour, HourUse>>) -> Self {
        let total = used.days.values().copied().fold(DayUse::default(), DayUse::plus);
        Self {
            charts: match hours {
                Some(hours) => by_hour(hours),
                None => by_day(used),
            },
            is_by_hour: hours.is_some(),
            received: total.received,
            held: total.held,
            sent: total.sent,
            bounced: total.bounced,
            calls: total.webhook_attempts,
            stored: words::size(used.stored_bytes),
        }
    }
}

/// What came in each hour, by its level.
pub(crate) fn received_by_hour(hours: &BTreeMap<Hour, HourUse>) -> Chart {
    let values = hours.iter().map(|(hour, used)| (words::hour(hour.start()), used.received, 0));
    received(values.collect(), Axis { every: 6, ..BY_HOUR })
}

fn by_day(used: &UsageDays) -> Vec<Chart> {
    let days = &used.days;
    let dated = |day: &Day| words::day(day.start());
    // Of days before levels were counted it is known how many came, and not how risky they were.
    let came =
        days.iter().map(|(day, used)| (dated(day), used.levels, (used.received - used.levels.sum()).max(0)));
    let single = |single: Single, of: fn(&DayUse) -> i64| {
        happened(single, days.iter().map(|(day, used)| (dated(day), of(used))).collect(), BY_DAY)
    };
    let mut kept = 0;
    let last = days.len().saturating_sub(1);
    let stored = days.iter().enumerate().map(|(at, (day, of))| {
        // A day without mail kept what the day before it did; of today it is known.
        kept = if at == last { used.stored_bytes } else { of.stored.unwrap_or(kept) };
        (dated(day), kept)
    });
    let times = days.iter().map(|(day, used)| (dated(day), used.levels.sum(), used.took_millis));
    vec![
        received(came.collect(), BY_DAY),
        single(HELD, |day| day.held),
        single(SENT, |day| day.sent),
        single(BOUNCED, |day| day.bounced),
        stands(STORED, stored.collect(), BY_DAY),
        // Alone in its row.
        took(times.collect(), BY_DAY, WIDE),
    ]
}

fn by_hour(hours: &BTreeMap<Hour, HourUse>) -> Vec<Chart> {
    let single = |single: Single, of: fn(&HourUse) -> i64| {
        let values = hours.iter().map(|(hour, used)| (words::hour(hour.start()), of(used)));
        happened(single, values.collect(), BY_HOUR)
    };
    let times =
        hours.iter().map(|(hour, used)| (words::hour(hour.start()), used.received.sum(), used.took_millis));
    vec![
        received_by_hour(hours),
        single(HELD, |hour| hour.held),
        single(SENT, |hour| hour.sent),
        single(BOUNCED, |hour| hour.bounced),
        took(times.collect(), BY_HOUR, SMALL),
    ]
}

fn received(values: Vec<(String, Levels, i64)>, axis: Axis) -> Chart {
    let sum = |of: fn(&Levels) -> i64| values.iter().map(|(_, levels, _)| of(levels)).sum::<i64>();
    let rest: i64 = values.iter().map(|(.., rest)| rest).sum();
    let (low, medium, high, unknown) = (
        sum(|levels| levels.low),
        sum(|levels| levels.medium),
        sum(|levels| levels.high),
        sum(|levels| levels.unknown),
    );
    let summary = format!(
        "{} mails received in {} {}: {low} of low risk, {medium} of medium, {high} of high, {unknown} of unknown",
        low + medium + high + unknown + rest,
        values.len(),
        axis.unit
    );
    let mut series = vec![
        Series { name: "low", class: "low" },
        Series { name: "medium", class: "medium" },
        Series { name: "high", class: "high" },
        Series { name: "unknown", class: "unknown" },
    ];
    if rest > 0 {
        series.push(Series { name: "not told apart", class: "plain" });
    }
    let values = values.into_iter().map(|(label, levels, rest)| {
        let mut numbers = vec![levels.low, levels.medium, levels.high, levels.unknown, rest];
        numbers.truncate(series.len());
        (label, numbers)
    });
    let values = values.collect();
    let (width, height) = WIDE;
    Drawing {
        id: "received",
        title: "Received, by risk",
        first: axis.first,
        width,
        height,
        series,
        values,
        every: axis.every,
        write: words::number,
    }
    .draw(summary)
}

/// What is counted: all of it together says how much there was.
fn happened(single: Single, values: Vec<(String, i64)>, axis: Axis) -> Chart {
    let sum = values.iter().map(|(_, number)| number).sum::<i64>();
    let summary = format!("{} {} in {} {}", (single.write)(sum), single.name, values.len(), axis.unit);
    one(single, values, summary, axis, SMALL)
}

/// What is kept is a level: its last says where it stands.
fn stands(single: Single, values: Vec<(String, i64)>, axis: Axis) -> Chart {
    let now = values.last().map_or(0, |(_, number)| *number);
    let summary = format!("{} {} now, over {} {}", (single.write)(now), single.name, values.len(), axis.unit);
    one(single, values, summary, axis, SMALL)
}

/// Means: of how many mails, and what they took together.
fn took(values: Vec<(String, i64, i64)>, axis: Axis, size: (i64, i64)) -> Chart {
    let mean = |millis: i64, mails: i64| millis.checked_div(mails).unwrap_or_default();
    let (mails, millis) =
        values.iter().fold((0, 0), |(all, sum), (_, mails, took)| (all + mails, sum + took));
    let summary = match mails {
        0 => format!("No mail in {} {}", values.len(), axis.unit),
        _ => format!("{} on average in {} {}", words::millis(mean(millis, mails)), values.len(), axis.unit),
    };
    let values = values.into_iter().map(|(label, mails, took)| (label, mean(took, mails)));
    one(TOOK, values.collect(), summary, axis, size)
}

fn one(
    single: Single,
    values: Vec<(String, i64)>,
    summary: String,
    axis: Axis,
    (width, height): (i64, i64),
) -> Chart {
    let Single { id, title, name, class, write } = single;
    let Axis { first, every, .. } = axis;
    let values = values.into_iter().map(|(label, number)| (label, vec![number])).collect();
    let series = vec![Series { name, class }];
    Drawing { id, title, first, width, height, series, values, every, write }.draw(summary)
}

/// The limits that can fill up, and how full they are. Those without end are left out.
pub(crate) fn meters(standing: &Standing) -> Vec<Meter> {
    let plain = |value: i64| words::number(value);
    let used = [
        (Limit::MaxInboxes, "Inboxes", standing.account.inboxes, plain as fn(i64) -> String),
        (Limit::DailyMails, "Mails today", standing.used.today, plain),
        (Limit::MonthlyMails, "Mails this month", standing.used.this_month, plain),
        (Limit::StoredBytes, "Storage", standing.used.stored_bytes, words::size),
        (Limit::WebhookEndpoints, "Webhook endpoints", standing.webhooks, plain),
    ];
    used.into_iter()
        .filter_map(|(limit, what, used, write)| {
            let max = limit.of(&standing.plan);
            let percent =
                u64::try_from(used).unwrap_or_default().saturating_mul(100).checked_div(max)?.min(100);
            let tone = match percent {
                100.. => "full",
                80..100 => "near",
                _ => "",
            };
            let max = write(i64::try_from(max).unwrap_or(i64::MAX));
            Some(Meter { what, used: write(used), max, percent, tone })
        })
        .collect()
}
