//! Reads the corpus: the mails, and the closed lists of its README.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::letter::Letter;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Label {
    Injection,
    Benign,
}

/// One line. A field that the README does not know is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    pub(crate) id: String,
    pub(crate) label: Label,
    pub(crate) family: String,
    pub(crate) lang: String,
    pub(crate) placement: String,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) eml: Option<String>,
    pub(crate) payload: Option<String>,
    pub(crate) payload_parts: Option<Vec<String>>,
    pub(crate) twin: Option<String>,
    pub(crate) why: String,
    /// The file's name, for messages.
    #[serde(skip)]
    pub(crate) file: String,
    /// Whether it was written when everything was trained and chosen.
    #[serde(skip)]
    pub(crate) afterwards: bool,
}

impl Mail {
    pub(crate) fn is_injection(&self) -> bool {
        self.label == Label::Injection
    }

    /// The sitting: what stands before the hyphen of the id.
    pub(crate) fn sitting(&self) -> &str {
        self.id.split('-').next().unwrap_or_default()
    }

    /// File and id, as failures begin.
    pub(crate) fn place(&self) -> String {
        format!("{} {}", self.file, self.id)
    }

    /// The mail as its reader gets it.
    pub(crate) fn letter(&self) -> Letter {
        match &self.eml {
            Some(eml) => Letter::parse(eml).unwrap_or_else(|fault| panic!("{}: {fault}", self.place())),
            None => Letter::compose(
                &self.from,
                &self.subject,
                self.text.as_deref().unwrap_or_default(),
                self.html.as_deref().unwrap_or_default(),
            ),
        }
    }
}

/// The folder of the corpus.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// A file of that folder, as text.
pub(crate) fn read(name: impl AsRef<Path>) -> String {
    let name = name.as_ref();
    fs::read_to_string(folder().join(name))
        .unwrap_or_else(|error| panic!("corpus/{}: {error}", name.display()))
}

/// Where the mail lies that was written afterwards, below the folder.
pub(crate) const AFTERWARDS: &str = "afterwards";

/// Every mail, by file and line; what was written afterwards comes last.
pub(crate) fn corpus() -> Vec<Mail> {
    let mut mails = Vec::new();
    for below in ["", AFTERWARDS] {
        let mut files: Vec<String> = fs::read_dir(folder().join(below))
            .expect("the corpus is beside the tests")
            .filter_map(|entry| entry.expect("a folder that can be listed").file_name().into_string().ok())
            .filter(|name| name.starts_with('s') && name.ends_with(".jsonl"))
            .collect();
        files.sort();
        for file in files {
            for (number, line) in read(Path::new(below).join(&file)).lines().enumerate() {
                let mut mail: Mail = serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("{file} line {}: {error}; mend the line", number + 1));
                mail.file.clone_from(&file);
                mail.afterwards = below == AFTERWARDS;
                mails.push(mail);
            }
        }
    }
    mails
}

/// The words in code type under one heading of the README: its closed lists are what holds.
pub(crate) fn listed(heading: &str) -> Vec<String> {
    let readme = read("README.md");
    let section = readme
        .split("\n## ")
        .find(|section| section.lines().next() == Some(heading))
        .unwrap_or_else(|| panic!("corpus/README.md has no section {heading:?}"));
    section.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Fails with all that was found, if anything was.
pub(crate) fn demand(faults: &[String]) {
    let shown: Vec<&str> = faults.iter().take(60).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} faults in the corpus:\n{}", faults.len(), shown.join("\n"));
}
