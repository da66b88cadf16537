//! What a message is read as: each part lands in one place, and attachments can be cut out of the raw bytes again.

use mailward_mail::parsed::{Parsed, TEXT_LIMIT, parse};
use mailward_mail::prescan::Bounds;
use proptest::prelude::*;

fn read(raw: &str) -> Parsed {
    parse(raw.replace('\n', "\r\n").as_bytes(), &Bounds::default()).expect("within bounds")
}

#[test]
fn text_html_and_attachments_are_told_apart() {
    let raw = "From: Ann <ann@a.test>\nTo: b@b.test\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <m@a>\n\
        References: <x@a> <y@a>\nX-Note: hi\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n\
        --m\nContent-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nplain\n\
        --a\nContent-Type: text/html\n\n<b>html</b>\n--a--\n\
        --m\nContent-Type: text/csv; name=\"t.csv\"\nContent-Disposition: attachment; filename=\"t.csv\"\n\
        Content-Transfer-Encoding: base64\n\nYSxiCg==\n--m--\n";
    let wire = raw.replace('\n', "\r\n");
    let parsed = read(raw);
    assert_eq!(
        (parsed.subject.as_str(), parsed.text.trim(), parsed.html.trim()),
        ("Grüße", "plain", "<b>html</b>")
    );
    assert_eq!(parsed.author().map(|a| (a.name.as_str(), a.address.as_str())), Some(("Ann", "ann@a.test")));
    assert_eq!((parsed.message_id.as_deref(), parsed.references.len()), (Some("m@a"), 2));
    assert_eq!(parsed.header("x-note"), Some("hi"));
    let csv = &parsed.attachments[0];
    assert_eq!((csv.filename.as_str(), csv.content_type.as_str(), csv.size), ("t.csv", "text/csv", 4));
    assert_eq!(csv.bytes(wire.as_bytes()).as_deref(), Some(&b"a,b\n"[..]));
    assert_eq!(csv.text, "a,b\n");
}

#[test]
fn an_embedded_message_is_an_attachment_and_its_words_are_kept() {
    let parsed = read(
        "From: a@a.test\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\nsee below\n--m\n\
         Content-Type: message/rfc822\n\nSubject: inner\nFrom: Eve <eve@e.test>\n\ninner text\n--m--\n",
    );
    assert_eq!(parsed.attachments.len(), 1);
    assert_eq!(
        (parsed.embedded[0].subject.as_str(), parsed.embedded[0].text.trim()),
        ("inner", "inner text")
    );
    assert_eq!(parsed.embedded[0].from.name, "Eve");
}

#[test]
fn text_beyond_the_bound_is_cut_and_said_so() {
    let parsed = read(&format!("Subject: x\n\n{}", "ä".repeat(TEXT_LIMIT)));
    assert!(parsed.truncated && parsed.text.len() <= TEXT_LIMIT);
}

#[test]
fn a_body_without_header_is_text_and_nobody_wrote_it() {
    let parsed = read("\n\nhello");
    assert!(parsed.author().is_none());
    assert!(parsed.text.contains("hello"));
}

#[test]
fn a_comma_that_nobody_quoted_is_part_of_a_name() {
    for (from, name) in [
        ("Doe, Jane <jane@d.test>", "Doe, Jane"),
        ("Doe, Jane, Dr. <jane@d.test>", "Doe, Jane, Dr."),
        ("Lowes    ,_<jane@d.test>", "Lowes, _"),
        ("Kundenservice, <jane@d.test>", "Kundenservice"),
    ] {
        let parsed = read(&format!("From: {from}\n\nx"));
        let author = parsed.author().unwrap_or_else(|| panic!("{from}: {:?}", parsed.from));
        assert_eq!((author.name.as_str(), author.address.as_str()), (name, "jane@d.test"));
        assert!(parsed.ambiguous.is_empty(), "{from}: {:?}", parsed.ambiguous);
    }
    // What may be read as an address is one more author.
    let two = read("From: \"eve@e.test\", <jane@d.test>\n\nx");
    assert_eq!(two.ambiguous, ["several_authors_without_sender"]);
}

#[test]
fn two_authors_are_no_author() {
    let parsed = read("From: a@a.test\nFrom: b@b.test\n\nx");
    assert_eq!(parsed.from[0].address, "a@a.test");
    assert!(parsed.author().is_none());
    assert_eq!(parsed.ambiguous, ["duplicate_from"]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = parse(&raw, &Bounds::default());
    }

    #[test]
    fn no_pieces_of_mime_make_it_panic(pieces in proptest::collection::vec(prop_oneof![
        Just("--b\r\n"), Just("--b--\r\n"), Just("\r\n"), Just("Content-Type: multipart/mixed; boundary=b\r\n"),
        Just("Content-Type: message/rfc822\r\n"), Just("Content-Transfer-Encoding: base64\r\n"), Just("text "),
        Just("Content-Type: text/html\r\n"), Just("=?utf-8?B?/w==?="), Just("Subject: "), Just("\0"), Just("From: <@:;,\r\n"),
    ], 0..60)) {
        let raw = pieces.concat();
        if let Ok(parsed) = parse(raw.as_bytes(), &Bounds::default()) {
            for attachment in &parsed.attachments {
                prop_assert!(attachment.bytes(raw.as_bytes()).is_some());
            }
        }
    }
}
