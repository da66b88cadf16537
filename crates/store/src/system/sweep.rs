//! What time makes void, over all tenants: arms and remembered requests, deleted mail, inboxes whose time is over, old
//! counts; and the books set right after an unclean stop.

use std::collections::BTreeMap;
use std::time::Duration;

use mailward_mail::calendar::Day;
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{EventId, InboxId, MessageId};
use mailward_mail::random::Random;

use super::slug;
use crate::db::{Tx, on};
use crate::scope::event::{EventKind, EventRow};
use crate::scope::message::{Decision, State};
use crate::scope::review::Decided;
use crate::{Act, Action, Error, Result, Scope, Store};

/// Who rejects held mail whose time is over: no key.
const EXPIRY: &str = "expiry";

impl Store {
    /// What time has made void: arms of deliveries whose client never came back, and remembered requests.
    pub async fn sweep(&self, arms_before: Timestamp, requests_before: Timestamp) -> Result<u64> {
        const ARMS: &str = "UPDATE message SET armed = 0 WHERE armed = 1 AND armed_at < $1";
        const REQUESTS: &str = "DELETE FROM idempotency WHERE created_at < $1";
        let mut swept = 0;
        let tx = match self.inner.db.write().await? {
            Tx::Sqlite(mut tx) => {
                for (sql, before) in [(ARMS, arms_before), (REQUESTS, requests_before)] {
                    swept += sqlx::query(sql).bind(before.millis()).execute(&mut *tx).await?.rows_affected();
                }
                Tx::Sqlite(tx)
            }
            Tx::Postgres(mut tx) => {
                let (rows,): (i64,) = sqlx::query_as("SELECT mw_sweep($1, $2)")
                    .bind(arms_before.millis())
                    .bind(requests_before.millis())
                    .fetch_one(&mut *tx)
                    .await?;
                swept = rows.unsigned_abs();
                Tx::Postgres(tx)
            }
        };
        tx.commit().await?;
        Ok(swept)
    }

    /// Removes up to `limit` messages of deleted inboxes; how many there were.
    pub async fn purge(&self, limit: i64) -> Result<usize> {
        const SQLITE: &str = "SELECT message.tenant_id, message.id FROM inbox JOIN message
            ON message.tenant_id = inbox.tenant_id AND message.inbox_id = inbox.id
            WHERE inbox.deleted_at IS NOT NULL LIMIT $1";
        const POSTGRES: &str = "SELECT * FROM mw_deleted($1)";
        // Two nodes that remove the same rows in another order would wait for each other.
        const ALONE: &str = "SELECT pg_try_advisory_xact_lock(hashtext('mailward.purge'))";
        let mut tx = self.inner.db.write().await?;
        if let Tx::Postgres(tx) = &mut tx {
            let (alone,): (bool,) = sqlx::query_as(ALONE).fetch_one(&mut **tx).await?;
            if !alone {
                return Ok(0);
            }
        }
        let sql = tx.pick(SQLITE, POSTGRES);
        let found: Vec<(String, String)> =
            on!(&mut tx, |conn| sqlx::query_as(sql).bind(limit).fetch_all(conn).await?);
        let Some((first, _)) = found.first() else { return Ok(0) };
        let mut scope = Scope::enter(self.clone(), tx, slug(first)?).await?;
        // Counters are locked in one order everywhere, and after the rows of what they count.
        let mut freed: BTreeMap<(&str, String), i64> = BTreeMap::new();
        for (tenant, message) in &found {
            scope.switch(&slug(tenant)?).await?;
            if let Some((inbox, bytes)) = scope.remove_message(message).await? {
                *freed.entry((tenant, inbox)).or_default() += bytes;
            }
        }
        for ((tenant, inbox), bytes) in freed {
            scope.switch(&slug(tenant)?).await?;
            scope.give_back(&inbox, bytes).await?;
        }
        scope.commit().await?;
        Ok(found.len())
    }

    /// Tells, once, of up to `most` inboxes whose time is over, and deletes those for which it has been over for longer than
    /// `kept`; none are deleted where there is no such time. How many there were.
    pub async fn expire(
        &self,
        most: i64,
        kept: Option<Duration>,
        clock: &Clock,
        random: &Random,
    ) -> Result<usize> {
        const SQLITE: &str =
            "SELECT inbox.tenant_id, inbox.id FROM inbox JOIN tenant ON tenant.id = inbox.tenant_id
            WHERE deleted_at IS NULL AND expires_at <= $1 AND (expired_at IS NULL OR expires_at <= $2)
            AND tenant.state = 'active' ORDER BY 1, 2 LIMIT $3";
        const POSTGRES: &str = "SELECT * FROM mw_expired($1, $2, $3)";
        let now = clock.now();
        let gone = kept.map_or(Timestamp(i64::MIN), |kept| now.minus(kept));
        let mut tx = self.inner.db.write().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let found: Vec<(String, String)> = on!(&mut tx, |conn| sqlx::query_as(sql)
            .bind(now.millis())
            .bind(gone.millis())
            .bind(most)
            .fetch_all(conn)
            .await?);
        let Some((first, _)) = found.first() else { return Ok(0) };
        let mut scope = Scope::enter(self.clone(), tx, slug(first)?).await?;
        for (tenant, id) in &found {
            scope.switch(&slug(tenant)?).await?;
            let inbox = InboxId::parse(id).map_err(|bad| Error::corrupt("inbox", id, bad))?;
            if scope.expire_inbox(&inbox, now).await? {
                scope.audit(&Act::new(Action::InboxExpired).on(id), now).await?;
                let (id, kind) = (EventId::generate(clock, random), EventKind::InboxExpired);
                let inbox = Some(inbox.clone());
                scope.record(&EventRow { id, kind, inbox, message: None, created_at: now }).await?;
            }
            // By its own end, not by who told of it: another node may have done so since this one looked.
            let over =
                scope.inbox(&inbox).await?.and_then(|inbox| inbox.expires_at).is_some_and(|end| end <= gone);
            if over && scope.delete_inbox(&inbox, now).await? {
                scope.audit(&Act::new(Action::InboxDeleted).on(id).word("why", "expired"), now).await?;
            }
        }
        scope.commit().await?;
        Ok(found.len())
    }

