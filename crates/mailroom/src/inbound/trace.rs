//! Trace headers: what we add on top of a message (RFC 5321 4.4, RFC 8601), what we take out because only we may
//! say it, and how a loop is recognised.

use mailward_mail::clock::Timestamp;
use mailward_mail::envelope::Envelope;

use crate::sender_auth::SenderAuth;

/// More hops than any honest mail makes (RFC 5321 6.3 suggests at least 100; the threat list says 50).
const MOST_HOPS: usize = 50;
/// Marks mail that left this house.
const TRACE: &[u8] = b"x-mailward-trace";

/// Whether the message has been here before, or everywhere.
pub(super) fn is_loop(raw: &[u8], hostname: &str) -> bool {
    let mut hops = 0;
    for field in fields(raw) {
        let name = name(field);
        if name.eq_ignore_ascii_case(b"received") {
            hops += 1;
        }
        if name.eq_ignore_ascii_case(TRACE) && contains(field, hostname) {
            return true;
        }
    }
    hops > MOST_HOPS
}

/// The message as it is kept: without what only we may say, with what we say.
pub(super) fn stamp(
    envelope: &Envelope,
    wire: &[u8],
    auth: &SenderAuth,
    hostname: &str,
    now: Timestamp,
) -> Vec<u8> {
    let from = envelope.from.as_deref().map(header_safe).unwrap_or_default();
    let mut out = Vec::with_capacity(wire.len() + 512);
    // RFC 3848 names the protocol: ESMTP, S for TLS, UTF8SMTP when it was asked for.
    let with = match (envelope.smtputf8, envelope.tls) {
        (false, false) => "ESMTP",
        (false, true) => "ESMTPS",
        (true, false) => "UTF8SMTP",
        (true, true) => "UTF8SMTPS",
    };
    let word = |result| {
        serde_json::to_value(result).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let head = format!(
        "Return-Path: <{from}>\r\nReceived: from {} ([{}])\r\n by {hostname} with {with};\r\n {}\r\n\
         Authentication-Results: {hostname};\r\n spf={} smtp.mailfrom=\"{from}\";\r\n dkim={};\r\n dmarc={}\r\n",
        header_safe(&envelope.helo),
        envelope.client,
        rfc5322_date(now),
        word(auth.spf),
        word(auth.dkim),
        word(auth.dmarc),
    );
    out.extend_from_slice(head.as_bytes());
    let header = header_length(wire);
    for field in fields(wire) {
        if !is_ours(field, hostname) {
            out.extend_from_slice(field);
        }
    }
    out.extend_from_slice(&wire[header..]);
    out
}

/// Only this host may say what it found out; a sender who says it in our name forges it.
fn is_ours(field: &[u8], hostname: &str) -> bool {
    let name = name(field);
    name.len() >= 11 && name[..11].eq_ignore_ascii_case(b"x-mailward-")
        || name.eq_ignore_ascii_case(b"return-path")
        || name.eq_ignore_ascii_case(b"authentication-results") && contains(field, hostname)
}

/// The header's fields, each with its folded lines and line end.
fn fields(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = &raw[..header_length(raw)];
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = 0;
        loop {
            end += memchr::memchr(b'\n', &rest[end..]).map_or(rest.len() - end, |at| at + 1);
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (field, tail) = rest.split_at(end);
        rest = tail;
        Some(field)
    })
}

/// How long the header is, without the empty line that ends it.
fn header_length(raw: &[u8]) -> usize {
    if raw.starts_with(b"\r\n") {
        return 0;
    }
    memchr::memmem::find(raw, b"\r\n\r\n").map_or(raw.len(), |at| at + 2)
}

fn name(field: &[u8]) -> &[u8] {
    let end = memchr::memchr(b':', field).unwrap_or(0);
    field[..end].trim_ascii_end()
}

fn contains(field: &[u8], hostname: &str) -> bool {
    let lower = field.to_ascii_lowercase();
    memchr::memmem::find(&lower, hostname.to_ascii_lowercase().as_bytes()).is_some()
}

/// What a client said, so that it can stand in a header and say no more than that.
fn header_safe(text: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '(' | ')' | '\\' | ';') { c } else { '?' }
    };
    text.chars().take(255).map(safe).collect()
}

/// `Sun, 22 Nov 2026 10:00:00 +0000`, RFC 5322 3.3.
pub(crate) fn rfc5322_date(now: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(now.millis())
        .map(|moment| moment.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(raw: &str) -> String {
        let envelope = Envelope {
            from: Some("a@a.test".into()),
            helo: "evil\r\nX: y".into(),
            client: [127, 0, 0, 1].into(),
            tls: false,
            smtputf8: false,
        };
        let kept = stamp(&envelope, raw.as_bytes(), &SenderAuth::default(), "mx.test", Timestamp(0));
        String::from_utf8(kept).expect("ASCII in, ASCII out")
    }

    #[test]
    fn what_only_we_may_say_is_taken_out_and_the_rest_stays() {
        let raw = "Authentication-Results: mx.test;\r\n dmarc=pass\r\nX-Mailward-Score: 0\r\nSubject: a\r\n b\r\n\
                   Authentication-Results: other.test; spf=pass\r\n\r\nX-Mailward-Body: stays\r\n";
        let kept = stamped(raw);
        assert!(!kept.contains("X-Mailward-Score") && !kept.contains("dmarc=pass"));
        assert!(kept.contains(
            "Subject: a\r\n b\r\nAuthentication-Results: other.test; spf=pass\r\n\r\nX-Mailward-Body"
        ));
        assert!(kept.starts_with("Return-Path: <a@a.test>\r\nReceived: from evil??X:?y ([127.0.0.1])"));
        assert!(kept.contains("Thu, 01 Jan 1970 00:00:00 +0000"));
    }

    #[test]
    fn a_body_without_header_keeps_its_empty_line() {
        let kept = stamped("\r\nbody\r\n");
        assert!(kept.ends_with("dmarc=none\r\n\r\nbody\r\n"));
    }

    #[test]
    fn a_loop_is_recognised_by_hops_or_by_our_own_mark() {
        assert!(is_loop("Received: x\r\n".repeat(51).as_bytes(), "mx.test"));
        assert!(!is_loop("Received: x\r\n".repeat(50).as_bytes(), "mx.test"));
        assert!(is_loop(b"X-Mailward-Trace: mx.test eml_1\r\n\r\n", "mx.test"));
        assert!(!is_loop(b"X-Mailward-Trace: other.test eml_1\r\n\r\n", "mx.test"));
    }
}
