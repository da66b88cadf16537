//! Bounds that a message must keep before a parser sees a byte of it.
//!
//! A MIME parser can be made to nest, split and expand without end: `mail-parser` 0.11 overflows its stack when it
//! drops 64,000 nested messages. So the structure is walked here first, line by line, without recursion and without
//! allocation per line. What exceeds a bound is stored raw, held and never parsed.
//!
//! The walk may read a hostile message differently from the parser. Two fences that do not depend on the reading
//! stand beside it: how often a nesting type is named at all, and how many lines could be boundaries.

use memchr::memmem;

/// How deep, how many, how big. The values are those of the threat list (parser bombs).
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Multipart and message levels.
    pub depth: usize,
    /// Parts over all levels.
    pub parts: usize,
    /// Header fields of one entity.
    pub headers: usize,
    /// Bytes of one entity's header section.
    pub header_bytes: usize,
    /// Characters of a boundary (RFC 2046 5.1.1).
    pub boundary: usize,
    /// Parameters of one header field.
    pub params: usize,
    /// Times a nesting media type may be named anywhere in the bytes.
    pub nesting_words: usize,
    /// Lines that begin with two hyphens in a multipart message.
    pub dashed_lines: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            depth: 32,
            parts: 1_000,
            headers: 1_000,
            header_bytes: 256 * 1024,
            boundary: 70,
            params: 100,
            nesting_words: 256,
            dashed_lines: 20_000,
        }
    }
}

/// Which bound a message exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooComplex {
    /// Nested deeper than [`Bounds::depth`].
    #[error("nested too deeply")]
    Depth,
    /// More parts than [`Bounds::parts`].
    #[error("too many parts")]
    Parts,
    /// More or longer headers than allowed.
    #[error("too many or too long headers")]
    Headers,
    /// A boundary that is longer than RFC 2046 allows.
    #[error("boundary too long")]
    Boundary,
    /// More parameters in a field than allowed.
    #[error("too many parameters")]
    Params,
    /// An encoded `message/rfc822`, which RFC 2046 5.2.1 forbids.
    #[error("an encoded embedded message")]
    EncodedMessage,
    /// More nesting media types, or possible boundaries, than any honest message has.
    #[error("too much structure")]
    Structure,
}

/// One open level: a multipart with its boundary, or an embedded message, which ends with what surrounds it.
enum Level<'a> {
    Multipart(&'a [u8]),
    Embedded,
}

/// Checks the structure of `raw` against `bounds`.
pub fn prescan(raw: &[u8], bounds: &Bounds) -> Result<(), TooComplex> {
    fence(raw, bounds)?;
    let mut levels: Vec<Level<'_>> = Vec::new();
    let mut parts = 1;
    let mut entity = Entity::default();
    let mut in_header = true;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let text = trim_end(line);
        if let Some((depth, closes)) = boundary_of(text, &levels) {
            levels.truncate(if closes { depth } else { depth + 1 });
            in_header = !closes;
            entity = Entity::default();
            if !closes {
                parts += 1;
            }
            if parts > bounds.parts {
                return Err(TooComplex::Parts);
            }
        } else if in_header && text.is_empty() {
            in_header = false;
            if let Some(level) = entity.opens(bounds)? {
                in_header = matches!(level, Level::Embedded);
                levels.push(level);
                if levels.len() > bounds.depth {
                    return Err(TooComplex::Depth);
                }
            }
            entity = Entity::default();
        } else if in_header {
            entity.take(text, line.len(), bounds)?;
        }
    }
    Ok(())
}

/// What is known of the entity whose header is being read: its content type and encoding, folded lines included.
#[derive(Default)]
struct Entity<'a> {
    fields: usize,
    bytes: usize,
    last: Option<Field>,
    content_type: Vec<&'a [u8]>,
    encoded: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Field {
    ContentType,
    Encoding,
    Other,
}

impl<'a> Entity<'a> {
    fn take(&mut self, text: &'a [u8], size: usize, bounds: &Bounds) -> Result<(), TooComplex> {
        self.bytes += size;
        let mut value = text;
        if !text.starts_with(b" ") && !text.starts_with(b"\t") {
            self.fields += 1;
            let colon = text.iter().position(|byte| *byte == b':');
            let name = colon.map_or(&b""[..], |at| trim_end(&text[..at]));
            value = colon.map_or(text, |at| &text[at + 1..]);
            self.last = Some(match name {
                name if name.eq_ignore_ascii_case(b"content-type") => Field::ContentType,
                name if name.eq_ignore_ascii_case(b"content-transfer-encoding") => Field::Encoding,
                _ => Field::Other,
            });
        }
        if self.fields > bounds.headers || self.bytes > bounds.header_bytes {
            return Err(TooComplex::Headers);
        }
        match self.last {
            Some(Field::ContentType) => self.content_type.push(value),
            Some(Field::Encoding) => self.encoded |= has(value, b"base64") || has(value, b"quoted"),
            _ => {}
        }
        if value.iter().filter(|byte| **byte == b';').count() > bounds.params {
            return match self.last {
                Some(Field::ContentType) => Err(TooComplex::Params),
                _ => Ok(()),
            };
        }
        Ok(())
    }

