//! A mail of the corpus with its payload taken out, so that it can be written in another way.

use std::fs;
use std::path::Path;

use mailward_score::Sample;
use serde_json::Value;

use crate::judge::Judge;

/// How the payload stands in the mail.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Dress {
    /// As the author put it.
    Plain,
    /// Between two pieces of markup, in the HTML part.
    Markup(&'static str, &'static str),
    /// Encoded.
    Encoded(String),
}

/// One injection.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    subject: String,
    from: String,
    before: String,
    after: String,
    /// The payload stands in the HTML part.
    in_html: bool,
    other: String,
    /// The words of the attack.
    pub(crate) payload: String,
    pub(crate) dress: Dress,
    /// Ordinary sentences put before and after the payload.
    pub(crate) padding: (String, String),
    /// What was moved into the subject.
    pub(crate) moved: String,
}

impl Mail {
    /// What the scorer says of it.
    pub(crate) fn score(&self, judge: &Judge) -> u8 {
        let payload = format!("{}{}{}", self.padding.0, self.payload, self.padding.1);
        // Tags are tags in markup alone.
        let bare = |text: &str| text.replace(['\u{e000}', '\u{e001}'], "");
        let (mut body, mut markup) = (String::new(), String::new());
        match &self.dress {
            Dress::Plain if self.in_html => body = markup_of(&payload),
            Dress::Plain => body = bare(&payload),
            Dress::Markup(open, close) => {
                markup = format!("{open}{}{close}", markup_of(&payload));
            }
            Dress::Encoded(text) => body = format!("{}{text}{}", self.padding.0, self.padding.1),
        }
        let whole = format!("{}{body}{}", self.before, self.after);
        let html;
        let (text, html) = if self.in_html {
            html = format!("{whole}{markup}");
            (self.other.as_str(), html.as_str())
        } else {
            html = format!("{}{markup}", self.other);
            (whole.as_str(), html.as_str())
        };
        let subject = format!("{} {}", self.subject, self.moved);
        let sample = Sample { subject: &subject, from_name: &self.from, text, html, ..Sample::default() };
        judge.score(&sample)
    }
}

/// Every injection of a corpus whose payload stands in its text or HTML as it is.
pub(crate) fn load(folder: &Path) -> std::io::Result<Vec<Mail>> {
    let mut files: Vec<_> = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut out = Vec::new();
    for file in files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "jsonl")) {
        for line in fs::read_to_string(file)?.lines() {
            let row: Value = serde_json::from_str(line)?;
            if row["label"] == "injection"
                && let Some(mail) = mail(&row)
            {
                out.push(mail);
            }
        }
    }
    Ok(out)
}

fn mail(row: &Value) -> Option<Mail> {
    let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let payload = field("payload");
    let (text, html) = (field("text"), field("html"));
    let in_html = !text.contains(&payload);
    let (whole, other) = if in_html { (html, text) } else { (text, html) };
    if payload.is_empty() {
        return None;
    }
    let (before, after) = whole.split_once(&payload)?;
    Some(Mail {
        subject: field("subject"),
        from: field("from"),
        before: before.to_owned(),
        after: after.to_owned(),
        in_html,
        other,
        payload,
        dress: Dress::Plain,
        padding: (String::new(), String::new()),
        moved: String::new(),
    })
}

/// Text as HTML; a tag starts with U+E000 in place of its `<` and is followed by U+E001.
fn markup_of(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\u{e000}', "<").replace('\u{e001}', "")
}
