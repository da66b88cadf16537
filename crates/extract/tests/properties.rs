//! Whatever is read: nothing panics, what is found is bounded and stood in the mail, and time grows with the size alone.

use mailward_extract::{Date, Source, extract, new_text, secrets};
use proptest::prelude::*;

const TODAY: Date = Date::constant(2026, 11, 23);

/// Pieces of which hostile mail is made.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        "[0-9]{1,12}",
        Just("\n".to_owned()),
        Just("> ".to_owned()),
        Just("Your verification code is ".to_owned()),
        Just("order ".to_owned()),
        Just("验证码".to_owned()),
        Just("İ\u{200b}\u{202e}K".to_owned()),
        Just("<a href=\"https://a.test/confirm?t=aB3xY9kQ7mW2\">".to_owned()),
        Just("</a>".to_owned()),
        Just("<style>".to_owned()),
        Just("&#x41;&".to_owned()),
        Just("https://a.test/login/aB3xY9kQ7mW2pL5z ".to_owned()),
        Just("On 3 Mar 2025, Mia wrote:\n".to_owned()),
        Just("From: x\nSent: y\nTo: z\n".to_owned()),
        Just("BEGIN:VEVENT\nDTSTART:2025\nEND:VEVENT\n".to_owned()),
        Just("$1,234.50 14.03.2025 ".to_owned()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_panics_and_all_is_bounded(subject in text(), body in text(), html in text(), calendar in text()) {
        let calendars = [calendar.as_str()];
        let source = Source { subject: &subject, text: &body, html: &html, from: "a@b.test", from_name: "A", calendars: &calendars };
        let found = extract(&source, TODAY);
        prop_assert!(found.codes.len() <= 10 && found.links.len() <= 20 && found.actions.len() <= 20);
        prop_assert!(found.contacts.len() <= 20 && found.dates.len() <= 51 && found.amounts.len() <= 50 && found.scheduling.len() <= 20);
        for code in &found.codes {
            prop_assert!((4..=48).contains(&code.code.len()) && code.code.is_ascii(), "{:?}", code);
            prop_assert!((0.5..1.0).contains(&code.confidence));
        }
        for link in &found.links {
            prop_assert!(link.url.starts_with("http") && link.url.len() <= 4096, "{:?}", link);
            prop_assert!((0.5..1.0).contains(&link.confidence));
        }
    }

    #[test]
    fn new_text_is_never_longer_and_has_no_lines_of_its_own(body in text()) {
        let new = new_text(&body);
        prop_assert!(new.len() <= body.len());
        for line in new.lines() {
            prop_assert!(body.contains(line.trim_end()), "{line:?}");
        }
    }
}

/// How much longer eight times as much takes is not asserted: what is, is that hostile repetition of a megabyte ends, and
/// that the steps it takes do not depend on what stands before.
#[test]
fn a_megabyte_of_anything_ends() {
    for piece in [
        "1 ",
        "code ",
        "your verification code is 123456 for order 99 ",
        "\n",
        "> x\n",
        "<",
        "<a href=x>",
        "</",
        "&",
        "http://a/",
        "-- \n",
        "x wrote:\n",
        "From: x\nSent:\n",
        "(\"",
        "「code 1234",
        "a@b.c ",
        "12.",
        "$1 ",
        "BEGIN:VEVENT\n",
        " BEGIN\n",
        "验证码",
        "\u{202e}",
        "A-1-",
        "1-",
        "<style></",
        "==",
    ] {
        let text = piece.repeat(1_000_000 / piece.len());
        let calendars = [text.as_str()];
        let source = Source {
            subject: &text,
            text: &text,
            html: &text,
            from_name: &text,
            from: &text,
            calendars: &calendars,
        };
        let found = extract(&source, TODAY);
        assert!(found.codes.len() <= 10, "{piece}");
        assert!(secrets(&source).0.len() <= 10);
        assert!(new_text(&text).len() <= text.len());
    }
}
