//! Whether one more mail may go, from what is in use and what may be. All of its recipients or none.

use mailward_fair::{BURST_MICROS, Interval};
use mailward_mail::clock::Timestamp;
use mailward_mail::id::InboxId;
use mailward_store::{Level, Notice, Scope, SendUse, Span};

use crate::limits::{Limit, OverLimit, Plan};
use crate::{Error, Mailroom};

/// What a mail would use.
pub(super) struct Wanted {
    pub(super) recipients: usize,
    /// Those of them that the inbox never wrote to.
    pub(super) strangers: usize,
    /// What it takes on the disk.
    pub(super) bytes: usize,
}

/// A limit that stands in the way, and whether it is the inbox' own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) over: OverLimit,
    pub(super) of_inbox: bool,
}

/// The inbox' token bucket after the mail. The lasting reasons to refuse come before the passing ones.
pub(super) fn judge(
    used: &SendUse,
    plan: &Plan,
    wanted: &Wanted,
    now: Timestamp,
) -> std::result::Result<i64, Refused> {
    let (day, month) = (Some(used.day.next().start()), Some(used.day.month().next().start()));
    let (many, strangers, bytes) = (count(wanted.recipients), count(wanted.strangers), count(wanted.bytes));
    for (limit, used, more, resets_at, of_inbox) in [
        (Limit::StoredBytes, used.stored_bytes, bytes, None, false),
        (Limit::StoredBytesPerInbox, used.inbox_stored_bytes, bytes, None, true),
        (Limit::MonthlySends, used.tenant_this_month, many, month, false),
        (Limit::DailySends, used.tenant_today, many, day, false),
        (Limit::DailySendsPerInbox, used.inbox_today, many, day, true),
        (Limit::DailyNewRecipientsPerInbox, used.new_today, strangers, day, true),
    ] {
        let (max, used) = (limit.of(plan), u64::try_from(used).unwrap_or_default());
        if max > 0 && more > 0 && used.saturating_add(more) > max {
            return Err(Refused { over: OverLimit { limit, max, used, resets_at }, of_inbox });
        }
    }
    rate(used.departure, plan.sends_per_minute_per_inbox, many, now)
}

/// What is said to who met a limit; `full` is what a new inbox' daily limit grows to.
pub(super) fn refusal(over: OverLimit, full: Option<u64>) -> Error {
    match full {
        Some(full) if over.limit == Limit::DailySendsPerInbox => Error::StillNew { over, full },
        _ => Error::Limit(over),
    }
}

impl Mailroom {
    /// Records, with a mail that is counted, that its tenant or inbox comes near what it may send.
    pub(super) async fn tell_near_sends(
        &self,
        scope: &mut Scope,
        inbox: &InboxId,
        used: &SendUse,
        plan: &Plan,
        wanted: &Wanted,
    ) -> crate::Result<()> {
        let whole = |many: usize| i64::try_from(many).unwrap_or(i64::MAX);
        let (many, strangers) = (whole(wanted.recipients), whole(wanted.strangers));
        let (day, month) = (Span::Day(used.day), Span::Month(used.day.month()));
        for (limit, used, more, span, of_inbox) in [
            (Limit::MonthlySends, used.tenant_this_month, many, month, false),
            (Limit::DailySends, used.tenant_today, many, day, false),
            (Limit::DailySendsPerInbox, used.inbox_today, many, day, true),
            (Limit::DailyNewRecipientsPerInbox, used.new_today, strangers, day, true),
        ] {
            let (max, used) = (limit.of(plan), used.saturating_add(more));
            if mailward_store::comes_near(used, more, max) {
                let inbox = of_inbox.then_some(inbox);
                let notice = Notice { level: Level::Approaching, name: limit.name(), inbox, max, used, span };
                scope.tell(&notice, &self.0.clock, &self.0.random).await?;
            }
        }
        Ok(())
    }
}

