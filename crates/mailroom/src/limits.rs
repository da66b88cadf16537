//! What a tenant may use: its plan, what differs from it, and what is said to who has used it up.
//!
//! Limits are read from the tenant's row whenever something is used, so a lowered one acts at once; only those that are
//! asked for with each request are remembered, for [`KEPT`].

mod inflight;
mod judge;
mod standing;
mod statement;
mod usage;

pub(crate) use inflight::Inflight;
pub(crate) use judge::{quota, receive};
pub use standing::{LimitChange, Standing};
pub use statement::{Line, Statement};
pub use usage::{InboxDays, UsageDays, UsageRequest};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailward_fair::Lru;
use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, TenantId};
use mailward_store::{Level, Notice, Scope, Span, Tenant};

use crate::{Error, Mailroom, Result};

/// A limit that was changed on another node is felt after this at the latest.
const KEPT: Duration = Duration::from_secs(5);
/// Tenants whose limits, and refusals that were told of, are remembered at once.
const MOST: usize = 10_000;
/// The largest limit: what every JSON reader takes for a whole number.
const LARGEST: u64 = 1 << 53;

macro_rules! limits {
    ($($(#[doc = $doc:literal])* $variant:ident $field:ident $json:literal $what:literal,)+) => {
        /// What a tenant may use. 0 is no limit.
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Plan { $($(#[doc = $doc])* pub $field: u64,)+ }

        /// One limit of a plan.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Limit { $($(#[doc = $doc])* $variant,)+ }

        impl Limit {
            /// All of them, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it is written in a configuration and on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field),)+ }
            }

            /// As it is written in JSON.
            pub fn json(self) -> &'static str {
                match self { $(Self::$variant => $json,)+ }
            }

            /// What it counts.
            pub fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)+ }
            }

            /// Its value in a plan; 0 is no limit.
            pub fn of(self, plan: &Plan) -> u64 {
                match self { $(Self::$variant => plan.$field,)+ }
            }

            fn set(self, plan: &mut Plan, value: u64) {
                match self { $(Self::$variant => plan.$field = value,)+ }
            }
        }
    };
}

limits! {
    /// Inboxes.
    MaxInboxes max_inboxes "maxInboxes" "inboxes",
    /// Recipients a day.
    DailySends daily_sends "dailySends" "recipients a day",
    /// Recipients a day of one inbox.
    DailySendsPerInbox daily_sends_per_inbox "dailySendsPerInbox" "recipients a day of one inbox",
    /// Recipients a month.
    MonthlySends monthly_sends "monthlySends" "recipients a month",
    /// Recipients a minute of one inbox on the long run, twice as many at once.
    SendsPerMinutePerInbox sends_per_minute_per_inbox "sendsPerMinutePerInbox" "recipients a minute of one inbox",
    /// Recipients a day to whom one inbox writes for the first time.
    DailyNewRecipientsPerInbox daily_new_recipients_per_inbox "dailyNewRecipientsPerInbox" "new recipients a day of one inbox",
    /// Mails received a day.
    DailyMails daily_mails "dailyMails" "mails a day",
    /// Mails received a day by one inbox.
    DailyMailsPerInbox daily_mails_per_inbox "dailyMailsPerInbox" "mails a day in one inbox",
    /// Mails received a month.
    MonthlyMails monthly_mails "monthlyMails" "mails a month",
    /// Mails received a month by one inbox.
    MonthlyMailsPerInbox monthly_mails_per_inbox "monthlyMailsPerInbox" "mails a month in one inbox",
    /// Mails received a minute on the long run, twice as many at once.
    ReceivePerMinute receive_per_minute "receivePerMinute" "mails a minute",
    /// Mails received a minute by one inbox, twice as many at once.
    ReceivePerMinutePerInbox receive_per_minute_per_inbox "receivePerMinutePerInbox" "mails a minute in one inbox",
    /// Bytes kept, as they are stored.
    StoredBytes stored_bytes "storedBytes" "stored bytes",
    /// Bytes kept of one inbox.
    StoredBytesPerInbox stored_bytes_per_inbox "storedBytesPerInbox" "stored bytes in one inbox",
    /// Long polls that wait at once, on each node.
    ConcurrentPolls concurrent_polls "concurrentPolls" "waiting polls",
    /// Long polls that wait for one inbox at once, on each node.
    ConcurrentPollsPerInbox concurrent_polls_per_inbox "concurrentPollsPerInbox" "waiting polls of one inbox",
    /// Sockets and streams that are open at once, on each node.
    ConcurrentStreams concurrent_streams "concurrentStreams" "open streams",
    /// Requests a second of all keys on the long run, twice as many at once, on each node.
    RequestsPerSecond requests_per_second "requestsPerSecond" "requests a second",
    /// Webhook endpoints.
    WebhookEndpoints webhook_endpoints "webhookEndpoints" "webhook endpoints",
    /// Questions to the judge a day.
    DailyJudgeRequests daily_judge_requests "dailyJudgeRequests" "questions to the judge a day",
    /// Bytes that are sent to the judge a day.
    DailyJudgeBytes daily_judge_bytes "dailyJudgeBytes" "bytes to the judge a day",
}

