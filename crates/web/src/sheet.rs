//! Use as a table for spreadsheets: CSV as RFC 4180 has it, and nothing in it that a spreadsheet would take for a formula.

use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use mailward_mail::calendar::Day;
use mailward_mailroom::{Statement, UsageDays};
use mailward_store::DayUse;

/// A table, ready to be downloaded.
pub struct Sheet {
    name: String,
    text: String,
}

impl Sheet {
    /// A row for each day, and for each inbox and day where inboxes were asked for.
    pub fn of_usage(used: &UsageDays) -> Self {
        let mut text = String::new();
        const NUMBERS: [&str; 8] = [
            "received",
            "held",
            "sent",
            "bounced",
            "complained",
            "turnedAway",
            "webhookAttempts",
            "bytesStored",
        ];
        let head = ["date", "inboxId", "address"].iter().chain(&NUMBERS);
        row(&mut text, head.map(|name| field(name)));
        let mut add = |inbox: &str, address: &str, day: Day, used: &DayUse| {
            let texts = [field(&date(day)), field(inbox), field(address)];
            let numbers = [
                used.received,
                used.held,
                used.sent,
                used.bounced,
                used.complained,
                used.turned_away,
                used.webhook_attempts,
                used.bytes,
            ];
            row(&mut text, texts.into_iter().chain(numbers.iter().map(ToString::to_string)));
        };
        let own = used.inbox.as_ref().map_or("", |inbox| inbox.as_str());
        for (day, used) in &used.days {
            add(own, "", *day, used);
        }
        for inbox in &used.inboxes {
            for (day, used) in &inbox.days {
                add(&inbox.inbox, inbox.address.as_deref().unwrap_or_default(), *day, used);
            }
        }
        let ends = used.days.first_key_value().zip(used.days.last_key_value());
        let name = ends.map_or_else(
            || "usage".to_owned(),
            |((first, _), (last, _))| format!("usage-{}-{}", date(*first), date(*last)),
        );
        Self { name, text }
    }

    /// A row for each thing that is counted.
    pub fn of_statement(statement: &Statement) -> Self {
        let mut text = String::new();
        row(&mut text, ["month", "state", "plan", "item", "used", "limit"].map(field).into_iter());
        let state = if statement.closed_at.is_some() { "closed" } else { "open" };
        for line in &statement.lines {
            let limit = line.limit.map(|limit| limit.to_string()).unwrap_or_default();
            let texts = [&statement.month.to_string(), state, statement.plan.as_str(), &line.item].map(field);
            row(&mut text, texts.into_iter().chain([line.used.to_string(), limit]));
        }
        Self { name: format!("statement-{}", statement.month), text }
    }
}

impl IntoResponse for Sheet {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        let place = format!("attachment; filename=\"{}.csv\"", self.name);
        if let Ok(place) = HeaderValue::from_str(&place) {
            headers.insert(CONTENT_DISPOSITION, place);
        }
        (headers, self.text).into_response()
    }
}

/// Whether a request asks for a table rather than for JSON, by its `Accept` (RFC 9110 12.5.1).
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let mut best = (0.0_f32, 0.0_f32);
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality =
            parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        match kind.as_str() {
            "text/csv" | "text/*" => best.0 = best.0.max(quality),
            "application/json" | "application/*" | "*/*" => best.1 = best.1.max(quality),
            _ => {}
        }
    }
    best.0 > 0.0 && best.0 >= best.1
}

/// `2026-11-22`.
pub(crate) fn date(day: Day) -> String {
    day.start().to_string().chars().take(10).collect()
}

fn row(text: &mut String, fields: impl Iterator<Item = String>) {
    text.push_str(&fields.collect::<Vec<_>>().join(","));
    text.push_str("\r\n");
}

/// A text as a field. What a spreadsheet would calculate gets an apostrophe before it, and so stays a text.
fn field(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '|', '%']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', ';', '\r', '\n', '\t', '\'']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula_or_ends_early() {
        for (text, expected) in [
            ("ada@mail.test", "ada@mail.test"),
            ("=HYPERLINK(\"http://evil.test\")", "\"'=HYPERLINK(\"\"http://evil.test\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a,b", "\"a,b\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("", ""),
        ] {
            assert_eq!(field(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_table_is_given_to_who_would_rather_have_one() {
        for (accept, wanted) in [
            ("text/csv", true),
            ("text/csv, */*;q=0.1", true),
            ("Text/CSV; charset=utf-8", true),
            ("*/*", false),
            ("application/json, text/csv;q=0.5", false),
            ("text/csv;q=0", false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(is_wanted(&headers), wanted, "{accept}");
        }
        assert!(!is_wanted(&HeaderMap::new()));
    }
}
