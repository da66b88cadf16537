//! The event log: what happened to a tenant, for who reads on from where it was, and told again to webhooks on demand.
//!
//! Shows of mail what is true now, never what was: content of mail that is held, or gone, is not told.

use mailward_mail::id::{EventId, InboxId};
use mailward_store::{EventKind, EventRow, Include, LogFilter, Logged, Scope, Scopes};
use serde_json::{Value, json};

use crate::access::Principal;
use crate::reading::Mail;
use crate::{Error, Mailroom, Result};

/// An event, and what is told of it.
#[derive(Clone, Debug)]
pub struct LoggedEvent {
    /// What happened.
    pub event: EventRow,
    /// What a webhook with a summary is told of it.
    pub data: Value,
}

impl Principal {
    /// Whether events that tell of held mail are for this key: for the tenant's own, never for an agent's.
    pub(crate) fn hears_of_review(&self) -> bool {
        let scopes = self.scopes();
        self.inbox().is_none() && (scopes.contains(Scopes::WEBHOOKS) || scopes.contains(Scopes::REVIEW))
    }

    fn hears_of(&self, event: &EventRow) -> bool {
        let reaches = match self.inbox() {
            None => true,
            own => own == event.inbox.as_ref(),
        };
        reaches && (self.hears_of_review() || !event.kind.is_of_review())
    }
}

impl Mailroom {
    /// At most `limit` events behind the event `after`, oldest first, and whether there are more. Of an inbox key's inbox
    /// alone.
    pub async fn events(
        &self,
        caller: &Principal,
        after: Option<&EventId>,
        limit: u32,
    ) -> Result<(Vec<LoggedEvent>, bool)> {
        let mut scope = caller.tenant().read().await?;
        let after = match after {
            Some(event) => place_of(&mut scope, caller, event).await?,
            None => 0,
        };
        let filter = LogFilter {
            inbox: caller.inbox(),
            after,
            review: caller.hears_of_review(),
            limit: i64::from(limit) + 1,
        };
        let mut found = scope.events(&filter).await?;
        drop(scope);
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let mut events = Vec::with_capacity(found.len());
        for Logged { event, .. } in found {
            let data = match self.noting(caller.tenant(), self.summary(caller, &event)).await {
                // It is not shown, and is in the audit log; what comes behind it is.
                Err(Error::Unreadable { .. }) => json!({}),
                summary => summary?,
            };
            events.push(LoggedEvent { event, data });
        }
        Ok((events, more))
    }

    /// Tells an event again, under its id, to the endpoints that ask for its kind; how many those are. `None`: the
    /// caller has no such event.
    pub async fn redeliver(&self, caller: &Principal, id: &EventId) -> Result<Option<u64>> {
        let mut scope = caller.tenant().write().await?;
        let Some(event) = scope.event(id).await?.filter(|event| caller.hears_of(event)) else {
            return Ok(None);
        };
        let endpoints = scope.redeliver(&event, caller.inbox(), self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(Some(endpoints))
    }

    /// The place in the log behind which an inbox is followed: that of the event `after`, else the end. `None`: the
    /// caller has no such inbox.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the caller has no such event, or not any more.
    pub async fn place_in_log(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        after: Option<&EventId>,
    ) -> Result<Option<i64>> {
        let mut scope = caller.tenant().read().await?;
        if !caller.reaches(inbox) || scope.inbox(inbox).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(match after {
            Some(event) => place_of(&mut scope, caller, event).await?,
            None => scope.newest_pos().await?,
        }))
    }

    /// Of each mail the event that told of its arrival, as far as the log still has it.
    pub async fn events_of(&self, caller: &Principal, mails: &[Mail]) -> Result<Vec<Option<EventId>>> {
        let mut scope = caller.tenant().read().await?;
        let mut events = Vec::with_capacity(mails.len());
        for mail in mails {
            events.push(scope.event_of(&mail.message.id, EventKind::EmailReceived).await?);
        }
        Ok(events)
    }

    async fn summary(&self, caller: &Principal, event: &EventRow) -> Result<Value> {
        if let Some(id) = &event.message {
            let message = caller.tenant().read().await?.message_for_review(id).await?;
            // Mail of an inbox that was deleted has no key any more.
            if message.is_none_or(|message| message.dek.is_empty()) {
                let inbox = event.inbox.as_ref().map(InboxId::as_str);
                return Ok(json!({ "id": id.as_str(), "inboxId": inbox }));
            }
        }
        let data = self.event_data(caller.tenant(), event, Include::Summary).await?;
        Ok(data.unwrap_or_else(|| json!({})))
    }
}

/// The place of an event that the caller may know.
async fn place_of(scope: &mut Scope, caller: &Principal, id: &EventId) -> Result<i64> {
    let known = scope.event(id).await?.is_some_and(|event| caller.hears_of(&event));
    let place = if known { scope.event_pos(id).await? } else { None };
    place.ok_or_else(|| {
        Error::invalid(
            "after",
            "there is no such event, or not any more: events are kept for 30 days. List the mail instead, and follow without `after`",
        )
    })
}
