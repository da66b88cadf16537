//! To whom nothing goes: whom the owner excludes, machines that read nothing, and those who do not answer any more.

use std::time::Duration;

use mailward_mail::address::Address;
use mailward_mail::id::MessageId;
use mailward_store::Inbox;

use super::letter::Letter;
use super::policy::{Effective, SendTo};
use crate::access::Principal;
use crate::inbound::author_digest;
use crate::reading::meta;
use crate::{Error, Mailroom, Result};

/// Mails in one thread without an answer, within [`WINDOW`].
const MOST_UNANSWERED: i64 = 20;
/// The same, where what is answered came over a list.
const MOST_TO_LIST: i64 = 5;
/// See [`MOST_UNANSWERED`].
const WINDOW: Duration = Duration::from_secs(86_400);
/// Mails from one inbox to another one of the same tenant within [`OWN_WINDOW`]: two agents that thank each other.
const MOST_TO_OWN: i64 = 60;
/// See [`MOST_TO_OWN`].
const OWN_WINDOW: Duration = Duration::from_secs(3_600);

impl Mailroom {
    /// Refuses a letter to anybody whom the policy excludes, or who is no person.
    pub(super) async fn refuse_recipients(
        &self,
        caller: &Principal,
        inbox: &Inbox,
        letter: &Letter,
        policy: &Effective,
    ) -> Result<()> {
        let recipients = letter.recipients();
        if recipients.iter().any(|one| reads_nothing(one)) {
            return Err(Error::RecipientNotAllowed("nobody reads what is sent to this address"));
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let (mut scope, now) = (caller.tenant().read().await?, self.0.clock.now());
        for address in &recipients {
            let digest = author_digest(&keys, address);
            let known = policy.to == SendTo::Known
                && (scope.strangers(&inbox.id, &[digest]).await?.is_empty()
                    || scope.wrote_before(&inbox.id, &digest, now.plus(Duration::from_secs(1))).await?);
            if let Some(why) = policy.refuses(address, &inbox.address, known) {
                return Err(Error::SendPolicy(why));
            }
        }
        let (own, since) = (author_digest(&keys, &inbox.address), now.minus(OWN_WINDOW));
        for address in recipients.iter().filter_map(|one| Address::parse(one).ok()) {
            let Some(to) = scope.inbox_by_address(&address.canonical()).await? else { continue };
            if scope.mails_from(&to.id, &own, since, MOST_TO_OWN).await? >= MOST_TO_OWN {
                return Err(Error::RecipientNotAllowed(
                    "this inbox wrote to that one of the same tenant 60 times within an hour: that looks like two \
                     machines that answer each other",
                ));
            }
        }
        Ok(())
    }

    /// Refuses one more mail in a thread in which nobody answers. What a machine sends by itself is no answer.
    pub(super) async fn refuse_monologue(
        &self,
        caller: &Principal,
        inbox: &Inbox,
        answered: &MessageId,
    ) -> Result<()> {
        let tenant = caller.tenant();
        let keys = self.0.keyring.tenant(tenant).await?;
        let mut scope = tenant.read().await?;
        let Some(message) = scope.message(&inbox.id, answered).await? else { return Ok(()) };
        let automated = meta(tenant, &mut scope, &keys, &message).await?.automated;
        let is_list = matches!(automated.as_deref(), Some("list" | "precedence"));
        let most = if is_list { MOST_TO_LIST } else { MOST_UNANSWERED };
        let since = self.0.clock.now().minus(WINDOW);
        if scope.unanswered(answered, since).await? >= most {
            return Err(Error::RecipientNotAllowed(
                "this thread is paused: nobody answered the last mails in it within a day",
            ));
        }
        Ok(())
    }
}

/// Whether an address says of itself that it is a machine's (RFC 2142 names those that people read).
fn reads_nothing(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local).to_lowercase();
    let local = local.split_once('+').map_or(local.as_str(), |(local, _)| local);
    let bare: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    ["noreply", "donotreply", "neverreply", "noresponse", "mailerdaemon", "bounce", "bounces", "devnull"]
        .iter()
        .any(|one| bare == *one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_nobody_reads_says_so() {
        for nobody in [
            "noreply@a.test",
            "No-Reply@a.test",
            "do_not_reply@a.test",
            "MAILER-DAEMON@a.test",
            "bounces+ab=c@a.test",
        ] {
            assert!(reads_nothing(nobody), "{nobody}");
        }
        for somebody in
            ["postmaster@a.test", "abuse@a.test", "reply@a.test", "noreen@a.test", "ada+noreply@a.test"]
        {
            assert!(!reads_nothing(somebody), "{somebody}");
        }
    }
}
