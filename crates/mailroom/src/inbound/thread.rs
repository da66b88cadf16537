//! What a mail continues: finds the thread it belongs to within its inbox, opens the newest mails of it and has the
//! mail judged as their end.
//!
//! Nothing but the inbox' own mail is looked at, held mail included; what was found in it before is not found again.
//! Bounded in number, bytes and time: where any of it fails the mail is judged alone, and its coverage says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use mailward_mail::address::Address;
use mailward_mail::parsed::{Mailbox, Parsed};
use mailward_score::{Coverage, Standing, Verdict};
use mailward_store::{Message, Scope, Threading};
use tokio::time::{Instant, timeout_at};

use super::{Route, author_digest};
use crate::keyring::TenantKeys;
use crate::{Mailroom, Result, reading};

/// Mails of a thread that are opened.
const MOST_MAILS: i64 = 3;
/// Addresses of one mail that count as the people of a thread.
const MOST_PEOPLE: usize = 1_000;
/// A snapshot larger than this stays closed, in bytes.
const MOST_BYTES: i64 = 512 * 1024;

/// A mail at its place in an inbox.
pub(super) struct Placed {
    /// Where it belongs; none where it could not be read.
    pub(super) threading: Option<Threading>,
    /// How it is judged there.
    pub(super) verdict: Verdict,
    /// Who wrote to its thread before.
    pub(super) authors: Vec<Mailbox>,
    /// The inbox sent this very mail itself, and it came back.
    pub(super) comes_back: bool,
}

impl Placed {
    fn alone(threading: Option<Threading>, verdict: Verdict) -> Self {
        Self { threading, verdict, authors: Vec::new(), comes_back: false }
    }
}

/// What the indexes tell.
struct Found {
    threading: Threading,
    sender: Standing,
    comes_back: bool,
    /// Newest first.
    earlier: Vec<Message>,
}

impl Mailroom {
    /// Places a mail that was judged `alone` in a recipient's inbox.
    pub(super) async fn place(
        &self,
        route: &Route,
        keys: &TenantKeys,
        wire: &Arc<Vec<u8>>,
        parsed: Option<&Arc<Parsed>>,
        alone: &Verdict,
        deadline: Instant,
    ) -> Placed {
        let Some(parsed) = parsed else { return Placed::alone(None, alone.clone()) };
        let found = match timeout_at(deadline, find(route, keys, parsed)).await {
            Ok(Ok(found)) => found,
            failed => {
                let error = failed.err().map_or_else(|| "the database".to_owned(), |late| late.to_string());
                tracing::warn!(error, "a mail's thread could not be looked up; it is judged alone");
                let threading = Some(threading(keys, parsed, &route.address));
                return Placed::alone(threading, partly(alone.clone()));
            }
        };
        let threading = Some(found.threading);
        if found.earlier.is_empty() {
            let placed = Placed::alone(threading, alone.clone().lifted(found.sender));
            return Placed { comes_back: found.comes_back, ..placed };
        }
        let opened =
            timeout_at(deadline, self.noting(&route.tenant, open(route, keys, &found.earlier))).await;
        let (earlier, whole) = match opened {
            Ok(Ok(opened)) => opened,
            _ => {
                tracing::warn!("a mail's thread could not be opened; it is judged alone");
                let placed = Placed::alone(threading, partly(alone.clone().lifted(found.sender)));
                return Placed { comes_back: found.comes_back, ..placed };
            }
        };
        let authors = earlier.iter().filter_map(|mail| mail.from.first().cloned()).collect();
        let tenant = route.tenant.id().clone();
        let (wire, parsed) = (Arc::clone(wire), Arc::clone(parsed));
        let policy = self.scoring();
        let comes_back = found.comes_back;
        let (screening, sender) = (self.0.screening.clone(), found.sender);
        // A task of its own: a thread whose asker leaves early would take itself for given up.
        let judged = tokio::spawn(async move {
            screening.screen_in_thread(tenant, wire, parsed, earlier, sender, policy).await
        });
        let verdict = match timeout_at(deadline, judged).await {
            // A second reader may have had no time the second time.
            Ok(Ok(Some(verdict))) if verdict.score >= alone.score => verdict,
            _ => partly(alone.clone().lifted(found.sender)),
        };
        let whole = whole && alone.coverage == Coverage::Full;
        Placed { threading, verdict: if whole { verdict } else { partly(verdict) }, authors, comes_back }
    }
}