    /// Rejects up to `most` held mails that came before `before` and that nobody decided on; how many were.
    pub async fn expire_held(
        &self,
        before: Timestamp,
        most: i64,
        clock: &Clock,
        random: &Random,
    ) -> Result<usize> {
        const SQLITE: &str = "SELECT message.tenant_id, message.id FROM message
            JOIN tenant ON tenant.id = message.tenant_id
            WHERE message.state = 'held' AND message.received_at < $1 AND tenant.state = 'active'
            ORDER BY 1, 2 LIMIT $2";
        const POSTGRES: &str = "SELECT * FROM mw_held_too_long($1, $2)";
        let now = clock.now();
        let mut tx = self.inner.db.write().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let found: Vec<(String, String)> =
            on!(&mut tx, |conn| sqlx::query_as(sql).bind(before.millis()).bind(most).fetch_all(conn).await?);
        let Some((first, _)) = found.first() else { return Ok(0) };
        let mut scope = Scope::enter(self.clone(), tx, slug(first)?).await?;
        let mut rejected = 0;
        for (tenant, id) in &found {
            scope.switch(&slug(tenant)?).await?;
            let id = MessageId::parse(id).map_err(|bad| Error::corrupt("message", id, bad))?;
            // Somebody may have decided since; then that stands.
            let Some(message) = scope.message_for_review(&id).await? else { continue };
            let decided = Decided { decision: Decision::Reject, by: EXPIRY, reason: None };
            if message.state != State::Held || !scope.decide(&message, &decided, now).await? {
                continue;
            }
            let event = EventRow {
                id: EventId::generate(clock, random),
                kind: EventKind::EmailRejected,
                inbox: Some(message.inbox.clone()),
                message: Some(id.clone()),
                created_at: now,
            };
            scope.record_with(&event, Some(r#"{"decidedBy":"expiry"}"#)).await?;
            scope.audit(&Act::new(Action::HeldExpired).on(id.as_str()), now).await?;
            rejected += 1;
        }
        scope.commit().await?;
        Ok(rejected)
    }

    /// Looks whether the books of stored bytes say what the rows say, tenant by tenant, and sets right what does not; how
    /// many counters were wrong. They are written in one transaction with the rows, so there should be none: it is for
    /// after an unclean stop, and for whoever checks a deployment.
    pub async fn recount(&self) -> Result<usize> {
        let (mut wrong, mut after) = (0, None);
        loop {
            let rows = self.tenant_rows(after.as_ref(), 100).await?;
            let Some(last) = rows.last() else { return Ok(wrong) };
            after = Some(last.id.clone());
            // Of those that are gone nothing is counted, and nothing may be written.
            for row in rows.into_iter().filter(|row| !row.state.is_gone()) {
                let mut scope = self.tenant(row.id, &row.region).write().await?;
                for drift in scope.recount().await? {
                    wrong += 1;
                    tracing::error!(tenant_id = %scope.tenant, ?drift, "stored bytes were counted wrong; set right");
                }
                scope.commit().await?;
            }
        }
    }

    /// Removes counts of single inboxes' days before this one; how many there were.
    pub async fn forget_use(&self, before: Day) -> Result<u64> {
        const COUNTS: &str = "DELETE FROM use_count WHERE span = 'day' AND inbox_id <> '' AND start < $1";
        const ACTS: &str = "DELETE FROM use_act WHERE inbox_id <> '' AND day < $1";
        let (tx, forgotten) = match self.inner.db.write().await? {
            Tx::Sqlite(mut tx) => {
                let mut done = 0;
                for sql in [COUNTS, ACTS] {
                    done += sqlx::query(sql).bind(before.0).execute(&mut *tx).await?.rows_affected();
                }
                (Tx::Sqlite(tx), done)
            }
            Tx::Postgres(mut tx) => {
                let (rows,): (i64,) =
                    sqlx::query_as("SELECT mw_forget_use($1)").bind(before.0).fetch_one(&mut *tx).await?;
                (Tx::Postgres(tx), rows.unsigned_abs())
            }
        };
        tx.commit().await?;
        Ok(forgotten)
    }
}