/// A limit that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverLimit {
    /// Which.
    pub limit: Limit,
    /// Its value.
    pub max: u64,
    /// What is in use.
    pub used: u64,
    /// When there is something to use again; none where somebody must make room first.
    pub resets_at: Option<Timestamp>,
}

/// What differs from a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(pub BTreeMap<Limit, u64>);

impl Limit {
    /// Finds a limit by either of its names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|limit| limit.name() == text || limit.json() == text)
    }

    /// Whether it is over in a moment, so that the caller need do nothing but wait.
    pub fn is_momentary(self) -> bool {
        matches!(
            self,
            Self::ConcurrentPolls
                | Self::ConcurrentPollsPerInbox
                | Self::ConcurrentStreams
                | Self::RequestsPerSecond
        )
    }

    /// Whether it is of mail that goes.
    pub fn is_of_sending(self) -> bool {
        matches!(
            self,
            Self::DailySends
                | Self::DailySendsPerInbox
                | Self::MonthlySends
                | Self::SendsPerMinutePerInbox
                | Self::DailyNewRecipientsPerInbox
        )
    }

    /// Checks a value for a limit.
    ///
    /// # Errors
    /// A sentence about what it must be.
    pub fn check(self, value: u64) -> std::result::Result<u64, String> {
        if value <= LARGEST {
            Ok(value)
        } else {
            Err(format!("`{}` must be at most {LARGEST}; 0 is no limit", self.name()))
        }
    }

    fn span(self, now: Timestamp) -> Span {
        let day = Day::of(now);
        match self {
            Self::DailySends
            | Self::DailySendsPerInbox
            | Self::DailyNewRecipientsPerInbox
            | Self::DailyMails
            | Self::DailyMailsPerInbox
            | Self::DailyJudgeRequests
            | Self::DailyJudgeBytes => Span::Day(day),
            Self::MonthlySends | Self::MonthlyMails | Self::MonthlyMailsPerInbox => Span::Month(day.month()),
            _ => Span::Now(day),
        }
    }
}

impl Overrides {
    /// Reads what was stored. What a newer version wrote and this one does not know has no effect here.
    pub fn read(json: &str) -> Result<Self> {
        let stored: BTreeMap<String, u64> =
            serde_json::from_str(json).map_err(|_| Error::Damaged("a tenant's limits cannot be read"))?;
        Ok(Self(stored.into_iter().filter_map(|(name, value)| Some((Limit::parse(&name)?, value))).collect()))
    }

    /// As it is stored.
    pub fn write(&self) -> String {
        let named: BTreeMap<&str, u64> = self.0.iter().map(|(limit, value)| (limit.name(), *value)).collect();
        serde_json::to_string(&named).unwrap_or_else(|_| "{}".to_owned())
    }

    /// A plan with these differences.
    pub fn on(&self, mut plan: Plan) -> Plan {
        for (limit, value) in &self.0 {
            limit.set(&mut plan, *value);
        }
        plan
    }
}

/// Limits that were looked up a moment ago, and refusals that were told of. Bounded.
pub(crate) struct Known {
    plans: Mutex<Lru<TenantId, (Timestamp, Arc<Plan>)>>,
    told: Mutex<Lru<Told, Span>>,
}

/// A refusal that is told of once in its span.
type Told = (TenantId, Option<InboxId>, Limit);

impl Default for Known {
    fn default() -> Self {
        Self { plans: Mutex::new(Lru::new(MOST)), told: Mutex::new(Lru::new(MOST)) }
    }
}

