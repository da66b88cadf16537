//! A mail that its sender takes back: from everybody whom it did not reach yet, as long as nobody is being talked to for them.

use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};
use mailward_store::OutgoingStatus;

use super::{Queued, whole};
use crate::access::Principal;
use crate::{Error, Mailroom, Result};

const HELD: &str = "it waits for a person, who decides on it";
const GONE: &str = "it has left, or is being handed over now";

impl Mailroom {
    /// When a mail of the caller's is to leave, while it waits for that.
    pub async fn leaves_at(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &MessageId,
    ) -> Result<Option<Timestamp>> {
        if !caller.reaches(inbox) {
            return Ok(None);
        }
        let mut scope = caller.tenant().read().await?;
        if scope.outgoing(id).await?.is_none_or(|message| message.inbox != *inbox) {
            return Ok(None);
        }
        Ok(scope.send_at(id).await?.filter(|at| *at > self.0.clock.now()))
    }

    /// Takes a mail back, as far as it has not left. Recipients for whom no server was talked to are counted no more.
    /// `None`: the caller sent no such mail.
    ///
    /// # Errors
    /// [`Error::Conflict`]: nothing of it can be taken back.
    pub async fn cancel(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &MessageId,
    ) -> Result<Option<Queued>> {
        if !caller.reaches(inbox) {
            return Ok(None);
        }
        let now = self.0.clock.now();
        let mut scope = caller.tenant().write().await?;
        let found = scope.outgoing(id).await?.filter(|message| message.inbox == *inbox);
        let Some(message) = found else { return Ok(None) };
        match message.status {
            // What an agent was talked into must not be taken away from whoever is to look at it.
            Some(OutgoingStatus::Held) => return Err(Error::Conflict(HELD)),
            // A repeat of this very request.
            Some(OutgoingStatus::Cancelled) => {
                return Ok(Some(Queued { id: message.id, status: OutgoingStatus::Cancelled, send_at: None }));
            }
            _ => {}
        }
        // The counters first, as everybody locks them.
        scope.send_use(inbox, now).await?;
        let back = scope.cancel_sending(id, now).await?;
        if back.untried + back.deferred == 0 {
            return Err(Error::Conflict(GONE));
        }
        if back.untried > 0 {
            let counted = Day::of(scope.counted_at(id).await?);
            scope.refund_sent(inbox, counted, back.untried).await?;
        }
        let all: Vec<OutgoingStatus> =
            scope.recipients(id).await?.into_iter().map(|one| one.status).collect();
        let status = whole(&all);
        scope.set_outgoing_status(id, status).await?;
        self.tell_of(&mut scope, &message, OutgoingStatus::Cancelled, &all, now).await?;
        scope.commit().await?;
        Ok(Some(Queued { id: message.id, status, send_at: None }))
    }
}
