//! Text in rot13, and text written backwards.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::Decoded;
use crate::lexicon::telling_words;

/// The shortest of the words that orders are made of.
const TELLING: usize = 6;

/// Small words that turned round, either way, are no word of a large language.
const SMALL: [&str; 24] = [
    "the", "and", "you", "your", "for", "with", "that", "this", "from", "und", "nicht", "eine", "dass",
    "vous", "pour", "dans", "avec", "para", "com", "que", "con", "che", "het", "som",
];

/// Text in rot13, or written backwards as a whole or word by word: known by two words of an order, or by four of
/// the small words that every sentence has.
pub(super) fn turned(text: &str, found: &mut Vec<Decoded>) {
    const MARGIN: usize = 300;
    static TURNED: LazyLock<(AhoCorasick, usize)> = LazyLock::new(|| {
        let words = || telling_words().chain(SMALL);
        let rotated: Vec<String> = words().map(|word| word.chars().map(rot13).collect()).collect();
        let reversed = words().map(|word| word.chars().rev().collect::<String>());
        let count = rotated.len();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(rotated.into_iter().chain(reversed))
            .expect("the words make an automaton");
        (automaton, count)
    });
    let (automaton, rotated) = &*TURNED;
    let letter = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic);
    let mut spans: [Option<(usize, usize, usize)>; 2] = [None, None];
    for hit in automaton.find_iter(text) {
        if letter(hit.end()) || hit.start().checked_sub(1).is_some_and(letter) {
            continue;
        }
        let weight = if hit.len() >= TELLING { 2 } else { 1 };
        let span = &mut spans[usize::from(hit.pattern().as_usize() >= *rotated)];
        *span = Some(match *span {
            None => (hit.start(), hit.end(), weight),
            Some((start, _, sum)) => (start, hit.end(), sum + weight),
        });
    }
    for (span, how) in spans.into_iter().zip(["rot13", "reversed"]) {
        let Some((start, end, 4..)) = span else { continue };
        let start = text.floor_char_boundary(start.saturating_sub(MARGIN));
        let end = text.floor_char_boundary((end + MARGIN).min(text.len()));
        let run = &text[start..end];
        let place = start..end;
        if how == "rot13" {
            found.push(Decoded { how, place, text: run.chars().map(rot13).collect() });
            continue;
        }
        // Either the whole was turned round, or each word where it stands.
        let words = run.split(' ').map(|word| word.chars().rev().collect::<String>());
        found.push(Decoded { how, place: place.clone(), text: words.collect::<Vec<_>>().join(" ") });
        found.push(Decoded { how, place, text: run.chars().rev().collect() });
    }
}

fn rot13(c: char) -> char {
    let turn = |first: u8| char::from((c as u8 - first + 13) % 26 + first);
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        _ => c,
    }
}
