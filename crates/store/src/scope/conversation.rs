//! What an agent sees of threads: its inbox' delivered mails that share a thread's digest, in their order. The first of them
//! names the thread for ever.
//!
//! Read out of the messages, so that there is nothing to keep in step: held mail is in no thread, in no count and opens
//! none, until it is released.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId, MessageId, ThreadId};

use super::event::{EventKind, EventRow};
use super::message::{Message, MessageRow};
use crate::db::on;
use crate::{Error, Result, Scope};

/// A thread as it stands.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its id.
    pub id: ThreadId,
    /// The mail that opened it.
    pub opener: Message,
    /// How many mails it has.
    pub emails: i64,
    /// The place of its newest mail.
    pub last_seq: i64,
    /// When that became available.
    pub last_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct ThreadRow {
    #[sqlx(flatten)]
    opener: MessageRow,
    emails: i64,
    last_seq: i64,
    last_at: i64,
}

impl TryFrom<ThreadRow> for Thread {
    type Error = Error;
    fn try_from(row: ThreadRow) -> Result<Self> {
        let opener = Message::try_from(row.opener)?;
        Ok(Self {
            id: ThreadId::opened_by(&opener.id),
            opener,
            emails: row.emails,
            last_seq: row.last_seq,
            last_at: Timestamp(row.last_at),
        })
    }
}

macro_rules! thread_sql {
    ($which:literal) => {
        concat!(
            "SELECT o.id, o.inbox_id, o.seq, o.direction, o.state, o.version, o.received_at, o.available_at, o.size,
            o.is_read, o.key_version, o.dek, o.id AS opener, n.seq AS last_seq, n.available_at AS last_at,
            (SELECT COUNT(*) FROM message c WHERE c.tenant_id = $1 AND c.inbox_id = $2 AND c.thread_digest = n.thread_digest
                AND c.state = 'delivered' AND c.seq <= $3) AS emails
            FROM message n JOIN message o ON o.tenant_id = $1 AND o.inbox_id = $2 AND o.state = 'delivered'
            AND o.seq = (SELECT MIN(f.seq) FROM message f WHERE f.tenant_id = $1 AND f.inbox_id = $2
                AND f.thread_digest = n.thread_digest AND f.state = 'delivered')
            WHERE n.tenant_id = $1 AND n.inbox_id = $2 AND n.state = 'delivered' AND n.thread_digest IS NOT NULL
            AND n.seq <= $3 AND NOT EXISTS (SELECT 1 FROM message l WHERE l.tenant_id = $1 AND l.inbox_id = $2
                AND l.thread_digest = n.thread_digest AND l.state = 'delivered' AND l.seq > n.seq AND l.seq <= $3) ",
            $which
        )
    };
}

impl Scope {
    /// Threads of an inbox as they stood when its newest mail was at the place `until`, the one that was written to last
    /// first; those whose last mail then stood before `before`. Whoever walks on with the same `until` meets each once,
    /// whatever comes meanwhile.
    pub async fn threads(
        &mut self,
        inbox: &InboxId,
        until: i64,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Thread>> {
        const SQL: &str = thread_sql!("AND n.seq < $4 ORDER BY n.seq DESC LIMIT $5");
        let rows: Vec<ThreadRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(until)
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Thread::try_from).collect()
    }

    /// One thread of an inbox as it stands now. A mail that opened none names none.
    pub async fn conversation(&mut self, inbox: &InboxId, id: &ThreadId) -> Result<Option<Thread>> {
        const SQL: &str = thread_sql!(
            "AND n.thread_digest = (SELECT w.thread_digest FROM message w WHERE w.tenant_id = $1 AND w.id = $4
                AND w.inbox_id = $2 AND w.state = 'delivered') AND o.id = $4"
        );
        let opener = id.opener();
        let row: Option<ThreadRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(i64::MAX)
            .bind(opener.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(Thread::try_from).transpose()
    }

