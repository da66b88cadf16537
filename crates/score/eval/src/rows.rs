//! Reads labelled mail: the project's own corpus and folders of JSON lines.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One labelled message.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Names the row: file and line, or the corpus' id.
    pub id: String,
    /// The source: file name, or the sitting for the own corpus.
    pub source: String,
    /// Whether it holds an injection.
    pub injection: bool,
    /// `indirect_email`, `benign_mail`, ... ; for the own corpus its family.
    pub kind: String,
    /// BCP 47.
    pub lang: String,
    /// How the attack is placed or hidden, if known.
    pub placement: String,
    /// From the own corpus.
    pub own: bool,
    /// Left out of training by the split of the own corpus.
    pub held_out: bool,
    /// Why: `sitting`, `family`, `language`.
    pub left_out: Vec<&'static str>,
    /// The label holds only in the light of something outside of the message.
    pub weak: bool,
    /// The words of the attack, if known; several pieces if it is split.
    pub payload: Vec<String>,
    /// The message.
    pub subject: String,
    /// Display name and address of the author.
    pub from: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
    /// The whole message, if it is given so.
    pub eml: String,
}

impl Row {
    /// Display name and address of the author.
    pub fn author(&self) -> (&str, &str) {
        mailbox(&self.from)
    }
}

/// Display name and address of `Name <address>`; what has no brackets is an address if it has an @, else a name.
pub fn mailbox(from: &str) -> (&str, &str) {
    match from.rsplit_once('<') {
        Some((name, address)) => (name.trim().trim_matches('"'), address.trim_end().trim_end_matches('>')),
        None if from.contains('@') => ("", from.trim()),
        None => (from.trim(), ""),
    }
}

#[derive(Deserialize)]
struct Foreign {
    label: u8,
    kind: String,
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    placement: Option<String>,
    #[serde(default)]
    payload: Option<String>,
    #[serde(default)]
    weak_label: bool,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    html: Option<String>,
    #[serde(default)]
    eml: Option<String>,
}

#[derive(Deserialize)]
struct Own {
    id: String,
    label: String,
    family: String,
    lang: String,
    #[serde(default)]
    placement: String,
    #[serde(default)]
    twin: String,
    #[serde(default)]
    payload: String,
    #[serde(default)]
    payload_parts: Vec<String>,
    #[serde(default)]
    from: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    html: String,
    #[serde(default)]
    eml: String,
}

/// Which mails of the own corpus are for the test only.
#[derive(Deserialize)]
struct Split {
    test_sittings: HashSet<String>,
    left_out_families: HashSet<String>,
    left_out_languages: HashSet<String>,
}

/// The `*.jsonl` files of a folder, in order.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|ext| ext == "jsonl"));
    files.sort();
    Ok(files)
}

fn lines<T: for<'a> Deserialize<'a>>(path: &Path) -> io::Result<Vec<T>> {
    BufReader::new(File::open(path)?)
        .lines()
        .enumerate()
        .map(|(at, line)| {
            serde_json::from_str(&line?)
                .map_err(|error| io::Error::other(format!("{}:{}: {error}", path.display(), at + 1)))
        })
        .collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Every row of a folder of foreign data.
pub fn foreign(folder: &Path) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for path in files(folder)? {
        let source = stem(&path);
        for (at, row) in lines::<Foreign>(&path)?.into_iter().enumerate() {
            rows.push(Row {
                id: format!("{source}.jsonl:{at}"),
                source: source.clone(),
                injection: row.label == 1,
                kind: row.kind,
                lang: row.lang.unwrap_or_default(),
                placement: row.placement.unwrap_or_default(),
                own: false,
                held_out: false,
                left_out: Vec::new(),
                weak: row.weak_label,
                payload: row.payload.into_iter().filter(|payload| !payload.is_empty()).collect(),
                subject: row.subject.unwrap_or_default(),
                from: row.from.unwrap_or_default(),
                text: row.text.unwrap_or_default(),
                html: row.html.unwrap_or_default(),
                eml: row.eml.unwrap_or_default(),
            });
        }
    }
    Ok(rows)
}

/// Every row of the project's own corpus, and which of them are for the test.
pub fn own(folder: &Path) -> io::Result<Vec<Row>> {
    let split: Split = serde_json::from_reader(File::open(folder.join("split.json"))?)?;
    let mut all = Vec::new();
    for path in files(folder)? {
        // Sittings are named `s01-what` or `s01`; other lists lie in the folder too.
        let source = stem(&path).split('-').next().unwrap_or_default().to_owned();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !source.strip_prefix('s').is_some_and(is_number) {
            continue;
        }
        all.extend(lines::<Own>(&path)?.into_iter().map(|row| (source.clone(), row)));
    }
    let families: HashMap<String, String> =
        all.iter().map(|(_, row)| (row.id.clone(), row.family.clone())).collect();
    let is_left_out = |family: &String| split.left_out_families.contains(family);
    let rows = all
        .into_iter()
        .map(|(source, row)| {
            let base = row.lang.split('-').next().unwrap_or_default();
            let left_out: Vec<&str> = [
                ("sitting", split.test_sittings.contains(&source)),
                // The near-twin of an attack would give its family away.
                ("family", is_left_out(&row.family) || families.get(&row.twin).is_some_and(is_left_out)),
                ("language", split.left_out_languages.contains(base)),
            ]
            .into_iter()
            .filter_map(|(why, holds)| holds.then_some(why))
            .collect();
            let mut payload = row.payload_parts;
            if payload.is_empty() && !row.payload.is_empty() {
                payload = row.payload.split(" ... ").map(str::to_owned).collect();
            }
            Row {
                id: row.id,
                source,
                injection: row.label == "injection",
                kind: row.family,
                lang: row.lang,
                placement: row.placement,
                own: true,
                held_out: !left_out.is_empty(),
                left_out,
                weak: false,
                payload,
                subject: row.subject,
                from: row.from,
                text: row.text,
                html: row.html,
                eml: row.eml,
            }
        })
        .collect();
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::mailbox;

    #[test]
    fn a_sender_is_a_name_an_address_or_both() {
        assert_eq!(mailbox("\"Ann B\" <ann@b.test> "), ("Ann B", "ann@b.test"));
        assert_eq!((mailbox("ann@b.test"), mailbox("Ann")), (("", "ann@b.test"), ("Ann", "")));
    }
}
