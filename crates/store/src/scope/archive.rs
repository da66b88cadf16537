//! All rows of one tenant, whatever their state, for the archive it takes along, and the way back in.
//!
//! No door of an agent leads here: held and rejected mail is among them, and is marked as such.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId, MessageId};

use super::event::{EventRow, Row as EventSql};
use super::message::{Direction, Message, MessageRow, NewMessage, State};
use super::outgoing::{OutgoingStatus, Recipient};
use crate::db::on;
use crate::{Error, Result, Scope};

/// An inbox with what its owner is not shown of it.
#[derive(Clone, Debug)]
pub struct ArchivedInbox {
    /// Its id.
    pub id: InboxId,
    /// Its address, without tag.
    pub address: String,
    /// Whether it takes mail.
    pub is_active: bool,
    /// Since when it does not.
    pub paused_at: Option<Timestamp>,
    /// The place that its next message gets.
    pub next_seq: i64,
    /// Messages received so far.
    pub email_count: i64,
    /// The moment of its newest message.
    pub last_at: Timestamp,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it stops to exist.
    pub expires_at: Option<Timestamp>,
    /// When it was deleted: of such a one only the address is left, and that it was used.
    pub deleted_at: Option<Timestamp>,
    /// What its owner wrote about it, sealed.
    pub profile: Vec<u8>,
}

/// A message with its verdict and what was decided on it.
#[derive(Clone, Debug)]
pub struct ArchivedMessage {
    /// What every door tells.
    pub message: Message,
    /// `low`, `medium`, `high`, `unknown`.
    pub level: String,
    /// 0 to 100.
    pub score: i64,
    /// Which scorer said so.
    pub model: String,
    /// When a person decided on it.
    pub decided_at: Option<Timestamp>,
    /// The key of that person.
    pub decided_by: Option<String>,
    /// Why, sealed.
    pub decided_reason: Option<Vec<u8>>,
}

/// A message that comes back from an archive, sealed anew.
pub struct RestoredMessage {
    /// What a received message has too. `held` is not looked at.
    pub new: NewMessage,
    /// Its state.
    pub state: State,
    /// Came or went.
    pub direction: Direction,
    /// Its place and since when it is there; a message that is not delivered has none.
    pub place: Option<(i64, Timestamp)>,
    /// Whether the agent fetched it.
    pub is_read: bool,
    /// When a person decided on it.
    pub decided_at: Option<Timestamp>,
    /// The key of that person, in the deployment where that was.
    pub decided_by: Option<String>,
    /// Why, sealed.
    pub decided_reason: Option<Vec<u8>>,
    /// The sealed parts: raw, parsed, meta.
    pub parts: [Vec<u8>; 3],
    /// How it fared, of outbound mail.
    pub status: Option<OutgoingStatus>,
    /// Whom it went to, of outbound mail: in the order of their places.
    pub recipients: Vec<Recipient>,
}

