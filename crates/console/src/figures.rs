//! Figures by day as a chart: SVG that the page holds, of rectangles and nothing else.

use mailward_mailroom::{Limit, Standing, UsageDays};

use crate::words;

/// Days that are shown.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 150;
/// Room for the labels below.
const FOOT: i64 = 22;

/// See the module.
pub(crate) struct Figures {
    pub(crate) bars: Vec<Bar>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) top: String,
    pub(crate) summary: String,
    pub(crate) received: i64,
    pub(crate) held: i64,
    pub(crate) sent: i64,
    pub(crate) bounced: i64,
    pub(crate) calls: i64,
    pub(crate) stored: String,
}

/// A day.
pub(crate) struct Bar {
    pub(crate) x: i64,
    pub(crate) width: i64,
    pub(crate) y: i64,
    pub(crate) height: i64,
    pub(crate) held_y: i64,
    pub(crate) held_height: i64,
    pub(crate) title: String,
}

/// A date below.
pub(crate) struct Mark {
    pub(crate) x: i64,
    pub(crate) text: String,
}

/// How much of a limit is used.
pub(crate) struct Meter {
    pub(crate) what: &'static str,
    pub(crate) used: String,
    pub(crate) max: String,
    pub(crate) percent: u64,
    pub(crate) tone: &'static str,
}

impl Figures {
    /// Of days.
    pub(crate) fn of(used: &UsageDays) -> Self {
        let days: Vec<_> = used.days.iter().collect();
        let count = i64::try_from(days.len()).unwrap_or(1).max(1);
        let highest = days.iter().map(|(_, day)| day.received).max().unwrap_or_default().max(1);
        let step = WIDTH / count;
        let base = HEIGHT - FOOT;
        let tall = |value: i64| if value == 0 { 0 } else { (value * (base - 14) / highest).max(2) };
        let mut bars = Vec::with_capacity(days.len());
        let mut marks = Vec::new();
        for (at, (day, used)) in (0_i64..).zip(&days) {
            let (height, held_height) = (tall(used.received), tall(used.held));
            let date = words::day(day.start());
            bars.push(Bar {
                x: at * step + 2,
                width: (step - 4).max(2),
                y: base - height,
                height,
                held_y: base - held_height,
                held_height,
                title: format!("{date}: {} received, {} of them held", used.received, used.held),
            });
            if at % 7 == 0 {
                marks.push(Mark { x: at * step + 2, text: date });
            }
        }
        let sum = |of: fn(&mailward_store::DayUse) -> i64| days.iter().map(|(_, day)| of(day)).sum::<i64>();
        let (received, held) = (sum(|day| day.received), sum(|day| day.held));
        Self {
            bars,
            marks,
            top: words::number(highest),
            summary: format!("{received} mails received in {count} days, {held} of them held"),
            received,
            held,
            sent: sum(|day| day.sent),
            bounced: sum(|day| day.bounced),
            calls: sum(|day| day.webhook_attempts),
            stored: words::size(used.stored_bytes),
        }
    }
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
