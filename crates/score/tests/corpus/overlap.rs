//! No wording comes twice: a model that learns a sentence by heart gains nothing.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::mails::{Mail, corpus, demand};

/// Words in a row that two mails never share.
const WORDS: usize = 8;
/// Words in a row that an injection and its twin never share. They tell of the same business, so a name, a number and
/// a subject line may run on for more than [`WORDS`]; from here on one would be the other with a sentence cut out, and the
/// sentence's absence all there is to learn.
const TWIN_WORDS: usize = 12;
/// Characters in a row, for scripts that put no spaces between words: about as much said as with [`WORDS`].
const CHARACTERS: usize = 20;
/// The same for twins.
const TWIN_CHARACTERS: usize = 36;

#[test]
fn no_two_mails_share_a_run_of_words() {
    demand(&repeats(WORDS, words, |mail, other| !are_twins(mail, other)));
}

#[test]
fn twins_are_worded_apart() {
    demand(&repeats(TWIN_WORDS, words, are_twins));
}

#[test]
fn no_two_mails_share_a_run_of_characters_in_scripts_without_spaces() {
    demand(&repeats(CHARACTERS, unspaced, |mail, other| !are_twins(mail, other)));
    demand(&repeats(TWIN_CHARACTERS, unspaced, are_twins));
}

fn are_twins(mail: &Mail, other: &Mail) -> bool {
    let root = |mail: &Mail| mail.twin.clone().unwrap_or_else(|| mail.id.clone());
    root(mail) == root(other)
}

fn repeats(run: usize, units: fn(&str) -> Vec<String>, concerns: fn(&Mail, &Mail) -> bool) -> Vec<String> {
    let mails = corpus();
    let texts: Vec<Vec<Vec<String>>> = mails
        .iter()
        .map(|mail| mail.letter().without_grammar().views().iter().map(|(_, text)| units(text)).collect())
        .collect();
    let mut seen: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut found: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for (index, views) in texts.iter().enumerate() {
        for window in views.iter().flat_map(|view| view.windows(run)) {
            let mut hasher = DefaultHasher::new();
            window.hash(&mut hasher);
            let before = seen.entry(hasher.finish()).or_default();
            for &other in before.iter().filter(|other| **other != index) {
                if concerns(&mails[index], &mails[other]) {
                    found.entry((other, index)).or_insert_with(|| window.join(" "));
                }
            }
            if before.last() != Some(&index) {
                before.push(index);
            }
        }
    }
    found
        .into_iter()
        .map(|((one, two), words)| {
            format!("{} and {} share {words:?}; reword one of them", mails[one].place(), mails[two].place())
        })
        .collect()
}

/// Words, without tags (conditional comments are full of them) and without the numbers that characters are escaped as.
fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        plain.push_str(before);
        let inside = tag
            .split_once('>')
            .filter(|(tag, _)| tag.starts_with(|c: char| c.is_alphabetic() || "/!".contains(c)));
        rest = inside.map_or(tag, |(_, after)| after);
        plain.push(' ');
    }
    plain.push_str(rest);
    plain
        .split(|c: char| !c.is_alphanumeric() && !is_mark(c))
        .filter(|word| !word.is_empty() && !is_escape(word))
        .map(str::to_owned)
        .collect()
}

/// What is left of `\u0641` when its backslash is gone.
fn is_escape(word: &str) -> bool {
    word.strip_prefix('u')
        .is_some_and(|rest| rest.len() == 4 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Vowel signs of Indic scripts stand inside words without being letters.
fn is_mark(c: char) -> bool {
    ('\u{900}'..='\u{d7f}').contains(&c)
}

fn unspaced(text: &str) -> Vec<String> {
    text.chars().filter(|c| is_unspaced(*c)).map(String::from).collect()
}

pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}
