//! There is enough of everything.

use std::collections::{BTreeMap, BTreeSet};

use crate::mails::{corpus, demand, listed};

const INJECTIONS: usize = 1_500;
const BENIGN: usize = 2_500;
const LANGUAGES: usize = 25;
/// Mails of each label in each language.
const PER_LANGUAGE: usize = 15;
/// Mails in each family, and in each placement of an attack.
const PER_KIND: usize = 10;

#[test]
fn the_corpus_has_as_many_mails_languages_and_kinds_as_promised() {
    let mails = corpus();
    let mut counts: BTreeMap<(&str, bool, &str), usize> = BTreeMap::new();
    for mail in &mails {
        for (field, value) in
            [("language", &mail.lang), ("family", &mail.family), ("placement", &mail.placement)]
        {
            *counts.entry((field, mail.is_injection(), value)).or_default() += 1;
        }
    }
    let injections = mails.iter().filter(|mail| mail.is_injection()).count();
    let languages: BTreeSet<&str> = mails.iter().map(|mail| mail.lang.as_str()).collect();
    let mut faults = Vec::new();
    for (what, is, least) in [
        ("injections", injections, INJECTIONS),
        ("benign mails", mails.len() - injections, BENIGN),
        ("languages", languages.len(), LANGUAGES),
    ] {
        if is < least {
            faults.push(format!("{is} {what}: write at least {}", least - is));
        }
    }
    let kinds = [
        ("language", true, "Languages", PER_LANGUAGE),
        ("language", false, "Languages", PER_LANGUAGE),
        ("family", true, "Families of injections", PER_KIND),
        ("family", false, "Families of benign mail", PER_KIND),
        ("placement", true, "Placements", PER_KIND),
    ];
    for (field, injection, heading, least) in kinds {
        for value in listed(heading) {
            let is = counts.get(&(field, injection, value.as_str())).copied().unwrap_or_default();
            if is < least {
                let label = if injection { "injections" } else { "benign mails" };
                faults.push(format!("{is} {label} of {field} {value}: write at least {}", least - is));
            }
        }
    }
    demand(&faults);
}