/// The place of a mail in an inbox: with what it answers, and where nobody knows that, with what the same people wrote on
/// the same subject.
pub(crate) fn threading(keys: &TenantKeys, parsed: &Parsed, inbox: &Address) -> Threading {
    let all = parsed.from.iter().take(1).chain(&parsed.to).chain(&parsed.cc);
    Threading {
        message_id: parsed.message_id.as_deref().map(|id| id_digest(keys, id)),
        references: references(parsed).map(|id| id_digest(keys, id)).collect(),
        thread: among(keys, all.map(|one| one.address.as_str()), inbox, &parsed.subject),
    }
}

/// The thread of a subject among some people; the inbox itself is always one of them and is not counted, in whatever way
/// it was written.
pub(crate) fn among<'a>(
    keys: &TenantKeys,
    people: impl Iterator<Item = &'a str>,
    inbox: &Address,
    subject: &str,
) -> [u8; 16] {
    let own = inbox.canonical();
    let is_own = |address: &str| Address::parse(address).is_ok_and(|address| address.canonical() == own);
    let people: BTreeSet<String> = people
        .take(MOST_PEOPLE)
        .map(|address| address.trim().to_lowercase())
        .filter(|address| !address.is_empty() && !is_own(address))
        .collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    // No address holds a space, so the border between two does not move.
    keys.search.digest16(&[b"thread", people.join(" ").as_bytes(), base_subject(subject).as_bytes()])
}

async fn find(route: &Route, keys: &TenantKeys, parsed: &Parsed) -> Result<Found> {
    let mut threading = threading(keys, parsed, &route.address);
    let mut scope = route.tenant.read().await?;
    if let Some(thread) = scope.thread_of(&route.inbox, &threading.references).await? {
        threading.thread = thread;
    }
    let author = parsed.from.first().map_or("", |author| &author.address);
    let known = scope.acquaintance(&route.inbox, &author_digest(keys, author), &threading.thread).await?;
    let earlier = scope.thread(&route.inbox, &threading.thread, MOST_MAILS).await?;
    let comes_back = match &threading.message_id {
        Some(id) => scope.has_sent(&route.inbox, id).await?,
        None => false,
    };
    let changed_in_thread = !earlier.is_empty() && !known.in_thread;
    let sender = Standing { first_time: !known.in_inbox, changed_in_thread };
    Ok(Found { threading, sender, comes_back, earlier })
}

/// The snapshots of earlier mails, oldest first, and whether none was too large.
async fn open(route: &Route, keys: &TenantKeys, earlier: &[Message]) -> Result<(Vec<Parsed>, bool)> {
    let mut scope = route.tenant.read().await?;
    let (mut opened, mut whole) = (Vec::new(), true);
    for message in earlier.iter().rev() {
        if scope.snapshot_size(&message.id).await?.is_none_or(|size| size > MOST_BYTES) {
            whole = false;
            continue;
        }
        opened.extend(reading::parsed(&route.tenant, &mut scope, keys, message).await?);
    }
    Ok((opened, whole))
}

/// What the mail says it answers: its parents, then its thread's newest, then its first.
fn references(parsed: &Parsed) -> impl Iterator<Item = &str> {
    let newest = parsed.references.iter().rev().take(Scope::MOST_REFERENCES - 3);
    let parents = parsed.in_reply_to.iter().take(2);
    let all = parents.chain(newest).chain(parsed.references.first());
    all.map(|id| id.trim()).filter(|id| !id.is_empty())
}

/// The keyed digest by which a Message-ID is found.
pub(crate) fn id_digest(keys: &TenantKeys, id: &str) -> [u8; 16] {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    keys.search.digest16(&[b"message-id", id.as_bytes()])
}

