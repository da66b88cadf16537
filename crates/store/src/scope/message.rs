//! Messages: what may be told of one without a key, and the gate. Every door an agent has reads `state = 'delivered'`.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId, ThreadId};

use super::outgoing::OutgoingStatus;
use super::thread::Threading;
use crate::db::on;
use crate::{Error, Result, Scope};

/// Whether a message came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It came.
    Inbound,
    /// It went.
    Outbound,
}

impl Direction {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    /// Finds it by name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Inbound, Self::Outbound].into_iter().find(|one| one.as_str() == text)
    }
}

/// Who may see a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The agent.
    Delivered,
    /// Reviewers only, until one decides.
    Held,
    /// Nobody but the record.
    Rejected,
}

impl State {
    /// As stored and archived.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Held => "held",
            Self::Rejected => "rejected",
        }
    }

    /// Finds it by name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Delivered, Self::Held, Self::Rejected].into_iter().find(|one| one.as_str() == text)
    }
}

/// What a reviewer decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The agent may have it.
    Release,
    /// It never will.
    Reject,
}

/// A message without its content.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its inbox.
    pub inbox: InboxId,
    /// Its place in the inbox; a held one has none.
    pub seq: Option<i64>,
    /// Came or went.
    pub direction: Direction,
    /// Who may see it.
    pub state: State,
    /// Grows with each change of state.
    pub version: i64,
    /// When SMTP took it.
    pub received_at: Timestamp,
    /// When it became available to the agent.
    pub available_at: Option<Timestamp>,
    /// Raw bytes.
    pub size: i64,
    /// Whether the agent fetched it.
    pub is_read: bool,
    /// The thread it belongs to, for an agent; none where it was not asked for.
    pub thread: Option<ThreadId>,
    /// How it fares, of outbound mail.
    pub status: Option<OutgoingStatus>,
    /// The version of the tenant key that wrapped its own.
    pub key_version: u32,
    /// Its wrapped key.
    pub dek: Vec<u8>,
}

/// A message to be stored.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// Its inbox.
    pub inbox: InboxId,
    /// Whether the gate holds it.
    pub held: bool,
    /// When SMTP took it.
    pub received_at: Timestamp,
    /// Raw bytes.
    pub size: i64,
    /// `low`, `medium`, `high`, `unknown`.
    pub level: &'static str,
    /// 0 to 100.
    pub score: u8,
    /// Which scorer said so.
    pub model: String,
    /// Whether it has attachments.
    pub has_attachments: bool,
    /// Whether a machine sent it by itself.
    pub is_automated: bool,
    /// The version of the tenant key.
    pub key_version: u32,
    /// The wrapped message key.
    pub dek: Vec<u8>,
    /// A keyed digest of the author's address.
    pub from_digest: Option<[u8; 16]>,
    /// What it belongs to; none where it could not be read.
    pub threading: Option<Threading>,
    /// A keyed digest of sender, inbox and bytes: the same while the 250 may be lost.
    pub delivery_digest: [u8; 16],
}

impl NewMessage {
    /// The keyed digest of its Message-ID, as it is bound.
    pub(crate) fn message_id_digest(&self) -> Option<&[u8]> {
        self.threading.as_ref().and_then(|threading| threading.message_id.as_ref()).map(|digest| &digest[..])
    }
}

/// A message's place in its inbox, and when it came there. Both grow from each message to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    /// Nobody is told of it.
    pub(crate) is_quiet: bool,
}

/// Which messages of an inbox.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only those before this place.
    pub before: Option<i64>,
    /// Only those after this place.
    pub after: Option<i64>,
    /// Only those available later than this moment.
    pub since: Option<Timestamp>,
    /// Only those.
    pub direction: Option<Direction>,
    /// Only from this author's digest.
    pub from: Option<[u8; 16]>,
    /// Only of this level.
    pub level: Option<&'static str>,
    /// Only those the agent has not fetched.
    pub unread: bool,
    /// At most so many.
    pub limit: i64,
}

