//! What a tenant and its inboxes use, counted in the transaction that writes or removes what is counted.
//!
//! Nothing is refused here: whoever takes mail looks at [`Scope::receive_use`] first, and what was in flight meanwhile is
//! counted all the same. The whole tenant is the row with an empty inbox id. Rows are locked in the order tenant, inbox.

use std::collections::BTreeMap;

use mailward_fair::{BURST_MICROS, Interval};
use mailward_mail::calendar::{Day, Month};
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::InboxId;
use mailward_mail::random::Random;

use super::acts::UseAct;
use super::notice::{Level, Notice};
use crate::db::on;
use crate::{Result, Scope};

/// The share of a limit at which its owner is told, in percent.
const APPROACHING_PERCENT: i64 = 80;

/// What may be received and kept. 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Messages a minute on the long run; twice as many at once.
    pub per_minute: u64,
    /// Messages in a calendar day, UTC.
    pub per_day: u64,
    /// Messages in a calendar month, UTC.
    pub per_month: u64,
    /// Bytes kept, as they are stored.
    pub stored_bytes: u64,
}

/// What a tenant and one inbox of it may receive and keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// All inboxes together.
    pub tenant: Allowance,
    /// This one.
    pub inbox: Allowance,
}

/// What is in use, of a tenant or of an inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Bytes kept.
    pub stored_bytes: i64,
    /// Messages received in the day.
    pub today: i64,
    /// Messages received in the month.
    pub this_month: i64,
    /// The token bucket, in microseconds; see [`Interval`].
    pub arrival: i64,
}

/// What is in use of what a delivery would use more of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiveUse {
    /// The plan's name.
    pub plan: String,
    /// What differs from the plan, as JSON.
    pub overrides: String,
    /// All inboxes together.
    pub tenant: Use,
    /// This one.
    pub inbox: Use,
    /// The day that is counted in.
    pub day: Day,
}

/// A counter that did not say what the rows say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Whose; the whole tenant's where it is none.
    pub inbox: Option<InboxId>,
    /// What it said.
    pub counted: i64,
    /// What is there; it says so now.
    pub stored: i64,
}

/// What came for one inbox within one transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) messages: i64,
    /// Of these: held.
    pub(crate) held: i64,
    pub(crate) bytes: i64,
    pub(crate) quota: Quota,
}

#[derive(sqlx::FromRow)]
struct UseRow {
    plan: String,
    limits: String,
    inbox_id: Option<String>,
    stored_bytes: Option<i64>,
    arrival: Option<i64>,
    last_day: Option<i64>,
    today: Option<i64>,
    this_month: Option<i64>,
}

