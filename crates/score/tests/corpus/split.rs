//! What is for training and what is kept for the test: the rule of `corpus/split.json`, and that it holds together.

use std::collections::{BTreeMap, HashMap};

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
        serde_json::from_str(&read("split.json")).expect("split.json has its three lists")
    }

    /// Whether a mail, with its twin if it has one, is kept from training.
    fn is_test(&self, mail: &Mail, twin: Option<&Mail>) -> bool {
        self.test_sittings.iter().any(|name| name == mail.sitting())
            || self.left_out_languages.contains(&mail.lang)
            || self.left_out_families.contains(&mail.family)
            || twin.is_some_and(|twin| self.left_out_families.contains(&twin.family))
    }
}

#[test]
fn a_third_of_each_authors_sittings_is_kept_for_the_test() {
    let split = Split::read();
    let mut authors: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mails = corpus();
    for mail in &mails {
        let author = match mail.sitting().trim_start_matches('s').parse::<u32>() {
            Ok(..=15) => "s01-s15",
            Ok(..=35) => "s21-s35",
            Ok(..=55) => "s41-s55",
            Ok(..=70) => "s61-s70",
            _ => "s71 and later",
        };
        let (test, all) = authors.entry(author).or_default();
        *all += 1;
        *test += usize::from(split.test_sittings.iter().any(|name| name == mail.sitting()));
    }
    let mut faults = Vec::new();
    for (author, (test, all)) in authors {
        let share = test * 100 / all;
        if !(25..=42).contains(&share) {
            faults.push(format!(
                "split.json: {share} % of {author} is for the test; choose sittings that make a third"
            ));
        }
    }
    demand(&faults);
}

#[test]
fn every_family_and_language_is_in_the_test_and_all_but_the_left_out_ones_in_the_training() {
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
    let mut faults = Vec::new();
    let mut check = |kind: &str, injection: bool, left_out: &[String]| {
        let count = |test| counts.get(&(kind, injection, test)).copied().unwrap_or_default();
        let label = if injection { "injections" } else { "benign mails" };
        let out = left_out.iter().any(|one| one == kind);
        if out && count(false) > 0 {
            faults
                .push(format!("split.json: {kind} is left out, yet {} {label} are trained on", count(false)));
        }
        if !out && count(false) < 4 {
            faults
                .push(format!("split.json: {} {label} of {kind} to train on; free a sitting", count(false)));
        }
    };
    for family in listed("Families of injections") {
        check(&family, true, &split.left_out_families);
    }
    for language in listed("Languages") {
        check(&language, true, &split.left_out_languages);
        check(&language, false, &split.left_out_languages);
    }
    for family in listed("Families of injections") {
        if counts.get(&(family.as_str(), true, true)).copied().unwrap_or_default() < 3 {
            faults.push(format!(
                "split.json: fewer than 3 injections of {family} are tested; choose another sitting"
            ));
        }
    }
    demand(&faults);
}
