//! What is suspicious about a mail from an inbox whose agent may have read a mail of risk.
//!
//! The agent may have been talked into it. It still answers whoever wrote and goes on with those it knew before; what goes to
//! strangers, or carries what came from elsewhere, waits for a person. Nothing of this looks at what a mail is about.

use std::collections::HashSet;

use mailward_mail::id::{InboxId, MessageId};
use mailward_store::{Inbox, Risky, Scope};

use super::guard::readings;
use super::letter::Letter;
use super::policy::{Effective, Taint};
use crate::access::Principal;
use crate::inbound::author_digest;
use crate::reading::{meta, parsed};
use crate::sender_auth::AuthResult;
use crate::{Error, Mailroom, Result};

/// Mails of other threads, and of the own one, that a mail is compared with: the newest ones.
const MOST_COMPARED: i64 = 200;
/// Words in a row that are no accident.
const ROW: usize = 6;
/// The shortest row, in characters.
const SHORTEST_ROW: usize = 28;
/// Characters of a word with digits in it that is no accident.
const SHORTEST_FACT: usize = 6;
/// Characters of a link's part that may carry something away.
const LONG_PART: usize = 20;
/// Bytes of each mail that are compared.
const MOST_TEXT: usize = 256 << 10;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    /// The newest mail of risk that the inbox was given.
    pub(super) risky: Option<MessageId>,
    /// What is suspicious, in words of ours.
    pub(super) reasons: Vec<&'static str>,
}

impl Mailroom {
    /// Judges a letter by what its inbox was given.
    pub(super) async fn suspect(
        &self,
        caller: &Principal,
        inbox: &Inbox,
        letter: &Letter,
        answers: Option<&MessageId>,
        policy: &Effective,
    ) -> Result<Suspicion> {
        let tenant = caller.tenant();
        let keys = self.0.keyring.tenant(tenant).await?;
        let mut scope = tenant.read().await?;
        let Some(risky) = self.risky(caller, &mut scope, &inbox.id).await? else {
            return Ok(Suspicion::default());
        };
        let mut found = Suspicion { risky: Some(risky.newest.clone()), reasons: Vec::new() };
        if policy.taint == Taint::Off {
            return Ok(found);
        }
        let (mut own, mut author) = (Texts::default(), None);
        if let Some(id) = answers
            && let Some(message) = scope.message(&inbox.id, id).await?
        {
            let meta = meta(tenant, &mut scope, &keys, &message).await?;
            let is_proven = meta.auth.dmarc == AuthResult::Pass && meta.ambiguous.is_empty();
            author = is_proven.then(|| meta.from.address.to_lowercase());
            for message in scope.conversation_mails(&message, None, MOST_COMPARED).await? {
                if let Some(parsed) = parsed(tenant, &mut scope, &keys, &message).await? {
                    own.add(&parsed.subject);
                    own.add(&parsed.text);
                    own.add(&parsed.html);
                }
            }
        }
        let recipients = letter.recipients();
        let reply_to = letter.reply_to.as_ref().map(ToString::to_string);
        let mut strangers = Vec::new();
        for address in recipients.iter().chain(&reply_to) {
            let digest = author_digest(&keys, address);
            let is_known = address.eq_ignore_ascii_case(&inbox.address)
                || author.as_deref() == Some(address.to_lowercase().as_str())
                || scope.strangers(&inbox.id, &[digest]).await?.is_empty()
                || scope.wrote_before(&inbox.id, &digest, risky.since).await?;
            if !is_known {
                strangers.push(address.as_str());
            }
        }
        if strangers.iter().any(|one| reply_to.as_deref() != Some(one)) {
            found.reasons.push("a recipient was never seen before");
        }
        if strangers.iter().any(|one| reply_to.as_deref() == Some(one)) {
            found.reasons.push("answers would go to an address that was never seen before");
        }
        if !letter.attachments.is_empty() {
            found.reasons.push("it has attachments");
        }
        let mut elsewhere = Texts::default();
        for message in scope.mails_elsewhere(answers, MOST_COMPARED).await? {
            let meta = meta(tenant, &mut scope, &keys, &message).await?;
            // What all recipients wrote themselves is theirs.
            if recipients.iter().all(|one| one.eq_ignore_ascii_case(&meta.from.address)) {
                continue;
            }
            if let Some(parsed) = parsed(tenant, &mut scope, &keys, &message).await? {
                elsewhere.add(&parsed.subject);
                elsewhere.add(&parsed.text);
            }
        }
        drop(scope);
        let texts = letter_texts(letter);
        let (lifted, carries) = tokio::task::spawn_blocking(move || {
            (is_lifted(&texts, &own, &elsewhere), texts.iter().any(|text| has_data_link(text, &own)))
        })
        .await
        .map_err(|_| Error::Damaged("a mail could not be compared"))?;
        if lifted {
            found.reasons.push("it holds text that came in another thread");
        }
        if carries {
            found.reasons.push("it holds a link with data in it");
        }
        Ok(found)
    }

