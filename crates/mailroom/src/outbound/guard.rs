//! Looks for secrets in a mail that goes: an agent that was talked into it must not carry one out.
//!
//! Looked through are subject, text, HTML, what a person sees of the HTML, names and bytes of files, and whatever of the
//! header the caller chose, each read in all ways of [`views`]. Archives are not unpacked and pictures not read.
//! A token of ours is ended at once, whoever sends it: from here on it is no secret.

mod families;
mod views;

use std::borrow::Cow;

use mailward_store::{Action, Outcome};
use mailward_vault::{Token, find_tokens};

use super::letter::Letter;
use super::policy::{Effective, OnSecret};
use crate::access::Principal;
use crate::{Error, Mailroom, Result};

/// Tokens of one mail that are looked up: each costs a look, and a mail may hold many.
const MOST_LOOKED_UP: usize = 16;

/// What stands in a letter and should not.
#[derive(Debug, Default)]
struct Found {
    tokens: Vec<Token>,
    /// The family of another secret.
    family: Option<&'static str>,
}

impl Mailroom {
    /// Refuses a letter in which a secret stands, and ends it if it is a token of ours. The family of a secret for which the
    /// owner wants a person asked instead.
    pub(super) async fn guard(
        &self,
        caller: &Principal,
        letter: &Letter,
        policy: &Effective,
    ) -> Result<Option<&'static str>> {
        let (texts, canaries) = (texts(letter), policy.canaries.clone());
        // A large mail takes a while: other requests go on meanwhile.
        let found = tokio::task::spawn_blocking(move || search(&texts, &canaries))
            .await
            .map_err(|_| Error::Damaged("a mail could not be looked through"))?;
        if found.tokens.is_empty() && (found.family.is_none() || policy.secrets == OnSecret::Hold) {
            return Ok(found.family);
        }
        let mut revoked = 0;
        for token in found.tokens.iter().take(MOST_LOOKED_UP) {
            revoked += i64::from(self.revoke_leaked(token.expose()).await?);
        }
        let mut act = caller.act(Action::SendRefused).ended(Outcome::Refused).number("revoked", revoked);
        if let Some(first) = found.tokens.first() {
            act = act.word("key", first.keyid());
        }
        if let Some(family) = found.family {
            act = act.word("secret", family);
        }
        let mut scope = caller.tenant().write().await?;
        scope.audit(&act, self.0.clock.now()).await?;
        scope.commit().await?;
        tracing::warn!(tenant_id = %caller.tenant().id(), revoked, family = found.family, "a secret stood in a mail that was to be sent");
        match found.family {
            Some(family) if found.tokens.is_empty() => Err(Error::SecretOf(family)),
            _ => Err(Error::SecretInBody),
        }
    }
}

/// Everything in a letter that its author chose.
fn texts(letter: &Letter) -> Vec<String> {
    let html = letter.html.clone().unwrap_or_default();
    let recipients = letter.recipients();
    let locals: Vec<&str> =
        recipients.iter().filter_map(|one| one.rsplit_once('@')).map(|(l, _)| l).collect();
    let mut texts = vec![
        letter.subject.clone(),
        letter.text.clone(),
        mailward_score::visible_text(&html),
        html,
        recipients.join("\n"),
        // One secret over many addresses.
        locals.concat(),
        letter.reply_to.as_ref().map(ToString::to_string).unwrap_or_default(),
        letter.in_reply_to.clone().unwrap_or_default(),
    ];
    for file in &letter.attachments {
        texts.push(file.filename.clone());
        texts.push(file.content_type.clone());
        texts.push(decoded(&file.content).into_owned());
    }
    texts.retain(|text| !text.is_empty());
    texts
}

/// A file's bytes as text: UTF-16 by its mark, else UTF-8 as far as it goes.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let units = |of: fn([u8; 2]) -> u16| -> Vec<u16> {
        bytes[2..].chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => Cow::Owned(String::from_utf16_lossy(&units(u16::from_le_bytes))),
        [0xfe, 0xff, ..] => Cow::Owned(String::from_utf16_lossy(&units(u16::from_be_bytes))),
        _ => String::from_utf8_lossy(bytes),
    }
}

fn search(texts: &[String], canaries: &[String]) -> Found {
    let mut found = Found::default();
    let canaries: Vec<String> =
        canaries.iter().map(|one| letters(one)).filter(|one| !one.is_empty()).collect();
    for text in texts {
        for view in views::views(text) {
            for token in find_tokens(&view.plain).into_iter().chain(find_tokens(&view.joined)) {
                if !found.tokens.iter().any(|known| known.expose() == token.expose()) {
                    found.tokens.push(token);
                }
            }
            if found.family.is_some() {
                continue;
            }
            found.family = families::family_of(&view.plain, &view.joined);
            if found.family.is_none() && !canaries.is_empty() {
                let bare = letters(&view.joined);
                let holds = |one: &String| memchr::memmem::find(bare.as_bytes(), one.as_bytes()).is_some();
                found.family = canaries.iter().any(holds).then_some("canary");
            }
        }
    }
    found
}

/// All ways to read a text, with its white space.
pub(super) fn readings(text: &str) -> impl Iterator<Item = String> {
    views::views(text).into_iter().map(|view| view.plain)
}

/// Letters and digits alone, in lower case: however a canary is broken up.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
