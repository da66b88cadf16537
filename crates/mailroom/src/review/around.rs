//! What a reviewer sees beside a held mail: the conversation it would join, what its agent would be handed, and a link
//! to its HTML that is good for a minute.

use std::time::Duration;

use mailward_mail::id::MessageId;
use mailward_store::State;

use crate::access::Principal;
use crate::reading::{Mail, SafeMail, SafeRequest, meta, parsed, render};
use crate::{Mailroom, Result};

/// Mails of the conversation that are shown.
const MOST_AROUND: i64 = 20;
/// How long a link to a mail's HTML is good for.
const LINKED_FOR: Duration = Duration::from_secs(60);
/// What such a link says it is for, so that no other signed link is one.
const LINK: &str = "held-html";

impl Mailroom {
    /// Delivered mail of the conversation that a held mail would join, oldest first, without texts.
    pub async fn around_held(&self, caller: &Principal, held: &Mail) -> Result<Vec<Mail>> {
        if !caller.reaches(&held.message.inbox) || caller.is_operator() {
            return Ok(Vec::new());
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        let mut mails = Vec::new();
        for message in scope.conversation_mails(&held.message, None, MOST_AROUND).await? {
            let meta = meta(caller.tenant(), &mut scope, &keys, &message).await?;
            mails.push(Mail { message, meta, parsed: None });
        }
        Ok(mails)
    }

    /// What an agent would be handed of a mail, if it were released as it is.
    pub async fn as_agent_reads(&self, mail: Mail) -> Result<SafeMail> {
        let random = self.0.random.clone();
        // A long mail takes a while to be read; others are served meanwhile.
        let made = tokio::task::spawn_blocking(move || render(mail, &SafeRequest::default(), &random)).await;
        made.map_err(|_| crate::Error::Damaged("a mail could not be made plain"))
    }

    /// A link to the HTML of a held mail, for a frame that knows nothing of who looks. Good for a minute.
    pub async fn link_to_html(&self, caller: &Principal, id: &MessageId) -> Result<String> {
        let expires = self.0.clock.now().plus(LINKED_FOR);
        self.sign_link(caller.tenant().id(), &format!("{LINK} {id}"), expires).await
    }

    /// The HTML that such a link leads to, as the sender wrote it. `None`: the link is none of ours, or has ended, or the
    /// mail is held no more.
    pub async fn html_behind(&self, link: &str) -> Result<Option<String>> {
        let Some((tenant, rest)) = self.read_link(link).await? else { return Ok(None) };
        let Some(id) = rest.strip_prefix(LINK).and_then(|id| MessageId::parse(id.trim_start()).ok()) else {
            return Ok(None);
        };
        let keys = self.0.keyring.tenant(&tenant).await?;
        let mut scope = tenant.read().await?;
        let found = scope.message_for_review(&id).await?;
        let Some(message) = found.filter(|message| message.state == State::Held) else { return Ok(None) };
        Ok(parsed(&tenant, &mut scope, &keys, &message).await?.map(|parsed| parsed.html))
    }
}
