//! **The way out**: takes an agent's mail to the queue: check, guard, compose, seal, count, enqueue; and, as a job, from the
//! queue to those it is for ([`carry`]).
//!
//! What is accepted is on the disk with its job and its counts in one transaction, or it is not there at all. Knows
//! nothing of HTTP, and opens no connection: who is not of this house is reached by whoever runs the job.

mod answering;
mod cancelling;
mod carry;
mod compose;
mod guard;
mod letter;
mod loops;
mod policy;
mod quota;
mod released;
mod report;
mod returned;
mod standing;
mod taint;
mod unsubscribing;

use std::time::Duration;

use mailward_mail::address::Address;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId, MessageId};
use mailward_mail::parsed::{Parsed, parse};
use mailward_mail::prescan::Bounds;
use mailward_store::{
    Direction, EventKind, EventRow, Inbox, NewMessage, NewOutgoing, OutgoingStatus, Scope, Sent, Tenant,
    Threading,
};
use mailward_vault::{MessageContext, PartKind};
use sha2::{Digest, Sha256};

pub use answering::Said;
pub(crate) use carry::whole;
pub use carry::{Begun, Fate, Parcel, Report};
pub use letter::{SendAttachment, SendRequest};
pub use policy::{Effective, OnSecret, SendLimits, SendPolicy, SendTo, Taint};
pub(crate) use returned::returned_tag;
pub use standing::DailySends;

use crate::access::Principal;
use crate::inbound::author_digest;
use crate::keyring::TenantKeys;
use crate::reading::{Joined, Outgoing, meta};
use crate::snapshot::{HeldFor, Meta};
use crate::{Error, Mailroom, Result};
use letter::Letter;

/// Attempts of one transaction when the database says that another order would have worked.
const ATTEMPTS: usize = 4;
/// Message-IDs of a thread that are named in `References`: the first and the newest (RFC 5322 3.6.4 lets a list be cut).
const MOST_REFERENCES: usize = 12;
/// What was judged is not what stands there when it is counted.
const CAME_MEANWHILE: &str = "mail of risk came while this one was judged; send it again";

/// So long ahead a mail may wait to leave.
const LATEST: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A mail that was accepted.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Its id: the first one's, if this was a repeat.
    pub id: MessageId,
    /// How it fares.
    pub status: OutgoingStatus,
    /// When it is to leave, while it waits for that.
    pub send_at: Option<Timestamp>,
}

/// How a mail fares with one recipient, as its sender sees it.
#[derive(Clone, Debug)]
pub struct RecipientStatus {
    /// Its address.
    pub address: String,
    /// How the mail fares.
    pub status: OutgoingStatus,
    /// What was last said about it.
    pub answer: Option<String>,
}

/// A mail that is composed, and what of it is stored.
struct Composed {
    raw: Vec<u8>,
    parsed: Parsed,
    meta: Meta,
    threading: Threading,
    /// The newest mail of risk that was known when this one was judged.
    judged_by: Option<MessageId>,
}

/// What an idempotency key and the request it came with are remembered by.
type Remembered = ([u8; 16], [u8; 16]);

