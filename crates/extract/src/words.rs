//! The words that tell what a number is, in the languages that we read.
//!
//! A `*` at the end of a word lets it go on (`kod*` is also `kodu`, `kody`), one at the beginning lets it be the end of
//! a compound (`*code`). Words of scripts that write without spaces, or join prefixes to words, stand anywhere.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

mod labels;
mod topics;

/// What a word says of a number near it, or of its whole mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The number is a sign-in code: "verification code".
    Strong,
    /// The number is a code of some kind: "code", "PIN".
    Weak,
    /// The number is something else: "order", "phone".
    Other,
    /// The number is typed somewhere: "enter".
    Enter,
    /// The sentence speaks of a code that is none now: "no longer works", "for example".
    Dead,
    /// The mail is about signing in or proving who one is.
    Topic,
    /// What is given in it lives for minutes and is a secret.
    Fleeting,
    /// The codes of this mail open doors, parcels, meetings or discounts.
    Elsewhere,
    /// The mail went to many.
    Bulk,
    /// The mail invites to a meeting; its numbers open that.
    Meeting,
}

/// Where a word stands: bytes of the folded text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) class: Class,
}

struct Word {
    class: Class,
    goes_on: bool,
    is_suffix: bool,
}

struct Lexicon {
    finder: AhoCorasick,
    words: Vec<Word>,
}

/// Letters that an inflection may add.
const INFLECTION: usize = 6;

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut words = Vec::new();
    let mut patterns = Vec::new();
    for (class, list) in labels::LISTS.iter().chain(topics::LISTS) {
        for text in list.split('|').map(str::trim).filter(|text| !text.is_empty()) {
            let (is_suffix, text) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
            let (goes_on, text) = text.strip_suffix('*').map_or((false, text), |rest| (true, rest));
            patterns.push(text);
            words.push(Word { class: *class, goes_on, is_suffix });
        }
    }
    let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns);
    Lexicon { finder: finder.expect("the lists are small"), words }
});

/// The words of a folded, lower-case text in order; of two that overlap, the longer one.
pub(crate) fn hits(low: &str) -> Vec<Hit> {
    let lexicon = &*LEXICON;
    let mut all: Vec<Hit> = Vec::new();
    for found in lexicon.finder.find_overlapping_iter(low) {
        let word = &lexicon.words[found.pattern().as_usize()];
        if stands(low, found.start(), found.end(), word) {
            all.push(Hit { start: found.start(), end: found.end(), class: word.class });
        }
    }
    all.sort_by_key(|hit| (hit.start, usize::MAX - hit.end));
    let mut kept: Vec<Hit> = Vec::with_capacity(all.len());
    for hit in all {
        match kept.last_mut() {
            Some(last) if hit.start < last.end && says_of_number(last.class) == says_of_number(hit.class) => {
                // "promo code" is one thing, whichever of its words came first.
                if hit.end - hit.start > last.end - last.start {
                    *last = hit;
                }
            }
            _ => kept.push(hit),
        }
    }
    kept
}

fn says_of_number(class: Class) -> bool {
    matches!(class, Class::Strong | Class::Weak | Class::Other)
}

/// Whether a word stands by itself where it was found.
fn stands(low: &str, start: usize, end: usize, word: &Word) -> bool {
    let first = low[start..].chars().next().unwrap_or(' ');
    let last = low[..end].chars().next_back().unwrap_or(' ');
    let before = low[..start].chars().next_back();
    if spaced(first)
        && !word.is_suffix
        && before.is_some_and(|c| c == '_' || (c.is_alphanumeric() && spaced(c)))
    {
        return false;
    }
    if low[end..].starts_with('_') {
        return false;
    }
    if !spaced(last) {
        return true;
    }
    let letters = low[end..].chars().take_while(|c| c.is_alphanumeric() && spaced(*c)).take(INFLECTION + 1);
    let more = letters.count();
    more == 0 || (word.goes_on && more <= INFLECTION)
}

/// Whether words of this letter's script stand between spaces, with nothing joined before them.
fn spaced(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '\u{c0}'..='\u{52f}' | '\u{900}'..='\u{97f}' | '\u{1e00}'..='\u{1fff}')
}
