//! Held mail: shown to those who may decide on it, and decided on once.

mod around;
mod files;
mod later;
mod twice;

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, MessageId};
use mailward_store::{
    Action, Decided, Decision, DecisionRecord, Direction, EventKind, EventRow, Message, State,
};

use crate::access::Principal;
use crate::allowances::{AllowRequest, AllowedView};
use crate::inbound::domain_digest;
use crate::reading::{Mail, meta, parsed};
use crate::snapshot::Meta;
use crate::{Error, Mailroom, Result};

pub use later::{PendingView, TIME_TO_UNDO};
pub use twice::Approvals;

/// What a person decides on a held mail.
#[derive(Clone, Debug)]
pub struct Decide {
    /// What.
    pub decision: Decision,
    /// Why.
    pub reason: Option<String>,
    /// Let its sender through for some time; with a release alone.
    pub allow: Option<AllowRequest>,
}

/// A mail that was decided on, and what came of its sender.
#[derive(Clone, Debug)]
pub struct DecidedMail {
    /// The mail.
    pub mail: Mail,
    /// Its sender, let through from now on.
    pub allowed: Option<AllowedView>,
    /// Where it waits for a second person: how far it has come.
    pub approvals: Option<Approvals>,
}

impl Mailroom {
    /// Held mail, newest first, before `before`.
    pub async fn held(
        &self,
        caller: &Principal,
        before: Option<&MessageId>,
        limit: i64,
    ) -> Result<Vec<Mail>> {
        if caller.is_operator() {
            return Ok(Vec::new());
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        let mut mails = Vec::new();
        for message in scope.held(before, limit).await? {
            if caller.reaches(&message.inbox) {
                let meta = meta(caller.tenant(), &mut scope, &keys, &message).await?;
                mails.push(Mail { message, meta, parsed: None });
            }
        }
        Ok(mails)
    }

    /// One held mail with its text.
    pub async fn held_mail(&self, caller: &Principal, id: &MessageId) -> Result<Option<Mail>> {
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        // Looking at held mail is an act: it is shown when the log has it.
        let mut scope = caller.tenant().write().await?;
        let found = scope.message_for_review(id).await?;
        let Some(message) = found.filter(|message| {
            message.state == State::Held && caller.reaches(&message.inbox) && !caller.is_operator()
        }) else {
            return Ok(None);
        };
        let meta = meta(caller.tenant(), &mut scope, &keys, &message).await?;
        let parsed = parsed(caller.tenant(), &mut scope, &keys, &message).await?;
        scope.audit(&caller.act(Action::HeldShown).on(id.as_str()), self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(Some(Mail { message, meta, parsed }))
    }

    /// Releases or rejects a held mail; where two must release it, the first release is kept and the mail waits on. `None`:
    /// there is no such mail.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it was decided on before: the first decision stands; and for who released it before, where it
    /// takes another.
    pub async fn decide(
        &self,
        caller: &Principal,
        id: &MessageId,
        request: Decide,
    ) -> Result<Option<DecidedMail>> {
        let decision = request.decision;
        if decision == Decision::Reject && request.allow.is_some() {
            return Err(Error::invalid("allowSender", "goes with a release alone"));
        }
        let reason = match &request.reason {
            Some(text) => Some(self.seal_small(caller.tenant(), id.as_str(), text).await?),
            None => None,
        };
        let action = match decision {
            Decision::Release => Action::MailReleased,
            Decision::Reject => Action::MailRejected,
        };
        let act = caller.act(action).on(id.as_str()).sealed(reason.clone());
        let decided = Decided { decision, by: caller.keyid(), reason };
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let now = self.0.clock.now();
        // Opened before anything is locked: the key may have to be fetched first.
        let mut scope = caller.tenant().read().await?;
        let found = scope.message_for_review(id).await?;
        let Some(message) = found.filter(|message| caller.reaches(&message.inbox)) else { return Ok(None) };
        let meta = meta(caller.tenant(), &mut scope, &keys, &message).await?;
        let takes_two = decision == Decision::Release
            && self.takes_two(caller.tenant(), &mut scope, &message, &meta).await?;
        drop(scope);
        let proposal = match takes_two {
            true => Some(self.first_release(caller, id, &request).await?),
            false => None,
        };
        let goes = message.direction == Direction::Outbound;
        if goes && request.allow.is_some() {
            return Err(Error::invalid(
                "allowSender",
                "goes with mail that came; `sendPolicy.allow` names recipients",
            ));
        }
        let departing = match goes && decision == Decision::Release {
            true => Some(self.departing(caller.tenant(), &keys, &message).await?),
            false => None,
        };
        let mut allow = match &request.allow {
            Some(allow) => Some(self.new_allowance(caller, &message, author(&meta), allow).await?),
            None => None,
        };
        let mut scope = caller.tenant().write().await?;
        let Some(message) =
            scope.message_for_review(id).await?.filter(|message| caller.reaches(&message.inbox))
        else {
            return Ok(None);
        };
        // A mail that was never held is not a reviewer's to see.
        if message.state != State::Held && message.version == 0 {
            return Ok(None);
        }
        if message.state != State::Held {
            return Err(Error::Conflict("this mail was decided on already"));
        }
        let mut first = None;
        if let Some(new) = &proposal {
            first = self.confirms(caller, &mut scope, &message, allow.as_mut()).await?;
            if first.is_none() {
                scope.insert_approval(new).await?;
                let act = caller.act(Action::ReleaseProposed).on(id.as_str()).sealed(decided.reason);
                scope.audit(&act, now).await?;
                scope.commit().await?;
                let approvals = Some(Approvals { first: Some((new.by.clone(), new.at)) });
                let mail = Mail { message, meta, parsed: None };
                return Ok(Some(DecidedMail { mail, allowed: None, approvals }));
            }
        }
        let act = match &first {
            Some(first) => act.word("firstReleasedBy", &first.by),
            None => act,
        };
        if !scope.decide(&message, &decided, now).await? {
            return Err(Error::Conflict("this mail was decided on already"));
        }
        if let Some(digests) = &departing {
            self.depart(caller.tenant(), &mut scope, &message.inbox, digests, now).await?;
        }
        let told: &[EventKind] = match decision {
            Decision::Release if goes => &[EventKind::EmailReleased],
            // Released, and from now on mail like any other: who waits for mail hears of it.
            Decision::Release => &[EventKind::EmailReleased, EventKind::EmailReceived],
            Decision::Reject => &[EventKind::EmailRejected],
        };
        for kind in told {
            let event = EventRow {
                id: EventId::generate(&self.0.clock, &self.0.random),
                kind: *kind,
                inbox: Some(message.inbox.clone()),
                message: Some(message.id.clone()),
                created_at: now,
            };
            let detail = (*kind != EventKind::EmailReceived).then_some(r#"{"decidedBy":"reviewer"}"#);
            scope.record_with(&event, detail).await?;
        }
        // What is learnt from decisions is about mail that came.
        if !goes {
            let thread = EventId::generate(&self.0.clock, &self.0.random);
            scope.tell_of_thread(&message.id, thread, now).await?;
            let record = Verdicts::of(&meta);
            scope
                .keep_decision(&DecisionRecord {
                    message: &message.id,
                    inbox: &message.inbox,
                    decision,
                    at: now,
                    by: caller.keyid(),
                    level: record.level,
                    score: record.score,
                    model: record.model,
                    findings: &record.findings,
                    dmarc: record.dmarc,
                    domain_digest: domain_digest(&keys, &meta.from.address),
                })
                .await?;
        }
        let allowed = match &allow {
            Some(new) => Some(self.allow(caller, &mut scope, new).await?),
            None => None,
        };
        let decided = scope.message_for_review(id).await?.ok_or(Error::Damaged("a decided mail vanished"))?;
        scope.audit(&act, now).await?;
        scope.commit().await?;
        self.timed(&decided, decision, now);
        let allowed = match allowed {
            Some(allowed) => Some(self.view_allowed(caller.tenant(), allowed).await?),
            None => None,
        };
        let mail = Mail { message: decided, meta, parsed: None };
        Ok(Some(DecidedMail { mail, allowed, approvals: None }))
    }
}

impl Mailroom {
    /// Tells monitors how long a mail waited for the person who decided on it.
    fn timed(&self, message: &Message, decision: Decision, now: Timestamp) {
        let label = match (message.direction, decision) {
            (Direction::Inbound, Decision::Release) => "inbound/release",
            (Direction::Inbound, Decision::Reject) => "inbound/reject",
            (Direction::Outbound, Decision::Release) => "outbound/release",
            (Direction::Outbound, Decision::Reject) => "outbound/reject",
        };
        let waited = u64::try_from(now.millis() - message.received_at.millis()).unwrap_or_default();
        self.0.tracer.meters().waited("decision", label, Duration::from_millis(waited));
    }
}

/// The one sender whom a mail names without doubt; else nothing.
fn author(meta: &Meta) -> &str {
    if meta.unread || !meta.ambiguous.is_empty() { "" } else { &meta.from.address }
}

/// What is kept of a verdict beside what was decided: rules and numbers, nothing of the mail.
struct Verdicts<'a> {
    level: &'static str,
    score: u8,
    model: &'a str,
    findings: String,
    dmarc: &'static str,
}

impl<'a> Verdicts<'a> {
    fn of(meta: &'a Meta) -> Self {
        let dmarc = meta.auth.dmarc.as_str();
        let Some(verdict) = &meta.verdict else {
            return Self { level: "unknown", score: 0, model: "", findings: String::new(), dmarc };
        };
        let findings: Vec<String> =
            verdict.findings.iter().map(|finding| format!("{}:{}", finding.rule, finding.weight)).collect();
        let (level, score) = (verdict.level.as_str(), verdict.score);
        Self { level, score, model: &verdict.model, findings: findings.join(" "), dmarc }
    }
}
