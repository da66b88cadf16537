//! What happened in a day beside mail that came: counted in the transaction of the act, of the tenant and of its inbox.

use std::collections::BTreeMap;

use mailward_mail::calendar::Day;
use mailward_mail::id::InboxId;

use super::hours::Levels;
use crate::db::on;
use crate::{Result, Scope};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseAct {
    /// A mail that came was held.
    Held,
    /// A recipient was sent a mail.
    Sent,
    /// A mail that was sent came back.
    Bounced,
    /// A recipient complained about a mail.
    Complained,
    /// A mail was turned away by its recipient's policy.
    TurnedAway,
    /// A webhook endpoint was called.
    WebhookAttempt,
}

impl UseAct {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Sent => "sent",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::TurnedAway => "turned_away",
            Self::WebhookAttempt => "webhook_attempt",
        }
    }
}

/// What happened in a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayUse {
    /// Mails that came, held ones too.
    pub received: i64,
    /// What they took on the disk, in bytes.
    pub bytes: i64,
    /// Of these: held.
    pub held: i64,
    /// Recipients that were sent a mail.
    pub sent: i64,
    /// Mails that came back.
    pub bounced: i64,
    /// Recipients who complained.
    pub complained: i64,
    /// Mails that were turned away.
    pub turned_away: i64,
    /// Calls of webhook endpoints.
    pub webhook_attempts: i64,
    /// The mails that came, by their level; of the whole tenant alone, and of days since it is counted.
    pub levels: Levels,
    /// What taking the mails that came took together, in milliseconds; of the whole tenant alone, and since it is counted.
    pub took_millis: i64,
    /// Bytes that were kept when the last mail of the day had come; of the whole tenant alone.
    pub stored: Option<i64>,
}

impl DayUse {
    /// The same with another day's.
    pub fn plus(self, other: Self) -> Self {
        let both = |one: fn(&Self) -> i64| one(&self) + one(&other);
        Self {
            received: both(|day| day.received),
            bytes: both(|day| day.bytes),
            held: both(|day| day.held),
            sent: both(|day| day.sent),
            bounced: both(|day| day.bounced),
            complained: both(|day| day.complained),
            turned_away: both(|day| day.turned_away),
            webhook_attempts: both(|day| day.webhook_attempts),
            levels: Levels {
                low: both(|day| day.levels.low),
                medium: both(|day| day.levels.medium),
                high: both(|day| day.levels.high),
                unknown: both(|day| day.levels.unknown),
            },
            took_millis: both(|day| day.took_millis),
            stored: other.stored.or(self.stored),
        }
    }

    fn set(&mut self, act: &str, times: i64) {
        let place = match act {
            "held" => &mut self.held,
            "sent" => &mut self.sent,
            "bounced" => &mut self.bounced,
            "complained" => &mut self.complained,
            "turned_away" => &mut self.turned_away,
            "webhook_attempt" => &mut self.webhook_attempts,
            "took_ms" => &mut self.took_millis,
            "stored" => {
                self.stored = Some(times);
                return;
            }
            level @ ("low" | "medium" | "high" | "unknown") => self.levels.place(level),
            // Counted by a newer version.
            _ => return,
        };
        *place = times;
    }
}

impl Scope {
    /// Counts an act, of the tenant and of an inbox where it is of one. Comes behind the rows it is about, as all counters
    /// do: they are what everybody waits for.
    pub async fn count_act(
        &mut self,
        inbox: Option<&InboxId>,
        act: UseAct,
        day: Day,
        times: i64,
    ) -> Result<()> {
        const SQL: &str =
            "INSERT INTO use_act (tenant_id, inbox_id, day, act, times) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (tenant_id, inbox_id, day, act) DO UPDATE SET times = use_act.times + excluded.times";
        for place in std::iter::once("").chain(inbox.map(InboxId::as_str)) {
            on!(&mut self.tx, |conn| sqlx::query(SQL)
                .bind(self.tenant.as_str())
                .bind(place)
                .bind(day.0)
                .bind(act.as_str())
                .bind(times)
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }

    /// Likewise of each inbox that anything happened in, deleted ones too.
    pub async fn use_by_inbox(
        &mut self,
        first: Day,
        last: Day,
    ) -> Result<BTreeMap<String, BTreeMap<Day, DayUse>>> {
        const CAME: &str =
            "SELECT inbox_id, start, messages, bytes FROM use_count WHERE tenant_id = $1 AND inbox_id <> ''
            AND direction = 'in' AND span = 'day' AND start >= $2 AND start <= $3";
        const DONE: &str =
            "SELECT inbox_id, day, act, times FROM use_act WHERE tenant_id = $1 AND inbox_id <> ''
            AND day >= $2 AND day <= $3";
        let came: Vec<(String, i64, i64, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(CAME)
            .bind(self.tenant.as_str())
            .bind(first.0)
            .bind(last.0)
            .fetch_all(conn)
            .await?);
        let done: Vec<(String, i64, String, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(DONE)
            .bind(self.tenant.as_str())
            .bind(first.0)
            .bind(last.0)
            .fetch_all(conn)
            .await?);
        let mut inboxes: BTreeMap<String, BTreeMap<Day, DayUse>> = BTreeMap::new();
        for (inbox, day, messages, bytes) in came {
            let day = inboxes.entry(inbox).or_default().entry(Day(day)).or_default();
            (day.received, day.bytes) = (messages, bytes);
        }
        for (inbox, day, act, times) in done {
            inboxes.entry(inbox).or_default().entry(Day(day)).or_default().set(&act, times);
        }
        Ok(inboxes)
    }

    /// What happened from one day to another, both included; of the whole tenant where no inbox is named. Days on which
    /// nothing happened are not in it.
    pub async fn use_by_day(
        &mut self,
        inbox: Option<&InboxId>,
        first: Day,
        last: Day,
    ) -> Result<BTreeMap<Day, DayUse>> {
        const CAME: &str =
            "SELECT start, messages, bytes FROM use_count WHERE tenant_id = $1 AND inbox_id = $2
            AND direction = 'in' AND span = 'day' AND start >= $3 AND start <= $4";
        const DONE: &str = "SELECT day, act, times FROM use_act WHERE tenant_id = $1 AND inbox_id = $2
            AND day >= $3 AND day <= $4";
        let place = inbox.map_or("", InboxId::as_str);
        let came: Vec<(i64, i64, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(CAME)
            .bind(self.tenant.as_str())
            .bind(place)
            .bind(first.0)
            .bind(last.0)
            .fetch_all(conn)
            .await?);
        let done: Vec<(i64, String, i64)> = on!(&mut self.tx, |conn| sqlx::query_as(DONE)
            .bind(self.tenant.as_str())
            .bind(place)
            .bind(first.0)
            .bind(last.0)
            .fetch_all(conn)
            .await?);
        let mut days: BTreeMap<Day, DayUse> = BTreeMap::new();
        for (day, messages, bytes) in came {
            let day = days.entry(Day(day)).or_default();
            (day.received, day.bytes) = (messages, bytes);
        }
        for (day, act, times) in done {
            days.entry(Day(day)).or_default().set(&act, times);
        }
        Ok(days)
    }
}
