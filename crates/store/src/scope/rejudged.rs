//! A new verdict in the place of an old one, if nobody touched the mail since the old one was read.

use crate::db::on;
use crate::scope::archive::ArchivedMessage;
use crate::{Result, Scope};

/// A mail that was judged anew.
pub struct Rejudged<'a> {
    /// As it was read.
    pub was: &'a ArchivedMessage,
    /// `low`, `medium`, `high`, `unknown`.
    pub level: &'a str,
    /// 0 to 100.
    pub score: u8,
    /// Which scorer says so.
    pub model: &'a str,
    /// The number and the bytes of the summary as it was read.
    pub old_meta: (u32, usize),
    /// The summary with the new verdict, sealed as the next number.
    pub meta: Vec<u8>,
}

impl Scope {
    /// Exchanges a verdict and the summary that holds it. `false`: the mail was decided on, its key was exchanged or it was
    /// judged by somebody else since; nothing may be committed then. Who may see the mail stays as it is.
    pub async fn rejudge(&mut self, new: &Rejudged<'_>) -> Result<bool> {
        const MESSAGE: &str =
            "UPDATE message SET level = $3, score = $4, model = $5 WHERE tenant_id = $1 AND id = $2
            AND version = $6 AND state = $7 AND dek = $8 AND level = $9 AND score = $10 AND model = $11
            AND decided_at IS NULL";
        const OLD: &str =
            "DELETE FROM part WHERE tenant_id = $1 AND message_id = $2 AND kind = 'meta' AND no = $3";
        // A part is written once: a changed summary is a new number, never a second text under the same key.
        const META: &str =
            "INSERT INTO part (tenant_id, message_id, kind, no, bytes) VALUES ($1, $2, 'meta', $3, $4)
            ON CONFLICT DO NOTHING";
        let (was, (no, old_bytes)) = (new.was, new.old_meta);
        let id = was.message.id.as_str();
        let done = on!(&mut self.tx, |conn| sqlx::query(MESSAGE)
            .bind(self.tenant.as_str())
            .bind(id)
            .bind(new.level)
            .bind(i64::from(new.score))
            .bind(new.model)
            .bind(was.message.version)
            .bind(was.message.state.as_str())
            .bind(&was.message.dek)
            .bind(&was.level)
            .bind(was.score)
            .bind(&was.model)
            .execute(conn)
            .await?
            .rows_affected());
        if done == 0 {
            return Ok(false);
        }
        let gone = on!(&mut self.tx, |conn| sqlx::query(OLD)
            .bind(self.tenant.as_str())
            .bind(id)
            .bind(i64::from(no))
            .execute(conn)
            .await?
            .rows_affected());
        let written = on!(&mut self.tx, |conn| sqlx::query(META)
            .bind(self.tenant.as_str())
            .bind(id)
            .bind(i64::from(no) + 1)
            .bind(&new.meta)
            .execute(conn)
            .await?
            .rows_affected());
        if gone == 0 || written == 0 {
            return Ok(false);
        }
        let bytes = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.give_back(was.message.inbox.as_str(), bytes(old_bytes) - bytes(new.meta.len())).await?;
        Ok(true)
    }
}
