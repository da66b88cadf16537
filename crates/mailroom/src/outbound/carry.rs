//! From the queue to those a mail is for: the steps of a job that sends, each safe to run twice.
//!
//! Addresses of this house are delivered here, by the same way in as any other mail's, and their recipients are told
//! apart by the digest of a delivery: run again after a crash, the job finds what it delivered. Everybody else is the
//! caller's to reach, between [`Mailroom::begin_sending`], which commits that it is about to, and
//! [`Mailroom::end_sending`]. What was begun and never ended may have been taken: it is deferred, not repeated at once.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use mailward_mail::address::Address;
use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::envelope::{Envelope, Received};
use mailward_mail::id::{EventId, MessageId};
use mailward_mail::refusal::Refusal;
use mailward_store::{
    ClaimedJob, EventKind, EventRow, Message, OutgoingStatus, Recipient, Scope, SuppressionReason, Tenant,
    TenantState, UseAct,
};
use mailward_vault::PartKind;

use super::returned::{is_gone, return_path, status_of};
use super::{answer_place, place};
use crate::inbound::author_digest;
use crate::reading::{meta, open_part};
use crate::relays::TenantRelay;
use crate::sender_auth::{AuthResult, SenderAuth};
use crate::{Error, Mailroom, Result};

/// After a crash while a server was talked to, it is not asked again for so long: greylisting and slow queues are over,
/// and a person who sees the mail twice has at least time between.
const UNKNOWN: Duration = Duration::from_secs(15 * 60);
/// So often it is looked whether an inbox is still paused.
const PAUSED: Duration = Duration::from_secs(5 * 60);
/// Bytes that are kept of what a server said.
const MOST_ANSWER: usize = 500;

/// A mail for those who are not of this house.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The author.
    pub from: String,
    /// Whom it is for, each with its place and the reverse-path of what is sent to it.
    pub to: Vec<(i64, String, String)>,
    /// The message, every line ending in CRLF.
    pub raw: Vec<u8>,
    /// The server that the tenant has its mail handed to.
    pub relay: Option<TenantRelay>,
}

/// What became of a mail's first step.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    /// What is left for others to carry; it is noted as being on its way.
    pub parcel: Option<Parcel>,
    /// Somebody of this house could not take it now.
    pub deferred: bool,
    /// Somebody was not admitted; nothing was noted of that.
    pub left: bool,
    /// When to look again at what may have been taken.
    pub again: Option<Timestamp>,
    /// Nothing was begun, and nothing is to be before then.
    pub waits: Option<Timestamp>,
}

/// What became of a mail with one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A server that passes it on took it.
    Sent,
    /// The recipient's own server took it.
    Delivered,
    /// Not yet.
    Deferred,
    /// Never.
    Failed,
}

/// What became of a mail with the recipient at a place, and what was said.
#[derive(Clone, Debug)]
pub struct Report {
    /// The recipient's place.
    pub no: i64,
    /// What became of it.
    pub fate: Fate,
    /// What the server said, or why there was none.
    pub answer: String,
}

/// A change of one recipient's status.
struct Move {
    no: i64,
    from: OutgoingStatus,
    to: OutgoingStatus,
    answer: String,
    tag: Option<[u8; 8]>,
}