#[derive(sqlx::FromRow)]
pub(crate) struct MessageRow {
    id: String,
    inbox_id: String,
    seq: Option<i64>,
    direction: String,
    state: String,
    version: i64,
    received_at: i64,
    available_at: Option<i64>,
    size: i64,
    is_read: i64,
    /// Not every list asks for it.
    #[sqlx(default)]
    status: Option<String>,
    key_version: i64,
    dek: Vec<u8>,
    #[sqlx(default)]
    opener: Option<String>,
}

impl TryFrom<MessageRow> for Message {
    type Error = Error;
    fn try_from(row: MessageRow) -> Result<Self> {
        let bad = |what: String| Error::corrupt("message", &row.id, what);
        Ok(Self {
            id: MessageId::parse(&row.id).map_err(|e| bad(e.to_string()))?,
            inbox: InboxId::parse(&row.inbox_id).map_err(|e| bad(e.to_string()))?,
            seq: row.seq,
            direction: Direction::parse(&row.direction)
                .ok_or_else(|| bad(format!("direction {}", row.direction)))?,
            state: State::parse(&row.state).ok_or_else(|| bad(format!("state {}", row.state)))?,
            version: row.version,
            received_at: Timestamp(row.received_at),
            available_at: row.available_at.map(Timestamp),
            size: row.size,
            is_read: row.is_read != 0,
            thread: match &row.opener {
                Some(id) => Some(ThreadId::opened_by(&MessageId::parse(id).map_err(|e| bad(e.to_string()))?)),
                None => None,
            },
            status: match &row.status {
                None => None,
                Some(text) => Some(OutgoingStatus::parse(text).ok_or_else(|| bad(format!("status {text}")))?),
            },
            key_version: u32::try_from(row.key_version).map_err(|e| bad(e.to_string()))?,
            dek: row.dek,
        })
    }
}

/// What is read of a message, with the one that opened its thread.
macro_rules! message_columns {
    () => {
        "id, inbox_id, seq, direction, state, version, received_at, available_at, size, is_read, status, key_version, dek,
        (SELECT o.id FROM message o WHERE o.tenant_id = message.tenant_id AND o.inbox_id = message.inbox_id
            AND o.thread_digest = message.thread_digest AND o.state = 'delivered' ORDER BY o.seq LIMIT 1) AS opener"
    };
}
pub(super) use message_columns;

macro_rules! list_sql {
    ($order:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            " FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND seq IS NOT NULL AND state = 'delivered'
            AND seq < $3 AND seq > $4 AND available_at > $5 AND ($6 = '' OR direction = $6)
            AND ($7 = 0 OR from_digest = $8) AND ($9 = '' OR level = $9) AND ($10 = 0 OR is_read = 0)
            ORDER BY seq ",
            $order,
            " LIMIT $11"
        )
    };
}

