//! Headers that two readers can read differently (RFC 5322 3.6, 7.1): they are not repaired, they are not trusted.

use crate::parsed::Mailbox;

/// Fields of which a message has at most one (RFC 5322 3.6).
const SINGLE: [&str; 4] = ["from", "sender", "subject", "date"];

/// Names every ambiguity of a header section, e.g. `duplicate_from`. Empty for honest mail.
pub(crate) fn ambiguities(raw: &[u8], from: &[Mailbox], has_sender: bool) -> Vec<String> {
    let header = header_section(raw);
    let mut found = Vec::new();
    let mut note = |name: &str| {
        if !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    };
    if header.contains(&0) {
        note("nul_in_header");
    }
    if header.windows(2).any(|pair| pair[0] == b'\r' && pair[1] != b'\n') {
        note("bare_cr_in_header");
    }
    let mut counts = [0usize; SINGLE.len()];
    let mut current_from = false;
    for line in header.split(|byte| *byte == b'\n') {
        let folded = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        let (name, value) = match (folded, line.iter().position(|byte| *byte == b':')) {
            (false, Some(colon)) => (&line[..colon], &line[colon + 1..]),
            (false, None) => continue,
            (true, _) => (&b""[..], line),
        };
        if !folded {
            let bare = name.trim_ascii_end();
            let known = SINGLE.iter().position(|single| bare.eq_ignore_ascii_case(single.as_bytes()));
            if let Some(at) = known {
                counts[at] += 1;
            }
            if bare.len() != name.len() && !bare.contains(&b' ') {
                note("space_before_colon");
            }
            current_from = known == Some(0);
        }
        if current_from && has_route(value) {
            note("route_in_from");
        }
        if current_from && has_group(value) {
            note("group_in_from");
        }
    }
    for (name, count) in SINGLE.iter().zip(counts) {
        if count > 1 {
            note(&format!("duplicate_{name}"));
        }
    }
    if from.len() > 1 && !has_sender {
        note("several_authors_without_sender");
    }
    found
}

/// The bytes up to the first empty line, whichever way its lines end: files have them end in LF alone.
pub(crate) fn header_section(raw: &[u8]) -> &[u8] {
    let empty = |at: &usize| matches!(raw.get(at + 1..), Some([b'\n', ..] | [b'\r', b'\n', ..]));
    let end = memchr::memchr_iter(b'\n', raw).find(empty).unwrap_or(raw.len());
    raw[..end].strip_suffix(b"\r").unwrap_or(&raw[..end])
}

/// `<@a,@b:c@d>`: the obsolete source route of RFC 5322 4.4.
fn has_route(value: &[u8]) -> bool {
    value.windows(2).any(|pair| pair == b"<@")
}

/// `Name: a@b, c@d;` outside of quotes and angle brackets.
fn has_group(value: &[u8]) -> bool {
    let mut quoted = false;
    let mut angle = false;
    for byte in value {
        match byte {
            b'"' => quoted = !quoted,
            b'<' if !quoted => angle = true,
            b'>' if !quoted => angle = false,
            b':' if !quoted && !angle => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str) -> Vec<String> {
        ambiguities(format!("{header}\r\n\r\nFrom: body@is.test\r\n").as_bytes(), &[], false)
    }

    #[test]
    fn honest_headers_have_none() {
        assert!(of("From: \"A: b\" <a@b.test>\r\nSubject: hi: there\r\nDate: today").is_empty());
    }

    #[test]
    fn the_header_ends_at_the_first_empty_line_however_lines_end() {
        for (raw, header) in [
            ("From: a@b.test\nTo: c@d.test\n\nNotes : x\n", "From: a@b.test\nTo: c@d.test"),
            ("From: a@b.test\r\n\r\nFrom: x@y.test\r\n", "From: a@b.test"),
            ("From: a@b.test\n\r\nFrom: x@y.test\r\n", "From: a@b.test"),
            ("From: a@b.test", "From: a@b.test"),
        ] {
            assert_eq!(header_section(raw.as_bytes()), header.as_bytes(), "{raw:?}");
            assert!(ambiguities(raw.as_bytes(), &[], false).is_empty(), "{raw:?}");
        }
    }

    #[test]
    fn each_ambiguity_has_its_name() {
        assert_eq!(of("From: a@b.test\r\nfrom: c@d.test"), ["duplicate_from"]);
        assert_eq!(of("From : a@b.test"), ["space_before_colon"]);
        assert_eq!(of("From: <@a.test,@b.test:c@d.test>"), ["route_in_from"]);
        assert_eq!(of("From: Friends: a@b.test;"), ["group_in_from"]);
        assert_eq!(of("Subject: a\0b"), ["nul_in_header"]);
        assert_eq!(of("Subject: a\rFrom: x@y.test"), ["bare_cr_in_header"]);
        let two = [Mailbox::default(), Mailbox::default()];
        assert_eq!(ambiguities(b"\r\n\r\n", &two, false), ["several_authors_without_sender"]);
    }
}
