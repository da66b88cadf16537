//! What is remembered of mails so that a text lifted from one is known again, however it is broken up.

use std::collections::HashSet;

use super::links::links;
use super::spelled::spelled;
use crate::outbound::guard::readings;

/// Words in a row that are no accident.
const ROW: usize = 6;
/// The shortest row, in characters.
const SHORTEST_ROW: usize = 28;
/// Letters and digits in a row that are no accident, wherever words begin and end.
const STRETCH: usize = 32;
/// Characters of a word with digits in it that is no accident.
const SHORTEST_FACT: usize = 6;
/// Characters of a code in parts, as in `K7Q-4482-ZTX`, and of a number in groups.
const SHORTEST_CODE: usize = 8;
const SHORTEST_NUMBER: usize = 14;
/// Characters that a code which was taken apart is put together to.
const LONGEST_FACT: usize = 40;
/// Bytes of each mail that are compared.
pub(super) const MOST_TEXT: usize = 256 << 10;

/// Rows of words and words that are no accident.
#[derive(Debug, Default)]
pub(super) struct Texts {
    rows: HashSet<String>,
    /// Hashes of stretches that begin where a word does.
    stretches: HashSet<u64>,
    facts: HashSet<String>,
    pub(super) links: HashSet<String>,
    /// Hosts that links and addresses name.
    pub(super) hosts: HashSet<String>,
    /// Sizes of the files.
    pub(super) sizes: HashSet<u64>,
}

impl Texts {
    pub(super) fn add(&mut self, text: &str) {
        let end = (0..=MOST_TEXT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let text = &text[..end];
        self.links.extend(links(text).map(str::to_owned));
        self.add_hosts(text);
        let words = words(text);
        self.facts.extend(words.iter().filter(|word| is_fact(word)).cloned());
        self.facts.extend(text.split_whitespace().filter_map(code));
        self.facts.extend(numbers(&words));
        self.stretches.extend(stretches(&words, true));
        self.rows.extend(rows(&words));
    }

    /// The names that have a dot in them: whether they stand in a link, in an address or by themselves.
    pub(super) fn add_hosts(&mut self, text: &str) {
        let names = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '-'));
        let names = names.map(|name| name.trim_matches(['.', '-'])).filter(|name| name.contains('.'));
        self.hosts.extend(names.map(str::to_lowercase));
    }
}

/// Whether something in a mail came in another thread and not in its own, in whatever way it is written.
pub(super) fn is_lifted(texts: &[String], own: &Texts, elsewhere: &Texts) -> bool {
    texts.iter().any(|text| {
        let mut ways: Vec<String> = readings(text).collect();
        let more = ways.first().map(|first| spelled(first)).unwrap_or_default();
        ways.extend(more);
        ways.iter().any(|way| says_what(way, own, elsewhere))
    })
}

fn says_what(text: &str, own: &Texts, elsewhere: &Texts) -> bool {
    let words = words(text);
    let is_fact = |one: &str| elsewhere.facts.contains(one) && !own.facts.contains(one);
    rows(&words).any(|row| elsewhere.rows.contains(&row) && !own.rows.contains(&row))
        || stretches(&words, false)
            .iter()
            .any(|one| elsewhere.stretches.contains(one) && !own.stretches.contains(one))
        || put_together(&words, is_fact)
}

/// Whether a word, or some in a row without what stands between them, are wanted. Bounded for each word.
fn put_together(words: &[String], is_wanted: impl Fn(&str) -> bool) -> bool {
    let mut joined = String::new();
    for from in 0..words.len() {
        joined.clear();
        for word in &words[from..] {
            joined.push_str(word);
            if is_wanted(&joined) {
                return true;
            }
            if joined.len() >= LONGEST_FACT {
                break;
            }
        }
    }
    false
}

fn words(text: &str) -> Vec<String> {
    let all = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    all.map(str::to_lowercase).collect()
}

fn rows(words: &[String]) -> impl Iterator<Item = String> {
    words.windows(ROW).map(|row| row.join(" ")).filter(|row| row.len() >= SHORTEST_ROW)
}

/// Rolling hashes of letters and digits in a row: of what is remembered where a word begins and more than [`ROW`] words are
/// touched, of what is compared everywhere. That two differ and are taken for the same holds a mail at worst.
fn stretches(words: &[String], at_words: bool) -> Vec<u64> {
    const BASE: u64 = 0x0000_0100_0000_01b3;
    let letters: Vec<(u64, usize, bool)> = words
        .iter()
        .enumerate()
        .flat_map(|(no, word)| {
            word.chars().enumerate().map(move |(at, c)| (u64::from(u32::from(c)), no, at == 0))
        })
        .collect();
    let oldest = (1..STRETCH).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let (mut hash, mut all) = (0_u64, Vec::new());
    for (at, (letter, word, _)) in letters.iter().enumerate() {
        if let Some(gone) = at.checked_sub(STRETCH) {
            hash = hash.wrapping_sub(letters[gone].0.wrapping_mul(oldest));
        }
        hash = hash.wrapping_mul(BASE).wrapping_add(*letter);
        let Some(from) = (at + 1).checked_sub(STRETCH) else { continue };
        let (_, first, begins) = letters[from];
        if !at_words || begins && word - first >= ROW {
            all.push(hash);
        }
    }
    all
}

/// A number, a code, an identifier.
fn is_fact(word: &str) -> bool {
    word.chars().count() >= SHORTEST_FACT && word.chars().any(|c| c.is_ascii_digit())
}

/// A code in parts, put together: letters and digits, and more of it than a number with a unit, a date or a time.
fn code(chunk: &str) -> Option<String> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    // Addresses and links have rules of their own.
    if chunk.contains(['/', '@']) {
        return None;
    }
    let parts = words(chunk);
    let is_number = |part: &String| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_mixed = |part: &String| {
        let letter = part.find(|c: char| c.is_alphabetic());
        letter.is_some_and(|at| part[at..].contains(|c: char| c.is_ascii_digit()))
    };
    let joined = parts.concat();
    let is_date = parts.iter().any(|part| MONTHS.iter().any(|month| part.starts_with(month)));
    let has_letters = joined.contains(|c: char| c.is_alphabetic());
    let is_code =
        parts.iter().any(is_mixed) || parts.iter().filter(|part| is_number(part)).count() >= 2 && !is_date;
    (parts.len() > 1 && joined.len() >= SHORTEST_CODE && has_letters && is_code).then_some(joined)
}

/// Numbers in groups, put together: of an account, of a card.
fn numbers(words: &[String]) -> impl Iterator<Item = String> {
    let groups = words.split(|word| !word.contains(|c: char| c.is_ascii_digit()));
    groups
        .filter(|group| group.len() >= 3)
        .map(|group| group.concat())
        .filter(|one| (SHORTEST_NUMBER..=LONGEST_FACT).contains(&one.len()))
}
