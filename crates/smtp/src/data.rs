//! Reads message text up to its end: dots unstuffed, line ends made CRLF, smuggling found.
//!
//! Only `<CRLF>.<CRLF>` ends a message. Whatever another server might take for the end (a lone dot beside a bare
//! LF, any bare CR, NUL) does not end it here and spoils it: the text is read on to its true end, so that nothing
//! behind a false one is ever executed as commands, and is then refused. Holds what it was fed and no more; how much
//! that may be is the caller's to say.

use memchr::memchr3;

/// Characters of a text line without its CRLF (RFC 5321 4.5.3.1.6).
const LINE_LIMIT: usize = 998;

/// Message text as it comes in.
#[derive(Debug)]
pub(crate) struct Text {
    state: State,
    content: Vec<u8>,
    limit: usize,
    line: usize,
    keep: bool,
    flaws: Flaws,
}

/// What was odd about a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flaws {
    /// A bare CR, a NUL, or a lone dot beside a bare LF.
    pub(crate) smuggling: bool,
    /// More than the limit.
    pub(crate) too_large: bool,
    /// A bare LF that was made CRLF.
    pub(crate) bare_lf: bool,
    /// A line beyond 998 characters.
    pub(crate) long_line: bool,
}

/// What the octets so far end in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Crlf,
    CrlfDot,
    CrlfDotCr,
    /// A line end that was a bare LF. RFC 5321 4.5.2 stuffs dots after CRLF only, so none is removed here.
    Lf,
    LfDot,
    LfDotCr,
    Inside,
    Cr,
    Ended,
}

impl Text {
    /// Text of at most `limit` octets. The CRLF of the DATA command counts as the line end before it.
    pub(crate) fn new(limit: u64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self { state: State::Crlf, content: Vec::new(), limit, line: 0, keep: true, flaws: Flaws::default() }
    }

    /// Reads on; answers how many octets belonged to the text. Fewer than given means that it ended there.
    pub(crate) fn feed(&mut self, input: &[u8]) -> usize {
        let mut at = 0;
        while at < input.len() && self.state != State::Ended {
            if self.state == State::Inside {
                let run = memchr3(b'\r', b'\n', 0, &input[at..]).unwrap_or(input.len() - at);
                self.write(&input[at..at + run]);
                at += run;
                if at == input.len() {
                    break;
                }
            }
            self.state = self.step(input[at]);
            at += 1;
        }
        at
    }

    /// Whether the end was seen.
    pub(crate) fn ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Octets of memory held.
    pub(crate) fn held(&self) -> usize {
        self.content.capacity()
    }

    /// Frees what was collected and keeps no more; the end is still looked for.
    pub(crate) fn abandon(&mut self) {
        self.keep = false;
        self.content = Vec::new();
    }

    /// The text, and what was odd about it. Empty if it was abandoned.
    pub(crate) fn finish(self) -> (Vec<u8>, Flaws) {
        (self.content, self.flaws)
    }

    fn step(&mut self, byte: u8) -> State {
        match (self.state, byte) {
            (State::Ended, _) => State::Ended,
            (State::Crlf, b'.') => State::CrlfDot,
            (State::Lf, b'.') => State::LfDot,
            (State::CrlfDot, b'\r') => State::CrlfDotCr,
            (State::LfDot, b'\r') => State::LfDotCr,
            (State::CrlfDotCr, b'\n') => State::Ended,
            (State::LfDotCr, b'\n') => {
                self.spoil();
                State::Crlf
            }
            (State::CrlfDot | State::LfDot, b'\n') => {
                self.spoil();
                State::Lf
            }
            (State::Cr, b'\n') => {
                self.end_line();
                State::Crlf
            }
            // From here on a CR that waited for its LF was a bare one.
            (State::Cr | State::CrlfDotCr | State::LfDotCr, b'\r') => {
                self.spoil();
                State::Cr
            }
            (State::Cr | State::CrlfDotCr | State::LfDotCr, _) => {
                self.spoil();
                self.inside(byte)
            }
            (State::LfDot, _) => {
                self.write(b".");
                self.inside(byte)
            }
            // RFC 5321 4.5.2: one leading dot is removed; here by never having been written.
            (State::CrlfDot | State::Crlf | State::Lf | State::Inside, _) => self.inside(byte),
        }
    }

    fn inside(&mut self, byte: u8) -> State {
        match byte {
            b'\r' => State::Cr,
            b'\n' => {
                self.flaws.bare_lf = true;
                self.end_line();
                State::Lf
            }
            0 => {
                self.spoil();
                State::Inside
            }
            _ => {
                self.write(&[byte]);
                State::Inside
            }
        }
    }

    fn end_line(&mut self) {
        self.write(b"\r\n");
        self.line = 0;
    }

    fn write(&mut self, octets: &[u8]) {
        if octets != b"\r\n" {
            self.line = self.line.saturating_add(octets.len());
            self.flaws.long_line |= self.line > LINE_LIMIT;
        }
        if !self.keep {
            return;
        }
        if self.content.len() + octets.len() > self.limit {
            self.flaws.too_large = true;
            self.abandon();
        } else {
            self.content.extend_from_slice(octets);
        }
    }

