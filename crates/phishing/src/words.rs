//! The words that press people, by what they do, in many languages: one automaton finds them all in one pass.

mod table;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use unicode_normalization::UnicodeNormalization;

use crate::domain::{is_mixed, twin};

/// What a word does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// "immediately", "within 24 hours", "final notice".
    Haste,
    /// "suspended", "blocked", "legal action".
    Threat,
    /// "account", "password", "card", "mailbox".
    Account,
    /// "confirm", "verify", "update", "log in".
    Verify,
    /// "click", "link", "button", "open".
    Click,
    /// "contact me", "reply with your name".
    Answer,
    /// "won", "winner", "lottery", "reward", "free".
    Prize,
    /// "million", "dollars", "euro", a currency sign.
    Money,
    /// "gift card", "voucher".
    GiftCard,
    /// "inheritance", "beneficiary", "next of kin".
    Fund,
    /// "confidential", "keep this between us".
    Quiet,
    /// "I recorded you", "your webcam", "hacked".
    Recorded,
    /// "bitcoin", "wallet", "seed phrase".
    Coin,
    /// "pay", "purchase", "transfer".
    Pay,
    /// "bank details", "account number".
    Bank,
    /// "changed", "new".
    Change,
    /// "parcel", "delivery".
    Parcel,
    /// "fee", "customs".
    Fee,
    /// "refund", "overpaid".
    Refund,
}

/// One occurrence in a folded text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// Lower case, accents and invisible characters taken off, look-alike letters undone, words a space apart.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        let mixed = !word.is_ascii() && is_mixed(word);
        let letters = word.nfkd().flat_map(char::to_lowercase);
        out.extend(letters.filter(|c| !is_dropped(*c)).map(|c| match c {
            'і' | 'ι' if mixed => 'i',
            _ if mixed && !c.is_ascii() => twin(c),
            _ => plain(c),
        }));
    }
    out
}

/// Every word of the table, in order of where it ends.
pub(crate) fn hits(folded: &str) -> Vec<Hit> {
    let words = &*WORDS;
    let mut out = Vec::new();
    for found in words.automaton.find_overlapping_iter(folded) {
        let (kind, is_whole) = words.kinds[found.pattern().as_usize()];
        let (start, end) = (found.start(), found.end());
        let inside = |at: usize| joins(folded[..at].chars().next_back(), folded[at..].chars().next());
        if inside(start) || (is_whole && inside(end)) {
            continue;
        }
        out.push(Hit { start, end, kind });
    }
    out
}

struct Words {
    automaton: AhoCorasick,
    kinds: Vec<(Kind, bool)>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let (mut phrases, mut kinds) = (Vec::new(), Vec::new());
    for (kind, list) in table::WORDS {
        for written in list.split('|') {
            phrases.push(fold(written.trim_end_matches('$')));
            kinds.push((*kind, written.ends_with('$')));
        }
    }
    let automaton = AhoCorasick::new(&phrases).expect("the table fits an automaton");
    Words { automaton, kinds }
});

/// Builds the automaton, if it was not yet.
pub(crate) fn build() {
    LazyLock::force(&WORDS);
}

/// Whether two neighbours are of one word.
fn joins(before: Option<char>, after: Option<char>) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !has_no_spaces(c));
    letter(before) && letter(after)
}

/// The plain letter of one that decomposition leaves alone.
fn plain(c: char) -> char {
    match c {
        'ı' => 'i',
        'ł' => 'l',
        'ø' => 'o',
        'đ' => 'd',
        other => other,
    }
}

/// Scripts that put no spaces between words, or endings and particles right behind them.
fn has_no_spaces(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1100}'..='\u{11ff}' | '\u{3040}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

fn is_dropped(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_at_their_start_whatever_they_are_disguised_as() {
        let kinds = |text| hits(&fold(text)).iter().map(|hit| hit.kind).collect::<Vec<_>>();
        assert_eq!(kinds("VERIFYING"), [Kind::Verify]);
        assert_eq!(kinds("vеrіfy"), [Kind::Verify], "Cyrillic letters among Latin ones");
        assert_eq!(kinds("ver\u{200b}ify"), [Kind::Verify]);
        assert_eq!(kinds("Bestätigen"), [Kind::Verify]);
        assert!(kinds("请立即验证").contains(&Kind::Verify));
        assert_eq!(kinds("prepaywall"), []);
    }
}
