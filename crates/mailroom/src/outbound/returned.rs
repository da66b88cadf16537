//! What comes back: return paths that only we could have written (VERP), reports that arrive there, and our own report to the
//! sender of a mail that failed.
//!
//! A report counts where its tag is one that we gave to a mail of that inbox, and nowhere else: anybody can write that a mail
//! bounced, only who was handed the mail knows its return path.

use mailward_mail::address::Address;
use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::envelope::{Envelope, Received};
use mailward_mail::id::{EventId, MessageId, SuppressionId};
use mailward_store::{
    ClaimedJob, EventKind, EventRow, OutgoingStatus, Scope, Suppression, SuppressionReason, Tenant, UseAct,
};
use mailward_vault::PartKind;

use super::report::{Word, read};
use super::{answer_place, carry, hex, place};
use crate::inbound::{author_digest, written_date};
use crate::keyring::TenantKeys;
use crate::reading::{meta, open_part};
use crate::sender_auth::{AuthResult, SenderAuth};
use crate::{Mailroom, Result, Route};

/// What the tag in a return path begins with.
const PREFIX: &str = "bounce-";
/// Bytes of a tag: nobody guesses one of so many.
const TAG: usize = 8;
/// The longest local part (RFC 5321 4.5.3.1.1).
const MOST_LOCAL: usize = 64;
/// Bytes of the failed mail's header that are shown in a report.
const MOST_HEADER: usize = 8 * 1024;

/// A recipient that a mail did not reach, and what was said.
struct Failure {
    address: String,
    answer: String,
}

/// The return path of a mail to one recipient, with its tag; without one where the address has no room for it.
pub(super) fn return_path(
    keys: &TenantKeys,
    from: &str,
    message: &MessageId,
    no: i64,
) -> (String, Option<[u8; TAG]>) {
    let digest = keys.dedup.digest16(&[b"return", message.as_str().as_bytes(), &no.to_be_bytes()]);
    let mut tag = [0; TAG];
    tag.copy_from_slice(&digest[..TAG]);
    match from.rsplit_once('@') {
        Some((local, domain))
            if local.len() + 1 + PREFIX.len() + 2 * TAG <= MOST_LOCAL && !local.contains('+') =>
        {
            (format!("{local}+{PREFIX}{}@{domain}", hex(&tag)), Some(tag))
        }
        _ => (from.to_owned(), None),
    }
}

/// The tag of an address that is a return path.
pub(crate) fn returned_tag(address: &Address) -> Option<Vec<u8>> {
    let digits = address.tag()?.strip_prefix(PREFIX)?;
    if digits.len() != 2 * TAG || !digits.is_ascii() {
        return None;
    }
    (0..TAG).map(|at| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()).collect()
}

