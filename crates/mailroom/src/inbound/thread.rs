//! What a mail continues: finds the thread it belongs to within its inbox, opens the newest mails of it and has the
//! mail judged as their end.
//!
//! Nothing but the inbox' own mail is looked at, held mail included; what was found in it before is not found again.
//! Bounded in number, bytes and time: where any of it fails the mail is judged alone, and its coverage says so.

use std::sync::Arc;

use mailward_mail::parsed::{Mailbox, Parsed};
use mailward_score::{Coverage, Standing, Verdict};
use mailward_store::{Message, Scope, Threading};
use tokio::time::{Instant, timeout_at};

use super::{Route, author_digest};
use crate::keyring::TenantKeys;
use crate::{Mailroom, Result, reading};

/// Mails of a thread that are opened.
const MOST_MAILS: i64 = 3;
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
}

impl Placed {
    fn alone(threading: Option<Threading>, verdict: Verdict) -> Self {
        Self { threading, verdict, authors: Vec::new() }
    }
}

/// What the indexes tell.
struct Found {
    threading: Threading,
    sender: Standing,
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
                let threading = Some(apart(keys, parsed));
                return Placed::alone(threading, partly(alone.clone()));
            }
        };
        let threading = Some(found.threading);
        if found.earlier.is_empty() {
            return Placed::alone(threading, alone.clone().lifted(found.sender));
        }
        let opened =
            timeout_at(deadline, self.noting(&route.tenant, open(route, keys, &found.earlier))).await;
        let (earlier, whole) = match opened {
            Ok(Ok(opened)) => opened,
            _ => {
                tracing::warn!("a mail's thread could not be opened; it is judged alone");
                return Placed::alone(threading, partly(alone.clone().lifted(found.sender)));
            }
        };
        let authors = earlier.iter().filter_map(|mail| mail.from.first().cloned()).collect();
        let tenant = route.tenant.id().clone();
        let (wire, parsed) = (Arc::clone(wire), Arc::clone(parsed));
        let policy = self.scoring();
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
        Placed { threading, verdict: if whole { verdict } else { partly(verdict) }, authors }
    }
}

/// The place of a mail whose thread nobody knows: with what the same author wrote on the same subject.
pub(crate) fn apart(keys: &TenantKeys, parsed: &Parsed) -> Threading {
    let author = parsed.from.first().map(|author| author.address.to_lowercase()).unwrap_or_default();
    let subject = base_subject(&parsed.subject);
    Threading {
        message_id: parsed.message_id.as_deref().map(|id| id_digest(keys, id)),
        thread: keys.search.digest16(&[b"thread", author.as_bytes(), subject.as_bytes()]),
    }
}

async fn find(route: &Route, keys: &TenantKeys, parsed: &Parsed) -> Result<Found> {
    let mut threading = apart(keys, parsed);
    let mut scope = route.tenant.read().await?;
    let references: Vec<[u8; 16]> = references(parsed).map(|id| id_digest(keys, id)).collect();
    if let Some(thread) = scope.thread_of(&route.inbox, &references).await? {
        threading.thread = thread;
    }
    let author = parsed.from.first().map_or("", |author| &author.address);
    let known = scope.acquaintance(&route.inbox, &author_digest(keys, author), &threading.thread).await?;
    let earlier = scope.thread(&route.inbox, &threading.thread, MOST_MAILS).await?;
    let changed_in_thread = !earlier.is_empty() && !known.in_thread;
    Ok(Found { threading, sender: Standing { first_time: !known.in_inbox, changed_in_thread }, earlier })
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

fn id_digest(keys: &TenantKeys, id: &str) -> [u8; 16] {
    keys.search.digest16(&[b"message-id", id.trim().as_bytes()])
}

/// A subject without what answering and forwarding puts before it.
fn base_subject(subject: &str) -> String {
    const LONGEST_MARK: usize = 12;
    let mut rest = subject.trim();
    loop {
        let end =
            rest.char_indices().find(|(_, c)| matches!(c, ':' | '：')).map(|(at, c)| (at, at + c.len_utf8()));
        match end {
            // "Re:", "AW:", "Fwd[2]:", "回复：": a short word, whatever its language.
            Some((at, after))
                if at <= LONGEST_MARK && !rest[..at].trim_end().contains(char::is_whitespace) =>
            {
                rest = rest[after..].trim_start();
            }
            _ => return rest.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase(),
        }
    }
}

fn partly(mut verdict: Verdict) -> Verdict {
    verdict.coverage = Coverage::Partial;
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answering_does_not_change_the_subject() {
        for written in
            ["Lunch on  Monday", "Re: lunch on Monday", "AW: Fwd: Lunch on Monday", "回复：Lunch on Monday"]
        {
            assert_eq!(base_subject(written), "lunch on monday", "{written}");
        }
        assert_eq!(base_subject("Minutes of Monday: lunch"), "minutes of monday: lunch");
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
