//! What is for training and what is kept for the test: the rule of `corpus/split.json`, and that it holds together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use crate::mails::{Mail, corpus, demand, listed, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Split {
    test_sittings: Vec<String>,
    left_out_families: Vec<String>,
    left_out_languages: Vec<String>,
}

impl Split {
    fn read() -> Self {
        Self::of("split.json")
    }

    fn of(name: &str) -> Self {
        serde_json::from_str(&read(name)).unwrap_or_else(|error| panic!("{name} has three lists: {error}"))
    }

    /// Whether a mail, with its twin if it has one, is kept from training.
    fn is_test(&self, mail: &Mail, twin: Option<&Mail>) -> bool {
        mail.afterwards
            || self.test_sittings.iter().any(|name| name == mail.sitting())
            || self.left_out_languages.contains(&mail.lang)
            || self.left_out_families.contains(&mail.family)
            || twin.is_some_and(|twin| self.left_out_families.contains(&twin.family))
    }
}

/// The share of an author's mails, in percent, that whole sittings make up for the test: about a third, as near as
/// sittings of unlike length come to it.
const SHARE: std::ops::RangeInclusive<usize> = 15..=45;

#[test]
fn about_a_third_of_each_authors_sittings_is_kept_for_the_test() {
    let split = Split::read();
    let mut authors: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mails = corpus();
    for mail in &mails {
        let author = match mail.sitting().trim_start_matches('s').parse::<u32>() {
            Ok(..=15) => "s01-s15",
            Ok(..=35) => "s21-s35",
            Ok(..=55) => "s41-s55",
            Ok(..=70) => "s61-s70",
            Ok(..=99) => "s71-s99",
            _ => "s101 and later",
        };
        let (test, all) = authors.entry(author).or_default();
        *all += 1;
        let is_kept = mail.afterwards || split.test_sittings.iter().any(|name| name == mail.sitting());
        *test += usize::from(is_kept);
    }
    let mut faults = Vec::new();
    for (author, (test, all)) in authors {
        let share = test * 100 / all;
        if !SHARE.contains(&share) {
            faults.push(format!(
                "split.json: {share} % of {author} is for the test; choose sittings that make a third"
            ));
        }
    }
    demand(&faults);
}

#[test]
fn all_that_was_written_afterwards_is_for_the_test() {
    let split = Split::of("afterwards/split.json");
    let sittings: BTreeSet<String> =
        corpus().iter().filter(|mail| mail.afterwards).map(|mail| mail.sitting().to_owned()).collect();
    assert_eq!(split.test_sittings.into_iter().collect::<BTreeSet<String>>(), sittings);
}

#[test]
fn what_is_left_out_is_never_trained_on_and_every_other_family_is() {
    let split = Split::read();
    let mails = corpus();
    let ids: HashMap<&str, &Mail> = mails.iter().map(|mail| (mail.id.as_str(), mail)).collect();
    let mut counts: HashMap<(&str, bool, bool), usize> = HashMap::new();
    for mail in &mails {
        let twin = mail.twin.as_deref().and_then(|id| ids.get(id).copied());
        let test = split.is_test(mail, twin);
        *counts.entry((&mail.lang, mail.is_injection(), test)).or_default() += 1;
        *counts.entry((&mail.family, mail.is_injection(), test)).or_default() += 1;
    }
    let count =
        |kind: &str, injection, test| counts.get(&(kind, injection, test)).copied().unwrap_or_default();
    let mut faults = Vec::new();
    for kind in split.left_out_families.iter().chain(&split.left_out_languages) {
        let trained = count(kind, true, false) + count(kind, false, false);
        if trained > 0 {
            faults.push(format!(
                "split.json: {kind} is left out, yet {trained} mails of it are trained on; mend the rule"
            ));
        }
    }
    for family in listed("Families of injections") {
        if !split.left_out_families.contains(&family) && count(&family, true, false) < 4 {
            faults.push(format!("split.json: too few injections of {family} to train on; free a sitting"));
        }
        if count(&family, true, true) < 3 {
            faults.push(format!(
                "split.json: fewer than 3 injections of {family} are tested; take another sitting"
            ));
        }
    }
    // A language may stand in tested sittings alone; then it is one more that was never seen.
    for language in listed("Languages") {
        if count(&language, true, true) < 3 || count(&language, false, true) < 3 {
            faults.push(format!(
                "split.json: fewer than 3 mails of a label in {language} are tested; take another sitting"
            ));
        }
    }
    demand(&faults);
}