impl Mailroom {
    /// Notes what a report says that came to a return path. A tag that was never given changes nothing.
    pub(crate) async fn take_report(&self, route: &Route, null_sender: bool, raw: &[u8]) -> Result<()> {
        let (Some(tag), Some(word)) = (returned_tag(&route.address), read(raw)) else { return Ok(()) };
        // RFC 3464 2: a notification has the null sender, so that none answers another.
        if matches!(word, Word::Failed { .. }) && !null_sender {
            return Ok(());
        }
        let tenant = &route.tenant;
        let mut scope = tenant.read().await?;
        let Some((id, no)) = scope.by_return_tag(&tag).await? else { return Ok(()) };
        let Some(message) = scope.outgoing(&id).await?.filter(|message| message.inbox == route.inbox) else {
            return Ok(());
        };
        let Some(one) = scope.recipients(&id).await?.into_iter().find(|one| one.no == no) else {
            return Ok(());
        };
        drop(scope);
        let address = self.open_small(tenant, &place(&id, no), &one.sealed).await?;
        let now = self.0.clock.now();
        let Word::Failed { status, said } = word else {
            let keys = self.0.keyring.tenant(tenant).await?;
            let mut scope = tenant.write().await?;
            // Whoever complained is written to no more, so complains once.
            if !scope.any_suppressed(&[author_digest(&keys, &address)]).await? {
                scope.count_act(Some(&message.inbox), UseAct::Complained, Day::of(now), 1).await?;
            }
            self.suppress(&mut scope, tenant, &address, SuppressionReason::Complaint, now).await?;
            scope.commit().await?;
            return Ok(());
        };
        let answer = carry::plain(&format!("{status} {said}"));
        let sealed = self.seal_small(tenant, &answer_place(&id, no), &answer).await?;
        let mut scope = tenant.write().await?;
        if !matches!(one.status, OutgoingStatus::Sent | OutgoingStatus::Delivered)
            || !scope.move_recipient(&id, no, one.status, OutgoingStatus::Bounced, Some(&sealed), now).await?
        {
            return Ok(());
        }
        let all: Vec<OutgoingStatus> =
            scope.recipients(&id).await?.into_iter().map(|one| one.status).collect();
        scope.set_outgoing_status(&id, carry::whole(&all)).await?;
        if is_gone(&status) {
            self.suppress(&mut scope, tenant, &address, SuppressionReason::Bounce, now).await?;
        }
        let event = EventRow {
            id: EventId::generate(&self.0.clock, &self.0.random),
            kind: EventKind::EmailBounced,
            inbox: Some(message.inbox.clone()),
            message: Some(id.clone()),
            created_at: now,
        };
        let detail = format!(r#"{{"status":"bounced","recipients":1,"of":{},"code":"{status}"}}"#, all.len());
        scope.record_with(&event, Some(&detail)).await?;
        scope.count_act(Some(&message.inbox), UseAct::Bounced, Day::of(now), 1).await?;
        scope.count_hour(UseAct::Bounced, now, 1).await?;
        scope.commit().await?;
        Ok(())
    }

    /// Writes to an address no more.
    pub(crate) async fn suppress(
        &self,
        scope: &mut Scope,
        tenant: &Tenant,
        address: &str,
        reason: SuppressionReason,
        now: Timestamp,
    ) -> Result<Suppression> {
        let id = SuppressionId::generate(&self.0.clock, &self.0.random);
        let keys = self.0.keyring.tenant(tenant).await?;
        let sealed = self.seal_small(tenant, "suppressed", address).await?;
        let new = Suppression { id, reason, created_at: now, sealed };
        Ok(scope.suppress(&new, &author_digest(&keys, address)).await?)
    }

    /// Runs a job that puts a report into the inbox of whoever sent a mail that failed, by the way in of any other mail. It
    /// answers nobody, and nobody is told where it can never be delivered: a report of a report would never end. `false`:
    /// it cannot be delivered now.
    ///
    /// Run twice it is one report: its bytes follow from the job, and those are remembered until the job is done.
    pub async fn report_failures(&self, job: &ClaimedJob) -> Result<bool> {
        let Some(id) = &job.message else { return Ok(job.done().await.map(|_| true)?) };
        let tenant = &job.tenant;
        let mut scope = tenant.read().await?;
        let Some(message) = scope.outgoing(id).await? else { return Ok(job.done().await.map(|_| true)?) };
        let keys = self.0.keyring.tenant(tenant).await?;
        let from = meta(tenant, &mut scope, &keys, &message).await?.from.address;
        let raw = open_part(tenant, &mut scope, &keys, &message, PartKind::Raw).await?;
        let recipients = scope.recipients(id).await?;
        drop(scope);
        let mut failures = Vec::new();
        for one in recipients.into_iter().filter(|one| job.recipients.contains(&one.no)) {
            let address = self.open_small(tenant, &place(id, one.no), &one.sealed).await?;
            let answer = match &one.answer {
                Some(sealed) => self.open_small(tenant, &answer_place(id, one.no), sealed).await?,
                None => String::new(),
            };
            failures.push(Failure { address, answer });
        }
        let Ok(address) = Address::parse(&from) else { return Ok(job.done().await.map(|_| true)?) };
        let names =
            [&b"report"[..], b"border"].map(|what| hex(&keys.dedup.digest16(&[what, job.id.as_bytes()])));
        let bytes = self.write_report(&address, &raw, &failures, &names, job.created_at);
        let received = Received {
            envelope: Envelope {
                from: None,
                helo: self.0.config.hostname.clone(),
                client: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
                tls: false,
                smtputf8: false,
            },
            bytes,
            bare_lf: false,
            long_line: false,
        };
        let domain = Some(address.domain().to_owned());
        let auth =
            SenderAuth { spf: AuthResult::Pass, dkim: AuthResult::None, dmarc: AuthResult::Pass, domain };
        let taken = match self.route(&address).await {
            Ok(route) => self.ingest_own((received, auth), vec![route]).await,
            Err(refusal) => Err(refusal),
        };
        match taken {
            Ok(taken) => {
                job.done().await?;
                self.acknowledged(taken);
                Ok(true)
            }
            Err(refusal) if carry::is_final(&refusal) => {
                tracing::info!(%refusal, "a report of a failed mail can never be delivered");
                Ok(job.done().await.map(|_| true)?)
            }
            Err(refusal) => {
                tracing::info!(%refusal, "a report of a failed mail cannot be delivered now");
                Ok(false)
            }
        }
    }

    /// RFC 3464, in the form of RFC 6522.
    fn write_report(
        &self,
        to: &Address,
        raw: &[u8],
        failures: &[Failure],
        [id, border]: &[String; 2],
        at: Timestamp,
    ) -> Vec<u8> {
        let (domain, host) = (to.domain(), &self.0.config.hostname);
        let (mut told, mut fields) = (String::new(), String::new());
        for Failure { address, answer } in failures {
            let answer: String =
                answer.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
            told.push_str(&format!("  {address}\r\n    {answer}\r\n"));
            let status = status_of(&answer);
            fields.push_str(&format!(
                "\r\nFinal-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {answer}\r\n"
            ));
        }
        let end = memchr::memmem::find(raw, b"\r\n\r\n").map_or(raw.len(), |end| end + 2).min(MOST_HEADER);
        let header = String::from_utf8_lossy(&raw[..end]);
        let answered = header
            .lines()
            .find_map(|line| line.strip_prefix("Message-ID: "))
            .map(|id| format!("In-Reply-To: {id}\r\nReferences: {id}\r\n"))
            .unwrap_or_default();
        let date = written_date(at);
        format!(
            "Date: {date}\r\nFrom: Mail Delivery System <mailer-daemon@{domain}>\r\nTo: {to}\r\nSubject: Undelivered mail\r\n\
             Message-ID: <{id}@{domain}>\r\n{answered}Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"{border}\"\r\n\r\n\
             --{border}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
             Your mail did not reach:\r\n\r\n{told}\r\nIt will not be tried again.\r\n\
             --{border}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; {host}\r\n{fields}\r\n\
             --{border}\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}\r\n--{border}--\r\n"
        )
        .into_bytes()
    }
}