/// A subject without what answering and forwarding puts before it, and behind it.
fn base_subject(subject: &str) -> String {
    let mut rest = subject.trim();
    loop {
        let before = rest;
        // A list writes its name before the subject: "[Rust] Re: [Rust] lunch".
        if let Some((_, inner)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']'))
            && !inner.trim().is_empty()
        {
            rest = inner.trim_start();
        }
        if let Some(after) = answer_mark(rest) {
            rest = rest[after..].trim_start();
        }
        // RFC 5256 2.1: "(fwd)" stands at the end.
        if let Some(inner) = rest.to_ascii_lowercase().strip_suffix("(fwd)") {
            rest = rest[..inner.len()].trim_end();
        }
        if rest == before {
            return rest.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        }
    }
}

/// Where the mark at the beginning of a subject ends that says that it answers or forwards: "Re:", "AW:", "Fwd[2]:",
/// "RE : ", "回复：".
fn answer_mark(subject: &str) -> Option<usize> {
    const LONGEST: usize = 40;
    let (at, colon) = subject.char_indices().find(|(_, c)| matches!(c, ':' | '：' | '﹕'))?;
    let mark = subject.get(..at).filter(|mark| mark.len() <= LONGEST)?.to_lowercase();
    // How often it was answered: "Re[2]", "Re (2)", "Re^2", "Re2".
    let counted = |c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | '*' | ' ');
    ANSWER_MARKS.contains(&mark.trim_end_matches(counted)).then_some(at + colon.len_utf8())
}

/// What mail programs put before a subject that is answered or forwarded, in their languages.
const ANSWER_MARKS: [&str; 62] = [
    "re",
    "fw",
    "fwd",
    "aw",
    "antwort",
    "wg",
    "antw",
    "doorst",
    "sv",
    "vs",
    "vb",
    "vl",
    "ang",
    "rép",
    "rep",
    "tr",
    "ref",
    "réf",
    "rif",
    "r",
    "i",
    "res",
    "enc",
    "rv",
    "reenv",
    "odp",
    "pd",
    "podaj",
    "vá",
    "továbbítás",
    "ynt",
    "ilt",
    "yan",
    "atb",
    "bls",
    "trs",
    "fs",
    "trả lời",
    "chuyển tiếp",
    "απ",
    "πρθ",
    "σχετ",
    "ответ",
    "отв",
    "пересл",
    "на",
    "відповідь",
    "回复",
    "答复",
    "转发",
    "回覆",
    "答覆",
    "轉寄",
    "轉發",
    "返信",
    "転送",
    "답장",
    "회신",
    "전달",
    "رد",
    "إعادة توجيه",
    "השב",
];

fn partly(mut verdict: Verdict) -> Verdict {
    verdict.coverage = Coverage::Partial;
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answering_does_not_change_the_subject() {
        for written in [
            "Lunch on  Monday",
            "Re: lunch on Monday",
            "AW: Fwd: Lunch on Monday",
            "回复：Lunch on Monday",
            "RE : Lunch on Monday",
            "Fwd[2]: Lunch on Monday",
            "Re^3: Lunch on Monday",
            "SV: VS: Antw: Lunch on Monday",
            "Odp: Rif: I: Lunch on Monday",
            "Ответ: Lunch on Monday",
            "رد: Lunch on Monday",
            "転送: Lunch on Monday (fwd)",
            "[Lunch club] Re: [Lunch club] Lunch on Monday",
        ] {
            assert_eq!(base_subject(written), "lunch on monday", "{written}");
        }
        for own in ["minutes of monday: lunch", "invoice: 42", "error: disk full", "ärger: lunch"] {
            assert_eq!(base_subject(own), own);
        }
        for odd in ["", "Re:", "[a]", "(fwd)", ":", "[", "[]", "Re: Re: Re:"] {
            base_subject(odd);
        }
    }

    #[test]
    fn of_many_references_the_nearest_and_the_first_are_looked_for() {
        let parsed = Parsed {
            references: (0..90).map(|number| format!("{number}@a.test")).collect(),
            in_reply_to: vec!["89@a.test".into(), String::new()],
            ..Parsed::default()
        };
        let wanted: Vec<&str> = references(&parsed).collect();
        assert!(wanted.len() <= Scope::MOST_REFERENCES, "{wanted:?}");
        assert_eq!((wanted[0], *wanted.last().expect("some")), ("89@a.test", "0@a.test"));
    }
}
