//! How an inbox stands: how much of what it sent came back, and how much it may send while it is new.

use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId};
use mailward_store::{CountedFrom, DayUse, Inbox, Tenant};

use crate::access::Principal;
use crate::limits::Plan;
use crate::{Error, Mailroom, Result};

/// Days before today over which it is counted how much of an inbox' mail came back.
const DAYS: i64 = 6;
/// Recipients from which on it is judged.
const FROM: i64 = 100;
/// Of a hundred, so many may come back.
const MOST_BOUNCES: i64 = 8;
/// Of a thousand, so many may complain.
const MOST_COMPLAINTS: i64 = 1;
/// After so many days the largest limit is reached, whatever it is.
const LAST_DOUBLING: i64 = 40;

/// How many recipients a day an inbox may write to; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailySends {
    /// Today.
    pub today: u64,
    /// When it is no longer new.
    pub full: u64,
}

impl Mailroom {
    /// What an inbox may send today, and what it grows to. Another tenant's, and one that the caller's key does not
    /// reach, is simply not there.
    pub async fn daily_sends(&self, caller: &Principal, id: &InboxId) -> Result<Option<DailySends>> {
        if !caller.reaches(id) {
            return Ok(None);
        }
        let mut scope = caller.tenant().read().await?;
        let Some(inbox) = scope.inbox(id).await? else { return Ok(None) };
        let limits = self.effective_send(caller.tenant(), &mut scope, id).await?.limits;
        let mut plan = limits.narrow(self.plan_of(&mut scope).await?);
        let full = plan.daily_sends_per_inbox;
        self.ramped(&mut plan, inbox.created_at, Day::of(self.0.clock.now()));
        Ok(Some(DailySends { today: plan.daily_sends_per_inbox, full }))
    }

    /// Whether enough arrives of what an inbox sends: else its next mails cost all others their standing.
    ///
    /// # Errors
    /// [`Error::SendingStopped`]; whoever owns the inbox is told of it once.
    pub(super) async fn comes_through(&self, tenant: &Tenant, inbox: &Inbox) -> Result<()> {
        let now = self.0.clock.now();
        let today = Day::of(now);
        let anew = inbox.counted_from.filter(|from| from.day >= today.before(DAYS));
        let first = anew.map_or(today.before(DAYS), |from| from.day);
        let days = tenant.read().await?.use_by_day(Some(&inbox.id), first, today).await?;
        let before = anew.map(|from| from.before).unwrap_or_default();
        let sum = |of: fn(&DayUse) -> i64| days.values().map(of).sum::<i64>() - of(&before);
        let wrong = judge(sum(|day| day.sent), sum(|day| day.bounced), sum(|day| day.complained));
        match (wrong, &inbox.stopped) {
            (None, None) => Ok(()),
            (None, Some(_)) => {
                let mut scope = tenant.write().await?;
                scope.resume_sending(&inbox.id, None).await?;
                Ok(scope.commit().await?)
            }
            (Some(_), Some(_)) => Err(Error::SendingStopped),
            (Some(reason), None) => {
                let event = EventId::generate(&self.0.clock, &self.0.random);
                let mut scope = tenant.write().await?;
                scope.stop_sending(&inbox.id, reason, event, now).await?;
                scope.commit().await?;
                Err(Error::SendingStopped)
            }
        }
    }

    /// From now on, for an inbox that somebody lets send again.
    pub(crate) async fn counted_anew(
        &self,
        scope: &mut mailward_store::Scope,
        inbox: &InboxId,
    ) -> Result<CountedFrom> {
        let day = Day::of(self.0.clock.now());
        let days = scope.use_by_day(Some(inbox), day, day).await?;
        Ok(CountedFrom { day, before: days.get(&day).copied().unwrap_or_default() })
    }

    /// What an inbox may send in a day: a new one begins with a few, and twice as many each day, up to its plan's limit. So a
    /// stranger who takes over a plan of thousands finds an inbox of fifty. The full limit where it does not hold yet.
    pub(super) fn ramped(&self, plan: &mut Plan, created: Timestamp, day: Day) -> Option<u64> {
        let full = plan.daily_sends_per_inbox;
        let age = day.0 - Day::of(created).0;
        plan.daily_sends_per_inbox = ramp(full, self.0.config.ramp_first, age);
        (plan.daily_sends_per_inbox < full).then_some(full)
    }
}

/// Why too little arrives.
fn judge(sent: i64, bounced: i64, complained: i64) -> Option<&'static str> {
    let many = sent + bounced;
    if many < FROM {
        None
    } else if bounced * 100 > many * MOST_BOUNCES {
        Some("bounces")
    } else if complained * 1_000 > many * MOST_COMPLAINTS {
        Some("complaints")
    } else {
        None
    }
}

/// A limit after so many days, of an inbox that began with `first`; 0 of either is no limit, and no ramp.
fn ramp(full: u64, first: u64, age: i64) -> u64 {
    if full == 0 || first == 0 || age >= LAST_DOUBLING {
        return full;
    }
    let doublings = u32::try_from(age.max(0)).unwrap_or_default();
    first.saturating_mul(1 << doublings).min(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_that_comes_back_and_too_many_who_complain_stop_an_inbox() {
        for (sent, bounced, complained, expected) in [
            (0, 99, 99, None),
            (92, 8, 0, None),
            (91, 9, 0, Some("bounces")),
            (100, 0, 0, None),
            (999, 0, 1, Some("complaints")),
            (1_000, 0, 1, None),
            (1_999, 0, 2, Some("complaints")),
        ] {
            assert_eq!(judge(sent, bounced, complained), expected, "{sent} {bounced} {complained}");
        }
    }

    #[test]
    fn a_new_inbox_doubles_each_day_up_to_its_limit() {
        let days: Vec<u64> = (0..7).map(|age| ramp(2_000, 50, age)).collect();
        assert_eq!(days, [50, 100, 200, 400, 800, 1_600, 2_000]);
        assert_eq!((ramp(30, 50, 0), ramp(0, 50, 0), ramp(2_000, 0, 0)), (30, 0, 2_000));
        assert_eq!(
            (ramp(2_000, 50, -1), ramp(u64::MAX, 50, 63), ramp(2_000, 50, i64::MAX)),
            (50, u64::MAX, 2_000)
        );
    }
}
