//! Mail that goes: written with its recipients and the job that sends it, and how it fares with each of them.
//!
//! A mail that goes is a message of its inbox like one that came, and has a place in it; it counts as no received mail.
//! What it may use up is counted in [`super::send_use`], within the same transaction.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};

use super::message::{Message, MessageRow, NewMessage, Place};
use crate::db::on;
use crate::{Error, Result, Scope};

/// What a job's id begins with; the message's own follows.
pub(super) const JOB: &str = "send:";
/// What the id of a job that reports begins with; the message's own follows, and the places of its recipients.
const REPORT: &str = "report:";

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// How a mail fares, as a whole or with one recipient.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum OutgoingStatus { $($(#[$doc])* $name,)+ }

        impl OutgoingStatus {
            /// As stored and shown.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Finds it by name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

statuses! {
    /// It waits for its turn.
    Queued = "queued",
    /// A server is being talked to. After a crash it is not known whether it took the mail.
    Sending = "sending",
    /// A relay, or the sandbox, took it.
    Sent = "sent",
    /// The recipient's own server has it.
    Delivered = "delivered",
    /// It did not work yet, and is tried again.
    Deferred = "deferred",
    /// It was taken and came back.
    Bounced = "bounced",
    /// It will not be tried again.
    Failed = "failed",
    /// It was taken back before it left.
    Cancelled = "cancelled",
    /// It waits for a person.
    Held = "held",
}

impl OutgoingStatus {
    /// Whether there is something left to be done.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Sending | Self::Deferred)
    }
}

/// A mail to be sent.
pub struct NewOutgoing<'a> {
    /// What is told of any message.
    pub message: &'a NewMessage,
    /// The sealed parts: raw, parsed, meta.
    pub parts: &'a [Vec<u8>; 3],
    /// Sealed addresses.
    pub recipients: &'a [Vec<u8>],
    /// When it is to leave, if not at once.
    pub send_at: Option<Timestamp>,
}

/// One recipient of a mail.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Its place among them.
    pub no: i64,
    /// How the mail fares with it.
    pub status: OutgoingStatus,
    /// Its address, sealed.
    pub sealed: Vec<u8>,
    /// What was last said about it, sealed.
    pub answer: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct RecipientRow {
    no: i64,
    status: String,
    sealed: Vec<u8>,
    answer: Option<Vec<u8>>,
}

