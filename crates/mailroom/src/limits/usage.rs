//! What a tenant or an inbox of it used, day by day.

use std::collections::BTreeMap;

use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::InboxId;
use mailward_store::{DayUse, Hour, HourUse};

use crate::access::Principal;
use crate::{Error, Mailroom, Result};

/// Days that one answer has.
const MOST_DAYS: i64 = 366;
/// Days that it has where nothing is said.
const DAYS: i64 = 30;
/// Days for which those of single inboxes are kept.
const KEPT_OF_INBOX: i64 = 62;

/// Which days, and whose.
#[derive(Clone, Debug, Default)]
pub struct UsageRequest {
    /// The first day; 30 days with the last where none is named.
    pub from: Option<Timestamp>,
    /// The last day; today where none is named.
    pub to: Option<Timestamp>,
    /// Only this inbox.
    pub inbox: Option<InboxId>,
    /// Each inbox for itself, too.
    pub by_inbox: bool,
}

/// What was used from one day to another.
#[derive(Clone, Debug)]
pub struct UsageDays {
    /// Whose; the whole tenant's where it is none.
    pub inbox: Option<InboxId>,
    /// Every day, those on which nothing happened too.
    pub days: BTreeMap<Day, DayUse>,
    /// Each inbox that anything happened in, if that was asked for; only days on which something did.
    pub inboxes: Vec<InboxDays>,
    /// Bytes that are kept now, as they are stored.
    pub stored_bytes: i64,
}

/// What one of several inboxes used.
#[derive(Clone, Debug)]
pub struct InboxDays {
    /// Which.
    pub inbox: String,
    /// Its address; none once it is deleted.
    pub address: Option<String>,
    /// Days on which something happened.
    pub days: BTreeMap<Day, DayUse>,
}

impl Mailroom {
    /// What the caller's tenant, or an inbox of it, used. `None`: the caller has no such inbox.
    ///
    /// # Errors
    /// [`Error::Invalid`] for days that are not kept, in the wrong order or too many.
    pub async fn usage(&self, caller: &Principal, request: &UsageRequest) -> Result<Option<UsageDays>> {
        let now = self.0.clock.now();
        let today = Day::of(now);
        let last = request.to.map_or(today, Day::of).min(today);
        let first = request.from.map_or(last.before(DAYS - 1), Day::of);
        if first > last {
            return Err(Error::invalid("from", "must not be later than `to`, and not later than today"));
        }
        if last.0 - first.0 >= MOST_DAYS {
            return Err(Error::invalid("from", format!("must be at most {MOST_DAYS} days before `to`")));
        }
        let inbox = request.inbox.as_ref().or(caller.inbox()).cloned();
        let mut scope = caller.tenant().read().await?;
        if let Some(inbox) = &inbox {
            if !caller.reaches(inbox) || scope.inbox(inbox).await?.is_none() {
                return Ok(None);
            }
            // Asked for by name: what was removed is not nothing.
            if request.from.is_some() && first < today.before(KEPT_OF_INBOX) {
                let problem = format!("days of single inboxes are kept for {KEPT_OF_INBOX} days");
                return Err(Error::invalid("from", problem));
            }
        }
        let mut days = scope.use_by_day(inbox.as_ref(), first, last).await?;
        let mut inboxes = Vec::new();
        if request.by_inbox && inbox.is_none() {
            if first < today.before(KEPT_OF_INBOX) {
                let problem = format!("days of single inboxes are kept for {KEPT_OF_INBOX} days");
                return Err(Error::invalid("from", problem));
            }
            for (inbox, days) in scope.use_by_inbox(first, last).await? {
                let known = InboxId::parse(&inbox).ok();
                let found = match &known {
                    Some(id) => scope.inbox(id).await?,
                    None => None,
                };
                inboxes.push(InboxDays { inbox, address: found.map(|found| found.address), days });
            }
        }
        let used = scope.receive_use(inbox.as_ref(), now).await?;
        drop(scope);
        for day in first.0..=last.0 {
            days.entry(Day(day)).or_default();
        }
        let stored_bytes = if inbox.is_some() { used.inbox.stored_bytes } else { used.tenant.stored_bytes };
        Ok(Some(UsageDays { inbox, days, inboxes, stored_bytes }))
    }

    /// What happened in each of the last `hours`, this one included; of the whole tenant, so of nothing for the key of one
    /// inbox. Hours are kept for eight days.
    pub async fn usage_by_hour(&self, caller: &Principal, hours: i64) -> Result<BTreeMap<Hour, HourUse>> {
        let last = Hour::of(self.0.clock.now());
        let first = Hour(last.0 - hours + 1);
        let mut found = match caller.inbox() {
            None => caller.tenant().read().await?.use_by_hour(first, last).await?,
            Some(_) => BTreeMap::new(),
        };
        for hour in first.0..=last.0 {
            found.entry(Hour(hour)).or_default();
        }
        Ok(found)
    }
}
