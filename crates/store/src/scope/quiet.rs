//! The breaker of loops: an inbox that exchanges mail with a machine, faster than anybody reads, falls quiet.
//!
//! A quiet inbox takes and keeps mail as before, and whoever looks finds it; nobody is told of it. What was not told is
//! told when the inbox is woken, so a pause costs time and nothing else. What is counted is the stored mail itself, in the
//! transaction that stores the next: there is no second book that a crash could leave behind.

use std::time::Duration;

use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{EventId, InboxId, MessageId};
use mailward_mail::random::Random;

use crate::db::on;
use crate::scope::event::{EventKind, EventRow};
use crate::scope::message::{NewMessage, Place};
use crate::{Error, Result, Scope};

/// How much mail of one author, or in one conversation, is taken for the work of two machines.
#[derive(Clone, Copy, Debug)]
pub struct LoopBudget {
    /// The time that is looked back.
    pub window: Duration,
    /// Points that one author's mails to one inbox may have in it; 0: any number.
    pub pair_points: i64,
    /// Points of a mail that a machine sent by itself; any other has one.
    pub automated_points: i64,
    /// Mails that may go each way in one conversation; 0: any number.
    pub thread_exchanges: i64,
}

impl Default for LoopBudget {
    fn default() -> Self {
        Self { window: Duration::from_secs(600), pair_points: 120, automated_points: 3, thread_exchanges: 20 }
    }
}

/// That an inbox is quiet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Since when.
    pub since: Timestamp,
    /// Which budget was exceeded: `pair_budget` or `thread_budget`.
    pub reason: String,
    /// Nobody is told of mail after this place.
    pub after: i64,
}