impl Scope {
    /// What is in use of what a message for this inbox would use more of; of the tenant alone where it is none.
    pub async fn receive_use(&mut self, inbox: Option<&InboxId>, now: Timestamp) -> Result<ReceiveUse> {
        const SQL: &str = "SELECT t.plan, t.limits, l.inbox_id, l.stored_bytes, l.arrival, l.last_day,
            (SELECT messages FROM use_count c WHERE c.tenant_id = l.tenant_id AND c.inbox_id = l.inbox_id AND c.direction = 'in'
                AND c.span = 'day' AND c.start = CASE WHEN l.last_day = $3 + 1 THEN $3 + 1 ELSE $3 END) AS today,
            (SELECT messages FROM use_count c WHERE c.tenant_id = l.tenant_id AND c.inbox_id = l.inbox_id AND c.direction = 'in'
                AND c.span = 'month' AND c.start = CASE WHEN l.last_day = $3 + 1 THEN $5 ELSE $4 END) AS this_month
            FROM tenant t LEFT JOIN use_level l ON l.tenant_id = t.id AND l.inbox_id IN ('', $2) WHERE t.id = $1";
        let day = Day::of(now);
        let rows: Vec<UseRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.map_or("", InboxId::as_str))
            .bind(day.0)
            .bind(day.month().0)
            .bind(day.next().month().0)
            .fetch_all(conn)
            .await?);
        let mut found = ReceiveUse {
            plan: String::new(),
            overrides: String::new(),
            tenant: Use::default(),
            inbox: Use::default(),
            day,
        };
        for row in rows {
            let used = Use {
                stored_bytes: row.stored_bytes.unwrap_or_default(),
                today: row.today.unwrap_or_default(),
                this_month: row.this_month.unwrap_or_default(),
                arrival: row.arrival.unwrap_or_default(),
            };
            if row.inbox_id.as_deref().is_some_and(|id| !id.is_empty()) {
                found.inbox = used;
            } else {
                found.tenant = used;
                found.day = counted_day(day, row.last_day.unwrap_or_default());
            }
            (found.plan, found.overrides) = (row.plan, row.limits);
        }
        Ok(found)
    }

    /// The plan's name, and what differs from it as JSON.
    pub async fn plan(&mut self) -> Result<(String, String)> {
        const SQL: &str = "SELECT plan, limits FROM tenant WHERE id = $1";
        Ok(on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_one(conn).await?))
    }

    /// Likewise, and locks the tenant's row, so that of two changes none is lost.
    pub async fn plan_for_update(&mut self) -> Result<(String, String)> {
        const LOCK: &str = "UPDATE tenant SET plan = plan WHERE id = $1";
        on!(&mut self.tx, |conn| sqlx::query(LOCK).bind(self.tenant.as_str()).execute(conn).await.map(drop))?;
        self.plan().await
    }

    /// Sets the plan's name, and what differs from it as JSON.
    pub async fn set_plan(&mut self, plan: &str, overrides: &str) -> Result<()> {
        const SQL: &str = "UPDATE tenant SET plan = $2, limits = $3 WHERE id = $1";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(plan)
            .bind(overrides)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Makes the counters of stored bytes say what the rows say. Returns those that did not: in the books, there are none.
    pub async fn recount(&mut self) -> Result<Vec<Drift>> {
        // The tenant's row is locked first: whoever stores a message counts it behind this lock, so that its rows are
        // either seen below or counted on top of what is set here.
        const LOCK: &str = "INSERT INTO use_level (tenant_id, inbox_id, stored_bytes, arrival, last_day) VALUES ($1, '', 0, 0, 0)
            ON CONFLICT (tenant_id, inbox_id) DO UPDATE SET arrival = use_level.arrival";
        on!(&mut self.tx, |conn| sqlx::query(LOCK).bind(self.tenant.as_str()).execute(conn).await.map(drop))?;
        const COUNTED: &str = "SELECT inbox_id, stored_bytes FROM use_level WHERE tenant_id = $1";
        let counted: Vec<(String, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(COUNTED)
            .bind(self.tenant.as_str())
            .fetch_all(conn)
            .await?);
        const STORED: &str = "SELECT m.inbox_id, CAST(SUM(length(p.bytes)) AS BIGINT) FROM message m
            JOIN part p ON p.tenant_id = m.tenant_id AND p.message_id = m.id WHERE m.tenant_id = $1 GROUP BY m.inbox_id";
        let mut stored: BTreeMap<String, i64> = on!(&mut self.tx, |conn| sqlx::query_as(STORED)
            .bind(self.tenant.as_str())
            .fetch_all(conn)
            .await?)
        .into_iter()
        .collect();
        stored.insert(String::new(), stored.values().sum());
        let counted: BTreeMap<String, i64> = counted.into_iter().collect();
        for inbox in counted.keys() {
            stored.entry(inbox.clone()).or_insert(0);
        }
        const SET: &str = "INSERT INTO use_level (tenant_id, inbox_id, stored_bytes, arrival, last_day) VALUES ($1, $2, $3, 0, 0)
            ON CONFLICT (tenant_id, inbox_id) DO UPDATE SET stored_bytes = excluded.stored_bytes";
        let mut drifts = Vec::new();
        for (inbox, stored) in stored {
            let counted = counted.get(&inbox).copied().unwrap_or_default();
            if counted != stored {
                on!(&mut self.tx, |conn| sqlx::query(SET)
                    .bind(self.tenant.as_str())
                    .bind(&inbox)
                    .bind(stored)
                    .execute(conn)
                    .await
                    .map(drop))?;
                drifts.push(Drift { inbox: InboxId::parse(&inbox).ok(), counted, stored });
            }
        }
        Ok(drifts)
    }

    /// Counts what came for one inbox and tells of limits that come near.
    pub(crate) async fn count_received(
        &mut self,
        inbox: &InboxId,
        tally: &Tally,
        clock: &Clock,
        random: &Random,
    ) -> Result<()> {
        const LEVEL: &str = "INSERT INTO use_level (tenant_id, inbox_id, stored_bytes, arrival, last_day)
            VALUES ($1, '', $3, $4, $6), ($1, $2, $3, $5, $6)
            ON CONFLICT (tenant_id, inbox_id) DO UPDATE SET stored_bytes = use_level.stored_bytes + excluded.stored_bytes,
            arrival = CASE WHEN use_level.arrival <= $7 OR use_level.arrival > $8 THEN excluded.arrival
                WHEN use_level.arrival + excluded.arrival - $7 > $8 THEN $8
                ELSE use_level.arrival + excluded.arrival - $7 END,
            last_day = CASE WHEN use_level.last_day = excluded.last_day + 1 THEN use_level.last_day ELSE excluded.last_day END
            RETURNING inbox_id, stored_bytes, last_day";
        let now = clock.now();
        let micros = now.millis().saturating_mul(1_000);
        let fresh =
            |rate| Interval::per_minute(rate).map_or(micros, |rate| rate.count(0, micros, tally.messages));
        let today = Day::of(now);
        let levels: Vec<(String, i64, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(LEVEL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(tally.bytes)
            .bind(fresh(tally.quota.tenant.per_minute))
            .bind(fresh(tally.quota.inbox.per_minute))
            .bind(today.0)
            .bind(micros)
            .bind(micros.saturating_add(BURST_MICROS))
            .fetch_all(conn)
            .await?);
        let level = |of_inbox: bool| levels.iter().find(|(id, ..)| id.is_empty() != of_inbox);
        let day = |of_inbox| counted_day(today, level(of_inbox).map_or(0, |(_, _, last)| *last));
        let (tenant_day, inbox_day) = (day(false), day(true));
        const COUNT: &str = "INSERT INTO use_count (tenant_id, inbox_id, direction, span, start, messages, bytes)
            VALUES ($1, '', 'in', 'day', $3, $7, $8), ($1, '', 'in', 'month', $4, $7, $8),
                ($1, $2, 'in', 'day', $5, $7, $8), ($1, $2, 'in', 'month', $6, $7, $8)
            ON CONFLICT (tenant_id, inbox_id, direction, span, start)
            DO UPDATE SET messages = use_count.messages + excluded.messages, bytes = use_count.bytes + excluded.bytes
            RETURNING inbox_id, span, messages";
        let counts: Vec<(String, String, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(COUNT)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .bind(tenant_day.0)
            .bind(tenant_day.month().0)
            .bind(inbox_day.0)
            .bind(inbox_day.month().0)
            .bind(tally.messages)
            .bind(tally.bytes)
            .fetch_all(conn)
            .await?);
        if tally.held > 0 {
            self.count_act(Some(inbox), UseAct::Held, tenant_day, tally.held).await?;
        }
        for of_inbox in [false, true] {
            let count = |span: &str| {
                let found = counts.iter().find(|(id, of, _)| id.is_empty() != of_inbox && of == span);
                found.map_or(0, |(.., messages)| *messages)
            };
            let allowed = if of_inbox { tally.quota.inbox } else { tally.quota.tenant };
            let day = if of_inbox { inbox_day } else { tenant_day };
            let stored = level(of_inbox).map_or(0, |(_, stored, _)| *stored);
            let place = of_inbox.then_some(inbox);
            for (name, used, more, max, span) in [
                (Counted::Day, count("day"), tally.messages, allowed.per_day, Span::Day(day)),
                (Counted::Month, count("month"), tally.messages, allowed.per_month, Span::Month(day.month())),
                (Counted::Stored, stored, tally.bytes, allowed.stored_bytes, Span::Now(day)),
            ] {
                if comes_near(used, more, max) {
                    let notice = Notice {
                        level: Level::Approaching,
                        name: name.name(of_inbox),
                        inbox: place,
                        max,
                        used,
                        span,
                    };
                    self.tell(&notice, clock, random).await?;
                }
            }
        }
        Ok(())
    }

    /// Gives back the bytes of messages that are gone.
    pub(crate) async fn give_back(&mut self, inbox: &str, bytes: i64) -> Result<()> {
        const SQL: &str =
            "UPDATE use_level SET stored_bytes = stored_bytes - $3 WHERE tenant_id = $1 AND inbox_id = $2";
        for inbox in ["", inbox] {
            on!(&mut self.tx, |conn| sqlx::query(SQL)
                .bind(self.tenant.as_str())
                .bind(inbox)
                .bind(bytes)
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }
}

/// Whether a count came to its last fifth with the last few.
pub fn comes_near(used: i64, more: i64, max: u64) -> bool {
    let Ok(max) = i64::try_from(max) else { return false };
    let near = |used: i64| i128::from(used) * 100 >= i128::from(max) * i128::from(APPROACHING_PERCENT);
    max > 0 && near(used) && !near(used.saturating_sub(more))
}

/// What is counted of received mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Day,
    Month,
    Stored,
}

impl Counted {
    /// The limit's name, as an operator writes it.
    fn name(self, of_inbox: bool) -> &'static str {
        match (self, of_inbox) {
            (Self::Day, false) => "daily_mails",
            (Self::Day, true) => "daily_mails_per_inbox",
            (Self::Month, false) => "monthly_mails",
            (Self::Month, true) => "monthly_mails_per_inbox",
            (Self::Stored, false) => "stored_bytes",
            (Self::Stored, true) => "stored_bytes_per_inbox",
        }
    }
}

/// The span of time a limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Until the day ends.
    Day(Day),
    /// Until the month ends.
    Month(Month),
    /// It does not end by itself; it is told of once in this day.
    Now(Day),
}