/// RFC 3463 3.2: X.1.Z speaks of the address, and 5 of for ever.
pub(super) fn is_gone(status: &str) -> bool {
    status.starts_with("5.1.")
}

/// The enhanced status code in an answer (RFC 3463), or what its code says.
pub(super) fn status_of(answer: &str) -> &str {
    let is_status = |word: &&str| {
        let mut parts = word.split('.');
        matches!(parts.next(), Some("4" | "5"))
            && word.matches('.').count() == 2
            && parts
                .all(|part| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit()))
    };
    answer.split_whitespace().take(3).find(is_status).unwrap_or("5.0.0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_from_an_address_as_it_was_written_and_nothing_else_is_one() {
        let tag = |text: &str| returned_tag(&Address::parse(text).expect("an address"));
        assert_eq!(
            tag("a+bounce-0123456789abcdef@b.test"),
            Some(vec![1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef])
        );
        for bad in [
            "a@b.test",
            "a+bounce-@b.test",
            "a+bounce-0123456789abcde@b.test",
            "a+bounce-0123456789abcdeg@b.test",
            "a+news@b.test",
        ] {
            assert_eq!(tag(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_status_is_found_in_what_was_said() {
        assert_eq!(status_of("550 5.1.1 <a@b>: no (mx.test, TLS)"), "5.1.1");
        assert_eq!(status_of("no such inbox"), "5.0.0");
        assert_eq!(status_of("5.7.26 blocked"), "5.7.26");
        assert!(is_gone("5.1.1") && !is_gone("5.2.2") && !is_gone("4.1.1"));
    }
}
