//! No single word, and no short turn of phrase, gives a label away.

use std::collections::{BTreeMap, BTreeSet};

use crate::mails::{corpus, demand};
use crate::overlap::is_unspaced;

/// Words in fewer mails say too little to be learnt.
const OFTEN: usize = 40;
/// Turns of three words come less often.
const TURN_OFTEN: usize = 15;
/// The share of injections, in percent, that a frequent word may have. Over the corpus it is about 38.
const SHARE: std::ops::RangeInclusive<usize> = 10..=70;
const TURN_SHARE: std::ops::RangeInclusive<usize> = 4..=80;
/// Words that are the thing itself, or its reader: an attack that speaks of them is more often one.
const THE_THING: [&str; 6] = ["mailbox", "inbox", "assistant", "assistants", "agent", "agents"];

#[test]
fn no_word_gives_a_label_away() {
    demand(&telltales(1, OFTEN, &SHARE));
}

#[test]
fn no_turn_of_phrase_gives_a_label_away() {
    demand(&telltales(3, TURN_OFTEN, &TURN_SHARE));
}

fn telltales(run: usize, often: usize, bounds: &std::ops::RangeInclusive<usize>) -> Vec<String> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for mail in corpus() {
        let mut own = BTreeSet::new();
        for (_, text) in mail.letter().without_grammar().views() {
            let words = words(&text);
            own.extend(words.windows(run).map(|window| window.join(" ")));
        }
        for words in own {
            let (injections, all) = counts.entry(words).or_default();
            *injections += usize::from(mail.is_injection());
            *all += 1;
        }
    }
    counts
        .into_iter()
        .filter(|(word, (_, all))| *all >= often && !THE_THING.contains(&word.as_str()))
        .filter_map(|(word, (injections, all))| {
            let share = injections * 100 / all;
            let label = if share > *bounds.end() { "benign mails" } else { "injections" };
            (!bounds.contains(&share)).then(|| {
                format!("{word:?}: {injections} of the {all} mails that have it are injections; write more {label} with it")
            })
        })
        .collect()
}

/// Words; of scripts without spaces, pairs of characters.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && !('\u{900}'..='\u{d7f}').contains(&c)) {
        let characters: Vec<char> = word.chars().collect();
        if characters.iter().any(|c| is_unspaced(*c)) {
            out.extend(characters.windows(2).map(|pair| pair.iter().collect::<String>()));
        } else if !word.is_empty() {
            out.push(word.to_owned());
        }
    }
    out
}