    /// The mails of the thread that a message opened, oldest first, those behind `after`.
    pub async fn conversation_mails(
        &mut self,
        opener: &Message,
        after: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Message>> {
        const SQL: &str =
            "SELECT id, inbox_id, seq, direction, state, version, received_at, available_at, size, is_read,
            key_version, dek, $3 AS opener FROM message WHERE tenant_id = $1 AND inbox_id = $2
            AND thread_digest = (SELECT thread_digest FROM message WHERE tenant_id = $1 AND id = $3)
            AND state = 'delivered' AND seq > $4 ORDER BY seq LIMIT $5";
        let rows: Vec<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(opener.inbox.as_str())
            .bind(opener.id.as_str())
            .bind(after.unwrap_or(0))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Message::try_from).collect()
    }

    /// The digest of the thread that has this id, for a mail that is to join it.
    pub async fn thread_digest(&mut self, inbox: &InboxId, id: &ThreadId) -> Result<Option<[u8; 16]>> {
        const SQL: &str =
            "SELECT m.thread_digest FROM message m WHERE m.tenant_id = $1 AND m.inbox_id = $2 AND m.id = $3
            AND m.state = 'delivered' AND m.thread_digest IS NOT NULL AND NOT EXISTS (SELECT 1 FROM message e
                WHERE e.tenant_id = $1 AND e.inbox_id = $2 AND e.thread_digest = m.thread_digest
                AND e.state = 'delivered' AND e.seq < m.seq)";
        let row: Option<(Vec<u8>,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(id.opener().as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.and_then(|(digest,)| digest.try_into().ok()))
    }

    /// The newest mail of a thread.
    pub async fn newest_of_thread(&mut self, inbox: &InboxId, id: &ThreadId) -> Result<Option<MessageId>> {
        const SQL: &str =
            "SELECT id FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND thread_digest = $3
            AND state = 'delivered' ORDER BY seq DESC LIMIT 1";
        let Some(digest) = self.thread_digest(inbox, id).await? else { return Ok(None) };
        let row: Option<(String,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(&digest[..])
            .fetch_optional(conn)
            .await?);
        let id = row.map(|(id,)| MessageId::parse(&id).map_err(|bad| Error::corrupt("message", &id, bad)));
        id.transpose()
    }

    /// The oldest delivered mail of an inbox that has this Message-ID.
    pub async fn message_with_id(
        &mut self,
        inbox: &InboxId,
        message_id: &[u8; 16],
    ) -> Result<Option<MessageId>> {
        const SQL: &str =
            "SELECT id FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND message_id_digest = $3
            AND state = 'delivered' ORDER BY id LIMIT 1";
        let row: Option<(String,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(&message_id[..])
            .fetch_optional(conn)
            .await?);
        let id = row.map(|(id,)| MessageId::parse(&id).map_err(|bad| Error::corrupt("message", &id, bad)));
        id.transpose()
    }

    /// Records that a mail opened a thread or answered in one, in the transaction in which its agent got it. Mail that is
    /// not delivered, or in no thread, is not told of.
    pub async fn tell_of_thread(
        &mut self,
        message: &MessageId,
        event: EventId,
        now: Timestamp,
    ) -> Result<()> {
        const SQL: &str = "SELECT m.inbox_id, CAST(CASE WHEN EXISTS (SELECT 1 FROM message e WHERE e.tenant_id = m.tenant_id
                AND e.inbox_id = m.inbox_id AND e.thread_digest = m.thread_digest AND e.state = 'delivered'
                AND e.seq < m.seq) THEN 1 ELSE 0 END AS BIGINT)
            FROM message m WHERE m.tenant_id = $1 AND m.id = $2 AND m.state = 'delivered' AND m.thread_digest IS NOT NULL";
        let row: Option<(String, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .fetch_optional(conn)
            .await?);
        let Some((inbox, is_reply)) = row else { return Ok(()) };
        let inbox = InboxId::parse(&inbox).map_err(|bad| Error::corrupt("message", message.as_str(), bad))?;
        let kind = if is_reply != 0 { EventKind::EmailThreadReply } else { EventKind::EmailThreadNew };
        let message = Some(message.clone());
        self.record(&EventRow { id: event, kind, inbox: Some(inbox), message, created_at: now }).await
    }
}
