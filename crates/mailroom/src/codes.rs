//! Codes for who waits for one: found in new mail, told once the audit log has it, and written down nowhere.
//!
//! Held mail is no mail for an agent. The one exception is made by the policy of its inbox: a code, and nothing else, of
//! a mail whose sender passed DMARC. Without that permission nothing here looks at held mail, so that neither answer
//! nor delay tells of it.

use std::collections::HashSet;
use std::time::Duration;

use mailward_extract::{Source, secrets};
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};
use mailward_mail::parsed::Parsed;
use mailward_store::{Action, Direction, Filter, Message, State};

use crate::access::Principal;
use crate::inbound::author_digest;
use crate::reading::{meta, parsed};
use crate::sender_auth::AuthResult;
use crate::snapshot::{Meta, body_text};
use crate::{Mailroom, Result};

/// Without a moment to begin at, mail of so long ago counts: it may have come before the agent began to wait.
const LOOK_BACK: Duration = Duration::from_secs(300);
/// A code that was handed out so long ago is not handed out again to who names no moment: it is most likely used. Until
/// then it is, for an answer can be lost.
const AGAIN: Duration = Duration::from_secs(30);
/// So many of the newest mails are looked at, delivered and held ones each.
const MOST: i64 = 50;

/// What is waited for.
#[derive(Clone, Debug, Default)]
pub struct CodeWait {
    /// Only from this address; or of this domain and those below it, when it has no `@`.
    pub from: Option<String>,
    /// Mail that became available later than this.
    pub since: Option<Timestamp>,
    /// How long.
    pub timeout: Duration,
}

/// A code or link that an agent may use.
#[derive(Clone, PartialEq)]
pub struct FoundCode {
    /// The code.
    pub code: Option<String>,
    /// A link that signs in or confirms; never of held mail.
    pub link: Option<String>,
    /// 0.5 to 0.99.
    pub confidence: f32,
    /// The mail.
    pub email: MessageId,
    /// The bare address of its author.
    pub from: String,
}

/// Never what it is.
impl std::fmt::Debug for FoundCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FoundCode").field("email", &self.email).finish_non_exhaustive()
    }
}

impl Mailroom {
    /// Waits for a mail with a code or a link that signs in, at most `wait.timeout`. `Some(None)`: none came. `None`:
    /// the caller has no such inbox.
    pub async fn wait_for_code(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        wait: &CodeWait,
    ) -> Result<Option<Option<FoundCode>>> {
        // Armed before the first look, so that a commit between looking and waiting is not missed.
        let waiter = caller.tenant().waiter(inbox);
        if !caller.reaches(inbox) || caller.tenant().read().await?.inbox(inbox).await?.is_none() {
            return Ok(None);
        }
        let _place = self.take_place(caller, inbox).await?;
        let since = wait.since.unwrap_or_else(|| self.0.clock.now().minus(LOOK_BACK));
        let deadline = tokio::time::Instant::now() + wait.timeout;
        // Mails that have none need not be opened again by this call.
        let mut without = HashSet::new();
        loop {
            let changed = waiter.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let is_last_look = tokio::time::Instant::now() >= deadline;
            match self.newest_code(caller, inbox, wait, since, &mut without).await? {
                Look::NoInbox => return Ok(None),
                Look::Found(message, found) => {
                    if self.hand_out(caller, &message, &found).await? {
                        return Ok(Some(Some(found)));
                    }
                    // It was decided on or deleted in between: what is there now is looked at anew.
                    if !is_last_look {
                        continue;
                    }
                }
                Look::Nothing => {}
            }
            if is_last_look {
                return Ok(Some(None));
            }
            let until = deadline.min(tokio::time::Instant::now() + self.0.config.look_again);
            // Woken or not: what counts is what is there.
            let _ = tokio::time::timeout_at(until, changed).await;
        }
    }

