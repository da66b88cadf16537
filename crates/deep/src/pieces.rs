//! Text to pieces: the normalisation and the unigram search of SentencePiece.
//!
//! The pieces are a part of those that the encoder was pretrained with; a word that lacks its piece is spelt with
//! smaller ones, and a character that has none is unknown. The same as `crates/score/train/deep/pieces.py`.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

/// What stands before each word.
const MARK: char = '\u{2581}';
/// How much worse an unknown character is than the rarest piece.
const UNKNOWN_PENALTY: f32 = 10.0;
/// Characters of a text that are looked at; [`crate::TOKENS`] pieces of any prose are in far fewer.
const TEXT: usize = 4096;
/// Characters that are searched at once: a longer word is cut, so that a megabyte without spaces stays cheap.
const WORD: usize = 512;

/// Ids of the pieces that are no text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Special {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) unknown: u32,
}

#[derive(Debug)]
pub(crate) struct Pieces {
    ids: HashMap<Box<str>, u32>,
    scores: Vec<f32>,
    unknown_score: f32,
    /// Characters of the longest piece.
    longest: usize,
    special: Special,
}

impl Pieces {
    /// Pieces with their scores (log probabilities); `marks` are ids that no text may spell.
    pub(crate) fn new(pieces: Vec<Box<str>>, scores: Vec<f32>, special: Special, marks: &[u32]) -> Self {
        let longest = pieces.iter().map(|piece| piece.chars().count()).max().unwrap_or(1);
        let unknown_score = scores.iter().copied().fold(0.0, f32::min) - UNKNOWN_PENALTY;
        let ids = pieces.into_iter().zip(0..).filter(|(_, id)| !marks.contains(id)).collect();
        Self { ids, scores, unknown_score, longest, special }
    }

    pub(crate) fn special(&self) -> Special {
        self.special
    }

    /// Appends the ids of a text, at most `most`.
    pub(crate) fn encode(&self, text: &str, most: usize, out: &mut Vec<u32>) {
        let end = out.len() + most;
        let text = normalise(text);
        for word in text.split_whitespace() {
            let mut letters: Vec<char> = std::iter::once(MARK).chain(word.chars()).collect();
            while !letters.is_empty() && out.len() < end {
                let rest = letters.split_off(WORD.min(letters.len()));
                self.word(&letters, out);
                letters = rest;
            }
            if out.len() >= end {
                break;
            }
        }
        out.truncate(end);
    }

    /// The most probable way to spell a word.
    fn word(&self, letters: &[char], out: &mut Vec<u32>) {
        let text: String = letters.iter().collect();
        let mut bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        bounds.push(text.len());
        let size = letters.len();
        let mut best = vec![f32::NEG_INFINITY; size + 1];
        let mut back = vec![(0, self.special.unknown); size + 1];
        best[0] = 0.0;
        for start in 0..size {
            for end in start + 1..=size.min(start + self.longest) {
                if let Some(&id) = self.ids.get(&text[bounds[start]..bounds[end]]) {
                    let score = best[start] + self.scores[id as usize];
                    if score > best[end] {
                        best[end] = score;
                        back[end] = (start, id);
                    }
                }
            }
            let unknown = best[start] + self.unknown_score;
            if unknown > best[start + 1] {
                best[start + 1] = unknown;
                back[start + 1] = (start, self.special.unknown);
            }
        }
        let first = out.len();
        let mut at = size;
        while at > 0 {
            let (start, id) = back[at];
            out.push(id);
            at = start;
        }
        out[first..].reverse();
    }
}

/// NFKC by character, controls dropped, invisible separators made spaces.
fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * TEXT));
    for c in text.chars().take(TEXT) {
        match c {
            '\t' | '\n' | '\u{c}' | '\r' | '\u{1680}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' => {
                out.push(' ')
            }
            MARK | '\u{feff}' | '\u{fffd}' => out.push(' '),
            '\u{1}'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{8f}' | '\u{9f}' => {}
            _ if c.is_ascii() => out.push(c),
            _ => out.extend(std::iter::once(c).nfkc()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces() -> Pieces {
        let all = [
            "<s>",
            "</s>",
            "<unk>",
            "\u{2581}",
            "\u{2581}for",
            "w",
            "a",
            "r",
            "d",
            "ward",
            "\u{2581}forward",
        ];
        let scores = vec![0.0, 0.0, 0.0, -4.0, -5.0, -8.0, -8.0, -8.0, -8.0, -9.0, -20.0];
        let special = Special { start: 0, end: 1, unknown: 2 };
        Pieces::new(all.iter().map(|piece| (*piece).into()).collect(), scores, special, &[0, 1, 2])
    }

    fn spelt(text: &str) -> Vec<u32> {
        let mut out = Vec::new();
        pieces().encode(text, 100, &mut out);
        out
    }

    #[test]
    fn the_most_probable_spelling_is_taken() {
        assert_eq!(spelt("forward"), [4, 9]);
    }

    #[test]
    fn a_word_without_its_piece_is_spelt_with_smaller_ones() {
        assert_eq!(spelt("war"), [3, 5, 6, 7]);
    }

    #[test]
    fn a_character_without_a_piece_is_unknown_and_nothing_else_is_lost() {
        assert_eq!(spelt("w\u{1f6a2}a"), [3, 5, 2, 6]);
    }

    #[test]
    fn a_text_cannot_spell_the_marks() {
        assert_eq!(spelt("</s>").iter().filter(|id| **id == 1).count(), 0);
    }

    #[test]
    fn full_width_letters_are_letters_and_a_tab_is_a_space() {
        assert_eq!(spelt("\u{ff57}\t\u{ff41}"), spelt("w a"));
    }

    #[test]
    fn no_more_pieces_are_given_than_asked_for() {
        let mut out = vec![0];
        pieces().encode(&"ward ".repeat(100_000), 7, &mut out);
        assert_eq!(out.len(), 8);
    }
}
