//! What is suspicious about a mail from an inbox whose agent may have read a mail of risk.
//!
//! The agent may have been talked into it. It still answers whoever wrote and goes on with those it knew before; what goes to
//! strangers, or carries what came from elsewhere, waits for a person. Nothing of this looks at what a mail is about.

mod links;

use std::collections::HashSet;

use mailward_mail::id::{InboxId, MessageId};
use mailward_store::{Inbox, Risky, Scope};

use self::links::{has_data_link, links, loads_data};
use super::guard::readings;
use super::letter::{Letter, SendAttachment};
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
/// The smallest file that is told from others by its size.
const TELLING_SIZE: u64 = 64;
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
        let after = self.0.clock.now().minus(hours(policy));
        let mut is_file_for_others = !strangers.is_empty();
        for address in recipients.iter().filter(|_| !letter.attachments.is_empty()) {
            let digest = author_digest(&keys, address);
            is_file_for_others |=
                scope.wrote_risky(caller.inbox().map(|_| &inbox.id), &digest, after).await?;
            // An author who came with or after the mail of risk may have an answer, and no file that nobody can look into.
            is_file_for_others |= !scope.strangers(&inbox.id, &[digest]).await?.is_empty()
                && !scope.wrote_before(&inbox.id, &digest, risky.since).await?;
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
                elsewhere.add_hosts(&parsed.html);
                elsewhere.sizes.extend(parsed.attachments.iter().map(|file| file.size));
            }
        }
        drop(scope);
        let opaque = letter.attachments.iter().filter(|file| as_text(file).is_none());
        let opaque: Vec<u64> = opaque.map(|file| file.content.len() as u64).collect();
        if opaque
            .iter()
            .any(|size| is_file_for_others || *size >= TELLING_SIZE && elsewhere.sizes.contains(size))
        {
            found.reasons.push("it has a file that cannot be looked into");
        }
        let texts = letter_texts(letter);
        let html = letter.html.clone().unwrap_or_default();
        let (lifted, carries) = tokio::task::spawn_blocking(move || {
            let carries =
                texts.iter().any(|text| has_data_link(text, &own, &elsewhere)) || loads_data(&html, &own);
            (is_lifted(&texts, &own, &elsewhere), carries)
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
        let of = caller.inbox().map(|_| inbox);
        Ok(scope.risky(of, self.0.clock.now().minus(hours(&policy))).await?)
    }
}

/// How long mail of risk is remembered.
fn hours(policy: &Effective) -> std::time::Duration {
    std::time::Duration::from_secs(3_600 * u64::from(policy.taint_hours))
}

/// Everything in a letter that a reader gets.
fn letter_texts(letter: &Letter) -> Vec<String> {
    let html = letter.html.clone().unwrap_or_default();
    let mut texts =
        vec![letter.subject.clone(), letter.text.clone(), mailward_score::visible_text(&html), html];
    texts.extend(letter.attachments.iter().map(|file| file.filename.clone()));
    texts.extend(letter.attachments.iter().filter_map(as_text));
    texts
}

/// A file that is read as text, whole: it is judged like what is written in the mail.
fn as_text(file: &SendAttachment) -> Option<String> {
    let is_text = file.content_type.starts_with("text/") && file.content.len() <= MOST_TEXT;
    is_text.then(|| String::from_utf8(file.content.clone()).ok()).flatten()
}

/// Rows of words and words that are no accident.
#[derive(Debug, Default)]
struct Texts {
    rows: HashSet<String>,
    facts: HashSet<String>,
    links: HashSet<String>,
    /// Hosts that links and addresses name.
    hosts: HashSet<String>,
    /// Sizes of the files.
    sizes: HashSet<u64>,
}

impl Texts {
    fn add(&mut self, text: &str) {
        let end = (0..=MOST_TEXT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let text = &text[..end];
        self.links.extend(links(text).map(str::to_owned));
        self.add_hosts(text);
        let words = words(text);
        self.facts.extend(words.iter().filter(|word| is_fact(word)).cloned());
        self.rows.extend(rows(&words));
    }

    /// The names that have a dot in them: whether they stand in a link, in an address or by themselves.
    fn add_hosts(&mut self, text: &str) {
        let names = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '-'));
        let names = names.map(|name| name.trim_matches(['.', '-'])).filter(|name| name.contains('.'));
        self.hosts.extend(names.map(str::to_lowercase));
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

#[cfg(test)]
mod tests;
