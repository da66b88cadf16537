//! Whether one more mail may come: the verdict at RCPT, from what is in use and what may be.

use std::time::Duration;

use mailward_fair::Interval;
use mailward_mail::clock::Timestamp;
use mailward_mail::refusal::Refusal;
use mailward_store::{Allowance, Quota, ReceiveUse, Use};

use super::{Limit, OverLimit, Plan};

/// A refusal, the limit behind it, and whether that is the inbox' own.
pub(crate) type Over = (Refusal, OverLimit, bool);

/// What a plan allows to be received and kept.
pub(crate) fn quota(plan: &Plan) -> Quota {
    Quota {
        tenant: Allowance {
            per_minute: plan.receive_per_minute,
            per_day: plan.daily_mails,
            per_month: plan.monthly_mails,
            stored_bytes: plan.stored_bytes,
        },
        inbox: Allowance {
            per_minute: plan.receive_per_minute_per_inbox,
            per_day: plan.daily_mails_per_inbox,
            per_month: plan.monthly_mails_per_inbox,
            stored_bytes: plan.stored_bytes_per_inbox,
        },
    }
}

/// Judges one more mail for an inbox; the lasting reasons come before the passing one.
pub(crate) fn receive(found: &ReceiveUse, quota: &Quota, now: Timestamp) -> Result<(), Over> {
    let sides = [(&found.tenant, &quota.tenant, false), (&found.inbox, &quota.inbox, true)];
    for (used, allowed, of_inbox) in sides {
        kept(found, used, allowed, of_inbox)?;
    }
    for (used, allowed, of_inbox) in sides {
        rate(used, allowed, of_inbox, now)?;
    }
    Ok(())
}

fn kept(found: &ReceiveUse, used: &Use, allowed: &Allowance, of_inbox: bool) -> Result<(), Over> {
    let pick = |tenant, inbox| if of_inbox { inbox } else { tenant };
    let day = found.day;
    for (limit, used, max, resets_at) in [
        (pick(Limit::StoredBytes, Limit::StoredBytesPerInbox), used.stored_bytes, allowed.stored_bytes, None),
        (
            pick(Limit::MonthlyMails, Limit::MonthlyMailsPerInbox),
            used.this_month,
            allowed.per_month,
            Some(day.month().next().start()),
        ),
        (
            pick(Limit::DailyMails, Limit::DailyMailsPerInbox),
            used.today,
            allowed.per_day,
            Some(day.next().start()),
        ),
    ] {
        let used = u64::try_from(used).unwrap_or_default();
        if max > 0 && used >= max {
            return Err((Refusal::OverQuota, OverLimit { limit, max, used, resets_at }, of_inbox));
        }
    }
    Ok(())
}

fn rate(used: &Use, allowed: &Allowance, of_inbox: bool, now: Timestamp) -> Result<(), Over> {
    let Some(rate) = Interval::per_minute(allowed.per_minute) else { return Ok(()) };
    rate.check(used.arrival, now.millis().saturating_mul(1_000)).map_err(|wait| {
        let wait = Duration::from_micros(u64::try_from(wait).unwrap_or_default());
        let limit = if of_inbox { Limit::ReceivePerMinutePerInbox } else { Limit::ReceivePerMinute };
        let burst = u64::try_from(rate.burst()).unwrap_or_default();
        let over = OverLimit { limit, max: allowed.per_minute, used: burst, resets_at: Some(now.plus(wait)) };
        (Refusal::RateLimited, over, of_inbox)
    })
}

#[cfg(test)]
mod tests {
    use mailward_mail::calendar::Day;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_341_600_000);

    fn found(tenant: Use, inbox: Use) -> ReceiveUse {
        ReceiveUse { plan: String::new(), overrides: String::new(), tenant, inbox, day: Day::of(NOW) }
    }

    fn verdict(tenant: Use, inbox: Use, plan: &Plan) -> Option<(Refusal, Limit, Option<Timestamp>)> {
        let over = receive(&found(tenant, inbox), &quota(plan), NOW).err();
        over.map(|(refusal, over, _)| (refusal, over.limit, over.resets_at))
    }

    #[test]
    fn the_last_one_within_a_limit_comes_in_and_the_next_one_does_not() {
        let plan = Plan { monthly_mails: 10, daily_mails_per_inbox: 3, stored_bytes: 100, ..Plan::default() };
        let used = |this_month, today, stored_bytes| Use { this_month, today, stored_bytes, arrival: 0 };
        assert_eq!(verdict(used(9, 9, 99), used(9, 2, 99), &plan), None);
        let month = Timestamp::parse("2026-12-01T00:00:00Z");
        let expected = Some((Refusal::OverQuota, Limit::MonthlyMails, month));
        assert_eq!(verdict(used(10, 0, 0), Use::default(), &plan), expected);
        let day = Timestamp::parse("2026-11-23T00:00:00Z");
        let expected = Some((Refusal::OverQuota, Limit::DailyMailsPerInbox, day));
        assert_eq!(verdict(used(3, 3, 0), used(3, 3, 0), &plan), expected);
        let expected = Some((Refusal::OverQuota, Limit::StoredBytes, None));
        assert_eq!(verdict(used(10, 0, 100), Use::default(), &plan), expected);
    }

    #[test]
    fn without_limits_nothing_is_too_much() {
        let much = Use { stored_bytes: i64::MAX, today: i64::MAX, this_month: i64::MAX, arrival: i64::MAX };
        assert_eq!(verdict(much, much, &Plan::default()), None);
    }

    #[test]
    fn too_fast_is_told_with_when_to_come_back() {
        let plan = Plan { receive_per_minute: 60, ..Plan::default() };
        let full = Use { arrival: NOW.millis() * 1_000 + 120_000_000, ..Use::default() };
        let expected =
            Some((Refusal::RateLimited, Limit::ReceivePerMinute, Some(Timestamp(NOW.millis() + 1_000))));
        assert_eq!(verdict(full, Use::default(), &plan), expected);
    }
}
