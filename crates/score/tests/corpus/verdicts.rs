//! `verdicts.jsonl`, which says of 300 injections where the attack stands and of 100 benign mails what looks like one and
//! is none, speaks of words that are there. Whether the scorer agrees is for another test.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use crate::mails::{Mail, corpus, demand, read};
use crate::payloads::{forms, letters};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    id: String,
    /// How the name of the view begins.
    r#where: String,
    /// Words that a finding must overlap.
    words: Option<String>,
    /// Words of a benign mail that no finding may name.
    not_words: Option<String>,
}

#[test]
fn every_expected_place_is_in_its_mail() {
    let mails = corpus();
    let ids: HashMap<&str, &Mail> = mails.iter().map(|mail| (mail.id.as_str(), mail)).collect();
    let (mut faults, mut injections, mut benign) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for line in read("verdicts.jsonl").lines() {
        let expected: Expected = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let Some(mail) = ids.get(expected.id.as_str()) else {
            faults.push(format!("verdicts.jsonl {}: no such mail; drop the line", expected.id));
            continue;
        };
        let (words, seen) = match (&expected.words, &expected.not_words) {
            (Some(words), None) if mail.is_injection() => (words, &mut injections),
            (None, Some(words)) if !mail.is_injection() => (words, &mut benign),
            _ => {
                faults
                    .push(format!("verdicts.jsonl {}: injections have words, benign not_words", expected.id));
                continue;
            }
        };
        if !seen.insert(expected.id.clone()) {
            faults.push(format!("verdicts.jsonl {}: twice; drop one line", expected.id));
        }
        let there = mail.letter().views().iter().any(|(name, text)| {
            let text = letters(text);
            name.starts_with(&expected.r#where) && forms(words).iter().any(|form| text.contains(form))
        });
        if !there {
            faults
                .push(format!("verdicts.jsonl {}: {words:?} is not in {:?}", expected.id, expected.r#where));
        }
    }
    if injections.len() < 300 || benign.len() < 100 {
        faults.push(format!(
            "verdicts.jsonl: {} injections of 300, {} benign of 100",
            injections.len(),
            benign.len()
        ));
    }
    demand(&faults);
}
