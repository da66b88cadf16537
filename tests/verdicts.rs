//! The verdicts on the mails of `fixtures/demo` and `fixtures/paraphrases`: from bytes through the parser to the
//! scorer, as a message goes when it comes in. Not about storing, holding or serving it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mailward_mail::parsed::parse;
use mailward_mail::prescan::Bounds;
use mailward_mailroom::{judge_texts, sample};
use mailward_score::{Level, Policy, Verdict};
use serde_json::Value;

#[test]
fn each_mail_of_the_demonstration_has_the_level_it_should() {
    for mail in manifest() {
        let verdict = judge(&demo(&mail));
        assert_eq!(verdict.level.as_str(), mail["level"], "{}: {verdict:#?}", mail["file"]);
    }
}

#[test]
fn each_injection_of_the_demonstration_is_found_for_the_right_reason() {
    let mut injections = 0;
    for mail in manifest().iter().filter(|mail| mail["level"] == "high") {
        injections += 1;
        let verdict = judge(&demo(mail));
        // Evidence is what would be at least medium alone, in the view where the payload is.
        let views = strings(&mail["views"]);
        for view in &views {
            assert!(
                evidence(&verdict).any(|(_, at)| at.starts_with(view.as_str())),
                "nothing in {view}: {mail} {verdict:#?}"
            );
        }
        let families: BTreeSet<&str> = evidence(&verdict)
            .filter(|(_, at)| views.iter().any(|view| at.starts_with(view.as_str())))
            .map(|(rule, _)| rule.split('.').next().unwrap_or(rule))
            .collect();
        for reason in strings(&mail["reasons"]) {
            assert!(families.contains(reason.as_str()), "no {reason} in {views:?}: {mail} {verdict:#?}");
        }
    }
    assert_eq!(injections, 11);
}

#[test]
fn harmless_mails_of_the_demonstration_have_no_strong_finding() {
    for mail in manifest().iter().filter(|mail| mail["level"] == "low") {
        let verdict = judge(&demo(mail));
        assert!(evidence(&verdict).next().is_none(), "{}: {verdict:#?}", mail["file"]);
    }
}

#[test]
fn another_wording_of_each_injection_is_found_as_well() {
    let paraphrases = paraphrases(|name| !name.ends_with(".twin.eml"));
    assert_eq!(paraphrases.len(), 11);
    for path in paraphrases {
        let verdict = judge(&path);
        assert_eq!(verdict.level, Level::High, "{}: {verdict:#?}", path.display());
    }
}

#[test]
fn the_harmless_twin_of_each_injection_is_not_taken_for_one() {
    let twins = paraphrases(|name| name.ends_with(".twin.eml"));
    assert_eq!(twins.len(), 11);
    let mut doubtful = Vec::new();
    for path in twins {
        let verdict = judge(&path);
        assert_ne!(verdict.level, Level::High, "{}: {verdict:#?}", path.display());
        if verdict.level != Level::Low {
            doubtful.push(format!("{}: {verdict:#?}", path.display()));
        }
    }
    // As near to an injection as these are, a doubt about one is no fault; about two it is.
    assert!(doubtful.len() <= 1, "{}", doubtful.join("\n"));
}

fn judge(path: &Path) -> Verdict {
    let raw = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parsed = parse(&raw, &Bounds::default()).expect("the mail is within the bounds");
    judge_texts(&sample(&parsed), &Policy::default())
}

/// Rule and view of each finding that would be at least medium alone.
fn evidence(verdict: &Verdict) -> impl Iterator<Item = (&str, &str)> {
    let strong = verdict.findings.iter().filter(|finding| finding.weight >= 50);
    // A decoded view is named after how it was decoded and where: `decoded:base64 in text`.
    strong.map(|finding| (finding.rule.as_str(), finding.view.as_str()))
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn manifest() -> Vec<Value> {
    let text = fs::read_to_string(fixtures().join("demo/manifest.json")).expect("the manifest is there");
    serde_json::from_str(&text).expect("the manifest is a list")
}

fn demo(mail: &Value) -> PathBuf {
    fixtures().join("demo").join(mail["file"].as_str().expect("each mail has a file"))
}

fn strings(list: &Value) -> Vec<String> {
    serde_json::from_value(list.clone()).expect("a list of strings")
}

fn paraphrases(wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let folder = fs::read_dir(fixtures().join("paraphrases")).expect("the folder is there");
    let mut paths: Vec<PathBuf> = folder
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".eml") && wanted(&name)
        })
        .collect();
    paths.sort();
    paths
}