/// A bucket that is further ahead than anybody could have brought it was filled by a clock that has gone back since.
fn rate(departure: i64, max: u64, many: u64, now: Timestamp) -> std::result::Result<i64, Refused> {
    let now_micros = now.millis().saturating_mul(1_000);
    let Some(interval) = Interval::per_minute(max) else { return Ok(now_micros) };
    let ahead = departure.saturating_sub(now_micros).max(0);
    let ahead = if ahead > BURST_MICROS { 0 } else { ahead };
    let cost = interval.micros().saturating_mul(i64::try_from(many).unwrap_or(i64::MAX));
    let wait = ahead.saturating_add(cost).saturating_sub(BURST_MICROS);
    if wait <= 0 {
        return Ok(now_micros.saturating_add(ahead).saturating_add(cost));
    }
    let taken = u64::try_from(ahead / interval.micros()).unwrap_or_default();
    // More than the bucket ever holds: waiting helps nobody, a mail to fewer does.
    let resets_at = (cost <= BURST_MICROS).then(|| {
        let millis = u64::try_from(wait).unwrap_or_default().div_ceil(1_000);
        now.plus(std::time::Duration::from_millis(millis))
    });
    let over = OverLimit { limit: Limit::SendsPerMinutePerInbox, max, used: taken, resets_at };
    Err(Refused { over, of_inbox: true })
}

fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use mailward_mail::calendar::Day;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_341_600_000);

    fn used() -> SendUse {
        SendUse {
            day: Day::of(NOW),
            tenant_today: 0,
            tenant_this_month: 0,
            inbox_today: 0,
            new_today: 0,
            departure: 0,
            stored_bytes: 0,
            inbox_stored_bytes: 0,
        }
    }

    fn refused(
        used: &SendUse,
        plan: &Plan,
        recipients: usize,
        strangers: usize,
    ) -> Option<(Limit, u64, Option<Timestamp>)> {
        let wanted = Wanted { recipients, strangers, bytes: 10 };
        judge(used, plan, &wanted, NOW)
            .err()
            .map(|refused| (refused.over.limit, refused.over.used, refused.over.resets_at))
    }

    #[test]
    fn the_last_recipient_within_a_limit_passes_and_the_next_does_not() {
        let plan = Plan { daily_sends: 10, ..Plan::default() };
        let used = SendUse { tenant_today: 7, ..used() };
        assert_eq!(refused(&used, &plan, 3, 3), None);
        let end = Some(Timestamp(1_795_392_000_000));
        assert_eq!(refused(&used, &plan, 4, 0), Some((Limit::DailySends, 7, end)));
    }

    #[test]
    fn each_limit_counts_its_own() {
        let day = Some(Timestamp(1_795_392_000_000));
        let month = Some(Timestamp(1_796_083_200_000));
        let used = SendUse { tenant_this_month: 5, inbox_today: 5, new_today: 5, stored_bytes: 5, ..used() };
        let over = |plan: Plan| refused(&used, &plan, 2, 1);
        assert_eq!(over(Plan { monthly_sends: 6, ..Plan::default() }), Some((Limit::MonthlySends, 5, month)));
        assert_eq!(
            over(Plan { daily_sends_per_inbox: 6, ..Plan::default() }),
            Some((Limit::DailySendsPerInbox, 5, day))
        );
        let new = Plan { daily_new_recipients_per_inbox: 5, ..Plan::default() };
        assert_eq!(over(new.clone()), Some((Limit::DailyNewRecipientsPerInbox, 5, day)));
        assert_eq!(refused(&used, &new, 2, 0), None, "who is known is not counted again");
        assert_eq!(over(Plan { stored_bytes: 14, ..Plan::default() }), Some((Limit::StoredBytes, 5, None)));
        assert_eq!(over(Plan::default()), None);
    }

    #[test]
    fn a_minute_s_rate_is_a_burst_of_twice_and_then_waits() {
        let plan = Plan { sends_per_minute_per_inbox: 10, ..Plan::default() };
        let wanted = |recipients| Wanted { recipients, strangers: 0, bytes: 1 };
        let full = judge(&used(), &plan, &wanted(20), NOW).expect("a full bucket");
        let used = SendUse { departure: full, ..used() };
        assert_eq!(
            refused(&used, &plan, 1, 0),
            Some((Limit::SendsPerMinutePerInbox, 20, Some(Timestamp(NOW.0 + 6_000))))
        );
        assert!(judge(&used, &plan, &wanted(1), Timestamp(NOW.0 + 6_000)).is_ok());
        assert_eq!(refused(&used, &plan, 21, 0), Some((Limit::SendsPerMinutePerInbox, 20, None)));
        let gone_back = SendUse { departure: full + 10 * BURST_MICROS, ..used };
        assert!(judge(&gone_back, &plan, &wanted(1), NOW).is_ok());
    }
}
