//! Delivered mails with their sealed texts, newest first, a few at a time: what a search opens and looks through. The store
//! knows no words.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};

use super::message::{Direction, Message, MessageRow};
use crate::db::on;
use crate::{Result, Scope};

/// A place in a search: behind this mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPlace {
    /// When the mail became available.
    pub at: Timestamp,
    /// The mail.
    pub id: MessageId,
    /// Its place in its inbox.
    pub seq: i64,
}

/// Which mails a search looks at.
#[derive(Clone, Debug, Default)]
pub struct SearchFilter {
    /// Only those of this inbox; of all inboxes of the tenant where none is named.
    pub inbox: Option<InboxId>,
    /// Only those available later than this.
    pub since: Option<Timestamp>,
    /// Only those available earlier than this.
    pub until: Option<Timestamp>,
    /// Only those.
    pub direction: Option<Direction>,
    /// Only those with, or without, attachments.
    pub has_attachments: Option<bool>,
    /// Only those behind this place.
    pub behind: Option<SearchPlace>,
    /// Sealed snapshots that are larger stay where they are, in bytes.
    pub most_bytes: i64,
    /// At most so many.
    pub limit: i64,
}

/// A mail with its sealed texts.
pub struct SealedMail {
    /// The mail.
    pub message: Message,
    /// Number and bytes of its summary.
    pub meta: (u32, Vec<u8>),
    /// Number of its snapshot, and its bytes unless they are too many.
    pub parsed: (u32, Option<Vec<u8>>),
}

#[derive(sqlx::FromRow)]
struct SealedRow {
    #[sqlx(flatten)]
    message: MessageRow,
    meta_no: i64,
    meta: Vec<u8>,
    parsed_no: i64,
    parsed: Option<Vec<u8>>,
}

macro_rules! search_sql {
    ($which:literal) => {
        concat!(
            "SELECT m.id, m.inbox_id, m.seq, m.direction, m.state, m.version, m.received_at, m.available_at, m.size,
            m.is_read, m.key_version, m.dek, (SELECT o.id FROM message o WHERE o.tenant_id = m.tenant_id
                AND o.inbox_id = m.inbox_id AND o.thread_digest = m.thread_digest AND o.state = 'delivered'
                ORDER BY o.seq LIMIT 1) AS opener,
            s.no AS meta_no, s.bytes AS meta, p.no AS parsed_no,
            CASE WHEN length(p.bytes) <= $7 THEN p.bytes ELSE NULL END AS parsed
            FROM message m
            JOIN part s ON s.tenant_id = m.tenant_id AND s.message_id = m.id AND s.kind = 'meta' AND s.no =
                (SELECT MAX(x.no) FROM part x WHERE x.tenant_id = m.tenant_id AND x.message_id = m.id AND x.kind = 'meta')
            JOIN part p ON p.tenant_id = m.tenant_id AND p.message_id = m.id AND p.kind = 'parsed' AND p.no =
                (SELECT MAX(y.no) FROM part y WHERE y.tenant_id = m.tenant_id AND y.message_id = m.id AND y.kind = 'parsed')
            WHERE m.tenant_id = $1 AND m.state = 'delivered' AND m.seq IS NOT NULL AND m.available_at > $3
            AND m.available_at < $4 AND ($5 = '' OR m.direction = $5) AND ($6 < 0 OR m.has_attachments = $6) ",
            $which
        )
    };
}

impl Scope {
    /// Mails with their sealed texts, newest first, as they stand in one moment: a key and what it opens go together.
    pub async fn sealed_mails(&mut self, filter: &SearchFilter) -> Result<Vec<SealedMail>> {
        // Within an inbox the place is the order; over several it is the moment, and the id where two share it.
        const IN_ONE: &str = search_sql!("AND m.inbox_id = $2 AND m.seq < $8 ORDER BY m.seq DESC LIMIT $10");
        const IN_ALL: &str = search_sql!(
            "AND $2 = '' AND m.available_at <= $8 AND (m.available_at < $8 OR m.id < $9)
            ORDER BY m.available_at DESC, m.id DESC LIMIT $10"
        );
        let behind = filter.behind.as_ref();
        let (sql, place) = match filter.inbox {
            Some(_) => (IN_ONE, behind.map_or(i64::MAX, |place| place.seq)),
            None => (IN_ALL, behind.map_or(i64::MAX, |place| place.at.millis())),
        };
        let rows: Vec<SealedRow> = on!(&mut self.tx, |conn| sqlx::query_as(sql)
            .bind(self.tenant.as_str())
            .bind(filter.inbox.as_ref().map_or("", InboxId::as_str))
            .bind(filter.since.map_or(-1, Timestamp::millis))
            .bind(filter.until.map_or(i64::MAX, Timestamp::millis))
            .bind(filter.direction.map_or("", Direction::as_str))
            .bind(filter.has_attachments.map_or(-1, i64::from))
            .bind(filter.most_bytes)
            .bind(place)
            .bind(behind.map_or("", |place| place.id.as_str()))
            .bind(filter.limit)
            .fetch_all(conn)
            .await?);
        let number = |no: i64| u32::try_from(no).unwrap_or_default();
        rows.into_iter()
            .map(|row| {
                Ok(SealedMail {
                    message: Message::try_from(row.message)?,
                    meta: (number(row.meta_no), row.meta),
                    parsed: (number(row.parsed_no), row.parsed),
                })
            })
            .collect()
    }
}