impl Mailroom {
    /// Accepts a mail from one of the caller's inboxes. `None`: the caller has no such inbox.
    pub async fn send(&self, caller: &Principal, request: SendRequest) -> Result<Option<Queued>> {
        let tenant = caller.tenant();
        let letter = Letter::new(request)?;
        let Some(inbox) = self.sending_inbox(caller, &letter).await? else { return Ok(None) };
        let keys = self.0.keyring.tenant(tenant).await?;
        let remembered = letter.idempotency.as_ref().map(|(key, body)| {
            let key = keys.dedup.digest16(&[b"idempotency", key.as_bytes()]);
            (key, keys.dedup.digest16(&[b"request", body]))
        });
        if let Some(before) = self.sent_before(&mut tenant.read().await?, remembered.as_ref()).await? {
            return Ok(Some(before));
        }
        if letter.send_at.is_some_and(|at| at <= self.0.clock.now() || at > self.0.clock.now().plus(LATEST)) {
            return Err(Error::invalid("sendAt", "must be later than now, and within 30 days"));
        }
        if !inbox.is_active {
            return Err(Error::InboxPaused);
        }
        self.comes_through(tenant, &inbox).await?;
        let policy = self.effective_send(tenant, &mut tenant.read().await?, &inbox.id).await?;
        self.refuse_recipients(caller, &inbox, &letter, &policy).await?;
        let secret = self.guard(caller, &letter, &policy).await?;
        let message_id = format!("{}@{}", hex(&self.0.random.bytes::<16>()), letter.from.domain());
        let joined = self.join(caller, &inbox, &letter, &message_id).await?;
        let name = self.open_small(tenant, inbox.id.as_str(), &inbox.profile).await?;
        let answers = joined.answers.clone();
        if let Some(answered) = &answers {
            self.refuse_monologue(caller, &inbox, answered).await?;
        }
        let unsubscribe = match (&letter.unsubscribe_at, letter.recipients().first()) {
            (Some(at), Some(one)) => Some(format!("{at}/u/{}", self.unsubscribe_link(tenant, one).await?)),
            _ => None,
        };
        let mut composed =
            self.compose(&letter, &inbox.address, name, message_id, joined, unsubscribe).await?;
        for _ in 0..ATTEMPTS {
            let judged = self.suspect(caller, &inbox, &letter, answers.as_ref(), &policy).await?;
            composed.meta.held_for = held_for(&policy, &judged, secret)?;
            composed.judged_by = judged.risky;
            match self.enqueue(caller, &inbox, &letter, &composed, remembered.as_ref()).await {
                Err(Error::Conflict(why)) if why == CAME_MEANWHILE => {}
                done => return done,
            }
        }
        Err(Error::Conflict(CAME_MEANWHILE))
    }

    /// How a mail fares with each of its recipients, in the order in which they were named; none of a mail that came.
    pub async fn recipients(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &MessageId,
    ) -> Result<Vec<RecipientStatus>> {
        if !caller.reaches(inbox) {
            return Ok(Vec::new());
        }
        let mut scope = caller.tenant().read().await?;
        if scope.outgoing(id).await?.is_none_or(|message| message.inbox != *inbox) {
            return Ok(Vec::new());
        }
        let stored = scope.recipients(id).await?;
        drop(scope);
        let mut shown = Vec::with_capacity(stored.len());
        for one in stored {
            let address = self.open_small(caller.tenant(), &place(id, one.no), &one.sealed).await?;
            let answer = match &one.answer {
                Some(sealed) => {
                    Some(self.open_small(caller.tenant(), &answer_place(id, one.no), sealed).await?)
                }
                None => None,
            };
            shown.push(RecipientStatus { address, status: one.status, answer });
        }
        Ok(shown)
    }

    /// The caller's inbox that a mail is from.
    async fn sending_inbox(&self, caller: &Principal, letter: &Letter) -> Result<Option<Inbox>> {
        let mut scope = caller.tenant().read().await?;
        let found = scope.inbox_by_address(&letter.from.canonical()).await?;
        let now = self.0.clock.now();
        let found =
            found.filter(|inbox| caller.reaches(&inbox.id) && inbox.expires_at.is_none_or(|end| end > now));
        let Some(inbox) = found else { return Ok(None) };
        // Whoever has the domain now would be the one it speaks for.
        if !scope.holds_domain_of(&inbox.id).await? {
            return Err(Error::DomainNotHeld);
        }
        Ok(Some(inbox))
    }

