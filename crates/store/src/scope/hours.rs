//! What happened in an hour, and how risky the mail of a day was: for charts, of the whole tenant alone. Counted in the
//! transaction of the act, as everything that is counted.

use std::collections::BTreeMap;

use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;

use super::acts::UseAct;
use crate::db::on;
use crate::{Result, Scope};

const HOUR_MILLIS: i64 = 3_600_000;

/// Mails by their level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Harmless.
    pub low: i64,
    /// To be watched.
    pub medium: i64,
    /// An attack, most likely.
    pub high: i64,
    /// Not all of it could be looked at.
    pub unknown: i64,
}

/// An hour: whole hours since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour(pub i64);

/// What happened in an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HourUse {
    /// Mails that came, held ones too.
    pub received: Levels,
    /// Of these: held.
    pub held: i64,
    /// Recipients that were sent a mail.
    pub sent: i64,
    /// Mails that came back.
    pub bounced: i64,
    /// What taking the mails that came took together, in milliseconds: from the end of DATA until the disk had them.
    pub took_millis: i64,
}

/// What came for one tenant in one commit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Came {
    pub levels: Levels,
    pub held: i64,
    /// From the end of DATA until now, all together.
    pub took_millis: i64,
}

impl Hour {
    /// The hour of a moment.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.millis().div_euclid(HOUR_MILLIS))
    }

    /// When it begins.
    pub fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(HOUR_MILLIS))
    }
}

impl Levels {
    /// Counts one mail of a level, by its name.
    pub fn add(&mut self, level: &str) {
        *self.place(level) += 1;
    }

    /// All levels together.
    pub fn sum(&self) -> i64 {
        self.low + self.medium + self.high + self.unknown
    }

    pub(super) fn place(&mut self, level: &str) -> &mut i64 {
        match level {
            "low" => &mut self.low,
            "medium" => &mut self.medium,
            "high" => &mut self.high,
            _ => &mut self.unknown,
        }
    }
}

impl Scope {
    /// Counts an act in its hour.
    pub async fn count_hour(&mut self, act: UseAct, now: Timestamp, times: i64) -> Result<()> {
        const SQL: &str = "INSERT INTO use_hour (tenant_id, hour, act, times) VALUES ($1, $2, $3, $4)
            ON CONFLICT (tenant_id, hour, act) DO UPDATE SET times = use_hour.times + excluded.times";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(Hour::of(now).0)
            .bind(act.as_str())
            .bind(times)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Counts what came, by its level, and how long it took, in its hour and its day; and writes down what the tenant keeps at this moment, so
    /// that the last word of a day says what it kept then. Comes behind [`Scope::count_received`], whose lock it is under.
    pub(crate) async fn count_came(&mut self, came: &Came, now: Timestamp) -> Result<()> {
        const HOUR: &str =
            "INSERT INTO use_hour (tenant_id, hour, act, times) SELECT $1, $2, column1, column2 FROM (VALUES
            ('low', CAST($3 AS BIGINT)), ('medium', CAST($4 AS BIGINT)), ('high', CAST($5 AS BIGINT)),
            ('unknown', CAST($6 AS BIGINT)), ('took_ms', CAST($7 AS BIGINT)), ('held', CAST($8 AS BIGINT))) AS came
            WHERE column2 > 0
            ON CONFLICT (tenant_id, hour, act) DO UPDATE SET times = use_hour.times + excluded.times";
        const DAY: &str = "INSERT INTO use_act (tenant_id, inbox_id, day, act, times) SELECT $1, '', $2, column1, column2 FROM
            (SELECT column1, column2 FROM (VALUES ('low', CAST($3 AS BIGINT)), ('medium', CAST($4 AS BIGINT)),
                ('high', CAST($5 AS BIGINT)), ('unknown', CAST($6 AS BIGINT)), ('took_ms', CAST($7 AS BIGINT))) AS came
            UNION ALL SELECT 'stored', stored_bytes FROM use_level WHERE tenant_id = $1 AND inbox_id = '') AS said
            WHERE column2 > 0 ON CONFLICT (tenant_id, inbox_id, day, act) DO UPDATE SET
            times = CASE WHEN excluded.act = 'stored' THEN excluded.times ELSE use_act.times + excluded.times END";
        let Came { levels, held, took_millis } = came;
        on!(&mut self.tx, |conn| sqlx::query(DAY)
            .bind(self.tenant.as_str())
            .bind(Day::of(now).0)
            .bind(levels.low)
            .bind(levels.medium)
            .bind(levels.high)
            .bind(levels.unknown)
            .bind(took_millis)
            .execute(conn)
            .await
            .map(drop))?;
        on!(&mut self.tx, |conn| sqlx::query(HOUR)
            .bind(self.tenant.as_str())
            .bind(Hour::of(now).0)
            .bind(levels.low)
            .bind(levels.medium)
            .bind(levels.high)
            .bind(levels.unknown)
            .bind(took_millis)
            .bind(held)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// What happened from one hour to another, both included. Hours in which nothing happened are not in it.
    pub async fn use_by_hour(&mut self, first: Hour, last: Hour) -> Result<BTreeMap<Hour, HourUse>> {
        const SQL: &str =
            "SELECT hour, act, times FROM use_hour WHERE tenant_id = $1 AND hour >= $2 AND hour <= $3";
        let rows: Vec<(i64, String, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(first.0)
            .bind(last.0)
            .fetch_all(conn)
            .await?);
        let mut hours: BTreeMap<Hour, HourUse> = BTreeMap::new();
        for (hour, act, times) in rows {
            let hour = hours.entry(Hour(hour)).or_default();
            match act.as_str() {
                "held" => hour.held = times,
                "sent" => hour.sent = times,
                "bounced" => hour.bounced = times,
                "took_ms" => hour.took_millis = times,
                level @ ("low" | "medium" | "high" | "unknown") => *hour.received.place(level) = times,
                _ => {}
            }
        }
        Ok(hours)
    }

    /// Removes hours before this one; how many counts there were.
    pub async fn forget_hours(&mut self, before: Hour) -> Result<u64> {
        const SQL: &str = "DELETE FROM use_hour WHERE tenant_id = $1 AND hour < $2";
        Ok(on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(before.0)
            .execute(conn)
            .await?
            .rows_affected()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_nobody_knows_is_not_harmless() {
        let mut levels = Levels::default();
        for level in ["low", "low", "medium", "high", "unknown", "novel"] {
            levels.add(level);
        }
        assert_eq!(levels, Levels { low: 2, medium: 1, high: 1, unknown: 2 });
        assert_eq!(levels.sum(), 6);
        assert_eq!(Hour::of(Timestamp(HOUR_MILLIS * 7 + 1)).start(), Timestamp(HOUR_MILLIS * 7));
    }
}
