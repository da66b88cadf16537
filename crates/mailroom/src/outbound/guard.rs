//! Looks for our own tokens in a mail that goes: an agent that was talked into it must not carry its key out.
//!
//! A token that is seen is ended at once, whoever sends it: from here on it is no secret. Finds what stands there as it
//! is, in subject, text, HTML, what a person sees of the HTML, names of files and files; nothing is decoded or unpacked.

use std::borrow::Cow;

use mailward_store::{Action, Outcome};
use mailward_vault::{Token, find_tokens};

use super::letter::Letter;
use crate::access::Principal;
use crate::{Error, Mailroom, Result};

/// Tokens of one mail that are looked up: each costs a look, and a mail may hold many.
const MOST_LOOKED_UP: usize = 16;

impl Mailroom {
    /// Refuses a letter in which a token of ours stands, and ends the token.
    pub(super) async fn guard(&self, caller: &Principal, letter: &Letter) -> Result<()> {
        let found = tokens(letter);
        let Some(first) = found.first() else { return Ok(()) };
        let mut revoked = 0;
        for token in found.iter().take(MOST_LOOKED_UP) {
            revoked += i64::from(self.revoke_leaked(token.expose()).await?);
        }
        let act = caller
            .act(Action::SendRefused)
            .ended(Outcome::Refused)
            .word("key", first.keyid())
            .number("revoked", revoked);
        let mut scope = caller.tenant().write().await?;
        scope.audit(&act, self.0.clock.now()).await?;
        scope.commit().await?;
        tracing::warn!(tenant_id = %caller.tenant().id(), keyid = first.keyid(), revoked, "a token stood in a mail that was to be sent");
        Err(Error::SecretInBody)
    }
}

/// Every valid token in a letter, each once.
fn tokens(letter: &Letter) -> Vec<Token> {
    let html = letter.html.as_deref().unwrap_or_default();
    let texts = [
        Cow::Borrowed(letter.subject.as_str()),
        Cow::Borrowed(letter.text.as_str()),
        Cow::Borrowed(html),
        Cow::Owned(mailward_score::visible_text(html)),
    ];
    let files = letter
        .attachments
        .iter()
        .flat_map(|file| [Cow::Borrowed(file.filename.as_str()), String::from_utf8_lossy(&file.content)]);
    let mut found: Vec<Token> = Vec::new();
    for text in texts.into_iter().chain(files) {
        for token in find_tokens(&text) {
            if !found.iter().any(|known| known.expose() == token.expose()) {
                found.push(token);
            }
        }
    }
    found
}