    /// The mails of risk that whoever holds this key may have read: those of the inbox, or of all for a key of all.
    pub(super) async fn risky(
        &self,
        caller: &Principal,
        scope: &mut Scope,
        inbox: &InboxId,
    ) -> Result<Option<Risky>> {
        let policy = self.effective_send(caller.tenant(), scope, inbox).await?;
        let hours = std::time::Duration::from_secs(3_600 * u64::from(policy.taint_hours));
        let of = caller.inbox().map(|_| inbox);
        Ok(scope.risky(of, self.0.clock.now().minus(hours)).await?)
    }
}

/// Everything in a letter that a reader gets.
fn letter_texts(letter: &Letter) -> Vec<String> {
    let html = letter.html.clone().unwrap_or_default();
    vec![letter.subject.clone(), letter.text.clone(), mailward_score::visible_text(&html), html]
}

/// Rows of words and words that are no accident.
#[derive(Debug, Default)]
struct Texts {
    rows: HashSet<String>,
    facts: HashSet<String>,
    links: HashSet<String>,
}

impl Texts {
    fn add(&mut self, text: &str) {
        let end = (0..=MOST_TEXT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let text = &text[..end];
        self.links.extend(links(text).map(str::to_owned));
        let words = words(text);
        self.facts.extend(words.iter().filter(|word| is_fact(word)).cloned());
        self.rows.extend(rows(&words));
    }
}

fn words(text: &str) -> Vec<String> {
    let all = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    all.map(str::to_lowercase).collect()
}

fn rows(words: &[String]) -> impl Iterator<Item = String> {
    words.windows(ROW).map(|row| row.join(" ")).filter(|row| row.len() >= SHORTEST_ROW)
}

/// A number, a code, an identifier.
fn is_fact(word: &str) -> bool {
    word.chars().count() >= SHORTEST_FACT && word.chars().any(|c| c.is_ascii_digit())
}

/// Whether something in a mail came in another thread and not in its own, in whatever way it is written.
fn is_lifted(texts: &[String], own: &Texts, elsewhere: &Texts) -> bool {
    texts.iter().flat_map(|text| readings(text)).any(|text| {
        let words = words(&text);
        let from =
            |of: &HashSet<String>, own: &HashSet<String>, one: &str| of.contains(one) && !own.contains(one);
        words.iter().any(|word| is_fact(word) && from(&elsewhere.facts, &own.facts, word))
            || rows(&words).any(|row| from(&elsewhere.rows, &own.rows, &row))
    })
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | ']');
    text.match_indices("://").map(move |(at, _)| {
        let rest = &text[at..];
        rest[..rest.find(ends).unwrap_or(rest.len())].trim_end_matches(['.', ',', ';'])
    })
}

/// Whether a link that is not of the thread says more than where a page is.
fn has_data_link(text: &str, own: &Texts) -> bool {
    links(text).filter(|link| !own.links.contains(*link)).any(|link| {
        let parts = link[3..].split(['/', '.', '@', '-', '_']);
        link.contains(['?', '#', '@']) || parts.into_iter().any(|part| part.len() >= LONG_PART)
    })
}

#[cfg(test)]
mod tests;
