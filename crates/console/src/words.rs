//! How times are written for people.

use mailward_mail::clock::Timestamp;

/// How long ago: `just now`, `5 min ago`, `3 h ago`, `12 d ago`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = (now.millis() - at.millis()).max(0) / 1_000;
    match seconds {
        0..60 => "just now".into(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_told_in_one_unit() {
        let at = Timestamp::parse("2026-11-23T14:05:00Z").expect("a moment");
        let later = |seconds: i64| Timestamp(at.millis() + seconds * 1_000);
        for (seconds, text) in [(0, "just now"), (61, "1 min ago"), (7_300, "2 h ago"), (200_000, "2 d ago")]
        {
            assert_eq!(ago(at, later(seconds)), text);
        }
        assert_eq!(ago(later(5), at), "just now", "clocks differ");
    }
}
