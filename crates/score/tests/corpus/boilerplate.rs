//! The labels are not told apart by anything but what the mails say: sender, length, markup, links, greeting, layout.
//!
//! A classifier is trained on those alone, without a sitting, and asked about that sitting.

use std::collections::{BTreeMap, BTreeSet};

use crate::mails::{Mail, corpus};
use crate::regression::{area, sum, train};

/// 0.5 is chance. What is above says how much a model could gain without reading.
const BOUND: f64 = 0.62;
/// The sittings are left out in so many groups.
const FOLDS: usize = 8;

#[test]
fn the_labels_are_not_told_apart_by_boilerplate() {
    let mails = corpus();
    let named: Vec<Vec<String>> = mails.iter().map(boilerplate).collect();
    let names: BTreeSet<&str> = named.iter().flatten().map(String::as_str).collect();
    let numbers: BTreeMap<&str, usize> = names.iter().enumerate().map(|(n, name)| (*name, n)).collect();
    let rows: Vec<Vec<usize>> =
        named.iter().map(|row| row.iter().map(|name| numbers[name.as_str()]).collect()).collect();
    let sittings: BTreeSet<&str> = mails.iter().map(Mail::sitting).collect();
    let folds: BTreeMap<&str, usize> =
        sittings.iter().enumerate().map(|(n, sitting)| (*sitting, n % FOLDS)).collect();
    let mut scored = Vec::new();
    for fold in 0..FOLDS {
        let part = |left_out: bool| -> Vec<(&[usize], bool)> {
            let chosen =
                mails.iter().zip(&rows).filter(|(mail, _)| (folds[mail.sitting()] == fold) == left_out);
            chosen.map(|(mail, row)| (row.as_slice(), mail.is_injection())).collect()
        };
        let weights = train(&part(false), names.len());
        scored.extend(part(true).iter().map(|(row, injection)| (sum(&weights, row), *injection)));
    }
    let auc = area(scored);
    let all: Vec<(&[usize], bool)> =
        rows.iter().zip(&mails).map(|(row, mail)| (row.as_slice(), mail.is_injection())).collect();
    let weights = train(&all, names.len());
    let mut telling: Vec<(f64, &str)> = names.iter().map(|name| (weights[numbers[name]], *name)).collect();
    telling.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    telling.truncate(12);
    println!("AUC by boilerplate {auc:.3}; most telling (plus: injection): {telling:.2?}");
    assert!(
        auc < BOUND,
        "AUC {auc:.3} by boilerplate alone; write mails of the other label with these habits: {telling:.2?}"
    );
}

/// The mail's habits by name. Nothing of what it says.
fn boilerplate(mail: &Mail) -> Vec<String> {
    let letter = mail.letter();
    let body = letter.body();
    let (local, domain) = letter.from_address.split_once('@').unwrap_or_default();
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let first = lines.first().copied().unwrap_or_default();
    let last = lines.last().copied().unwrap_or_default();
    let count = |wanted: fn(char) -> bool| body.chars().filter(|c| wanted(*c)).count();
    let spans = body.chars().count();
    let links = body.matches("://").count()
        + body.matches('@').count()
        + body.matches(".example").count()
        + letter.html.matches("href").count();
    let yes = |is: bool| usize::from(is);
    let numbers = [
        ("length", bucket(spans)),
        ("paragraphs", bucket(body.split("\n\n").filter(|part| !part.trim().is_empty()).count())),
        ("lines", bucket(lines.len())),
        ("links", links.min(4)),
        ("digits", bucket(count(|c| c.is_ascii_digit()))),
        ("capitals", bucket(count(char::is_uppercase))),
        ("exclamations", count(|c| matches!(c, '!' | '！' | '¡')).min(3)),
        ("questions", count(|c| matches!(c, '?' | '？' | '؟')).min(3)),
        ("semicolons", count(|c| matches!(c, ';' | '；')).min(3)),
        ("colons", count(|c| c == ':').min(3)),
        ("brackets", count(|c| c == '(').min(2)),
        ("subject", bucket(letter.subject.chars().count())),
        ("subject is an answer", yes(letter.subject.contains(':'))),
        ("subject has digits", yes(letter.subject.contains(|c: char| c.is_ascii_digit()))),
        ("name", bucket(letter.from_name.chars().count())),
        ("name words", letter.from_name.split_whitespace().count().min(5)),
        ("local part", bucket(local.len())),
        ("local part has a dot", yes(local.contains('.'))),
        ("domain", bucket(domain.len())),
        ("domain labels", domain.split('.').count().min(4)),
        ("domain has a hyphen", yes(domain.contains('-'))),
        ("html", yes(!letter.html.is_empty())),
        ("both", yes(!letter.html.is_empty() && !letter.text.is_empty())),
        ("tags", bucket(letter.html.matches('<').count())),
        ("styles", bucket(letter.html.matches("style=").count())),
        ("tables", letter.html.matches("<table").count().min(3)),
        ("images", letter.html.matches("<img").count().min(3)),
        ("comments", letter.html.matches("<!--").count().min(2)),
        ("whole", yes(mail.eml.is_some())),
        ("headers", bucket(letter.headers.len())),
        ("attachments", letter.attachments.len().min(3)),
        ("greeting", yes(first.chars().count() < 40 && first.ends_with([',', '，', '!', '：', ':', '،']))),
        ("signature", yes(last.chars().count() < 30 && lines.len() > 2)),
        ("signature ends open", yes(!last.ends_with(['.', '。', '!', '?', '।']))),
        ("quotes", yes(body.contains("\n>"))),
        ("list", yes(body.contains("\n- ") || body.contains("\n* "))),
    ];
    let mut features: Vec<String> = numbers.iter().map(|(name, value)| format!("{name}={value}")).collect();
    features.push(format!("tld={}", domain.rsplit('.').next().unwrap_or_default()));
    features.push(format!("lang={}", mail.lang));
    features.push(format!("lang={} html={}", mail.lang, yes(!letter.html.is_empty())));
    features
}

/// Doubling steps.
fn bucket(count: usize) -> usize {
    count.checked_ilog2().map_or(0, |log| log as usize + 1)
}
