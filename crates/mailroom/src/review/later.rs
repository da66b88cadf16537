//! Decisions that may be taken back for a few seconds: kept, and carried out by a job when nobody did.
//!
//! The mail stays held meanwhile: nothing is handed to an agent that somebody could still call back.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::MessageId;
use mailward_store::{ClaimedJob, Decision, NewPending, State};
use serde::{Deserialize, Serialize};

use super::Decide;
use crate::access::Principal;
use crate::allowances::AllowRequest;
use crate::{Error, Mailroom, Result};

/// How long a decision may be taken back.
pub const TIME_TO_UNDO: Duration = Duration::from_secs(10);

/// A decision that may still be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingView {
    /// On which mail.
    pub message: MessageId,
    /// What was decided.
    pub decision: Decision,
    /// Who decided.
    pub by: String,
    /// When it is carried out.
    pub due_at: Timestamp,
}

/// What is sealed of a decision that is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) reason: Option<String>,
    pub(super) until: Option<i64>,
    pub(super) everywhere: bool,
}

impl Kept {
    pub(super) fn of(request: &Decide) -> Self {
        Self {
            reason: request.reason.clone(),
            until: request.allow.as_ref().map(|allow| allow.until.millis()),
            everywhere: request.allow.as_ref().is_some_and(|allow| allow.everywhere),
        }
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }

    pub(super) fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|_| Error::Damaged("a decision that was kept is none"))
    }
}

impl Mailroom {
    /// Decides on a held mail once [`TIME_TO_UNDO`] has passed. `None`: there is no such held mail.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody decided on it before.
    pub async fn decide_later(
        &self,
        caller: &Principal,
        id: &MessageId,
        request: &Decide,
    ) -> Result<Option<Timestamp>> {
        if request.decision == Decision::Reject && request.allow.is_some() {
            return Err(Error::invalid("allowSender", "goes with a release alone"));
        }
        let now = self.0.clock.now();
        self.may_release(caller, id, request).await?;
        let text = Kept::of(request).text();
        let sealed = self.seal_small(caller.tenant(), &place(id), &text).await?;
        let mut scope = caller.tenant().write().await?;
        let found = scope.message_for_review(id).await?;
        let Some(message) = found.filter(|message| caller.reaches(&message.inbox)) else { return Ok(None) };
        if message.state != State::Held {
            return if message.version == 0 {
                Ok(None)
            } else {
                Err(Error::Conflict("this mail was decided on already"))
            };
        }
        let due_at = now.plus(TIME_TO_UNDO);
        let pending =
            NewPending { message: id, decision: request.decision, by: caller.keyid(), due_at, sealed };
        if !scope.insert_pending(&pending, now).await? {
            return Err(Error::Conflict("this mail was decided on already"));
        }
        scope.commit().await?;
        Ok(Some(due_at))
    }

    /// Takes a decision back. `false`: there is none, or it is too late.
    pub async fn take_back(&self, caller: &Principal, id: &MessageId) -> Result<bool> {
        let mut scope = caller.tenant().write().await?;
        let done = scope.take_back(id, self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(done)
    }

    /// Decisions that may still be taken back, or are about to be carried out.
    pub async fn pending_decisions(&self, caller: &Principal) -> Result<Vec<PendingView>> {
        let found = caller.tenant().read().await?.pending().await?;
        Ok(found
            .into_iter()
            .map(|one| PendingView {
                message: one.message,
                decision: one.decision,
                by: one.by,
                due_at: one.due_at,
            })
            .collect())
    }

    /// Carries out what was decided on a mail, unless it was taken back. Doing it twice is doing it once: a mail is
    /// decided on once.
    pub async fn carry_out(&self, job: &ClaimedJob) -> Result<()> {
        let Some(id) = &job.message else { return Ok(()) };
        let tenant = &job.tenant;
        let Some(pending) = tenant.read().await?.pending_on(id).await? else { return Ok(()) };
        // Somebody who may no longer decide has not decided.
        if let Some(person) = self.absent_person(tenant, &pending.by).await?
            && person.scopes().contains(mailward_store::Scopes::REVIEW)
        {
            let text = self.open_small(tenant, &place(id), &pending.sealed).await?;
            let kept = Kept::read(&text)?;
            let allow =
                kept.until.map(|until| AllowRequest { until: Timestamp(until), everywhere: kept.everywhere });
            let decide = Decide { decision: pending.decision, reason: kept.reason, allow };
            match self.decide(&person, id, decide).await {
                // Whoever was faster has decided; what can never be done is not tried again.
                Ok(_) | Err(Error::Conflict(_) | Error::Invalid { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut scope = tenant.write().await?;
        scope.forget_pending(id).await?;
        scope.commit().await?;
        Ok(())
    }
}

fn place(id: &MessageId) -> String {
    format!("decision {id}")
}
