//! To whom nothing goes: whom the owner excludes, machines that read nothing, and those who do not answer any more.

use std::time::Duration;

use mailward_mail::id::MessageId;
use mailward_store::Inbox;

use super::letter::Letter;
use super::policy::{Effective, SendTo};
use crate::access::Principal;
use crate::inbound::author_digest;
use crate::{Error, Mailroom, Result};

/// Mails in one thread without an answer, within [`WINDOW`].
const MOST_UNANSWERED: i64 = 20;
/// See [`MOST_UNANSWERED`].
const WINDOW: Duration = Duration::from_secs(86_400);

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
        Ok(())
    }

    /// Refuses one more mail in a thread in which nobody answers.
    pub(super) async fn refuse_monologue(&self, caller: &Principal, answered: &MessageId) -> Result<()> {
        let since = self.0.clock.now().minus(WINDOW);
        if caller.tenant().read().await?.unanswered(answered, since).await? >= MOST_UNANSWERED {
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