    fn opens(&self, bounds: &Bounds) -> Result<Option<Level<'a>>, TooComplex> {
        if self.content_type.iter().map(|line| line.iter().filter(|b| **b == b';').count()).sum::<usize>()
            > bounds.params
        {
            return Err(TooComplex::Params);
        }
        let named = |word: &[u8]| self.content_type.iter().any(|line| has(line, word));
        if named(b"message/rfc822") || named(b"message/global") {
            return if self.encoded { Err(TooComplex::EncodedMessage) } else { Ok(Some(Level::Embedded)) };
        }
        if !named(b"multipart/") {
            return Ok(None);
        }
        let boundary = self.content_type.iter().find_map(|line| boundary_value(line)).unwrap_or_default();
        if boundary.len() > bounds.boundary {
            return Err(TooComplex::Boundary);
        }
        Ok((!boundary.is_empty()).then_some(Level::Multipart(boundary)))
    }
}

/// The innermost open multipart that `line` is a boundary of, and whether it closes it.
fn boundary_of(line: &[u8], levels: &[Level<'_>]) -> Option<(usize, bool)> {
    let rest = line.strip_prefix(b"--")?;
    levels.iter().enumerate().rev().find_map(|(depth, level)| match level {
        Level::Multipart(boundary) => {
            let tail = rest.strip_prefix(*boundary)?;
            Some((depth, tail.starts_with(b"--")))
        }
        Level::Embedded => None,
    })
}

/// The value of a `boundary` parameter in one line of a content type.
fn boundary_value(line: &[u8]) -> Option<&[u8]> {
    let at = find(line, b"boundary")?;
    let value = line[at + 8..].iter().position(|byte| *byte == b'=').map(|eq| &line[at + 8 + eq + 1..])?;
    let value = value.trim_ascii_start();
    match value.strip_prefix(b"\"") {
        Some(quoted) => Some(&quoted[..quoted.iter().position(|b| *b == b'"').unwrap_or(quoted.len())]),
        None => Some(
            &value
                [..value.iter().position(|b| matches!(b, b';' | b' ' | b'\t' | b'(')).unwrap_or(value.len())],
        ),
    }
}

/// The two counts that hold however the message is read.
fn fence(raw: &[u8], bounds: &Bounds) -> Result<(), TooComplex> {
    let mut nesting = 0;
    // Both nesting types share this tail in every case; `rfc822`, `global` and `multipart` are what a parser compares.
    for at in memchr::memchr_iter(b'/', raw) {
        let before = &raw[at.saturating_sub(9)..at];
        if before.len() >= 7
            && (has(before, b"multipart") || before[before.len() - 7..].eq_ignore_ascii_case(b"message"))
        {
            nesting += 1;
            if nesting > bounds.nesting_words {
                return Err(TooComplex::Structure);
            }
        }
    }
    if nesting > 0 && memmem::find_iter(raw, b"\n--").count() > bounds.dashed_lines {
        return Err(TooComplex::Structure);
    }
    Ok(())
}

fn trim_end(line: &[u8]) -> &[u8] {
    let end =
        line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | b' ' | b'\t')).map_or(0, |at| at + 1);
    &line[..end]
}

fn find(line: &[u8], word: &[u8]) -> Option<usize> {
    line.windows(word.len()).position(|window| window.eq_ignore_ascii_case(word))
}

fn has(line: &[u8], word: &[u8]) -> bool {
    find(line, word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: impl AsRef<[u8]>) -> Result<(), TooComplex> {
        prescan(raw.as_ref(), &Bounds::default())
    }

    #[test]
    fn ordinary_mail_passes() {
        assert_eq!(check("Subject: a\r\n\r\nbody\r\n-- \r\nsignature\r\n"), Ok(()));
        assert_eq!(
            check("Content-Type: multipart/mixed;\r\n boundary=\"b\"\r\n\r\n--b\r\n\r\na\r\n--b--\r\n"),
            Ok(())
        );
    }

    #[test]
    fn messages_nested_too_deeply_are_refused() {
        let nested = |n: usize| "Content-Type: message/rfc822\r\n\r\n".repeat(n);
        assert_eq!(check(nested(32)), Ok(()));
        assert_eq!(check(nested(33)), Err(TooComplex::Depth));
        assert_eq!(check(nested(64_000)), Err(TooComplex::Structure));
    }

    #[test]
    fn too_many_parts_are_refused() {
        let parts = |n: usize| {
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", "--b\r\n\r\n".repeat(n))
        };
        assert_eq!(check(parts(999)), Ok(()));
        assert_eq!(check(parts(1_000)), Err(TooComplex::Parts));
        // The parser might see boundaries where this walk does not: the fence counts them all.
        let hidden = format!("Content-Type: multipart/x\r\n\r\n{}", "--\r\n".repeat(20_002));
        assert_eq!(check(hidden), Err(TooComplex::Structure));
    }

    #[test]
    fn header_bombs_are_refused() {
        assert_eq!(check("X: y\r\n".repeat(1_001)), Err(TooComplex::Headers));
        assert_eq!(check(format!("X: {}\r\n\r\n", "y".repeat(256 * 1024))), Err(TooComplex::Headers));
        let params = format!("Content-Type: text/plain{}\r\n\r\n", ";a=b".repeat(101));
        assert_eq!(check(params), Err(TooComplex::Params));
        let folded = format!("Content-Type: text/plain{}\r\n\r\n", ";a=b\r\n ".repeat(101));
        assert_eq!(check(folded), Err(TooComplex::Params));
        let boundary = format!("Content-Type: multipart/mixed; boundary={}\r\n\r\n", "b".repeat(71));
        assert_eq!(check(boundary), Err(TooComplex::Boundary));
    }

    #[test]
    fn an_encoded_embedded_message_is_refused() {
        let raw = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdA==\r\n";
        assert_eq!(check(raw), Err(TooComplex::EncodedMessage));
    }
}
