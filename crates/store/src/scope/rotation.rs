//! The mail store's part in the rotation of a tenant's key: a floor below which nothing is written, and message keys
//! exchanged in small groups.

use mailward_mail::id::MessageId;

use crate::db::{Tx, on};
use crate::scope::message::{Message, MessageRow};
use crate::{Result, Scope};

/// A message key wrapped anew.
pub struct RewrappedDek {
    /// Of which message.
    pub id: MessageId,
    /// As it was read.
    pub old: Vec<u8>,
    /// What is to stand there.
    pub new: Vec<u8>,
}

/// One sealed part: kind, number, bytes.
pub type SealedPart = (String, u32, Vec<u8>);

impl Scope {
    /// From now on no message is stored under an older version of the key than this. `false`: so it was before.
    pub async fn raise_key_floor(&mut self, version: u32) -> Result<bool> {
        // On PostgreSQL whoever stores a message holds the row for sharing: this waits for those who still may.
        const LOCK: &str = "SELECT id FROM tenant WHERE id = $1 FOR UPDATE";
        const SQL: &str = "UPDATE tenant SET min_key_version = $2 WHERE id = $1 AND min_key_version < $2";
        if let Tx::Postgres(tx) = &mut self.tx {
            sqlx::query(LOCK).bind(self.tenant.as_str()).execute(&mut **tx).await?;
        }
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(i64::from(version))
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// The oldest version of the key that a message may be stored under; it does not grow until this transaction ends.
    pub async fn key_floor(&mut self) -> Result<i64> {
        const SQLITE: &str = "SELECT min_key_version FROM tenant WHERE id = $1";
        const POSTGRES: &str = "SELECT min_key_version FROM tenant WHERE id = $1 FOR KEY SHARE";
        let sql = self.tx.pick(SQLITE, POSTGRES);
        let row: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(sql)
            .bind(self.tenant.as_str())
            .fetch_optional(conn)
            .await?);
        // A tenant that is gone: its inbox is too, and that is what will be said.
        Ok(row.map_or(0, |(floor,)| floor))
    }

    /// Messages, held ones too, whose key an older version than `below` wraps: those behind `after`, by id.
    pub async fn messages_below(
        &mut self,
        below: u32,
        after: Option<&MessageId>,
        limit: i64,
    ) -> Result<Vec<Message>> {
        const SQL: &str =
            "SELECT id, inbox_id, seq, direction, state, version, received_at, available_at, size, is_read,
            key_version, dek FROM message WHERE tenant_id = $1 AND id > $2 AND key_version < $3 AND length(dek) > 0
            ORDER BY id LIMIT $4";
        let rows: Vec<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(after.map_or("", MessageId::as_str))
            .bind(i64::from(below))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Message::try_from).collect()
    }

    /// Exchanges wrapped message keys that are still as they were read; how many were.
    pub async fn rewrap_messages(&mut self, keys: &[RewrappedDek], version: u32) -> Result<u64> {
        const SQLITE: &str =
            "UPDATE message SET dek = $4, key_version = $2 WHERE tenant_id = $1 AND id = $3 AND dek = $5";
        // One statement for all: a server is a network away.
        const POSTGRES: &str = "UPDATE message SET dek = n.new, key_version = $2
            FROM UNNEST($3::TEXT[], $4::BYTEA[], $5::BYTEA[]) AS n (id, new, old)
            WHERE message.tenant_id = $1 AND message.id = n.id AND message.dek = n.old";
        let version = i64::from(version);
        match &mut self.tx {
            Tx::Sqlite(tx) => {
                let mut done = 0;
                for key in keys {
                    let query = sqlx::query(SQLITE).bind(self.tenant.as_str()).bind(version);
                    let query = query.bind(key.id.as_str()).bind(&key.new).bind(&key.old);
                    done += query.execute(&mut **tx).await?.rows_affected();
                }
                Ok(done)
            }
            Tx::Postgres(tx) => {
                let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
                let new: Vec<&[u8]> = keys.iter().map(|key| &key.new[..]).collect();
                let old: Vec<&[u8]> = keys.iter().map(|key| &key.old[..]).collect();
                let query = sqlx::query(POSTGRES).bind(self.tenant.as_str()).bind(version);
                Ok(query.bind(ids).bind(new).bind(old).execute(&mut **tx).await?.rows_affected())
            }
        }
    }

    /// Every sealed part of a message.
    pub async fn parts(&mut self, message: &MessageId) -> Result<Vec<SealedPart>> {
        const SQL: &str = "SELECT kind, no, bytes FROM part WHERE tenant_id = $1 AND message_id = $2";
        let rows: Vec<(String, i64, Vec<u8>)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .fetch_all(conn)
            .await?);
        Ok(rows
            .into_iter()
            .map(|(kind, no, bytes)| (kind, u32::try_from(no).unwrap_or_default(), bytes))
            .collect())
    }

    /// Exchanges a message's key and, with it, all its parts. `false`: the key or a part is not as it was read, and the
    /// caller must not commit.
    pub async fn reencrypt_message(
        &mut self,
        key: &RewrappedDek,
        version: u32,
        parts: &[SealedPart],
    ) -> Result<bool> {
        const SQL: &str =
            "UPDATE part SET bytes = $5 WHERE tenant_id = $1 AND message_id = $2 AND kind = $3 AND no = $4";
        if self.rewrap_messages(std::slice::from_ref(key), version).await? == 0 {
            return Ok(false);
        }
        for (kind, no, bytes) in parts {
            let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
                .bind(self.tenant.as_str())
                .bind(key.id.as_str())
                .bind(kind)
                .bind(i64::from(*no))
                .bind(bytes)
                .execute(conn)
                .await?
                .rows_affected());
            // A summary that was written anew since lies under the old key: it must not be left behind.
            if done == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The wrapped key of a message as it is now, and the version that wraps it. For who read the message a moment
    /// ago and finds that its key was exchanged since.
    pub async fn message_dek(&mut self, id: &MessageId) -> Result<Option<(u32, Vec<u8>)>> {
        const SQL: &str =
            "SELECT key_version, dek FROM message WHERE tenant_id = $1 AND id = $2 AND length(dek) > 0";
        let row: Option<(i64, Vec<u8>)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(version, dek)| (u32::try_from(version).unwrap_or_default(), dek)))
    }
}
