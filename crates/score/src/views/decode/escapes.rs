//! Words with escapes in them: per cent, character references, backslashes, quoted-printable.

use std::ops::Range;

use super::{Decoded, pair, readable};

/// Neighbouring words with at least four `%41`, `&#65;`, `&#x41;`, `\u0041`, `\x41` or `=41` among them.
pub(super) fn escaped_words(text: &str, found: &mut Vec<Decoded>) {
    const FEWEST: usize = 4;
    let escapes = |byte: &u8| matches!(byte, b'%' | b'&' | b'\\' | b'=');
    if !text.as_bytes().iter().any(escapes) {
        return;
    }
    let (mut start, mut count, mut end, mut out, mut at) = (0, 0, 0, String::new(), 0);
    let mut flush = |count: &mut usize, place: Range<usize>, out: &mut String| {
        if *count >= FEWEST
            && let Some(says) = readable(out.as_bytes().to_vec())
        {
            found.push(Decoded { how: "escapes", place, text: says });
        }
        *count = 0;
        out.clear();
    };
    for word in words(text) {
        let (plain, escapes) = unescape(word);
        if escapes == 0 {
            flush(&mut count, start..end, &mut out);
        } else {
            if count == 0 {
                start = at;
            }
            count += escapes;
            out.push_str(&plain);
            end = at + word.len();
        }
        at += word.len();
    }
    flush(&mut count, start..end, &mut out);
}

/// Words with the white space after them. RFC 2045 6.7: after `=` a line's end is none.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut before = '\0';
    text.split_inclusive(move |c: char| {
        let ends = matches!(c, ' ' | '\t' | '\n') && !(matches!(before, '=' | '\r') && c == '\n');
        if c != '\r' || before != '=' {
            before = c;
        }
        ends
    })
}

/// A word with its escapes undone, and how many there were.
pub(super) fn unescape(word: &str) -> (String, usize) {
    let mut out = Vec::with_capacity(word.len());
    let (bytes, mut at, mut count) = (word.as_bytes(), 0, 0);
    let mut utf8 = [0; 4];
    while at < bytes.len() {
        let rest = &word.as_bytes()[at..];
        let escape = match rest {
            [b'=', b'\r', b'\n', ..] => Some((Vec::new(), 3)),
            [b'=', b'\n', ..] => Some((Vec::new(), 2)),
            // Quoted-printable has capitals only; `a=bed` is none.
            [b'=', high, low, ..] if is_capital_hex(*high) && is_capital_hex(*low) => {
                pair(bytes, at + 1).map(|byte| (vec![byte], 3))
            }
            [b'%', ..] | [b'\\', b'x', ..] => {
                let skip = if rest[0] == b'%' { 1 } else { 2 };
                pair(bytes, at + skip).map(|byte| (vec![byte], skip + 2))
            }
            [b'\\', b'u', hex @ ..] => {
                number(hex, 16, 4).map(|(c, len)| (c.encode_utf8(&mut utf8).as_bytes().to_vec(), len + 2))
            }
            [b'&', b'#', b'x' | b'X', hex @ ..] => {
                number(hex, 16, 6).map(|(c, len)| (c.encode_utf8(&mut utf8).as_bytes().to_vec(), len + 3))
            }
            [b'&', b'#', digits @ ..] => {
                number(digits, 10, 7).map(|(c, len)| (c.encode_utf8(&mut utf8).as_bytes().to_vec(), len + 2))
            }
            _ => None,
        };
        match escape {
            Some((plain, len)) => {
                out.extend(plain);
                at += len;
                count += 1;
                at += usize::from(rest[0] == b'&' && bytes.get(at) == Some(&b';'));
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    (String::from_utf8_lossy(&out).into_owned(), count)
}

fn number(digits: &[u8], base: u32, most: usize) -> Option<(char, usize)> {
    let len = digits.iter().take(most).take_while(|b| char::from(**b).is_digit(base)).count();
    let text = std::str::from_utf8(&digits[..len]).ok()?;
    Some((char::from_u32(u32::from_str_radix(text, base).ok()?)?, len))
}

fn is_capital_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'F')
}
