//! Pulls mail with a lease: claimed mail is hidden from other claimers until it is acknowledged, or the lease ends.
//!
//! At least once, never twice at a time. What was handed out five times without an acknowledgement is put aside, told of
//! and listed, so that one mail that breaks its reader does not stop the queue.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId, LeaseId, MessageId};
use mailward_store::{EventKind, EventRow, LeaseClaim, Leased, Scope, Settled};

use crate::access::Principal;
use crate::reading::{Mail, meta, parsed};
use crate::{Error, Mailroom, Result};

/// Mails that one request claims at most.
const MOST: u32 = 100;
/// A claim lasts at most half a day.
const LONGEST: u32 = 12 * 3_600;

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct LeaseRequest {
    /// So many mails at most.
    pub max: u32,
    /// So long, in seconds.
    pub seconds: u32,
}

/// A mail that was claimed.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Names the claim.
    pub id: LeaseId,
    /// When it ends by itself.
    pub until: Timestamp,
    /// How often the mail was handed out, this time included.
    pub tries: i64,
    /// The mail.
    pub mail: Mail,
}

impl Mailroom {
    /// Claims the oldest mails of an inbox that are neither settled nor claimed. `None`: the caller has no such inbox.
    pub async fn lease(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        request: LeaseRequest,
    ) -> Result<Option<Vec<Lease>>> {
        if !(1..=MOST).contains(&request.max) {
            return Err(Error::invalid("max", format!("must be between 1 and {MOST}")));
        }
        if !(1..=LONGEST).contains(&request.seconds) {
            return Err(Error::invalid("seconds", format!("must be between 1 and {LONGEST}")));
        }
        let now = self.0.clock.now();
        let until = now.plus(Duration::from_secs(request.seconds.into()));
        let mut scope = caller.tenant().write().await?;
        if !caller.reaches(inbox) || scope.inbox(inbox).await?.is_none() {
            return Ok(None);
        }
        for message in scope.bury_mail(inbox, now).await? {
            self.tell_dead(&mut scope, inbox, message, now).await?;
        }
        let mut claimed = Vec::new();
        for _ in 0..request.max {
            let id = LeaseId::generate(&self.0.clock, &self.0.random);
            let claim = LeaseClaim { id: &id, now, until };
            let Some(leased) = scope.claim_mail(inbox, &claim).await? else { break };
            claimed.push((id, leased));
        }
        // Claimed for good before anybody sees it: a claim that is lost with its answer ends by itself.
        scope.commit().await?;
        let meters = self.0.tracer.meters();
        meters.count("lease", "granted", claimed.len() as u64);
        let again = claimed.iter().filter(|(_, leased)| leased.tries > 1).count();
        meters.count("lease", "granted_again", again as u64);
        let mut leases = Vec::with_capacity(claimed.len());
        for (id, Leased { message, tries }) in claimed {
            let opened = self.noting(caller.tenant(), self.whole(caller, inbox, &message)).await;
            match opened {
                Ok(Some(mail)) => leases.push(Lease { id, until, tries, mail }),
                // Deleted meanwhile; or not to be read, which the audit log has: put aside after its tries.
                Ok(None) | Err(Error::Unreadable { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(leases))
    }

    /// Settles a claim: acknowledges its mail, or gives it back. `None`: the caller has no such claim.
    pub async fn settle_lease(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &LeaseId,
        is_done: bool,
    ) -> Result<Option<Settled>> {
        let now = self.0.clock.now();
        let mut scope = caller.tenant().write().await?;
        if !caller.reaches(inbox) || scope.inbox(inbox).await?.is_none() {
            return Ok(None);
        }
        let Some((message, settled)) = scope.settle_lease(inbox, id, is_done, now).await? else {
            return Ok(None);
        };
        if settled == Settled::Dead {
            self.tell_dead(&mut scope, inbox, message, now).await?;
        }
        scope.commit().await?;
        let word = match (settled, is_done) {
            (Settled::Dead, _) => "put_aside",
            (_, true) => "done",
            (_, false) => "given_back",
        };
        self.0.tracer.meters().count("lease", word, 1);
        Ok(Some(settled))
    }

    /// Mail that was put aside, newest first, with how often it was handed out. `None`: the caller has no such inbox.
    pub async fn dead_letters(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Option<Vec<(Mail, i64)>>> {
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        if !caller.reaches(inbox) || scope.inbox(inbox).await?.is_none() {
            return Ok(None);
        }
        let mut mails = Vec::new();
        for (message, tries) in scope.dead_mail(inbox, before, limit).await? {
            let meta = meta(caller.tenant(), &mut scope, &keys, &message).await?;
            mails.push((Mail { message, meta, parsed: None }, tries));
        }
        Ok(Some(mails))
    }

    async fn tell_dead(
        &self,
        scope: &mut Scope,
        inbox: &InboxId,
        message: MessageId,
        now: Timestamp,
    ) -> Result<()> {
        let event = EventRow {
            id: EventId::generate(&self.0.clock, &self.0.random),
            kind: EventKind::EmailDeadLetter,
            inbox: Some(inbox.clone()),
            message: Some(message),
            created_at: now,
        };
        Ok(scope.record(&event).await?)
    }

    async fn whole(&self, caller: &Principal, inbox: &InboxId, id: &MessageId) -> Result<Option<Mail>> {
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        let Some(message) = scope.message(inbox, id).await? else { return Ok(None) };
        let meta = meta(caller.tenant(), &mut scope, &keys, &message).await?;
        let parsed = parsed(caller.tenant(), &mut scope, &keys, &message).await?;
        Ok(Some(Mail { message, meta, parsed }))
    }
}
