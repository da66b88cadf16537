//! Right for the right reason: where the verdict on an injection of the corpus is medium or high, what it names stands
//! where the attack does. `corpus/verdicts.jsonl` says where that is; it was written without a look at any verdict.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use mailward_mail::parsed::{Parsed, parse};
use mailward_mail::prescan::Bounds;
use mailward_mailroom::{judge_texts, sample};
use mailward_score::{Finding, Policy, Sample, Verdict};
use mailward_score_eval::rows::{self, Row};
use serde_json::Value;

/// The findings that a reviewer looks at.
const TOP: usize = 3;

#[test]
fn what_is_raised_is_raised_by_the_words_of_the_attack() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/score/corpus");
    let mails: HashMap<String, Row> =
        rows::own(&corpus).expect("the corpus").into_iter().map(|row| (row.id.clone(), row)).collect();
    let list = std::fs::read_to_string(corpus.join("verdicts.jsonl")).expect("the list");
    let (mut injections, mut raised, mut wrong) = (0, 0, Vec::new());
    for line in list.lines() {
        let expected: Value = serde_json::from_str(line).expect("JSON");
        let Some(words) = expected["words"].as_str() else { continue };
        let (id, place) = (text(&expected["id"]), text(&expected["where"]));
        injections += 1;
        let (verdict, source) = judged(&mails[id]);
        if verdict.score < 50 {
            continue;
        }
        raised += 1;
        let at = |finding: &Finding| stands(finding, place, words, &source);
        if !verdict.findings.iter().take(TOP).any(at) {
            wrong.push(format!("{id}: {words:?} in {place}, not {:?}", verdict.findings.first()));
        }
    }
    assert!(injections >= 300, "{injections}");
    assert!(raised * 2 >= injections, "{raised} of {injections} are raised at all");
    assert!(wrong.len() * 20 <= raised, "{} of {raised}:\n{}", wrong.len(), wrong.join("\n"));
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A mail's texts, by what findings call them.
type Source = Vec<(&'static str, String)>;

fn judged(row: &Row) -> (Verdict, Source) {
    let parsed = match row.eml.is_empty() {
        true => Parsed {
            subject: row.subject.clone(),
            text: row.text.clone(),
            html: row.html.clone(),
            ..Parsed::default()
        },
        false => parse(row.eml.as_bytes(), &Bounds::default()).expect("within bounds"),
    };
    let mut whole: Sample<'_> = sample(&parsed);
    if row.eml.is_empty() {
        (whole.from_name, whole.from_address) = row.author();
    }
    let verdict = judge_texts(&whole, &Policy::default());
    let source = vec![("subject", parsed.subject), ("text", parsed.text), ("html", parsed.html)];
    (verdict, source)
}

/// Whether a finding is on the attack: its place holds words of it, or it stands in the very view that hides it.
fn stands(finding: &Finding, place: &str, words: &str, source: &Source) -> bool {
    let mut shown = vec![finding.excerpt.as_str()];
    // Which of the texts a view was made of is not said; the place holds the words in no other.
    shown.extend(source.iter().filter_map(|(_, text)| text.get(finding.start..finding.end)));
    let wanted = pieces(words);
    let shares = |text: &&str| pieces(text).intersection(&wanted).count() * 3 >= wanted.len();
    let hides = !matches!(place, "text" | "html") && finding.view.starts_with(place);
    hides || shown.iter().any(shares)
}

/// Runs of four letters or digits, lower case: words of every script.
fn pieces(text: &str) -> HashSet<String> {
    let letters: Vec<char> = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    letters.windows(4).map(|run| run.iter().collect()).collect()
}