impl Scope {
    /// Writes a mail with its recipients and the job that sends it. `false`: the inbox is gone, and nothing of this
    /// scope may be committed.
    pub async fn enqueue(&mut self, new: &NewOutgoing<'_>, now: Timestamp) -> Result<bool> {
        let message = new.message;
        // The inbox' row is locked for one that is held too. The gap in the places is no secret: its sender was told.
        let Some(place) = self.next_outgoing_place(&message.inbox, now).await? else { return Ok(false) };
        let (place, state, status) = match message.held {
            false => (Some(place), "delivered", OutgoingStatus::Queued),
            true => (None, "held", OutgoingStatus::Held),
        };
        let thread = self.thread_for(message).await?;
        const SQL: &str = "INSERT INTO message (tenant_id, id, inbox_id, seq, direction, state, version, received_at,
            available_at, size, level, score, model, is_read, has_attachments, is_automated, key_version, dek, from_digest,
            delivery_digest, armed, message_id_digest, thread_digest, status, send_at)
            VALUES ($1, $2, $3, $4, 'outbound', $19, 0, $5, $6, $7, $8, $9, $10, 1, $11, $12, $13, $14, $15, $16, 0,
                $17, $18, $20, $21)";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.id.as_str())
            .bind(message.inbox.as_str())
            .bind(place.map(|place| place.seq))
            .bind(message.received_at.millis())
            .bind(place.map(|place| place.at.millis()))
            .bind(message.size)
            .bind(message.level)
            .bind(i64::from(message.score))
            .bind(&message.model)
            .bind(i64::from(message.has_attachments))
            .bind(i64::from(message.is_automated))
            .bind(i64::from(message.key_version))
            .bind(&message.dek)
            .bind(message.from_digest.as_ref().map(|digest| &digest[..]))
            .bind(&message.delivery_digest[..])
            .bind(message.message_id_digest())
            .bind(thread.as_ref().map(|digest| &digest[..]))
            .bind(state)
            .bind(status.as_str())
            .bind(new.send_at.map(Timestamp::millis))
            .execute(conn)
            .await
            .map(drop))?;
        let [raw, parsed, meta] = new.parts;
        self.insert_parts(&message.id, raw, parsed, meta).await?;
        for (no, sealed) in (0..).zip(new.recipients) {
            self.insert_recipient(&message.id, no, status, sealed, now).await?;
        }
        if !message.held {
            self.queue(&message.id, new.send_at.unwrap_or(now)).await?;
        }
        Ok(true)
    }

    /// Lets a held mail go, or takes it back, with all of its recipients.
    pub(crate) async fn settle_held(&mut self, id: &MessageId, goes: bool, now: Timestamp) -> Result<()> {
        const SQL: &str = "UPDATE recipient SET status = $3, changed_at = $4
            WHERE tenant_id = $1 AND message_id = $2 AND status = 'held'";
        let status = if goes { OutgoingStatus::Queued } else { OutgoingStatus::Cancelled };
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(status.as_str())
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        self.set_outgoing_status(id, status).await?;
        if goes {
            let due = self.send_at(id).await?.map_or(now, |at| at.max(now));
            self.queue(id, due).await?;
        }
        Ok(())
    }

    async fn queue(&mut self, id: &MessageId, due: Timestamp) -> Result<()> {
        const JOBS: &str = "INSERT INTO job (tenant_id, id, kind, state, due_at, fence, attempts, created_at)
            VALUES ($1, $2, 'send', 'open', $3, 0, 0, $3)";
        on!(&mut self.tx, |conn| sqlx::query(JOBS)
            .bind(self.tenant.as_str())
            .bind(format!("{JOB}{id}"))
            .bind(due.millis())
            .execute(conn)
            .await
            .map(drop))?;
        self.wakes_jobs();
        Ok(())
    }

    /// One mail of this tenant that goes, whatever its status. One whose inbox was deleted is not there.
    pub async fn outgoing(&mut self, id: &MessageId) -> Result<Option<Message>> {
        const SQL: &str =
            "SELECT id, inbox_id, seq, direction, state, version, received_at, available_at, size, is_read,
            status, key_version, dek FROM message WHERE tenant_id = $1 AND id = $2 AND direction = 'outbound'
            AND length(dek) > 0";
        let row: Option<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(Message::try_from).transpose()
    }

    /// Whom a mail goes to, in the order in which they were named.
    pub async fn recipients(&mut self, message: &MessageId) -> Result<Vec<Recipient>> {
        const SQL: &str = "SELECT no, status, sealed, answer FROM recipient
            WHERE tenant_id = $1 AND message_id = $2 ORDER BY no";
        let rows: Vec<RecipientRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|row| {
                let bad = || Error::corrupt("recipient", message.as_str(), format!("status {}", row.status));
                let status = OutgoingStatus::parse(&row.status).ok_or_else(bad)?;
                Ok(Recipient { no: row.no, status, sealed: row.sealed, answer: row.answer })
            })
            .collect()
    }

    /// Notes how a mail fares with one recipient. `false`: it was `from` no more, and nothing was changed.
    pub async fn move_recipient(
        &mut self,
        message: &MessageId,
        no: i64,
        from: OutgoingStatus,
        to: OutgoingStatus,
        answer: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE recipient SET status = $5, answer = COALESCE($6, answer), changed_at = $7
            WHERE tenant_id = $1 AND message_id = $2 AND no = $3 AND status = $4";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .bind(no)
            .bind(from.as_str())
            .bind(to.as_str())
            .bind(answer)
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Notes how a mail fares as a whole.
    pub async fn set_outgoing_status(&mut self, message: &MessageId, status: OutgoingStatus) -> Result<()> {
        const SQL: &str =
            "UPDATE message SET status = $3 WHERE tenant_id = $1 AND id = $2 AND direction = 'outbound'";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .bind(status.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Has the sender of a mail told whom it did not reach, within the transaction that notes so.
    pub async fn insert_report_job(
        &mut self,
        message: &MessageId,
        nos: &[i64],
        now: Timestamp,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO job (tenant_id, id, kind, state, due_at, fence, attempts, created_at)
            VALUES ($1, $2, 'report', 'open', $3, 0, 0, $3) ON CONFLICT DO NOTHING";
        let nos: Vec<String> = nos.iter().map(i64::to_string).collect();
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(format!("{REPORT}{message}:{}", nos.join(",")))
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        self.wakes_jobs();
        Ok(())
    }

    pub(crate) async fn insert_recipient(
        &mut self,
        message: &MessageId,
        no: i64,
        status: OutgoingStatus,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO recipient (tenant_id, message_id, no, status, changed_at, sealed)
            VALUES ($1, $2, $3, $4, $5, $6)";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .bind(no)
            .bind(status.as_str())
            .bind(now.millis())
            .bind(sealed)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The next place of an inbox, for a mail that goes: it is no received mail.
    pub(crate) async fn next_outgoing_place(
        &mut self,
        inbox: &InboxId,
        now: Timestamp,
    ) -> Result<Option<Place>> {
        const SQL: &str = "UPDATE inbox SET next_seq = next_seq + 1,
            last_at = CASE WHEN last_at < $3 THEN $3 ELSE last_at + 1 END
            WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING next_seq, last_at";
        let row: Option<(i64, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(now.millis())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(next, at)| Place { seq: next - 1, at: Timestamp(at), is_quiet: false }))
    }
}

/// The message that a job's id names.
pub(crate) fn message_of(job: &str) -> std::result::Result<MessageId, String> {
    let id = job.strip_prefix(JOB).ok_or_else(|| format!("the id {job}"))?;
    MessageId::parse(id).map_err(|bad| bad.to_string())
}

/// The message and the places of recipients that the id of a job that reports names.
pub(crate) fn report_of(job: &str) -> std::result::Result<(MessageId, Vec<i64>), String> {
    let bad = || format!("the id {job}");
    let (id, nos) = job.strip_prefix(REPORT).and_then(|rest| rest.split_once(':')).ok_or_else(bad)?;
    let nos =
        nos.split(',').map(|no| no.parse().map_err(|_| bad())).collect::<std::result::Result<_, _>>()?;
    Ok((MessageId::parse(id).map_err(|bad| bad.to_string())?, nos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_reports_names_its_mail_and_whom_it_did_not_reach() {
        let id = "eml_06f00000000000000000000000";
        let (found, nos) = report_of(&format!("report:{id}:0,17")).expect("a job");
        assert_eq!((found.as_str(), nos), (id, vec![0, 17]));
        for bad in [
            "report:",
            "send:x:1",
            &format!("report:{id}"),
            &format!("report:{id}:"),
            &format!("report:{id}:a"),
        ] {
            assert!(report_of(bad).is_err(), "{bad}");
        }
    }
}
