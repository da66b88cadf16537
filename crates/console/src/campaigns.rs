//! Held mail that belongs together: the same sender, the same words, or links to the same place.

use std::collections::HashMap;

use mailward_mailroom::Mail;
use mailward_score::Level;

/// Characters of the text that are compared, without spaces and digits.
const COMPARED: usize = 80;
/// Shorter texts say too little to be the same.
const LEAST: usize = 24;

/// Mails that belong together, the oldest first; and why.
#[derive(Clone, Debug)]
pub(crate) struct Campaign {
    pub(crate) mails: Vec<usize>,
    pub(crate) what: &'static str,
}

/// Puts mails into campaigns: the riskiest first, of the same risk the one that waits longest.
pub(crate) fn campaigns(mails: &[Mail]) -> Vec<Campaign> {
    let mut group: Vec<usize> = (0..mails.len()).collect();
    let mut whats: Vec<Option<&'static str>> = vec![None; mails.len()];
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, mail) in mails.iter().enumerate() {
        for (key, what) in keys(mail) {
            let Some(other) = known.get(&key).copied() else {
                known.insert(key, at);
                continue;
            };
            let (one, two) = (root(&group, at), root(&group, other));
            if one != two {
                group[one.max(two)] = one.min(two);
                whats[one.min(two)] = whats[one.min(two)].or(Some(what));
            }
        }
    }
    let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
    for at in 0..mails.len() {
        members.entry(root(&group, at)).or_default().push(at);
    }
    let mut all: Vec<Campaign> = members
        .into_iter()
        .map(|(first, mut own)| {
            own.sort_by_key(|at| (mails[*at].message.received_at, mails[*at].message.id.clone()));
            Campaign { mails: own, what: whats[first].unwrap_or("") }
        })
        .collect();
    all.sort_by_key(|campaign| {
        let risk = campaign.mails.iter().map(|at| rank(&mails[*at])).max().unwrap_or_default();
        (std::cmp::Reverse(risk), campaign.mails.first().map(|at| mails[*at].message.id.clone()))
    });
    all
}

fn root(group: &[usize], mut at: usize) -> usize {
    while group[at] != at {
        at = group[at];
    }
    at
}

fn rank(mail: &Mail) -> u8 {
    match mail.meta.verdict.as_ref().map(|verdict| verdict.level) {
        None | Some(Level::Unknown | Level::High) => 2,
        Some(Level::Medium) => 1,
        Some(Level::Low) => 0,
    }
}

/// By what a mail is known again.
fn keys(mail: &Mail) -> Vec<(String, &'static str)> {
    let meta = &mail.meta;
    let mut keys = Vec::new();
    if meta.from.address.contains('@') {
        keys.push((format!("from {}", meta.from.address.to_lowercase()), "Same sender"));
    }
    let text = bare(&meta.preview);
    if text.chars().count() >= LEAST {
        keys.push((format!("text {}", text.chars().take(COMPARED).collect::<String>()), "Same text"));
    }
    let findings =
        meta.verdict.iter().flat_map(|verdict| &verdict.findings).map(|finding| finding.excerpt.as_str());
    for text in findings.chain([meta.preview.as_str()]) {
        for host in hosts(text) {
            keys.push((format!("link {host}"), "Links to the same place"));
        }
    }
    keys
}

/// Letters alone, in lower case: numbers and names of days differ from copy to copy.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

/// Hosts of the links in a text.
fn hosts(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices("://") {
        let rest = &text[at + 3..];
        let host: String =
            rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-')).collect();
        let host = host.trim_end_matches('.').to_lowercase();
        if host.contains('.') {
            out.push(host);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_known_by_their_host() {
        assert_eq!(hosts("see https://A.example/x, http://b.test. and ://x"), ["a.example", "b.test"]);
        assert_eq!(bare("Order 12, on Monday!"), "orderonmonday");
    }
}
