//! Which headers an endpoint may be sent beside ours.

use std::collections::BTreeMap;

use crate::{Error, Result};

/// Headers of one endpoint.
const MOST: usize = 10;

/// What decides where a request ends, where it goes, what it is or who sent it: ours alone. RFC 9110 7.6.1 names those
/// of a hop.
const OURS: [&str; 22] = [
    "accept-encoding",
    "alt-used",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];

/// Beginnings of names that are signatures' or that proxies believe.
const OUR_BEGINNINGS: [&str; 4] = ["webhook-", "x-lobstermail-", "x-mailward-", "x-forwarded-"];

/// Refuses headers that would change what the request is, or who signs it.
pub(crate) fn check_headers(headers: &BTreeMap<String, String>) -> Result<()> {
    if headers.len() > MOST {
        return Err(Error::invalid("headers", "at most 10"));
    }
    let mut seen = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let is_token = (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_ours = OURS.contains(&lower.as_str())
            || OUR_BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning));
        if !is_token || is_ours || seen.contains(&lower) {
            let name: String = name.chars().take(64).collect();
            return Err(Error::invalid("headers", format!("`{}` cannot be set", name.escape_default())));
        }
        // No line end can pass, so none can begin another header.
        if value.len() > 1_024 || value.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
            return Err(Error::invalid("headers", "a value must be at most 1024 printable ASCII characters"));
        }
        seen.push(lower);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(name: &str, value: &str) -> bool {
        check_headers(&BTreeMap::from([(name.to_owned(), value.to_owned())])).is_ok()
    }

    #[test]
    fn a_header_of_the_endpoints_own_passes() {
        assert!(passes("Authorization", "Bearer abc"));
        assert!(passes("X-Hook-Key", ""));
    }

    #[test]
    fn what_decides_where_a_request_ends_or_who_signed_it_is_ours_in_any_case_of_letters() {
        for name in OURS {
            assert!(!passes(name, "x") && !passes(&name.to_ascii_uppercase(), "x"), "{name}");
        }
        for name in ["Webhook-Signature", "webhook-id", "X-LobsterMail-Signature", "X-Forwarded-For"] {
            assert!(!passes(name, "x"), "{name}");
        }
    }

    #[test]
    fn no_line_end_begins_another_header() {
        for value in ["a\r\nX-Other: b", "a\nb", "a\rb", "a\0b", "a\u{85}b", "ä", &"a".repeat(1_025)] {
            assert!(!passes("X-Word", value), "{value:?}");
        }
        for name in ["", "X Word", "X-Word:", "X\r\nY", "Ünter", &"a".repeat(65)] {
            assert!(!passes(name, "x"), "{name:?}");
        }
    }

    #[test]
    fn a_name_comes_once_and_there_are_ten_at_most() {
        let twice = ["X-A", "x-a"].map(|name| (name.to_owned(), String::new()));
        assert!(check_headers(&BTreeMap::from(twice)).is_err());
        let many =
            |count: usize| (0..count).map(|n| (format!("x-{n}"), String::new())).collect::<BTreeMap<_, _>>();
        assert!(check_headers(&many(10)).is_ok() && check_headers(&many(11)).is_err());
    }
}
