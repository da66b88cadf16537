//! Signs one message (RFC 6376), relaxed in header and body, for as many keys as there are.
//!
//! The fields that say who wrote what to whom are signed once more than they are there: one that is added later breaks the
//! signature (RFC 6376 8.15). The whole body is signed, and the signature ends after a week: what is replayed then
//! (RFC 6376 8.6) verifies no more.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailward_mail::clock::Timestamp;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

use crate::{Error, Result};

/// Signed once more than they are there.
const SEALED: [&str; 11] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "in-reply-to",
    "references",
    "list-unsubscribe",
    "list-unsubscribe-post",
];
/// Signed where they are there.
const FURTHER: [&str; 4] = ["mime-version", "content-type", "content-transfer-encoding", "auto-submitted"];
/// How long a signature counts, in seconds.
const VALID: i64 = 7 * 24 * 3_600;
/// Characters of base64 in a line.
const LINE: usize = 70;

/// A key that signs.
pub(super) enum Key {
    /// RFC 8463.
    Ed25519(Box<Ed25519KeyPair>),
    /// RFC 6376 3.3.2.
    Rsa(Box<RsaKeyPair>),
}

impl Key {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "ed25519-sha256",
            Self::Rsa(_) => "rsa-sha256",
        }
    }

    /// RFC 8463 3: what Ed25519 signs is the digest.
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Ed25519(pair) => Ok(pair.sign(digest(&SHA256, text).as_ref()).as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
                    .map_err(|_| Error::Damaged("a message could not be signed"))?;
                Ok(signature)
            }
        }
    }
}

/// The signatures of a message, each a field with its end, to be put before it.
pub(super) fn sign(raw: &[u8], domain: &str, keys: &[(String, Key)], now: Timestamp) -> Result<Vec<u8>> {
    let (header, body) = split(raw);
    let fields = fields(header);
    let mut names = Vec::new();
    let mut text = Vec::new();
    for (name, extra) in SEALED.iter().map(|name| (name, 1)).chain(FURTHER.iter().map(|name| (name, 0))) {
        // RFC 6376 5.4.2: of several, the last one first.
        let found: Vec<&[u8]> =
            fields.iter().rev().filter(|(known, _)| known == name).map(|(_, value)| *value).collect();
        names.extend(std::iter::repeat_n(*name, found.len() + extra));
        for value in found {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            text.extend(relaxed_value(value));
            text.extend_from_slice(b"\r\n");
        }
    }
    let body = STANDARD.encode(digest(&SHA256, &relaxed_body(body)));
    let seconds = now.millis() / 1_000;
    let mut out = Vec::new();
    for (selector, key) in keys {
        let value = format!(
            " v=1; a={}; c=relaxed/relaxed; d={domain};\r\n\ts={selector}; t={seconds}; x={};\r\n\th={};\r\n\tbh={body};\r\n\tb=",
            key.algorithm(),
            seconds + VALID,
            folded_names(&names),
        );
        let mut signed = text.clone();
        signed.extend_from_slice(b"dkim-signature:");
        signed.extend(relaxed_value(value.as_bytes()));
        let signature = STANDARD.encode(key.sign(&signed)?);
        let lines: Vec<&str> = signature
            .as_bytes()
            .chunks(LINE)
            .map(|line| std::str::from_utf8(line).unwrap_or_default())
            .collect();
        out.extend_from_slice(format!("DKIM-Signature:{value}{}\r\n", lines.join("\r\n\t")).as_bytes());
    }
    Ok(out)
}

fn folded_names(names: &[&str]) -> String {
    let mut out = String::new();
    let mut line = 0;
    for name in names {
        if line + name.len() > LINE {
            out.push_str("\r\n\t ");
            line = 0;
        }
        if !out.is_empty() {
            out.push(':');
        }
        out.push_str(name);
        line += name.len() + 1;
    }
    out
}

/// Header and body, without the empty line between them.
fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memmem::find(raw, b"\r\n\r\n") {
        Some(at) => (&raw[..at + 2], &raw[at + 4..]),
        None => (raw, &[]),
    }
}

/// The fields with their names in lower case, and their values with all folds.
fn fields(header: &[u8]) -> Vec<(String, &[u8])> {
    let mut out: Vec<(String, &[u8])> = Vec::new();
    let (mut at, mut begun) = (0, None);
    while at < header.len() {
        let end = memchr::memchr(b'\n', &header[at..]).map_or(header.len(), |line| at + line + 1);
        let goes_on = header.get(end).is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        let from = *begun.get_or_insert(at);
        if !goes_on {
            let field = &header[from..end];
            if let Some(colon) = memchr::memchr(b':', field) {
                let name = String::from_utf8_lossy(&field[..colon]).trim_end().to_ascii_lowercase();
                out.push((name, &field[colon + 1..]));
            }
            begun = None;
        }
        at = end;
    }
    out
}

/// RFC 6376 3.4.2: unfolded, white space as one space, none at either end.
fn relaxed_value(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for byte in value {
        match byte {
            b'\r' | b'\n' => {}
            b' ' | b'\t' if out.last() == Some(&b' ') => {}
            b' ' | b'\t' => out.push(b' '),
            other => out.push(*other),
        }
    }
    out.trim_ascii().to_vec()
}

/// RFC 6376 3.4.4: white space as one space, none at the end of a line, no empty lines at the end.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        let mut is_space = false;
        for byte in line {
            match byte {
                b' ' | b'\t' => is_space = true,
                other => {
                    if std::mem::take(&mut is_space) {
                        out.push(b' ');
                    }
                    out.push(*other);
                }
            }
        }
        out.extend_from_slice(b"\r\n");
    }
    while out.ends_with(b"\r\n\r\n") {
        out.truncate(out.len() - 2);
    }
    if out == b"\r\n" { Vec::new() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_canonical_as_the_rfc_shows_it() {
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"no end"), b"no end\r\n");
    }

    #[test]
    fn a_header_is_canonical_as_the_rfc_shows_it() {
        let found = fields(b"A: X\r\nB : Y\t\r\n\tZ  \r\n");
        let shown: Vec<(String, Vec<u8>)> =
            found.into_iter().map(|(name, value)| (name, relaxed_value(value))).collect();
        assert_eq!(shown, [("a".to_owned(), b"X".to_vec()), ("b".to_owned(), b"Y Z".to_vec())]);
    }
}