    /// What an equal request made before.
    async fn sent_before(
        &self,
        scope: &mut Scope,
        remembered: Option<&Remembered>,
    ) -> Result<Option<Queued>> {
        let Some((key, digest)) = remembered else { return Ok(None) };
        let Some((request, result)) = scope.idempotent(key).await? else { return Ok(None) };
        if request != digest {
            return Err(Error::IdempotencyMismatch);
        }
        let id = MessageId::parse(&result).map_err(|_| Error::IdempotencyMismatch)?;
        let found = scope.outgoing(&id).await?;
        let status = found.and_then(|message| message.status);
        let status = status.ok_or(Error::Conflict("the mail this request made was deleted"))?;
        let send_at = scope.send_at(&id).await?.filter(|at| *at > self.0.clock.now() && status.is_open());
        Ok(Some(Queued { id, status, send_at }))
    }

    /// Where a letter belongs; it answers nobody who is none.
    async fn join(
        &self,
        caller: &Principal,
        inbox: &Inbox,
        letter: &Letter,
        message_id: &str,
    ) -> Result<Joined> {
        let own = Address::parse(&inbox.address).map_err(|_| Error::Damaged("an inbox has no address"))?;
        let open: Vec<String> = letter.to.iter().chain(&letter.cc).map(ToString::to_string).collect();
        let outgoing = Outgoing {
            message_id,
            recipients: &open,
            subject: &letter.subject,
            in_reply_to: letter.in_reply_to.as_deref(),
            thread: letter.thread.as_ref(),
        };
        let joined = self.join_thread(caller, &inbox.id, &own, &outgoing).await?;
        if let Some(id) = &joined.answers {
            let tenant = caller.tenant();
            let keys = self.0.keyring.tenant(tenant).await?;
            let mut scope = tenant.read().await?;
            let Some(message) = scope.message(&inbox.id, id).await? else { return Ok(joined) };
            let meta = meta(tenant, &mut scope, &keys, &message).await?;
            // RFC 5321 4.5.5: nobody is there to read an answer to a bounce, and machines would talk for ever.
            if message.direction == Direction::Inbound && meta.envelope_from.is_none() {
                return Err(Error::RecipientNotAllowed(
                    "the mail that is answered has the null sender: it is a report of a machine",
                ));
            }
        }
        Ok(joined)
    }

    /// Composes a mail and reads it back: what is stored and shown is what a recipient will read.
    async fn compose(
        &self,
        letter: &Letter,
        address: &str,
        name: String,
        message_id: String,
        joined: Joined,
        unsubscribe: Option<String>,
    ) -> Result<Composed> {
        let header = compose::Header {
            address,
            name: &name,
            message_id,
            date: letter.send_at.unwrap_or_else(|| self.0.clock.now()),
            boundary: hex(&self.0.random.bytes::<16>()),
            in_reply_to: joined.in_reply_to.filter(|id| compose::is_message_id(id)),
            references: cut(joined.references),
            unsubscribe,
        };
        let raw = compose::compose(letter, &header)?;
        if raw.len() > letter::MOST_BYTES {
            return Err(Error::TooLarge(letter::MOST_BYTES));
        }
        let (raw, parsed) = tokio::task::spawn_blocking(move || {
            let parsed = parse(&raw, &Bounds::default());
            (raw, parsed)
        })
        .await
        .map_err(|_| Error::Damaged("a mail of our own could not be read"))?;
        let parsed = parsed.map_err(|_| Error::Damaged("a mail of our own is too complex"))?;
        let meta = Meta::outgoing(&parsed, address);
        Ok(Composed { raw, parsed, meta, threading: joined.threading, judged_by: None })
    }

