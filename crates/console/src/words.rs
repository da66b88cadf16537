//! How times and numbers are written for people.

use std::time::Duration;

use jiff::tz::TimeZone;
use mailward_mail::clock::Timestamp;
use mailward_mailroom::Pace;

/// `23 Nov 2026, 14:05 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(at) => at.to_zoned(TimeZone::UTC).strftime("%-d %b %Y, %H:%M UTC").to_string(),
        Err(_) => at.to_string(),
    }
}

/// `14:05 UTC`.
pub(crate) fn time(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(at) => at.to_zoned(TimeZone::UTC).strftime("%H:%M UTC").to_string(),
        Err(_) => at.to_string(),
    }
}

/// `23 Nov`.
pub(crate) fn day(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(at) => at.to_zoned(TimeZone::UTC).strftime("%-d %b").to_string(),
        Err(_) => at.to_string(),
    }
}

/// `23 Nov, 14 h`.
pub(crate) fn hour(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(at) => at.to_zoned(TimeZone::UTC).strftime("%-d %b, %-H\u{202f}h").to_string(),
        Err(_) => at.to_string(),
    }
}

/// `November 2026`.
pub(crate) fn month(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(at) => at.to_zoned(TimeZone::UTC).strftime("%B %Y").to_string(),
        Err(_) => at.to_string(),
    }
}

/// How long ago: `just now`, `5 min`, `3 h`, `12 d`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = (now.millis() - at.millis()).max(0) / 1_000;
    match seconds {
        0..60 => "just now".into(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A time: `40 s`, `5 min`, `3 h`, `12 d`.
pub(crate) fn lasting(time: Duration) -> String {
    let seconds = time.as_secs();
    let (value, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..86_400 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    format!("{value}\u{202f}{unit}")
}

/// A time in milliseconds: `12 ms`, `1.4 s`, `2 min`.
pub(crate) fn millis(value: i64) -> String {
    match u64::try_from(value).unwrap_or_default() {
        value @ 0..1_000 => format!("{value}\u{202f}ms"),
        value @ 1_000..60_000 => format!("{:.1}\u{202f}s", value as f64 / 1_000.0),
        value => lasting(Duration::from_millis(value)),
    }
}

/// How fast people decide, in words; `None`: nobody has decided on anything lately.
pub(crate) fn pace(pace: Pace) -> Option<String> {
    let median = pace.median?;
    let many = if pace.decided == 1 { "1 decision".to_owned() } else { number(pace.decided) + " decisions" };
    Some(format!("half were decided on within {} ({many}, 30 days)", lasting(median)))
}

/// A number with thin spaces between its thousands.
pub(crate) fn number(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    if value < 0 { format!("\u{2212}{out}") } else { out }
}

/// Bytes in a unit that leaves one to three digits: `1.4 MB`.
pub(crate) fn size(bytes: i64) -> String {
    let mut value = bytes.max(0) as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1_000.0 {
            let digits = usize::from(value < 10.0 && unit != "B");
            return format!("{value:.digits$}\u{202f}{unit}");
        }
        value /= 1_000.0;
    }
    format!("{value:.1}\u{202f}TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_read_as_people_write_them() {
        let at = Timestamp::parse("2026-11-23T14:05:00Z").expect("a moment");
        assert_eq!(time(at), "14:05 UTC");
        assert_eq!((moment(at), day(at)), ("23 Nov 2026, 14:05 UTC".into(), "23 Nov".into()));
        let later = |seconds: i64| Timestamp(at.millis() + seconds * 1_000);
        for (seconds, text) in [(0, "just now"), (61, "1 min ago"), (7_300, "2 h ago"), (200_000, "2 d ago")]
        {
            assert_eq!(ago(at, later(seconds)), text);
        }
        assert_eq!(ago(later(5), at), "just now", "clocks differ");
        let takes = [(-1, "0 ms"), (12, "12 ms"), (1_449, "1.4 s"), (130_000, "2 min")];
        for (value, text) in takes {
            assert_eq!(millis(value).replace('\u{202f}', " "), text);
        }
        let lasts = |seconds| lasting(Duration::from_secs(seconds)).replace('\u{202f}', " ");
        assert_eq!([40, 300, 7_300, 200_000].map(lasts), ["40 s", "5 min", "2 h", "2 d"]);
        assert_eq!(
            [0, 999, 1_000, 1_234_567, -1_000].map(number),
            ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567", "\u{2212}1\u{202f}000"]
        );
        assert_eq!(
            [0, 999, 1_400, 26_214_400].map(size),
            ["0\u{202f}B", "999\u{202f}B", "1.4\u{202f}kB", "26\u{202f}MB"]
        );
    }
}
