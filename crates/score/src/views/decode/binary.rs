//! Runs in which bytes are written as letters or numbers: base64, hexadecimal, decimal.

use super::{Decoded, pair, readable};

/// Base64 (RFC 4648), in one piece, in lines or in groups parted by spaces.
pub(super) fn base64_runs(text: &str, found: &mut Vec<Decoded>) {
    const SHORTEST: usize = 20;
    const LONGEST_GROUP: usize = 16;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if sextet(bytes[at]).is_none() {
            at += 1;
            continue;
        }
        let (start, mut line) = (at, at);
        while let Some(&byte) = bytes.get(at) {
            if sextet(byte).is_some() || byte == b'=' {
                at += 1;
            } else if byte == b'\r' || byte == b'\n' {
                // RFC 2045 6.8: encoded lines are of one length; a short line ends the run.
                let next = at + 1 + usize::from(byte == b'\r' && bytes.get(at + 1) == Some(&b'\n'));
                if at - line < 40 || bytes.get(next).is_none_or(|b| sextet(*b).is_none()) {
                    break;
                }
                (at, line) = (next, next);
            } else {
                break;
            }
        }
        if at - start >= SHORTEST
            && let Some(says) = readable(base64(&bytes[start..at]))
        {
            found.push(Decoded { how: "base64", place: start..at, text: says });
        } else if at - start <= LONGEST_GROUP {
            let end = groups_end(bytes, start, at);
            if end - start >= SHORTEST
                && let Some(says) = readable(base64(&bytes[start..end]))
            {
                found.push(Decoded { how: "base64", place: start..end, text: says });
                at = end;
            } else if end > at {
                // The last group may start another run; those before it cannot.
                at = end - (at - start);
            }
        }
    }
}

/// Where groups of one length end that start with the group `start..end` and are parted by single spaces.
fn groups_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let len = end - start;
    if len < 4 {
        return end;
    }
    let mut at = end;
    loop {
        let next = at + 1;
        if !matches!(bytes.get(at), Some(b' ' | b'\n')) {
            return at;
        }
        let group =
            bytes[next..].iter().take(len + 1).take_while(|b| sextet(**b).is_some() || **b == b'=').count();
        crate::work::count(group);
        match group {
            _ if group == len => at = next + group,
            // The last group may be shorter.
            1.. if group < len && bytes[next..next + group].ends_with(b"=") => return next + group,
            _ => return at,
        }
    }
}

/// Pairs of hexadecimal digits, bare or with `\x`, `0x`, `:` or a space between them.
pub(super) fn hex_runs(text: &str, found: &mut Vec<Decoded>) {
    const FEWEST: usize = 12;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let Some(first) = pair(bytes, at) else {
            at += 1;
            continue;
        };
        let (start, mut out) = (at, vec![first]);
        at += 2;
        loop {
            let gap = [&b""[..], b" ", b":", b"\\x", b" 0x", b", 0x", b",0x", b"-", b"%"]
                .into_iter()
                .find(|gap| bytes[at..].starts_with(gap) && pair(bytes, at + gap.len()).is_some());
            let Some(gap) = gap else { break };
            out.extend(pair(bytes, at + gap.len()));
            at += gap.len() + 2;
        }
        if out.len() >= FEWEST
            && let Some(says) = readable(out)
        {
            found.push(Decoded { how: "hex", place: start..at, text: says });
        }
    }
}

/// Numbers of characters, as in `73 103 110`.
pub(super) fn decimal_runs(text: &str, found: &mut Vec<Decoded>) {
    const FEWEST: usize = 12;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let (start, mut end, mut out) = (at, at, Vec::new());
        loop {
            let digits = bytes[at..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
            let number = text[at..at + digits].parse::<u8>().ok();
            let Some(number) = number.filter(|n| digits <= 3 && (32..127).contains(n)) else { break };
            out.push(number);
            at += digits;
            end = at;
            let gap =
                bytes[at..].iter().take(2).take_while(|b| matches!(b, b' ' | b',' | b'-' | b'.')).count();
            if gap == 0 {
                break;
            }
            at += gap;
        }
        if out.len() >= FEWEST
            && let Some(says) = readable(out)
        {
            found.push(Decoded { how: "decimal", place: start..end, text: says });
        }
        at = end.max(at).max(start + 1);
        at += bytes[at.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    }
}

fn base64(run: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(run.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for value in run.iter().filter_map(|byte| sextet(*byte)) {
        bits = bits << 6 | value;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    out
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}