    /// Counts and stores a mail in one transaction, again where the database says that another order would have worked.
    async fn enqueue(
        &self,
        caller: &Principal,
        inbox: &Inbox,
        letter: &Letter,
        composed: &Composed,
        remembered: Option<&Remembered>,
    ) -> Result<Option<Queued>> {
        let mut attempt = 1;
        loop {
            match self.try_enqueue(caller, inbox, letter, composed, remembered).await {
                Err(Error::Store(error))
                    if (error.is_retryable() || error.is_unique_violation()) && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                }
                // The key was rotated meanwhile, or an equal request was faster: what it made is found now.
                Err(Error::Conflict(why)) if attempt < ATTEMPTS && why != CAME_MEANWHILE => {
                    attempt += 1;
                    self.0.keyring.renew(caller.tenant()).await?;
                }
                done => return done,
            }
        }
    }

    async fn try_enqueue(
        &self,
        caller: &Principal,
        inbox: &Inbox,
        letter: &Letter,
        composed: &Composed,
        remembered: Option<&Remembered>,
    ) -> Result<Option<Queued>> {
        let (room, tenant) = (&self.0, caller.tenant());
        let (created, inbox) = (inbox.created_at, &inbox.id);
        let keys = room.keyring.tenant(tenant).await?;
        let now = room.clock.now();
        let (message, parts) = self.seal_outgoing(tenant, &keys, inbox, composed, now)?;
        let (mut recipients, mut digests) = (Vec::new(), Vec::new());
        for (no, address) in (0..).zip(letter.recipients()) {
            recipients.push(self.seal_small(tenant, &place(&message.id, no), &address).await?);
            digests.push(author_digest(&keys, &address));
        }

        let mut scope = tenant.write().await?;
        // The inbox' row first: rows are locked in one order everywhere.
        let new = NewOutgoing {
            message: &message,
            parts: &parts,
            recipients: &recipients,
            send_at: letter.send_at,
        };
        if !scope.enqueue(&new, now).await? {
            return Ok(None);
        }
        if let Some(before) = self.sent_before(&mut scope, remembered).await? {
            return Ok(Some(before));
        }
        if i64::from(message.key_version) < scope.key_floor().await? {
            return Err(Error::Conflict("the tenant's key was rotated"));
        }
        if let Some((key, digest)) = remembered
            && !scope.remember(key, digest, message.id.as_str(), now).await?
        {
            return Err(Error::Conflict("another request with this idempotency key is being carried out"));
        }
        // Under the lock of the inbox' row: what comes from here on was not read by whoever wrote this.
        if self.risky(caller, &mut scope, inbox).await?.map(|risky| risky.newest) != composed.judged_by {
            return Err(Error::Conflict(CAME_MEANWHILE));
        }
        if scope.any_suppressed(&digests).await? {
            return Err(Error::RecipientNotAllowed(
                "a recipient is on the suppression list: GET /v1/suppressions says which and why, DELETE takes it off",
            ));
        }
        let limits = self.effective_send(tenant, &mut scope, inbox).await?.limits;
        let mut plan = limits.narrow(self.plan_of(&mut scope).await?);
        let used = scope.send_use(inbox, now).await?;
        let full = self.ramped(&mut plan, created, used.day);
        let strangers = scope.strangers(inbox, &digests).await?;
        let wanted = quota::Wanted {
            recipients: recipients.len(),
            strangers: strangers.len(),
            bytes: parts.iter().map(Vec::len).sum(),
        };
        let departure = match quota::judge(&used, &plan, &wanted, now) {
            Ok(departure) => departure,
            Err(quota::Refused { over, of_inbox }) => {
                drop(scope);
                self.tell_refused(tenant, of_inbox.then_some(inbox), &over);
                return Err(quota::refusal(over, full));
            }
        };
        let many = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        scope
            .count_sent(&Sent {
                inbox,
                day: used.day,
                departure,
                // One that is held takes the rate and the disk now, the rest when it goes; it makes nobody an acquaintance.
                recipients: if message.held { 0 } else { many(wanted.recipients) },
                bytes: many(wanted.bytes),
                new: if message.held { &[] } else { &strangers },
            })
            .await?;
        if !message.held {
            self.tell_near_sends(&mut scope, inbox, &used, &plan, &wanted).await?;
        }
        if message.held {
            let event = EventRow {
                id: EventId::generate(&room.clock, &room.random),
                kind: EventKind::EmailHeld,
                inbox: Some(inbox.clone()),
                message: Some(message.id.clone()),
                created_at: now,
            };
            scope.record(&event).await?;
        }
        scope.commit().await?;
        let status = if message.held { OutgoingStatus::Held } else { OutgoingStatus::Queued };
        Ok(Some(Queued { id: message.id, status, send_at: letter.send_at }))
    }

    fn seal_outgoing(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
        inbox: &InboxId,
        composed: &Composed,
        now: Timestamp,
    ) -> Result<(NewMessage, [Vec<u8>; 3])> {
        let room = &self.0;
        let id = MessageId::generate(&room.clock, &room.random);
        let context = MessageContext { region: tenant.region(), tenant: tenant.id(), inbox, message: &id };
        let (key, dek) = keys.current().new_message_key(&context, &room.random);
        let json = |what: serde_json::Result<Vec<u8>>| {
            what.map_err(|_| Error::Damaged("a snapshot cannot be written"))
        };
        let (parsed, meta) =
            (json(serde_json::to_vec(&Some(&composed.parsed)))?, json(serde_json::to_vec(&composed.meta))?);
        let parts = [
            key.seal(&context, PartKind::Raw, 0, &composed.raw).into_bytes(),
            key.seal(&context, PartKind::Parsed, 0, &parsed).into_bytes(),
            key.seal(&context, PartKind::Meta, 0, &meta).into_bytes(),
        ];
        let verdict = composed.meta.verdict.as_ref();
        let message = NewMessage {
            inbox: inbox.clone(),
            held: composed.meta.held_for.is_some(),
            received_at: now,
            size: i64::try_from(composed.raw.len()).unwrap_or(i64::MAX),
            level: verdict.map_or("low", |verdict| verdict.level.as_str()),
            score: verdict.map_or(0, |verdict| verdict.score),
            model: verdict.map_or_else(String::new, |verdict| verdict.model.clone()),
            has_attachments: !composed.meta.attachments.is_empty(),
            is_automated: true,
            key_version: keys.current().version(),
            dek: dek.as_bytes().to_vec(),
            from_digest: Some(author_digest(keys, &composed.meta.from.address)),
            threading: Some(composed.threading.clone()),
            delivery_digest: keys.dedup.digest16(&[b"outgoing", &Sha256::digest(&composed.raw)]),
            id,
        };
        Ok((message, parts))
    }
}