impl Known {
    pub(crate) fn forget(&self, tenant: &TenantId) {
        lock(&self.plans).remove(tenant);
    }
}

impl Mailroom {
    /// What a tenant may use, as it was at most five seconds ago.
    pub async fn limits(&self, tenant: &Tenant) -> Result<Arc<Plan>> {
        let now = self.0.clock.now();
        if let Some((at, plan)) = lock(&self.0.known.plans).get(tenant.id())
            && now.minus(KEPT) < *at
            && *at <= now
        {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(self.plan_of(&mut tenant.read().await?).await?);
        lock(&self.0.known.plans).put(tenant.id().clone(), (now, Arc::clone(&plan)));
        Ok(plan)
    }

    /// What the tenant of a scope may use, as its row says now.
    pub(crate) async fn plan_of(&self, scope: &mut Scope) -> Result<Plan> {
        let (plan, overrides) = scope.plan().await?;
        Ok(Overrides::read(&overrides)?.on(self.0.config.plan(&plan)))
    }

    /// Tells a tenant, behind the caller's back, that a limit stood in the way; once in the limit's span.
    pub fn tell_refused(&self, tenant: &Tenant, inbox: Option<&InboxId>, over: &OverLimit) {
        let now = self.0.clock.now();
        let span = over.limit.span(now);
        let what = (tenant.id().clone(), inbox.cloned(), over.limit);
        {
            let mut told = lock(&self.0.known.told);
            // A flood must not become a flood of writes.
            if told.get(&what).is_some_and(|before| *before == span) {
                return;
            }
            told.put(what.clone(), span);
        }
        let (room, tenant, over) = (self.clone(), tenant.clone(), over.clone());
        tokio::spawn(async move {
            let notice = Notice {
                level: Level::Exceeded,
                name: over.limit.name(),
                inbox: what.1.as_ref(),
                max: over.max,
                used: i64::try_from(over.used).unwrap_or(i64::MAX),
                span,
            };
            let noted = async {
                let mut scope = tenant.write().await?;
                scope.tell(&notice, &room.0.clock, &room.0.random).await?;
                scope.commit().await
            };
            if let Err(error) = noted.await {
                tracing::warn!(%error, "could not tell of a limit; it is told with the next refusal");
                lock(&room.0.known.told).remove(&what);
            }
        });
    }

    /// Records, within a scope, that a count of things comes near its limit.
    pub(crate) async fn tell_near(&self, scope: &mut Scope, limit: Limit, max: u64, used: i64) -> Result<()> {
        if !mailward_store::comes_near(used, 1, max) {
            return Ok(());
        }
        let span = limit.span(self.0.clock.now());
        let notice = Notice { level: Level::Approaching, name: limit.name(), inbox: None, max, used, span };
        scope.tell(&notice, &self.0.clock, &self.0.random).await?;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_come_back_as_they_were_written_and_change_what_they_name_alone() {
        let overrides = Overrides(BTreeMap::from([(Limit::MaxInboxes, 7), (Limit::StoredBytes, LARGEST)]));
        assert_eq!(overrides.write(), r#"{"max_inboxes":7,"stored_bytes":9007199254740992}"#);
        assert_eq!(Overrides::read(&overrides.write()).expect("written"), overrides);
        let plan = overrides.on(Plan { max_inboxes: 5, daily_sends: 3, ..Plan::default() });
        assert_eq!((plan.max_inboxes, plan.daily_sends, plan.stored_bytes), (7, 3, LARGEST));
    }

    #[test]
    fn what_a_newer_version_wrote_has_no_effect_and_what_nobody_wrote_is_damage() {
        assert_eq!(Overrides::read(r#"{"moon_landings": 1}"#).expect("read"), Overrides::default());
        for bad in ["", "[]", r#"{"max_inboxes": -1}"#, r#"{"max_inboxes": 1e99}"#] {
            assert!(Overrides::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn both_names_of_a_limit_find_it_and_a_value_has_a_bound() {
        for limit in Limit::ALL {
            assert_eq!(
                (Limit::parse(limit.name()), Limit::parse(limit.json())),
                (Some(*limit), Some(*limit))
            );
        }
        assert_eq!(Limit::parse("max_inbox"), None);
        assert_eq!(Limit::MaxInboxes.check(LARGEST), Ok(LARGEST));
        assert!(Limit::MaxInboxes.check(LARGEST + 1).is_err());
    }
}
