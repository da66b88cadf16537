//! Cuts what arrives into command lines, within a fixed buffer.
//!
//! Only CRLF ends a command. A line that is too long is dropped up to its CRLF without being kept, so a line costs
//! the same memory however long it is. Knows no commands; message text is `data`'s.

use memchr::memchr;

/// What one line of input was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A command without its CRLF, free of NUL, CR and LF.
    Command(Vec<u8>),
    /// It held NUL or a bare CR, or ended in a bare LF.
    Dirty,
    /// It was longer than the limit and was dropped up to its CRLF.
    Overlong,
}

/// Octets read from the peer and not yet used. Never grows.
pub(crate) struct Lines {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    limit: usize,
    discarding: bool,
}

impl Lines {
    /// Octets held at most, and the piece in which message text streams.
    pub(crate) const BUFFER: usize = 16 * 1024;

    /// Lines of at most `limit` octets with their CRLF; a limit is cut to half the buffer.
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.clamp(16, Self::BUFFER / 2);
        Self { buffer: vec![0; Self::BUFFER].into_boxed_slice(), start: 0, end: 0, limit, discarding: false }
    }

    /// Where the next octets from the peer go; never empty once [`Lines::next`] has answered `None`.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.buffer[self.end..]
    }

    /// Says that `count` octets were put into [`Lines::space`].
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// What was read and not used.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Says that the first `count` unread octets were used elsewhere.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// The next whole line, if there is one.
    pub(crate) fn next(&mut self) -> Option<Line> {
        if self.discarding {
            return self.discard();
        }
        let unread = self.unread();
        let window = &unread[..unread.len().min(self.limit)];
        let Some(end) = memchr(b'\n', window) else {
            // The decision looks at the first `limit` octets alone, so it is the same however they arrive.
            if unread.len() < self.limit {
                return None;
            }
            self.discarding = true;
            return self.discard();
        };
        let line = match window[..end].strip_suffix(b"\r") {
            Some(text) if !text.iter().any(|byte| matches!(byte, 0 | b'\r')) => Line::Command(text.to_vec()),
            _ => Line::Dirty,
        };
        self.consume(end + 1);
        Some(line)
    }

    fn discard(&mut self) -> Option<Line> {
        let unread = self.unread();
        if let Some(at) = memchr::memmem::find(unread, b"\r\n") {
            self.consume(at + 2);
            self.discarding = false;
            return Some(Line::Overlong);
        }
        // A CR at the very end may be the first half of the CRLF.
        let keep = usize::from(unread.last() == Some(&b'\r'));
        self.consume(unread.len() - keep);
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(chunks: &[&[u8]], limit: usize) -> Vec<Line> {
        let mut lines = Lines::new(limit);
        let mut out = Vec::new();
        for chunk in chunks {
            let mut rest = *chunk;
            while !rest.is_empty() {
                let space = lines.space();
                let count = space.len().min(rest.len());
                assert!(count > 0, "the buffer may never be full of an unfinished line");
                space[..count].copy_from_slice(&rest[..count]);
                lines.filled(count);
                rest = &rest[count..];
                out.extend(std::iter::from_fn(|| lines.next()));
            }
        }
        out
    }

    fn command(text: &str) -> Line {
        Line::Command(text.as_bytes().to_vec())
    }

    #[test]
    fn only_crlf_ends_a_command() {
        assert_eq!(cut(&[b"NOOP\r\nQUIT\r\nrest"], 64), [command("NOOP"), command("QUIT")]);
        assert_eq!(cut(&[b"NOOP\nQUIT\r\n"], 64), [Line::Dirty, command("QUIT")]);
        assert_eq!(
            cut(&[b"NO\rOP\r\n", b"NO\0OP\r\n", b"NOOP\r\r\n"], 64),
            [Line::Dirty, Line::Dirty, Line::Dirty]
        );
    }

    #[test]
    fn a_line_of_exactly_the_limit_passes_and_one_more_octet_does_not() {
        let line = |length: usize| [vec![b'a'; length - 2], b"\r\n".to_vec()].concat();
        assert_eq!(cut(&[&line(1024)], 1024).len(), 1);
        assert!(matches!(cut(&[&line(1024)], 1024)[0], Line::Command(_)));
        assert_eq!(cut(&[&line(1025)], 1024), [Line::Overlong]);
    }

    #[test]
    fn an_endless_line_is_dropped_up_to_its_crlf_in_a_fixed_buffer() {
        let mut input = vec![b'x'; 300_000];
        input.extend_from_slice(b"\nMAIL\n.\r\nNOOP\r\n");
        assert_eq!(cut(&[&input], 1024), [Line::Overlong, command("NOOP")]);
    }

    proptest! {
        #[test]
        fn the_lines_are_the_same_however_the_octets_arrive(
            input in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(0), Just(b'a')], 0..200),
            cuts in proptest::collection::vec(0usize..200, 0..8),
        ) {
            let mut at: Vec<usize> = cuts.into_iter().map(|cut| cut.min(input.len())).collect();
            at.extend([0, input.len()]);
            at.sort_unstable();
            let chunks: Vec<&[u8]> = at.windows(2).map(|pair| &input[pair[0]..pair[1]]).collect();
            prop_assert_eq!(cut(&chunks, 16), cut(&[&input], 16));
        }
    }
}