#[derive(sqlx::FromRow)]
struct InboxSql {
    id: String,
    address: String,
    is_active: i64,
    paused_at: Option<i64>,
    next_seq: i64,
    email_count: i64,
    last_at: i64,
    created_at: i64,
    expires_at: Option<i64>,
    deleted_at: Option<i64>,
    profile: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct MessageSql {
    #[sqlx(flatten)]
    message: MessageRow,
    level: String,
    score: i64,
    model: String,
    decided_at: Option<i64>,
    decided_by: Option<String>,
    decided_reason: Option<Vec<u8>>,
}

impl Scope {
    /// Inboxes by id, deleted ones too, those behind `after`.
    pub async fn archived_inboxes(
        &mut self,
        after: Option<&InboxId>,
        limit: i64,
    ) -> Result<Vec<ArchivedInbox>> {
        const SQL: &str = "SELECT id, address, is_active, paused_at, next_seq, email_count, last_at, created_at, expires_at,
            deleted_at, profile FROM inbox WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3";
        let rows: Vec<InboxSql> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(after.map_or("", InboxId::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|row| {
                Ok(ArchivedInbox {
                    id: InboxId::parse(&row.id).map_err(|bad| Error::corrupt("inbox", &row.id, bad))?,
                    address: row.address,
                    is_active: row.is_active != 0,
                    paused_at: row.paused_at.map(Timestamp),
                    next_seq: row.next_seq,
                    email_count: row.email_count,
                    last_at: Timestamp(row.last_at),
                    created_at: Timestamp(row.created_at),
                    expires_at: row.expires_at.map(Timestamp),
                    deleted_at: row.deleted_at.map(Timestamp),
                    profile: row.profile,
                })
            })
            .collect()
    }

    /// Messages by id in whatever state, those behind `after` that came no later than `until`. Those of deleted
    /// inboxes have no key any more and are not among them.
    pub async fn archived_messages(
        &mut self,
        after: Option<&MessageId>,
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<ArchivedMessage>> {
        const SQL: &str =
            "SELECT id, inbox_id, seq, direction, state, version, received_at, available_at, size, is_read,
            status, key_version, dek, level, score, model, decided_at, decided_by, decided_reason FROM message
            WHERE tenant_id = $1 AND id > $2 AND received_at <= $3 AND length(dek) > 0 ORDER BY id LIMIT $4";
        let rows: Vec<MessageSql> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(after.map_or("", MessageId::as_str))
            .bind(until.millis())
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|row| {
                Ok(ArchivedMessage {
                    message: Message::try_from(row.message)?,
                    level: row.level,
                    score: row.score,
                    model: row.model,
                    decided_at: row.decided_at.map(Timestamp),
                    decided_by: row.decided_by,
                    decided_reason: row.decided_reason,
                })
            })
            .collect()
    }

    /// Events by id, those behind `after` that happened no later than `until`.
    pub async fn archived_events(
        &mut self,
        after: Option<&EventId>,
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<EventRow>> {
        const SQL: &str = "SELECT id, kind, inbox_id, message_id, created_at FROM event
            WHERE tenant_id = $1 AND id > $2 AND created_at <= $3 ORDER BY id LIMIT $4";
        let rows: Vec<EventSql> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(after.map_or("", EventId::as_str))
            .bind(until.millis())
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(EventRow::try_from).collect()
    }

    /// Gives an inbox that was just made the past that it had elsewhere.
    pub async fn resume_inbox(&mut self, inbox: &ArchivedInbox) -> Result<()> {
        const SQL: &str =
            "UPDATE inbox SET is_active = $3, paused_at = $4, next_seq = $5, email_count = $6, last_at = $7,
            created_at = $8, expires_at = $9 WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.id.as_str())
            .bind(i64::from(inbox.is_active))
            .bind(inbox.paused_at.map(Timestamp::millis))
            .bind(inbox.next_seq)
            .bind(inbox.email_count)
            .bind(inbox.last_at.millis())
            .bind(inbox.created_at.millis())
            .bind(inbox.expires_at.map(Timestamp::millis))
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Remembers for ever that an address was somebody's.
    pub async fn retire_address(&mut self, tombstone: &[u8; 32], now: Timestamp) -> Result<()> {
        const SQL: &str = "INSERT INTO tombstone (digest, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(&tombstone[..])
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Puts a message of an archive back. `false`: there is one of this id, or at this place.
    pub async fn restore_message(&mut self, restored: &RestoredMessage) -> Result<bool> {
        const SQL: &str = "INSERT INTO message (tenant_id, id, inbox_id, seq, direction, state, version, received_at,
            available_at, decided_at, decided_by, decided_reason, size, level, score, model, is_read, has_attachments,
            is_automated, key_version, dek, from_digest, delivery_digest, armed, message_id_digest, thread_digest, status)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                $23, 0, $24, $25, $26) ON CONFLICT DO NOTHING";
        let new = &restored.new;
        let thread = self.thread_for(new).await?;
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(new.id.as_str())
            .bind(new.inbox.as_str())
            .bind(restored.place.map(|(seq, _)| seq))
            .bind(restored.direction.as_str())
            .bind(restored.state.as_str())
            .bind(i64::from(restored.decided_at.is_some()))
            .bind(new.received_at.millis())
            .bind(restored.place.map(|(_, at)| at.millis()))
            .bind(restored.decided_at.map(Timestamp::millis))
            .bind(&restored.decided_by)
            .bind(&restored.decided_reason)
            .bind(new.size)
            .bind(new.level)
            .bind(i64::from(new.score))
            .bind(&new.model)
            .bind(i64::from(restored.is_read))
            .bind(i64::from(new.has_attachments))
            .bind(i64::from(new.is_automated))
            .bind(i64::from(new.key_version))
            .bind(&new.dek)
            .bind(new.from_digest.as_ref().map(|digest| &digest[..]))
            .bind(&new.delivery_digest[..])
            .bind(new.message_id_digest())
            .bind(thread.as_ref().map(|digest| &digest[..]))
            .bind(restored.status.map(OutgoingStatus::as_str))
            .execute(conn)
            .await?
            .rows_affected());
        if done > 0 {
            let [raw, parsed, meta] = &restored.parts;
            self.insert_parts(&new.id, raw, parsed, meta).await?;
            for (no, recipient) in (0..).zip(&restored.recipients) {
                self.insert_recipient(&new.id, no, recipient.status, &recipient.sealed, new.received_at)
                    .await?;
            }
        }
        Ok(done > 0)
    }

    /// Puts an event of an archive back. Nobody is told of it again.
    pub fn restore_event(&mut self, event: &EventRow) {
        self.write_at_commit(event, None);
    }
}