    /// The newest mail with a code.
    async fn newest_code(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        wait: &CodeWait,
        since: Timestamp,
        without: &mut HashSet<MessageId>,
    ) -> Result<Look> {
        let tenant = caller.tenant();
        let keys = self.0.keyring.tenant(tenant).await?;
        let mut scope = tenant.read().await?;
        if scope.inbox(inbox).await?.is_none() {
            return Ok(Look::NoInbox);
        }
        let address = wait.from.as_deref().filter(|from| from.contains('@'));
        let filter = Filter {
            before: None,
            after: None,
            since: Some(since),
            direction: Some(Direction::Inbound),
            from: address.map(|address| author_digest(&keys, address)),
            level: None,
            unread: false,
            limit: MOST,
        };
        let mut mails = scope.messages(inbox, &filter).await?;
        if self.effective_policy(tenant, &mut scope, inbox).await?.codes_while_held {
            mails.extend(scope.held_since(inbox, since, MOST).await?);
        }
        mails.sort_by_key(|message| std::cmp::Reverse(message.available_at.unwrap_or(message.received_at)));
        let now = self.0.clock.now();
        for message in mails {
            // A mail that was held and is delivered now is another one.
            if without.contains(&message.id) && message.state == State::Delivered {
                continue;
            }
            let is_used = wait.since.is_none()
                && scope.code_read_at(&message.id).await?.is_some_and(|at| at.plus(AGAIN) <= now);
            let meta = meta(tenant, &mut scope, &keys, &message).await?;
            let found = if is_used || !may_be_told(&message, &meta) || !is_from(&meta, wait.from.as_deref()) {
                None
            } else {
                parsed(tenant, &mut scope, &keys, &message)
                    .await?
                    .and_then(|parsed| found(&message, &meta, &parsed))
            };
            match found {
                Some(found) => return Ok(Look::Found(Box::new(message), found)),
                None if message.state == State::Delivered => {
                    without.insert(message.id);
                }
                None => {}
            }
        }
        Ok(Look::Nothing)
    }

    /// Notes who is told of a mail's code, before it is told. `false`: the mail is not as it was.
    async fn hand_out(&self, caller: &Principal, message: &Message, found: &FoundCode) -> Result<bool> {
        let now = self.0.clock.now();
        let mut scope = caller.tenant().write().await?;
        if message.state == State::Held
            && !self.effective_policy(caller.tenant(), &mut scope, &message.inbox).await?.codes_while_held
        {
            return Ok(false);
        }
        if !scope.note_code_read(message, now).await? {
            return Ok(false);
        }
        let what = if found.code.is_some() { "code" } else { "link" };
        let act = caller.act(Action::CodeRead).on(message.id.as_str());
        scope.audit(&act.word("what", what).word("state", message.state.as_str()), now).await?;
        scope.commit().await?;
        Ok(true)
    }
}

/// What one look gave.
enum Look {
    NoInbox,
    Nothing,
    Found(Box<Message>, FoundCode),
}

/// Whether a mail's state, and its sender for a held one, let its code out.
fn may_be_told(message: &Message, meta: &Meta) -> bool {
    let is_authentic =
        meta.auth.dmarc == AuthResult::Pass && meta.auth.domain.is_some() && meta.ambiguous.is_empty();
    message.state == State::Delivered || (message.state == State::Held && is_authentic && !meta.unread)
}

/// Whether a mail's author is who is asked for.
fn is_from(meta: &Meta, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted.map(str::to_lowercase) else { return true };
    let author = meta.from.address.to_lowercase();
    if wanted.contains('@') {
        return author == wanted;
    }
    let domain = author.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
    domain == wanted || domain.strip_suffix(&wanted).is_some_and(|above| above.ends_with('.'))
}

fn found(message: &Message, meta: &Meta, parsed: &Parsed) -> Option<FoundCode> {
    let text = body_text(parsed);
    let (codes, links) = secrets(&source(parsed, &text, &[]));
    let (code, link) = (codes.into_iter().next(), links.into_iter().next());
    let is_held = message.state == State::Held;
    // Of held mail a code alone, and one with a digit: a word or an address could be a message of its own.
    let code = code.filter(|code| !is_held || code.code.bytes().any(|byte| byte.is_ascii_digit()));
    let link = link.filter(|_| !is_held);
    let confidence =
        code.as_ref().map(|code| code.confidence).or(link.as_ref().map(|link| link.confidence))?;
    Some(FoundCode {
        code: code.map(|code| code.code),
        link: link.map(|link| link.url),
        confidence,
        email: message.id.clone(),
        from: meta.from.address.clone(),
    })
}

/// A snapshot as what facts are looked for in.
pub(crate) fn source<'a>(parsed: &'a Parsed, text: &'a str, calendars: &'a [&'a str]) -> Source<'a> {
    let author = parsed.from.first();
    Source {
        subject: &parsed.subject,
        text,
        html: &parsed.html,
        from_name: author.map_or("", |author| &author.name),
        from: author.map_or("", |author| &author.address),
        calendars,
    }
}

#[cfg(test)]
mod tests {
    use mailward_mail::parsed::Mailbox;

    use super::*;

    #[test]
    fn a_domain_stands_for_its_subdomains_and_no_others() {
        let from = |address: &str| Meta {
            from: Mailbox { name: String::new(), address: address.into() },
            ..Meta::default()
        };
        let mia = from("Mia@Mail.Good.example");
        for wanted in [None, Some("good.example"), Some("mail.GOOD.example"), Some("mia@mail.good.example")] {
            assert!(is_from(&mia, wanted), "{wanted:?}");
        }
        for wanted in ["ood.example", "l.good.example", "example.good", "x@mail.good.example", ""] {
            assert!(!is_from(&mia, Some(wanted)), "{wanted:?}");
        }
    }
}
