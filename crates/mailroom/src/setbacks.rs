//! What went wrong for a tenant of late, from what is stored: calls that failed, mail that came back, limits that stood in
//! the way. Tells when, where and how often; nothing that somebody wrote.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId, WebhookId};
use mailward_store::{AttemptOutcome, EventKind};
use serde_json::Value;

use crate::access::Principal;
use crate::{Mailroom, Result};

/// Events that tell of something that went wrong.
const KINDS: [EventKind; 7] = [
    EventKind::EmailBounced,
    EventKind::EmailFailed,
    EventKind::LimitExceeded,
    EventKind::WebhookDisabled,
    EventKind::DomainFailed,
    EventKind::DomainLost,
    EventKind::InboxPaused,
];

/// Something that went wrong.
#[derive(Clone, Debug)]
pub struct Setback {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: SetbackKind,
    /// In which inbox.
    pub inbox: Option<InboxId>,
    /// With which mail.
    pub message: Option<MessageId>,
}

/// What went wrong.
#[derive(Clone, Debug)]
pub enum SetbackKind {
    /// An endpoint did not take an event.
    Call {
        /// Which endpoint.
        webhook: WebhookId,
        /// What it was to be told.
        event: String,
        /// What it answered; none: nothing.
        status: Option<u16>,
        /// Whether it is tried again.
        again: bool,
    },
    /// Something that the log tells of, and what it says: names, counts and codes of ours.
    Event(EventKind, Value),
}

impl Mailroom {
    /// The last `most` things that went wrong, the newest first; of a tenant, so of nothing for the key of one inbox.
    pub async fn setbacks(&self, caller: &Principal, most: i64) -> Result<Vec<Setback>> {
        if caller.inbox().is_some() {
            return Ok(Vec::new());
        }
        let hooks = self.webhooks(caller).await?;
        let mut scope = caller.tenant().read().await?;
        let mut found = Vec::new();
        for (event, detail) in scope.last_events(&KINDS, most).await? {
            let detail = detail.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
            found.push(Setback {
                at: event.created_at,
                kind: SetbackKind::Event(event.kind, detail),
                inbox: event.inbox,
                message: event.message,
            });
        }
        for hook in hooks {
            for attempt in scope.attempts(&hook.webhook.id, None, None, most).await? {
                if attempt.outcome == AttemptOutcome::Delivered {
                    continue;
                }
                found.push(Setback {
                    at: attempt.at,
                    kind: SetbackKind::Call {
                        webhook: hook.webhook.id.clone(),
                        event: attempt.kind,
                        status: attempt.status,
                        again: attempt.outcome == AttemptOutcome::Retry,
                    },
                    inbox: None,
                    message: None,
                });
            }
        }
        found.sort_by_key(|setback| std::cmp::Reverse(setback.at));
        found.truncate(usize::try_from(most).unwrap_or_default());
        Ok(found)
    }
}
