//! Which mails of one inbox belong together, by keyed digests: nothing here tells what they are.
//!
//! Held and rejected mail counts: the tenant received it. No door of an agent leads here; what agents see of threads is
//! in [`super::conversation`].

use mailward_mail::id::InboxId;

use super::message::{Message, MessageRow, NewMessage};
use crate::db::on;
use crate::{Result, Scope};

/// A message's place among others, as keyed digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Threading {
    /// Of its Message-ID, if it has one: what later mails refer to.
    pub message_id: Option<[u8; 16]>,
    /// Of the Message-IDs it refers to, the likeliest first: looked for again when it is stored, since what it answers may
    /// have come at the same moment.
    pub references: Vec<[u8; 16]>,
    /// Of its thread, where none of these is found: the same for all mails of it within an inbox.
    pub thread: [u8; 16],
}

/// How an author stands to an inbox and one of its threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acquaintance {
    /// The inbox had mail of this author before.
    pub in_inbox: bool,
    /// The thread had.
    pub in_thread: bool,
}

impl Scope {
    /// Message-IDs that [`Scope::thread_of`] looks for at a time.
    pub const MOST_REFERENCES: usize = 12;

    /// The thread of the mail of an inbox that has the first of these Message-IDs that is found; of more than
    /// [`Scope::MOST_REFERENCES`] the first are looked for. Of several mails with one Message-ID it is the oldest: a later
    /// one may have taken it to draw answers into another thread.
    pub async fn thread_of(&mut self, inbox: &InboxId, references: &[[u8; 16]]) -> Result<Option<[u8; 16]>> {
        const SQL: &str = "SELECT thread_digest FROM message WHERE tenant_id = $1 AND inbox_id = $2
            AND message_id_digest IN ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            AND thread_digest IS NOT NULL ORDER BY CASE message_id_digest WHEN $3 THEN 3 WHEN $4 THEN 4 WHEN $5 THEN 5
                WHEN $6 THEN 6 WHEN $7 THEN 7 WHEN $8 THEN 8 WHEN $9 THEN 9 WHEN $10 THEN 10 WHEN $11 THEN 11
                WHEN $12 THEN 12 WHEN $13 THEN 13 ELSE 14 END, id LIMIT 1";
        let Some(first) = references.first() else { return Ok(None) };
        // One text for any number of them: the first stands in every place that is left.
        let mut wanted = [*first; Self::MOST_REFERENCES];
        wanted.iter_mut().zip(references).for_each(|(place, digest)| *place = *digest);
        let row: Option<(Vec<u8>,)> = on!(&mut self.tx, |conn| {
            let mut query = sqlx::query_as(SQL).bind(self.tenant.as_str()).bind(inbox.as_str());
            for digest in &wanted {
                query = query.bind(&digest[..]);
            }
            query.fetch_optional(conn).await?
        });
        Ok(row.and_then(|(digest,)| digest.try_into().ok()))
    }

    /// The thread that a mail goes to as it is stored.
    pub(crate) async fn thread_for(&mut self, message: &NewMessage) -> Result<Option<[u8; 16]>> {
        let Some(threading) = &message.threading else { return Ok(None) };
        let found = self.thread_of(&message.inbox, &threading.references).await?;
        Ok(Some(found.unwrap_or(threading.thread)))
    }

    /// The newest mails of a thread of an inbox, whatever their state, newest first. Those whose key is gone are left out.
    pub async fn thread(&mut self, inbox: &InboxId, thread: &[u8; 16], limit: i64) -> Result<Vec<Message>> {
        const SQL: &str = "SELECT id, inbox_id, seq, direction, state, version, received_at, available_at, size, is_read,
            key_version, dek FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND thread_digest = $3 AND length(dek) > 0
            ORDER BY id DESC LIMIT $4";
        let rows: Vec<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(&thread[..])
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Message::try_from).collect()
    }

    /// Whether an author is known to an inbox, and to one of its threads.
    pub async fn acquaintance(
        &mut self,
        inbox: &InboxId,
        author: &[u8; 16],
        thread: &[u8; 16],
    ) -> Result<Acquaintance> {
        const SQL: &str = "SELECT
            CAST(CASE WHEN EXISTS (SELECT 1 FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND from_digest = $3)
                THEN 1 ELSE 0 END AS BIGINT),
            CAST(CASE WHEN EXISTS (SELECT 1 FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND from_digest = $3
                AND thread_digest = $4) THEN 1 ELSE 0 END AS BIGINT)";
        let (in_inbox, in_thread): (i64, i64) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(&author[..])
            .bind(&thread[..])
            .fetch_one(conn)
            .await?);
        Ok(Acquaintance { in_inbox: in_inbox != 0, in_thread: in_thread != 0 })
    }

    /// The size of a message's newest sealed snapshot, before anybody opens it.
    pub async fn snapshot_size(&mut self, message: &mailward_mail::id::MessageId) -> Result<Option<i64>> {
        const SQL: &str = "SELECT CAST(length(bytes) AS BIGINT) FROM part
            WHERE tenant_id = $1 AND message_id = $2 AND kind = 'parsed' ORDER BY no DESC LIMIT 1";
        let row: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(size,)| size))
    }
}
