//! How much of a model's context a result may fill, and where a text that does not fit is cut.

use serde::Serialize;

/// Tokens of a result when nothing is said.
pub(crate) const DEFAULT: u32 = 4_000;
/// Tokens that a caller may ask for at least.
pub(crate) const LEAST: u32 = 200;
/// Tokens that a caller may ask for at most: about 32 KiB.
pub(crate) const MOST: u32 = 10_900;
/// Bytes that count as a token. English has more to a token; scripts with several bytes a character, and strings of
/// random characters, have about so many.
const BYTES: usize = 3;

/// What is left of a caller's budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    bytes: usize,
}

impl Budget {
    /// A budget of so many tokens.
    pub(crate) fn tokens(tokens: u32) -> Self {
        Self { bytes: tokens as usize * BYTES }
    }

    /// Bytes that are left.
    pub(crate) fn left(self) -> usize {
        self.bytes
    }

    /// Takes so many bytes, if they are left.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.bytes;
        if fits {
            self.bytes -= bytes;
        }
        fits
    }

    /// What a value takes as JSON.
    pub(crate) fn take_json(&mut self, value: &impl Serialize) -> bool {
        self.take(serde_json::to_string(value).map_or(usize::MAX, |text| text.len()))
    }
}

/// The piece of a text from a place on, at most so many bytes of it, and the place where the next piece begins. It ends
/// with a line or a word where there is one in its last half. `None`: there is no such place.
pub(crate) fn piece(text: &str, from: usize, most: usize) -> Option<(&str, Option<usize>)> {
    let rest = text.get(from..)?;
    if rest.len() <= most {
        return Some((rest, None));
    }
    // One character at least, or a caller would be sent to the same place for ever.
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let hard = (0..=most.max(first)).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(first);
    let cut = |end: char| rest[..hard].rfind(end).map(|at| at + end.len_utf8()).filter(|at| *at > hard / 2);
    let end = cut('\n').or_else(|| cut(' ')).unwrap_or(hard);
    Some((&rest[..end], Some(from + end)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_piece_ends_with_a_line_or_a_word() {
        assert_eq!(piece("one\ntwo\nthree", 0, 9), Some(("one\ntwo\n", Some(8))));
        assert_eq!(piece("one two three", 0, 9), Some(("one two ", Some(8))));
        assert_eq!(piece("abcdefghij", 0, 4), Some(("abcd", Some(4))));
        assert_eq!(piece("short", 0, 9), Some(("short", None)));
        assert_eq!(piece("short", 5, 9), Some(("", None)));
        assert_eq!(piece("short", 6, 9), None);
        assert_eq!(piece("é", 1, 9), None, "within a character is no place");
    }

    proptest! {
        #[test]
        fn pieces_put_together_are_the_text(text in "\\PC{0,300}", most in 0usize..40) {
            let (mut whole, mut from) = (String::new(), 0);
            loop {
                let (part, next) = piece(&text, from, most).expect("a place");
                prop_assert!(part.len() <= most.max(4));
                whole.push_str(part);
                match next {
                    Some(next) => { prop_assert!(next > from); from = next; }
                    None => break,
                }
            }
            prop_assert_eq!(whole, text);
        }
    }
}
