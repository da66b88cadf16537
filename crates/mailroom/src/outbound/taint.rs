//! What is suspicious about a mail from an inbox whose agent may have read a mail of risk.
//!
//! The agent may have been talked into it. It still answers whoever wrote and goes on with those it knew before; what goes to
//! strangers, or carries what came from elsewhere, waits for a person. Nothing of this looks at what a mail is about.

mod hidden;
mod links;
mod spelled;
mod texts;

use mailward_mail::id::{InboxId, MessageId};
use mailward_store::{Inbox, Risky, Scope};

use self::hidden::{embeds_a_file, hides};
use self::links::{has_data_link, loads_data};
use self::texts::{MOST_TEXT, Texts, is_lifted};
use super::letter::{Letter, SendAttachment};
use super::policy::{Effective, Taint};
use crate::access::Principal;
use crate::inbound::author_digest;
use crate::reading::{meta, parsed};
use crate::sender_auth::AuthResult;
use crate::snapshot::body_text;
use crate::{Error, Mailroom, Result};

/// Mails of other threads, and of the own one, that a mail is compared with: the newest ones.
const MOST_COMPARED: i64 = 200;
/// The smallest file that is told from others by its size.
const TELLING_SIZE: u64 = 64;

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
        let recipients = letter.recipients();
        let (mut own, mut elsewhere, mut author) = (Texts::default(), Texts::default(), None);
        if let Some(id) = answers
            && let Some(message) = scope.message(&inbox.id, id).await?
        {
            let answered = meta(tenant, &mut scope, &keys, &message).await?;
            let is_proven = answered.auth.dmarc == AuthResult::Pass && answered.ambiguous.is_empty();
            author = is_proven.then(|| answered.from.address.to_lowercase());
            for message in scope.conversation_mails(&message, None, MOST_COMPARED).await? {
                let meta = meta(tenant, &mut scope, &keys, &message).await?;
                let Some(parsed) = parsed(tenant, &mut scope, &keys, &message).await? else { continue };
                // A conversation is theirs who took part in it: what one wrote is not another's by joining it.
                let took_part = |one: &String| {
                    let named = meta.to.iter().chain(&meta.cc).chain([&meta.from.address]);
                    named.into_iter().any(|address| address.eq_ignore_ascii_case(one))
                };
                if recipients.iter().all(took_part) {
                    own.add(&parsed.subject);
                    own.add(&parsed.text);
                    own.add(&parsed.html);
                } else {
                    elsewhere.add(&parsed.subject);
                    elsewhere.add(&parsed.text);
                    elsewhere.add_hosts(&parsed.html);
                    elsewhere.sizes.extend(parsed.attachments.iter().map(|file| file.size));
                }
            }
        }
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
        let embeds = letter.html.as_deref().is_some_and(embeds_a_file);
        for address in recipients.iter().filter(|_| embeds || !letter.attachments.is_empty()) {
            let digest = author_digest(&keys, address);
            is_file_for_others |=
                scope.wrote_risky(caller.inbox().map(|_| &inbox.id), &digest, after).await?;
            // An author who came with or after the mail of risk may have an answer, and no file that nobody can look into.
            is_file_for_others |= !scope.strangers(&inbox.id, &[digest]).await?.is_empty()
                && !scope.wrote_before(&inbox.id, &digest, risky.since).await?;
        }
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
        // What is passed on came from elsewhere, however long ago, and however much came since.
        if let Some(id) = &letter.passes_on
            && let Some(message) = scope.message(&inbox.id, id).await?
        {
            let meta = meta(tenant, &mut scope, &keys, &message).await?;
            if !recipients.iter().all(|one| one.eq_ignore_ascii_case(&meta.from.address))
                && let Some(parsed) = parsed(tenant, &mut scope, &keys, &message).await?
            {
                elsewhere.add(&parsed.subject);
                elsewhere.add(&body_text(&parsed));
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
            || embeds && is_file_for_others
        {
            found.reasons.push("it has a file that cannot be looked into");
        }
        let texts = letter_texts(letter);
        if hides(&letter.subject) || hides(&letter.text) || letter.html.as_deref().is_some_and(hides) {
            found.reasons.push("it holds characters that nobody sees");
        }
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

/// Everything in a letter that a reader gets. What is told half in the one and half in the other stands together once.
fn letter_texts(letter: &Letter) -> Vec<String> {
    let html = letter.html.clone().unwrap_or_default();
    let names: Vec<&str> = letter.attachments.iter().map(|file| file.filename.as_str()).collect();
    let mut texts = vec![
        letter.subject.clone(),
        letter.text.clone(),
        [&letter.subject, letter.text.as_str(), &names.join("\n")].join("\n"),
        mailward_score::visible_text(&html),
        html,
        letter.in_reply_to.clone().unwrap_or_default(),
    ];
    for file in &letter.attachments {
        // What stands before the dot, or for which program it is, may be a word of the mail's own.
        texts.push(format!("{}\n{}", file.filename, file.content_type));
        let Some(text) = as_text(file) else { continue };
        if file.content_type.eq_ignore_ascii_case("text/html") {
            texts.push(mailward_score::visible_text(&text));
        }
        texts.push(text);
    }
    texts.retain(|text| !text.is_empty());
    texts
}

/// A file that is read as text, whole: it is judged like what is written in the mail. Not what is text to a program alone,
/// as RTF is.
fn as_text(file: &SendAttachment) -> Option<String> {
    const READ: [&str; 7] = [
        "text/plain",
        "text/html",
        "text/csv",
        "text/markdown",
        "text/calendar",
        "text/vcard",
        "text/x-vcard",
    ];
    let is_text = READ.iter().any(|kind| file.content_type.eq_ignore_ascii_case(kind));
    let is_text = is_text && file.content.len() <= MOST_TEXT;
    is_text.then(|| String::from_utf8(file.content.clone()).ok()).flatten()
}

#[cfg(test)]
mod tests;