/// Why a mail has to wait, from what was found in it.
///
/// # Errors
/// [`Error::Tainted`] where the owner wants it refused instead.
fn held_for(
    policy: &Effective,
    judged: &taint::Suspicion,
    secret: Option<&'static str>,
) -> Result<Option<HeldFor>> {
    if !judged.reasons.is_empty() && policy.taint == Taint::Block {
        return Err(Error::Tainted(judged.reasons.join("; ")));
    }
    let mut reasons: Vec<String> = judged.reasons.iter().map(|one| (*one).to_owned()).collect();
    reasons.extend(secret.map(|family| format!("a secret stands in it: {family}")));
    let caused_by = judged.risky.clone().filter(|_| !judged.reasons.is_empty());
    Ok((!reasons.is_empty()).then_some(HeldFor { reasons, caused_by }))
}

/// What a recipient's address is sealed for: it opens at its own place alone.
pub(crate) fn place(message: &MessageId, no: i64) -> String {
    format!("{message}/to/{no}")
}

/// Likewise of what was said about it.
fn answer_place(message: &MessageId, no: i64) -> String {
    format!("{message}/answer/{no}")
}

/// The first of a thread's Message-IDs and the newest; what is none is left out.
fn cut(all: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for id in all.into_iter().filter(|id| compose::is_message_id(id)) {
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    if kept.len() > MOST_REFERENCES {
        kept.drain(1..kept.len() - (MOST_REFERENCES - 1));
    }
    kept
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_thread_the_first_and_the_newest_are_named() {
        let all: Vec<String> = (0..40).map(|n| format!("{n}@a.test")).collect();
        let kept = cut(all);
        assert_eq!((kept.len(), kept[0].as_str(), kept[11].as_str()), (12, "0@a.test", "39@a.test"));
        assert_eq!(cut(vec!["a@b".into(), "x\r\nBcc: y@z".into(), "a@b".into()]), ["a@b"]);
    }
}