    fn spoil(&mut self) {
        self.flaws.smuggling = true;
        self.abandon();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text, its flaws, and what stood behind it; `None` if it did not end.
    fn read(input: &[u8]) -> Option<(Vec<u8>, Flaws, Vec<u8>)> {
        read_limited(input, 1 << 20)
    }

    fn read_limited(input: &[u8], limit: u64) -> Option<(Vec<u8>, Flaws, Vec<u8>)> {
        let mut text = Text::new(limit);
        let used = text.feed(input);
        let ended = text.ended();
        let (content, flaws) = text.finish();
        ended.then(|| (content, flaws, input[used..].to_vec()))
    }

    #[test]
    fn a_message_ends_at_the_first_lone_dot_between_crlfs() {
        let (content, flaws, behind) = read(b"Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n").expect("it ends");
        assert_eq!(content, b"Subject: x\r\n\r\nhello\r\n");
        assert_eq!((flaws, behind.as_slice()), (Flaws::default(), &b"QUIT\r\n"[..]));
    }

    #[test]
    fn an_empty_message_is_a_message() {
        assert_eq!(read(b".\r\n"), Some((vec![], Flaws::default(), vec![])));
    }

    #[test]
    fn a_stuffed_dot_loses_one_dot_on_any_line_the_first_too() {
        assert_eq!(read(b"..a\r\n...\r\n..\r\n.b\r\n.\r\n").expect("it ends").0, b".a\r\n..\r\n.\r\nb\r\n");
    }

    #[test]
    fn every_false_end_is_read_through_and_spoils_the_message() {
        let ends: [&[u8]; 9] = [
            b"\n.\n",
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r.\r\n",
            b"\r\n.\r",
            b"\n.\r",
            b"\r\n\0.\r\n",
            b"\r\n.\r\r\n",
        ];
        for end in ends {
            let input = [b"a", end, b"MAIL FROM:<x@y.test>\r\n.\r\nNOOP\r\n"].concat();
            let (content, flaws, behind) = read(&input).expect("the true end is found");
            assert!(flaws.smuggling, "{end:?}");
            assert!(content.is_empty(), "{end:?}");
            assert_eq!(behind, b"NOOP\r\n", "{end:?}");
        }
    }

    #[test]
    fn other_bare_line_feeds_become_crlf_and_are_flagged() {
        let (content, flaws, _) = read(b"a\nb\n\n.c\r\n.\r\n").expect("it ends");
        assert_eq!(content, b"a\r\nb\r\n\r\n.c\r\n");
        assert_eq!(flaws, Flaws { bare_lf: true, ..Flaws::default() });
    }

    #[test]
    fn a_line_of_998_characters_is_ordinary_and_of_999_is_long() {
        let text = |length| [vec![b'x'; length], b"\r\n.\r\n".to_vec()].concat();
        assert!(!read(&text(998)).expect("it ends").1.long_line);
        assert!(read(&text(999)).expect("it ends").1.long_line);
    }

    #[test]
    fn a_message_beyond_the_limit_is_read_to_its_end_and_not_kept() {
        assert!(!read_limited(b"12345678\r\n.\r\n", 10).expect("it ends").1.too_large);
        let (content, flaws, behind) = read_limited(b"123456789\r\n.\r\nQUIT\r\n", 10).expect("it ends");
        assert!(flaws.too_large && content.is_empty());
        assert_eq!(behind, b"QUIT\r\n");
    }

    fn octets() -> impl Strategy<Value = Vec<u8>> {
        let byte =
            prop_oneof![4 => Just(b'\r'), 4 => Just(b'\n'), 4 => Just(b'.'), 1 => Just(0), 2 => any::<u8>()];
        proptest::collection::vec(byte, 0..120)
    }

    proptest! {
        #[test]
        fn the_text_is_the_same_however_the_octets_arrive(input in octets(), cuts in proptest::collection::vec(0usize..120, 0..6)) {
            let mut at: Vec<usize> = cuts.into_iter().map(|cut| cut.min(input.len())).collect();
            at.extend([0, input.len()]);
            at.sort_unstable();
            let mut text = Text::new(64);
            let used: usize = at.windows(2).map(|pair| text.feed(&input[pair[0]..pair[1]])).sum();
            let mut whole = Text::new(64);
            prop_assert_eq!(used, whole.feed(&input));
            prop_assert_eq!(text.ended(), whole.ended());
            prop_assert_eq!(text.finish(), whole.finish());
        }

        #[test]
        fn a_message_ends_exactly_at_the_first_lone_dot(input in octets()) {
            let framed = [b"\r\n", input.as_slice()].concat();
            let expected = memchr::memmem::find(&framed, b"\r\n.\r\n").map(|at| at + 3);
            let mut text = Text::new(1 << 20);
            let used = text.feed(&input);
            prop_assert_eq!(text.ended().then_some(used), expected);
        }

        #[test]
        fn what_is_kept_has_no_bare_cr_no_bare_lf_and_no_nul(input in octets()) {
            let mut text = Text::new(1 << 20);
            text.feed(&input);
            let (content, _) = text.finish();
            let without = String::from_utf8_lossy(&content).replace("\r\n", "");
            prop_assert!(!without.contains(['\r', '\n', '\0']));
        }

        #[test]
        fn a_clean_message_comes_back_as_it_was_before_stuffing(lines in proptest::collection::vec("[.a-z ]{0,12}", 0..12)) {
            let plain: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let stuffed: String =
                lines.iter().map(|line| format!("{}{line}\r\n", if line.starts_with('.') { "." } else { "" })).collect();
            let (content, flaws, _) = read(format!("{stuffed}.\r\n").as_bytes()).expect("it ends");
            prop_assert_eq!(content, plain.into_bytes());
            prop_assert_eq!(flaws, Flaws::default());
        }
    }
}
