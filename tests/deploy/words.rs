//! What may be typed, as `--help` tells it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, OnceLock};

use super::mailward;

/// What one command's help names.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its subcommands.
    pub commands: BTreeSet<String>,
    /// Its options, with their hyphens.
    pub options: BTreeSet<String>,
    /// All of the text.
    pub text: String,
}

/// The help of a command.
pub fn help(path: &[String]) -> Known {
    static SEEN: OnceLock<Mutex<HashMap<Vec<String>, Known>>> = OnceLock::new();
    let seen = SEEN.get_or_init(Mutex::default);
    if let Some(known) = seen.lock().expect("no panic").get(path) {
        return known.clone();
    }
    let mut words: Vec<&str> = path.iter().map(String::as_str).collect();
    words.push("--help");
    let output = mailward(&words, &BTreeMap::new());
    assert!(output.status.success(), "there is no command {path:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut known = Known { commands: BTreeSet::new(), options: BTreeSet::new(), text: text.clone() };
    let mut section = "";
    for line in text.lines() {
        if !line.starts_with(' ') {
            section = line;
            continue;
        }
        let mut words = line.split([' ', ',', '=']).filter(|word| !word.is_empty());
        if section == "Commands:" && line.starts_with("  ") && !line.starts_with("   ") {
            known.commands.extend(words.next().map(str::to_owned));
        } else if line.trim_start().starts_with('-') {
            known.options.extend(words.filter(|word| word.starts_with('-')).map(str::to_owned));
        }
    }
    seen.lock().expect("no panic").insert(path.to_vec(), known.clone());
    known
}

/// What is wrong with a command line behind the program's name; nothing if every word of it is known.
pub fn unknown(words: &[String]) -> Option<String> {
    let mut path: Vec<String> = Vec::new();
    let mut known = help(&path);
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next_if(|word| known.commands.contains(*word)) {
        path.push(word.clone());
        known = help(&path);
    }
    // A command of which only the beginning is named is complete where prose speaks of it; an unknown word is none.
    if let Some(word) = rest.peek()
        && !known.commands.is_empty()
        && !word.starts_with('-')
    {
        return Some(format!("{path:?} has no command {word}"));
    }
    rest.filter(|word| word.starts_with('-') && word.as_str() != "-")
        .map(|word| word.split('=').next().unwrap_or_default())
        .find(|option| !known.options.contains(*option))
        .map(|option| format!("{path:?} has no option {option}"))
}

#[test]
fn what_is_not_there_is_noticed() {
    let line = |text: &str| unknown(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(line("tenant create acme --plan builder"), None);
    assert_eq!(line("review release eml_1 --reason=why"), None);
    assert!(line("tenant creat acme").is_some_and(|why| why.contains("creat")));
    assert!(line("tenant create acme --plna builder").is_some_and(|why| why.contains("--plna")));
    assert!(line("serv").is_some());
}