impl Scope {
    /// Whether nobody is to be told of a mail that has just been stored: its inbox is quiet, or falls quiet with it.
    pub(crate) async fn keeps_quiet(
        &mut self,
        new: &NewMessage,
        place: Place,
        budget: &LoopBudget,
        event: EventId,
        now: Timestamp,
    ) -> Result<bool> {
        if place.is_quiet {
            return Ok(true);
        }
        let Some((reason, most, used)) = self.exceeded(new, budget, now).await? else { return Ok(false) };
        const SQL: &str = "UPDATE inbox SET quiet_since = $3, quiet_reason = $4, quiet_after = $5
            WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(new.inbox.as_str())
            .bind(now.millis())
            .bind(reason)
            .bind(place.seq - 1)
            .execute(conn)
            .await
            .map(drop))?;
        let detail = serde_json::json!({
            "inboxId": new.inbox.as_str(), "reason": reason, "max": most, "used": used,
            "windowSeconds": budget.window.as_secs(), "emailId": new.id.as_str(),
        });
        let event = EventRow {
            id: event,
            kind: EventKind::InboxPaused,
            inbox: Some(new.inbox.clone()),
            message: None,
            created_at: now,
        };
        self.record_with(&event, Some(&detail.to_string())).await?;
        Ok(true)
    }

    /// Whether an inbox sent a mail with this Message-ID itself.
    pub async fn has_sent(&mut self, inbox: &InboxId, message_id: &[u8; 16]) -> Result<bool> {
        const SQL: &str = "SELECT COUNT(*) FROM message WHERE tenant_id = $1 AND inbox_id = $2
            AND message_id_digest = $3 AND direction = 'outbound'";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(&message_id[..])
            .fetch_one(conn)
            .await?);
        Ok(count > 0)
    }

    /// After which place of an inbox nobody is told of mail; none where it is not quiet.
    pub async fn quiet_after(&mut self, inbox: &InboxId) -> Result<Option<i64>> {
        const SQL: &str = "SELECT quiet_after FROM inbox WHERE tenant_id = $1 AND id = $2
            AND quiet_since IS NOT NULL AND deleted_at IS NULL";
        let row: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(after,)| after))
    }

    /// Wakes a quiet inbox, and tells of all that came meanwhile, in its order. Its budgets begin anew. `false`: it is
    /// not quiet, or not there.
    pub async fn wake_quiet(&mut self, inbox: &InboxId, clock: &Clock, random: &Random) -> Result<bool> {
        // Locked, so that no mail is stored as quiet beside this.
        if !self.lock_inbox(inbox).await? {
            return Ok(false);
        }
        let Some(after) = self.quiet_after(inbox).await? else { return Ok(false) };
        const WAKE: &str =
            "UPDATE inbox SET quiet_since = NULL, quiet_reason = NULL, quiet_after = next_seq - 1
            WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(WAKE)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        // What a person released meanwhile was told of then.
        const UNTOLD: &str = "SELECT id FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND seq > $3
            AND direction = 'inbound' AND state = 'delivered' AND decided_at IS NULL ORDER BY seq";
        let untold: Vec<(String,)> = on!(&mut self.tx, |conn| sqlx::query_as(UNTOLD)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(after)
            .fetch_all(conn)
            .await?);
        let now = clock.now();
        for (id,) in untold {
            let message = MessageId::parse(&id).map_err(|bad| Error::corrupt("message", &id, bad))?;
            let event = EventRow {
                id: EventId::generate(clock, random),
                kind: EventKind::EmailReceived,
                inbox: Some(inbox.clone()),
                message: Some(message.clone()),
                created_at: now,
            };
            self.record(&event).await?;
            self.tell_of_thread(&message, EventId::generate(clock, random), now).await?;
        }
        self.wakes_inbox(inbox);
        Ok(true)
    }

    /// How many mails an inbox that ever wrote to an author sent since a moment. To whom they went is not asked: a loop may go
    /// over a third address. An inbox that sends nothing is in no loop, and whoever floods it must not be able to silence it.
    async fn answered(&mut self, new: &NewMessage, author: &[u8; 16], since: i64) -> Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM message WHERE tenant_id = $1 AND inbox_id = $2
            AND direction = 'outbound' AND received_at > $4 AND seq >
            (SELECT quiet_after FROM inbox WHERE tenant_id = $1 AND id = $2)
            AND EXISTS (SELECT 1 FROM correspondent WHERE tenant_id = $1 AND inbox_id = $2 AND digest = $3)
            LIMIT 10000) AS recent";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(new.inbox.as_str())
            .bind(&author[..])
            .bind(since)
            .fetch_one(conn)
            .await?);
        Ok(count)
    }

    /// The budget that this mail exceeds, what it is and what is used. Mail before the inbox was last woken counts no more.
    async fn exceeded(
        &mut self,
        new: &NewMessage,
        budget: &LoopBudget,
        now: Timestamp,
    ) -> Result<Option<(&'static str, i64, i64)>> {
        let since = now.minus(budget.window).millis();
        if let (Some(author), true) = (&new.from_digest, budget.pair_points > 0) {
            const PAIR: &str = "SELECT CAST(COALESCE(SUM(CASE WHEN is_automated = 1 THEN $5 ELSE 1 END), 0) AS BIGINT)
                FROM (SELECT is_automated FROM message WHERE tenant_id = $1 AND inbox_id = $2 AND from_digest = $3
                AND received_at > $4 AND direction = 'inbound' AND state = 'delivered' AND seq >
                (SELECT quiet_after FROM inbox WHERE tenant_id = $1 AND id = $2) LIMIT 10000) AS recent";
            let (used,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(PAIR)
                .bind(self.tenant.as_str())
                .bind(new.inbox.as_str())
                .bind(&author[..])
                .bind(since)
                .bind(budget.automated_points)
                .fetch_one(conn)
                .await?);
            if used > budget.pair_points {
                let answered =
                    self.answered(new, author, since).await?.saturating_mul(budget.automated_points);
                if answered > budget.pair_points {
                    return Ok(Some(("pair_budget", budget.pair_points, used)));
                }
            }
        }
        if budget.thread_exchanges > 0 && new.threading.is_some() {
            // Both directions: a lively list is many mails one way.
            const THREAD: &str =
                "SELECT CAST(COALESCE(SUM(CASE WHEN direction = 'inbound' THEN 1 ELSE 0 END), 0) AS BIGINT),
                CAST(COALESCE(SUM(CASE WHEN direction = 'outbound' THEN 1 ELSE 0 END), 0) AS BIGINT)
                FROM (SELECT direction FROM message WHERE tenant_id = $1 AND inbox_id = $2
                AND thread_digest = (SELECT thread_digest FROM message WHERE tenant_id = $1 AND id = $3)
                AND received_at > $4 AND state = 'delivered' AND seq >
                (SELECT quiet_after FROM inbox WHERE tenant_id = $1 AND id = $2) LIMIT 10000) AS recent";
            let (received, sent): (i64, i64) = on!(&mut self.tx, |conn| sqlx::query_as(THREAD)
                .bind(self.tenant.as_str())
                .bind(new.inbox.as_str())
                .bind(new.id.as_str())
                .bind(since)
                .fetch_one(conn)
                .await?);
            let both = received.min(sent);
            if both > budget.thread_exchanges {
                return Ok(Some(("thread_budget", budget.thread_exchanges, both)));
            }
        }
        Ok(None)
    }
}