impl Scope {
    /// One delivered message of an inbox. Held, rejected, deleted and foreign ones are simply not there.
    pub async fn message(&mut self, inbox: &InboxId, id: &MessageId) -> Result<Option<Message>> {
        const SQL: &str = concat!(
            "SELECT ",
            message_columns!(),
            " FROM message WHERE tenant_id = $1 AND id = $2 AND inbox_id = $3 AND state = 'delivered'"
        );
        let row: Option<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(inbox.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(Message::try_from).transpose()
    }

    /// Delivered messages of an inbox, newest first.
    pub async fn messages(&mut self, inbox: &InboxId, filter: &Filter) -> Result<Vec<Message>> {
        const SQL: &str = list_sql!("DESC");
        self.list(SQL, inbox, filter).await
    }

    /// The same, oldest first: for who reads on from a place and must not skip any.
    pub async fn messages_onward(&mut self, inbox: &InboxId, filter: &Filter) -> Result<Vec<Message>> {
        const SQL: &str = list_sql!("ASC");
        self.list(SQL, inbox, filter).await
    }

    async fn list(&mut self, sql: &'static str, inbox: &InboxId, filter: &Filter) -> Result<Vec<Message>> {
        let from = filter.from.unwrap_or_default();
        let rows: Vec<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(sql)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(filter.before.unwrap_or(i64::MAX))
            .bind(filter.after.unwrap_or(0))
            .bind(filter.since.map_or(-1, Timestamp::millis))
            .bind(filter.direction.map_or("", Direction::as_str))
            .bind(i64::from(filter.from.is_some()))
            .bind(&from[..])
            .bind(filter.level.unwrap_or_default())
            .bind(i64::from(filter.unread))
            .bind(filter.limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Message::try_from).collect()
    }

    /// The place of an inbox' newest delivered message, 0 when there is none.
    pub async fn newest_seq(&mut self, inbox: &InboxId) -> Result<i64> {
        const SQL: &str = "SELECT COALESCE(MAX(seq), 0) FROM message WHERE tenant_id = $1 AND inbox_id = $2
            AND seq IS NOT NULL AND state = 'delivered'";
        let (seq,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .fetch_one(conn)
            .await?);
        Ok(seq)
    }

    /// Notes that the agent fetched a message.
    pub async fn mark_read(&mut self, id: &MessageId) -> Result<()> {
        const SQL: &str =
            "UPDATE message SET is_read = 1 WHERE tenant_id = $1 AND id = $2 AND state = 'delivered'";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The message of this tenant that is armed with this digest.
    pub(crate) async fn armed(&mut self, digest: &[u8; 16]) -> Result<Option<String>> {
        const SQL: &str =
            "SELECT id FROM message WHERE tenant_id = $1 AND delivery_digest = $2 AND armed = 1";
        let row: Option<(String,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(&digest[..])
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(id,)| id))
    }

    /// Lets a later message with the same digest be a message of its own.
    pub(crate) async fn disarm(&mut self, id: &MessageId) -> Result<()> {
        const SQL: &str = "UPDATE message SET armed = 0 WHERE tenant_id = $1 AND id = $2 AND armed = 1";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Counts a message in its inbox and gives it the next place there; `None` when the inbox is gone. Held mail is
    /// not counted: a count would tell the agent of it.
    ///
    /// The moment that goes with the place is later than that of the place before, whatever the clock says: whoever
    /// asks for all since the last mail it saw misses none that came in the same millisecond.
    pub(crate) async fn next_place(&mut self, inbox: &InboxId, now: Timestamp) -> Result<Option<Place>> {
        const SQL: &str = "UPDATE inbox SET next_seq = next_seq + 1, email_count = email_count + 1,
            last_at = CASE WHEN last_at < $3 THEN $3 ELSE last_at + 1 END
            WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING next_seq, last_at, quiet_since";
        let row: Option<(i64, i64, Option<i64>)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(now.millis())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(next, at, quiet)| Place { seq: next - 1, at: Timestamp(at), is_quiet: quiet.is_some() }))
    }

    /// Stores a new message. A held one has no place in its inbox yet.
    pub(crate) async fn insert_message(
        &mut self,
        new: &NewMessage,
        place: Option<Place>,
        thread: Option<&[u8; 16]>,
        now: Timestamp,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO message (tenant_id, id, inbox_id, seq, direction, state, version, received_at,
            available_at, size, level, score, model, is_read, has_attachments, is_automated, key_version, dek, from_digest,
            delivery_digest, armed, armed_at, message_id_digest, thread_digest)
            VALUES ($1, $2, $3, $4, 'inbound', $5, 0, $6, $7, $8, $9, $10, $11, 0, $12, $13, $14, $15, $16, $17, 1, $18,
                $19, $20)";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(new.id.as_str())
            .bind(new.inbox.as_str())
            .bind(place.map(|place| place.seq))
            .bind(if place.is_none() { "held" } else { "delivered" })
            .bind(new.received_at.millis())
            .bind(place.map(|place| place.at.millis()))
            .bind(new.size)
            .bind(new.level)
            .bind(i64::from(new.score))
            .bind(&new.model)
            .bind(i64::from(new.has_attachments))
            .bind(i64::from(new.is_automated))
            .bind(i64::from(new.key_version))
            .bind(&new.dek)
            .bind(new.from_digest.as_ref().map(|digest| &digest[..]))
            .bind(&new.delivery_digest[..])
            .bind(now.millis())
            .bind(new.message_id_digest())
            .bind(thread.map(|digest| &digest[..]))
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }
}
