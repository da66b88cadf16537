//! Bytes that somebody else wrote, as a download: never shown, run or sniffed by a browser, whole or by one range.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// The longest name in a header, in bytes of the percent-encoded form.
const MOST_NAME: usize = 512;

/// A download.
pub struct File {
    /// The name to save it under, as its author wrote it.
    pub name: String,
    /// What a client may take it for.
    pub content_type: &'static str,
    /// All of it.
    pub bytes: Vec<u8>,
}

impl File {
    /// The answer to a request with these headers.
    pub fn answer(self, request: &HeaderMap) -> Response {
        let len = self.bytes.len() as u64;
        // We give out no validators, so no `If-Range` can match: the whole is sent then (RFC 9110 13.1.5).
        let range = request.get(RANGE).filter(|_| !request.contains_key(IF_RANGE));
        let range =
            range.and_then(|value| value.to_str().ok()).map_or(Range::Whole, |text| range_of(text, len));
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
        let (first, last) = match range {
            Range::Unsatisfiable => {
                headers.insert(CONTENT_RANGE, ascii(format!("bytes */{len}")));
                return (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response();
            }
            Range::Whole => (0, len),
            Range::Part(first, last) => {
                headers.insert(CONTENT_RANGE, ascii(format!("bytes {first}-{}/{len}", last - 1)));
                (first, last)
            }
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(CONTENT_DISPOSITION, ascii(disposition(&self.name)));
        headers.insert(CONTENT_LENGTH, (last - first).into());
        let status = if range == Range::Whole { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
        let bytes = axum::body::Bytes::from(self.bytes).slice(first as usize..last as usize);
        (status, headers, Body::from(bytes)).into_response()
    }
}

/// What of a file is wanted; the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    Whole,
    Part(u64, u64),
    Unsatisfiable,
}

/// Reads a `Range` header. What is no single byte range is ignored, as RFC 9110 14.2 allows.
fn range_of(text: &str, len: u64) -> Range {
    let Some(("bytes", spec)) = text.split_once('=') else { return Range::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Range::Whole };
    // Digits alone: `parse` would also take a plus sign.
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    match (first.is_empty(), number(first), last.is_empty(), number(last)) {
        (true, _, _, Some(0)) => Range::Unsatisfiable,
        (true, _, _, Some(_)) if len == 0 => Range::Unsatisfiable,
        (true, _, _, Some(suffix)) => Range::Part(len.saturating_sub(suffix), len),
        (_, Some(first), true, _) if first < len => Range::Part(first, len),
        (_, Some(first), _, Some(last)) if last < first => Range::Whole,
        (_, Some(first), _, Some(last)) if first < len => Range::Part(first, last.saturating_add(1).min(len)),
        (_, Some(_), true, _) | (_, Some(_), _, Some(_)) => Range::Unsatisfiable,
        _ => Range::Whole,
    }
}

/// `attachment` with a name in ASCII for old clients and in UTF-8 for others (RFC 6266 5, RFC 8187).
fn disposition(name: &str) -> String {
    let name = safe(name);
    let fallback: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' })
        .take(100)
        .collect();
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{}", percent(&name))
}

/// A name without directories, controls and characters that turn text around or cannot be seen.
fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    let kept: String = last.chars().filter(|c| !is_hidden(*c)).collect();
    // A leading dot would hide the file, a trailing one is dropped by some systems.
    let kept = kept.trim().trim_matches('.');
    if kept.is_empty() { "attachment".into() } else { kept.to_owned() }
}

/// Percent-encodes what is no `attr-char` (RFC 8187 3.2.1), and cuts between characters.
fn percent(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let mut buffer = [0; 4];
        let encoded: String = c
            .encode_utf8(&mut buffer)
            .bytes()
            .map(|b| {
                let plain = b.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&b);
                if plain { char::from(b).to_string() } else { format!("%{b:02X}") }
            })
            .collect();
        if out.len() + encoded.len() > MOST_NAME {
            break;
        }
        out.push_str(&encoded);
    }
    out
}

fn ascii(text: String) -> HeaderValue {
    HeaderValue::from_str(&text).expect("it is made of printable ASCII alone")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn one_byte_range_is_read_and_everything_else_is_the_whole() {
        for (text, expected) in [
            ("bytes=0-3", Range::Part(0, 4)),
            ("bytes=8-", Range::Part(8, 10)),
            ("bytes=-4", Range::Part(6, 10)),
            ("bytes=-40", Range::Part(0, 10)),
            ("bytes=5-99999999999999999999999", Range::Part(5, 10)),
            ("bytes=10-", Range::Unsatisfiable),
            ("bytes=10-12", Range::Unsatisfiable),
            ("bytes=-0", Range::Unsatisfiable),
            ("bytes=5-4", Range::Whole),
            ("bytes=0-1,3-4", Range::Whole),
            ("bytes=+1-2", Range::Whole),
            ("bytes=-", Range::Whole),
            ("lines=0-3", Range::Whole),
        ] {
            assert_eq!(range_of(text, 10), expected, "{text}");
        }
        assert_eq!(range_of("bytes=-4", 0), Range::Unsatisfiable);
    }

    #[test]
    fn a_name_keeps_its_letters_and_loses_its_tricks() {
        let names = [
            "Rechnung März.pdf",
            "../../etc/passwd",
            "a\"b\\c\r\nX: y.txt",
            "exe\u{202e}fdp.scr",
            "..",
            "\u{0}",
        ];
        expect![[r#"
            attachment; filename="Rechnung M_rz.pdf"; filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf
            attachment; filename="passwd"; filename*=UTF-8''passwd
            attachment; filename="cX: y.txt"; filename*=UTF-8''cX%3A%20y.txt
            attachment; filename="exefdp.scr"; filename*=UTF-8''exefdp.scr
            attachment; filename="attachment"; filename*=UTF-8''attachment
            attachment; filename="attachment"; filename*=UTF-8''attachment
        "#]]
        .assert_eq(&names.map(|name| disposition(name) + "\n").concat());
        assert!(disposition(&"ä".repeat(10_000)).len() < 700);
    }

    #[test]
    fn a_part_is_answered_with_its_place() {
        let file = || File {
            name: "a".into(),
            content_type: "application/octet-stream",
            bytes: b"0123456789".into(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static("bytes=2-4"));
        let answer = file().answer(&headers);
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(answer.headers()[CONTENT_RANGE], "bytes 2-4/10");
        assert_eq!(answer.headers()[CONTENT_LENGTH], "3");
        headers.insert(IF_RANGE, HeaderValue::from_static("\"etag\""));
        assert_eq!(file().answer(&headers).status(), StatusCode::OK);
    }
}
