//! Held mail, for those who may see it, and the one way it becomes anything else.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};

use super::message::{Decision, Direction, Message, MessageRow, message_columns};
use crate::db::on;
use crate::{Result, Scope};

/// A decision, who took it and why.
pub struct Decided<'a> {
    /// What was decided.
    pub decision: Decision,
    /// The key that decided.
    pub by: &'a str,
    /// Why, sealed.
    pub reason: Option<Vec<u8>>,
}

impl Scope {
    /// Held messages, newest first, those before `before`.
    pub async fn held(&mut self, before: Option<&MessageId>, limit: i64) -> Result<Vec<Message>> {
        const SQL: &str = "SELECT id, inbox_id, seq, direction, state, version, received_at, available_at, size, is_read,
            status, key_version, dek FROM message WHERE tenant_id = $1 AND state = 'held' AND id < $2 ORDER BY id DESC LIMIT $3";
        let rows: Vec<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(before.map_or("eml_8", MessageId::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Message::try_from).collect()
    }

    /// How many messages are held, of one inbox or of all, and since when the one that waits longest.
    pub async fn waiting(&mut self, inbox: Option<&InboxId>) -> Result<(i64, Option<Timestamp>)> {
        const SQL: &str = "SELECT COUNT(*), MIN(received_at) FROM message
            WHERE tenant_id = $1 AND state = 'held' AND ($2 = '' OR inbox_id = $2)";
        let (count, oldest): (i64, Option<i64>) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.map_or("", InboxId::as_str))
            .fetch_one(conn)
            .await?);
        Ok((count, oldest.map(Timestamp)))
    }

    /// On how many held messages people decided since `since`, and within what time they decided on half of them. What
    /// nobody decided on in time is no decision.
    pub async fn decided_within(
        &mut self,
        inbox: Option<&InboxId>,
        since: Timestamp,
    ) -> Result<(i64, Option<Duration>)> {
        const COUNT: &str = "SELECT COUNT(*) FROM message WHERE tenant_id = $1 AND decided_at >= $2
            AND decided_by <> 'expiry' AND ($3 = '' OR inbox_id = $3)";
        const MIDDLE: &str = "SELECT decided_at - received_at AS waited FROM message WHERE tenant_id = $1
            AND decided_at >= $2 AND decided_by <> 'expiry' AND ($3 = '' OR inbox_id = $3)
            ORDER BY waited LIMIT 1 OFFSET $4";
        let inbox = inbox.map_or("", InboxId::as_str);
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(COUNT)
            .bind(self.tenant.as_str())
            .bind(since.millis())
            .bind(inbox)
            .fetch_one(conn)
            .await?);
        let middle: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(MIDDLE)
            .bind(self.tenant.as_str())
            .bind(since.millis())
            .bind(inbox)
            .bind((count - 1).max(0) / 2)
            .fetch_optional(conn)
            .await?);
        let waited = |(millis,): (i64,)| Duration::from_millis(u64::try_from(millis).unwrap_or_default());
        Ok((count, middle.map(waited)))
    }

    /// One message in whatever state, for a reviewer.
    pub async fn message_for_review(&mut self, id: &MessageId) -> Result<Option<Message>> {
        const SQL: &str = concat!(
            "SELECT ",
            message_columns!(),
            " FROM message WHERE tenant_id = $1 AND id = $2 AND length(dek) > 0"
        );
        let row: Option<MessageRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(Message::try_from).transpose()
    }

    /// Decides on a held message, if it is still as it was when `version` was read. `false`: somebody was faster.
    pub async fn decide(
        &mut self,
        message: &Message,
        decision: &Decided<'_>,
        now: Timestamp,
    ) -> Result<bool> {
        let goes = message.direction == Direction::Outbound;
        let place = match decision.decision {
            Decision::Release if goes => self.next_outgoing_place(&message.inbox, now).await?,
            Decision::Release => self.next_place(&message.inbox, now).await?,
            Decision::Reject => None,
        };
        if decision.decision == Decision::Release && place.is_none() {
            return Ok(false);
        }
        const SQL: &str = "UPDATE message SET state = $4, version = version + 1, decided_at = $5, decided_by = $6,
            seq = $7, available_at = $8, decided_reason = $9 WHERE tenant_id = $1 AND id = $2 AND version = $3 AND state = 'held'";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(message.id.as_str())
            .bind(message.version)
            .bind(match decision.decision {
                Decision::Release => "delivered",
                Decision::Reject => "rejected",
            })
            .bind(now.millis())
            .bind(decision.by)
            .bind(place.map(|place| place.seq))
            .bind(place.map(|place| place.at.millis()))
            .bind(&decision.reason)
            .execute(conn)
            .await?
            .rows_affected());
        if done > 0 {
            self.forget_approval(&message.id).await?;
        }
        if done > 0 && goes {
            self.settle_held(&message.id, decision.decision == Decision::Release, now).await?;
        } else if done > 0 && decision.decision == Decision::Release {
            self.wakes_inbox(&message.inbox);
        }
        Ok(done > 0)
    }
}
