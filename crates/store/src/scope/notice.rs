//! Tells a tenant that a limit comes near or stands in the way: once for each limit and span.

use mailward_mail::clock::Clock;
use mailward_mail::id::{EventId, InboxId};
use mailward_mail::random::Random;

use super::event::{EventKind, EventRow};
use super::usage::Span;
use crate::db::on;
use crate::{Result, Scope};

/// How near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Four fifths are used.
    Approaching,
    /// Something was refused.
    Exceeded,
}

/// What is to be told of a limit.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// How near it is.
    pub level: Level,
    /// The limit's name: lower-case letters and `_`.
    pub name: &'static str,
    /// The inbox it is of; the whole tenant where it is none.
    pub inbox: Option<&'a InboxId>,
    /// The limit.
    pub max: u64,
    /// What is in use.
    pub used: i64,
    /// For which time.
    pub span: Span,
}

impl Scope {
    /// Records the event, unless it was in this span. Whether it was told.
    pub async fn tell(&mut self, notice: &Notice<'_>, clock: &Clock, random: &Random) -> Result<bool> {
        // A start that lies more than one ahead was written by a clock that was wrong.
        const SQL: &str = "INSERT INTO limit_notice (tenant_id, inbox_id, name, level, start, told_at)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, inbox_id, name, level)
            DO UPDATE SET start = excluded.start, told_at = excluded.told_at
            WHERE limit_notice.start < excluded.start OR limit_notice.start > excluded.start + 1";
        let now = clock.now();
        let (level, kind) = match notice.level {
            Level::Approaching => ("approaching", EventKind::LimitApproaching),
            Level::Exceeded => ("exceeded", EventKind::LimitExceeded),
        };
        let fresh = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(notice.inbox.map_or("", InboxId::as_str))
            .bind(notice.name)
            .bind(level)
            .bind(notice.span.start())
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        if fresh == 0 {
            return Ok(false);
        }
        let id = EventId::generate(clock, random);
        let event = EventRow { id, kind, inbox: notice.inbox.cloned(), message: None, created_at: now };
        self.record_with(&event, Some(&notice.detail())).await?;
        Ok(true)
    }
}

impl Notice<'_> {
    fn detail(&self) -> String {
        let resets = self.span.ends().map_or("null".to_owned(), |at| format!("\"{at}\""));
        format!(r#"{{"limit":"{}","max":{},"used":{},"resetsAt":{resets}}}"#, self.name, self.max, self.used)
    }
}