impl Mailroom {
    /// Delivers a mail to its recipients of this house and hands out the rest, but for those of domains that `admit` does
    /// not admit now. With `last`, what cannot be delivered now has failed.
    pub async fn begin_sending(
        &self,
        job: &ClaimedJob,
        last: bool,
        admit: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Begun> {
        let Some(id) = &job.message else { return Ok(Begun::default()) };
        let tenant = &job.tenant;
        let mut scope = tenant.read().await?;
        // What was queued before a suspension waits for its end.
        if scope.state().await? != TenantState::Active {
            return Err(Error::Conflict("the tenant is not active"));
        }
        let Some(message) = scope.outgoing(id).await? else { return Ok(Begun::default()) };
        let open: Vec<Recipient> =
            scope.recipients(id).await?.into_iter().filter(|one| one.status.is_open()).collect();
        if open.is_empty() {
            return Ok(Begun::default());
        }
        // Whoever paused the inbox wants to see what it does before more of it leaves; what was tried before goes its way.
        let is_fresh = open.iter().all(|one| one.status == OutgoingStatus::Queued);
        if is_fresh && scope.inbox(&message.inbox).await?.is_some_and(|inbox| !inbox.is_active) {
            return Ok(Begun { waits: Some(self.0.clock.now().plus(PAUSED)), ..Begun::default() });
        }
        let keys = self.0.keyring.tenant(tenant).await?;
        let from = meta(tenant, &mut scope, &keys, &message).await?.from.address;
        let raw = open_part(tenant, &mut scope, &keys, &message, PartKind::Raw).await?;
        let relay = self.relay_of(tenant, &mut scope).await?;
        let mut waiting = Vec::with_capacity(open.len());
        for one in open {
            let address = self.open_small(tenant, &place(id, one.no), &one.sealed).await?;
            // Since it was accepted somebody may have unsubscribed, complained, or been found not to exist.
            let unwanted = one.status != OutgoingStatus::Sending
                && scope.any_suppressed(&[author_digest(&keys, &address)]).await?;
            waiting.push((one, address, unwanted));
        }
        drop(scope);

        let signing = self.signing_keys(tenant, &domain_of(&from)).await?;
        let (mut moves, mut routes, mut local) = (Vec::new(), Vec::new(), Vec::new());
        let (mut parcel, mut again, mut left) = (Parcel { from, to: Vec::new(), raw, relay }, None, false);
        let now = self.0.clock.now();
        for (one, address, unwanted) in waiting {
            if unwanted {
                let (no, from, to) = (one.no, one.status, OutgoingStatus::Failed);
                let answer = "it is on the suppression list since this mail was accepted".to_owned();
                moves.push(Move { no, from, to, answer, tag: None });
                continue;
            }
            // Nobody speaks for a domain that was lost while the mail waited, to whomever.
            if signing.is_none() && one.status != OutgoingStatus::Sending {
                let (no, from, to) = (one.no, one.status, OutgoingStatus::Failed);
                let answer = format!(
                    "{} is not proven to be yours any more: nothing is sent from it",
                    domain_of(&parcel.from)
                );
                moves.push(Move { no, from, to, answer, tag: None });
                continue;
            }
            match self.house(&address).await {
                Some(Ok(route)) => {
                    routes.push(route);
                    local.push((one.no, one.status));
                }
                Some(Err(refusal)) => moves.push(refused(one.no, one.status, &refusal, last)),
                None if one.status == OutgoingStatus::Sending => {
                    again = Some(now.plus(UNKNOWN));
                    moves.push(Move {
                        no: one.no,
                        from: one.status,
                        to: OutgoingStatus::Deferred,
                        answer: "the connection was lost; whether the message was taken is not known"
                            .to_owned(),
                        tag: None,
                    });
                }
                // What a relay takes needs no place with its destination.
                None if parcel.relay.is_none() && !admit(&domain_of(&address)) => left = true,
                None => {
                    let (path, tag) = return_path(&keys, &parcel.from, id, one.no);
                    moves.push(Move {
                        no: one.no,
                        from: one.status,
                        to: OutgoingStatus::Sending,
                        answer: String::new(),
                        tag,
                    });
                    parcel.to.push((one.no, address, path));
                }
            }
        }
        // What waits for another try may have been taken back since it was read above.
        if job.attempts > 1 && !local.is_empty() {
            let begin = |(no, from): &(i64, OutgoingStatus)| Move {
                no: *no,
                from: *from,
                to: OutgoingStatus::Sending,
                answer: String::new(),
                tag: None,
            };
            let begun = self.note_moves(job, &message, local.iter().map(begin).collect()).await?;
            let mut still = local.iter().map(|(no, _)| begun.contains(no)).collect::<Vec<_>>().into_iter();
            routes.retain(|_| still.next().unwrap_or(false));
            local.retain(|(no, _)| begun.contains(no));
            local.iter_mut().for_each(|(_, from)| *from = OutgoingStatus::Sending);
        }
        let taken = match routes.is_empty() {
            true => None,
            false => match self.ingest_own(self.own(&parcel), routes).await {
                Ok(taken) => {
                    moves.extend(local.into_iter().map(|(no, from)| Move {
                        no,
                        from,
                        to: OutgoingStatus::Delivered,
                        answer: "250 2.0.0 delivered here".to_owned(),
                        tag: None,
                    }));
                    Some(taken)
                }
                Err(refusal) => {
                    moves.extend(local.into_iter().map(|(no, from)| refused(no, from, &refusal, last)));
                    None
                }
            },
        };
        let deferred = again.is_none() && moves.iter().any(|one| one.to == OutgoingStatus::Deferred);
        if !moves.is_empty() {
            let moved = self.note_moves(job, &message, moves).await?;
            parcel.to.retain(|(no, ..)| moved.contains(no));
        }
        // Only now: until the status is on the disk, the same bytes are the same delivery.
        if let Some(taken) = taken {
            self.acknowledged(taken);
        }
        let parcel = match signing {
            Some(keys) if !parcel.to.is_empty() => {
                let raw = self.signed(keys, parcel.raw).await?;
                Some(Parcel { raw, ..parcel })
            }
            _ => None,
        };
        Ok(Begun { parcel, deferred, left, again, waits: None })
    }

    /// Notes what became of a parcel.
    pub async fn end_sending(&self, job: &ClaimedJob, reports: Vec<Report>) -> Result<()> {
        let Some(id) = &job.message else { return Ok(()) };
        let message = job.tenant.read().await?.outgoing(id).await?;
        let Some(message) = message else { return Ok(()) };
        let moves = reports.into_iter().map(|report| Move {
            no: report.no,
            from: OutgoingStatus::Sending,
            to: match report.fate {
                Fate::Sent => OutgoingStatus::Sent,
                Fate::Delivered => OutgoingStatus::Delivered,
                Fate::Deferred => OutgoingStatus::Deferred,
                Fate::Failed => OutgoingStatus::Failed,
            },
            answer: report.answer,
            tag: None,
        });
        self.note_moves(job, &message, moves.collect()).await.map(drop)
    }

    /// The inbox of this house that an address leads to, or why it may not be led there now; `None`: it is somebody else's.
    async fn house(&self, text: &str) -> Option<std::result::Result<crate::Route, Refusal>> {
        let domain = domain_of(text);
        let is_ours = self.0.config.domains.iter().any(|own| own.eq_ignore_ascii_case(&domain));
        let Ok(address) = Address::parse(text) else {
            return is_ours.then_some(Err(Refusal::NoSuchInbox));
        };
        match self.route(&address).await {
            Err(Refusal::NoSuchInbox) if !is_ours => None,
            found => Some(found),
        }
    }

    fn own(&self, parcel: &Parcel) -> (Received, SenderAuth) {
        let received = Received {
            envelope: Envelope {
                from: Some(parcel.from.clone()),
                helo: self.0.config.hostname.clone(),
                client: IpAddr::V4(Ipv4Addr::LOCALHOST),
                tls: false,
                smtputf8: false,
            },
            bytes: parcel.raw.clone(),
            bare_lf: false,
            long_line: false,
        };
        // Nobody need be asked: that the sender holds this address was checked when the mail was accepted.
        let auth = SenderAuth {
            spf: AuthResult::Pass,
            dkim: AuthResult::None,
            dmarc: AuthResult::Pass,
            domain: parcel.from.rsplit_once('@').map(|(_, domain)| domain.to_owned()),
        };
        (received, auth)
    }

    /// Notes moves, what follows from them for the whole mail, and what is told of them, in one transaction; the places of
    /// those that were moved. Others were taken back meanwhile.
    async fn note_moves(&self, job: &ClaimedJob, message: &Message, moves: Vec<Move>) -> Result<Vec<i64>> {
        let (tenant, id) = (&job.tenant, &message.id);
        let now = self.0.clock.now();
        let mut sealed = Vec::with_capacity(moves.len());
        for one in moves {
            let answer = match one.answer.is_empty() {
                true => None,
                false => Some(self.seal_small(tenant, &answer_place(id, one.no), &plain(&one.answer)).await?),
            };
            sealed.push((one, answer));
        }
        let mut scope = tenant.write().await?;
        let (mut told, mut failed, mut sent, mut refused) = (Vec::new(), Vec::new(), 0, 0);
        let mut done = Vec::with_capacity(sealed.len());
        for (one, answer) in &sealed {
            let moved = scope.move_recipient(id, one.no, one.from, one.to, answer.as_deref(), now).await?;
            done.extend(moved.then_some(one.no));
            if let Some(tag) = one.tag.filter(|_| moved) {
                scope.set_return_tag(id, one.no, &tag).await?;
            }
            if moved && one.to == OutgoingStatus::Failed {
                failed.push((one.no, one.answer.clone()));
                refused += i64::from(one.from == OutgoingStatus::Sending);
            }
            sent += i64::from(moved && matches!(one.to, OutgoingStatus::Sent | OutgoingStatus::Delivered));
            // A mail that is deferred again is told of once.
            if moved && one.from != one.to && !told.contains(&one.to) {
                told.push(one.to);
            }
        }
        let all: Vec<OutgoingStatus> =
            scope.recipients(id).await?.into_iter().map(|one| one.status).collect();
        scope.set_outgoing_status(id, whole(&all)).await?;
        for status in told {
            self.tell_of(&mut scope, message, status, &all, now).await?;
        }
        if !failed.is_empty() {
            self.suppress_gone(&mut scope, tenant, id, &failed, now).await?;
            // In one transaction with the failure, so that no crash comes between them.
            let nos: Vec<i64> = failed.iter().map(|(no, _)| *no).collect();
            scope.insert_report_job(id, &nos, now).await?;
        }
        for (act, times) in [(UseAct::Sent, sent), (UseAct::Bounced, refused)] {
            if times > 0 {
                scope.count_act(Some(&message.inbox), act, Day::of(now), times).await?;
                scope.count_hour(act, now, times).await?;
            }
        }
        scope.commit().await?;
        Ok(done)
    }

    /// Addresses that do not exist are written to no more.
    async fn suppress_gone(
        &self,
        scope: &mut Scope,
        tenant: &Tenant,
        id: &MessageId,
        failed: &[(i64, String)],
        now: Timestamp,
    ) -> Result<()> {
        for one in scope.recipients(id).await? {
            let said = failed.iter().find(|(no, _)| *no == one.no).map(|(_, answer)| plain(answer));
            if said.is_some_and(|answer| is_gone(status_of(&answer))) {
                let address = self.open_small(tenant, &place(id, one.no), &one.sealed).await?;
                self.suppress(scope, tenant, &address, SuppressionReason::Bounce, now).await?;
            }
        }
        Ok(())
    }

    /// Tells of a turn that a mail took for some of its recipients; `all` is how it stands with each of them now.
    pub(super) async fn tell_of(
        &self,
        scope: &mut Scope,
        message: &Message,
        status: OutgoingStatus,
        all: &[OutgoingStatus],
        now: Timestamp,
    ) -> Result<()> {
        let kind = match status {
            OutgoingStatus::Sent => EventKind::EmailSent,
            OutgoingStatus::Delivered => EventKind::EmailDelivered,
            OutgoingStatus::Deferred => EventKind::EmailDeferred,
            OutgoingStatus::Failed => EventKind::EmailFailed,
            OutgoingStatus::Cancelled => EventKind::EmailCancelled,
            _ => return Ok(()),
        };
        let event = EventRow {
            id: EventId::generate(&self.0.clock, &self.0.random),
            kind,
            inbox: Some(message.inbox.clone()),
            message: Some(message.id.clone()),
            created_at: now,
        };
        let many = all.iter().filter(|one| **one == status).count();
        let detail = format!(r#"{{"status":"{}","recipients":{many},"of":{}}}"#, status.as_str(), all.len());
        scope.record_with(&event, Some(&detail)).await?;
        Ok(())
    }
}

/// How a mail fares as a whole: what is still under way first, then the worst.
pub(crate) fn whole(all: &[OutgoingStatus]) -> OutgoingStatus {
    use OutgoingStatus::{Bounced, Cancelled, Deferred, Delivered, Failed, Held, Queued, Sending, Sent};
    [Sending, Deferred, Queued, Held, Failed, Bounced, Cancelled, Sent, Delivered]
        .into_iter()
        .find(|status| all.contains(status))
        .unwrap_or(Delivered)
}

/// Whether a mail that is refused so is refused for good.
pub(super) fn is_final(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::NoSuchInbox
            | Refusal::RelayDenied
            | Refusal::PausedForGood
            | Refusal::NotWanted
            | Refusal::TooLarge
            | Refusal::Loop
            | Refusal::Malformed(_)
    )
}

fn refused(no: i64, from: OutgoingStatus, refusal: &Refusal, last: bool) -> Move {
    let to = if is_final(refusal) || last { OutgoingStatus::Failed } else { OutgoingStatus::Deferred };
    Move { no, from, to, answer: refusal.to_string(), tag: None }
}

fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase()
}

/// What a server said, as one line that can be shown.
pub(super) fn plain(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut out = String::new();
    for c in shown {
        if out.len() + c.len_utf8() > MOST_ANSWER {
            break;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_fares_as_badly_as_with_its_worst_recipient() {
        use OutgoingStatus::{Deferred, Delivered, Failed, Queued, Sending, Sent};
        assert_eq!(whole(&[Delivered, Delivered]), Delivered);
        assert_eq!(whole(&[Delivered, Sent]), Sent);
        assert_eq!(whole(&[Delivered, Failed, Sent]), Failed);
        assert_eq!(whole(&[Failed, Queued]), Queued);
        assert_eq!(whole(&[Deferred, Sending, Failed]), Sending);
    }

    #[test]
    fn what_a_server_said_is_one_short_line() {
        assert_eq!(plain("550\r\n\x1b[31mno"), "550   [31mno");
        assert!(plain(&"ä".repeat(1_000)).len() <= MOST_ANSWER);
    }
}
