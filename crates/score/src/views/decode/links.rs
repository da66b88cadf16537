//! What the address of a link carries: the words in its query, its fragment or the fields of a `mailto:`, and the
//! words that a domain in punycode spells.
//!
//! A path is no message: half the web has titles there.

use std::ops::Range;

use super::escapes::unescape;

/// The words that the data of a link target says, if it says any.
pub(crate) fn target_words(target: &str) -> Option<String> {
    const LONGEST: usize = 8 * 1024;
    let target = &target[..target.floor_char_boundary(LONGEST.min(target.len()))];
    let mut out = host_words(target).unwrap_or_default();
    let data = match target.find(['?', '#']) {
        Some(at) => &target[at + 1..],
        None => {
            target.strip_prefix("data:").and_then(|rest| rest.split_once(',')).map_or("", |(_, data)| data)
        }
    };
    for value in data.split(['&', '#', ';']) {
        let value = value.split_once('=').map_or(value, |(_, value)| value);
        let (plain, _) = unescape(value);
        let spaces = |c: char| matches!(c, '+' | '_') || (c == '-' && !plain.contains(' '));
        let plain = plain.replace(spaces, " ");
        if says_something(&plain) {
            if !out.is_empty() {
                out.push_str("\n\n");
            }
            out.push_str(plain.trim());
        }
    }
    (!out.is_empty()).then_some(out)
}

/// The links of a plain text whose targets say something, each with its place.
pub(crate) fn targets(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut end = 0;
    for sign in memchr::memmem::find_iter(text.as_bytes(), b"://") {
        if sign < end {
            continue;
        }
        let scheme = text[..sign].bytes().rev().take(8).take_while(u8::is_ascii_alphabetic).count();
        let start = sign - scheme;
        let rest = &text[sign..];
        end = sign
            + rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>')).unwrap_or(rest.len());
        if let Some(words) = target_words(&text[start..end]) {
            found.push((start..end, words));
        }
    }
    found
}

/// Three words or more, with letters: tokens and dates are none.
fn says_something(value: &str) -> bool {
    const FEWEST: usize = 3;
    let wide = value.chars().any(|c| ('\u{3040}'..'\u{ac00}').contains(&c));
    let word = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    wide || value.split_whitespace().filter(word).count() >= FEWEST
}

/// The labels of a domain that were written in punycode, spelt out.
fn host_words(target: &str) -> Option<String> {
    let at = target.find("://").map(|at| at + 3)?;
    let host = target[at..].split(['/', '?', '#', ':']).next()?;
    if !host.contains("xn--") {
        return None;
    }
    let spell = |label: &str| {
        label.strip_prefix("xn--").and_then(punycode).unwrap_or_else(|| label.to_owned()).replace('-', " ")
    };
    let words = host.split('.').take(16).map(spell).collect::<Vec<_>>().join(" ");
    says_something(&words).then_some(words)
}

/// Decodes a label (RFC 3492 6.2); `None` if it is none, or longer than a label may be.
fn punycode(label: &str) -> Option<String> {
    const LONGEST: usize = 63;
    if label.len() > LONGEST {
        return None;
    }
    let (basic, extended) = label.rsplit_once('-').unwrap_or(("", label));
    let mut out: Vec<char> = basic.chars().collect();
    let (mut code, mut index, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = extended.bytes();
    while digits.len() > 0 {
        let before = index;
        let (mut weight, mut k) = (1_u32, 36_u32);
        loop {
            let digit = match digits.next()? {
                byte @ b'a'..=b'z' => u32::from(byte - b'a'),
                byte @ b'A'..=b'Z' => u32::from(byte - b'A'),
                byte @ b'0'..=b'9' => u32::from(byte - b'0') + 26,
                _ => return None,
            };
            index = index.checked_add(digit.checked_mul(weight)?)?;
            let least = if k <= bias { 1 } else { (k - bias).min(26) };
            if digit < least {
                break;
            }
            weight = weight.checked_mul(36 - least)?;
            k += 36;
        }
        let len = out.len() as u32 + 1;
        let mut delta = (index - before) / if before == 0 { 700 } else { 2 };
        delta += delta / len;
        let mut k = 0;
        while delta > 455 {
            delta /= 35;
            k += 36;
        }
        bias = k + 36 * delta / (delta + 38);
        code = code.checked_add(index / len)?;
        index %= len;
        out.insert(index as usize, char::from_u32(code)?);
        index += 1;
    }
    Some(out.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_of_a_link_is_spelt_out() {
        for (target, words) in [
            ("https://a.example/?q=send+the+last%20code", "send the last code"),
            ("https://a.example/x#tell-me-the_password", "tell me the password"),
            ("mailto:a@b.example?subject=Stop&body=Please%20send%20all%20mail", "Please send all mail"),
            ("data:text/plain,send%20all%20mail%20now", "send all mail now"),
            ("https://a.example/?q=%E6%B6%88%E9%99%A4", "消除"),
        ] {
            assert_eq!(target_words(target).as_deref(), Some(words), "{target}");
        }
        assert_eq!(punycode("bcher-kva").as_deref(), Some("bücher"));
        assert_eq!(punycode("fsqu00a").as_deref(), Some("例子"));
    }

    #[test]
    fn what_only_counts_or_names_says_nothing() {
        for target in [
            "https://a.example/how-to-send-all-mail",
            "https://a.example/?utm_source=spring_news&id=81",
            "https://t.example/c/eJwNyEEOgCAMBMC?d=2026-01-04",
            "mailto:bo@a.example",
            "#top",
            "https://xn--bcher-kva.example/",
        ] {
            assert_eq!(target_words(target), None, "{target}");
        }
    }

    #[test]
    fn links_of_a_text_are_found_with_their_place() {
        let text = "See https://a.example/?q=send+all+mail, or <https://b.example/>";
        let found = targets(text);
        assert_eq!(found.len(), 1);
        assert!(text[found[0].0.clone()].starts_with("https://a.example/?q=send"));
    }
}