impl Span {
    /// When it ends by itself.
    pub fn ends(self) -> Option<Timestamp> {
        match self {
            Self::Day(day) => Some(day.next().start()),
            Self::Month(month) => Some(month.next().start()),
            Self::Now(_) => None,
        }
    }

    pub(super) fn start(self) -> i64 {
        match self {
            Self::Day(day) | Self::Now(day) => day.0,
            Self::Month(month) => month.0,
        }
    }
}

/// The day that counts: a clock that goes back over midnight does not begin the old day again. One that was wrong by
/// more than a day is not believed for as long.
pub(super) fn counted_day(today: Day, last: i64) -> Day {
    if last == today.next().0 { today.next() } else { today }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_comes_near_once_at_four_fifths() {
        assert!(comes_near(8, 1, 10) && comes_near(9, 2, 10) && comes_near(12, 12, 10));
        assert!(!comes_near(7, 1, 10) && !comes_near(9, 1, 10) && !comes_near(9, 9, 0));
        assert!(comes_near(1, 1, 1) && !comes_near(1, 1, u64::MAX));
    }

    #[test]
    fn a_clock_that_goes_back_over_midnight_stays_in_its_day_and_a_wild_one_does_not() {
        assert_eq!(counted_day(Day(10), 11), Day(11));
        assert_eq!(counted_day(Day(10), 10), Day(10));
        assert_eq!(counted_day(Day(10), 9), Day(10));
        assert_eq!(counted_day(Day(10), 5_000), Day(10));
    }
}
