//! When a failed delivery is tried again.

use std::time::Duration;

use mailward_mail::random::Random;

/// Seconds before each try after the first: about three days and a half in all.
const SCHEDULE: [u64; 10] =
    [5, 60, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600];
/// An endpoint may ask for more time, but not for ever.
const MOST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// How long to wait after try number `attempts` (the first is 1); `None`: it was the last.
///
/// A fifth of it more or less, so that what failed together does not come back together.
pub(crate) fn delay(attempts: i64, retry_after: Option<Duration>, random: &Random) -> Option<Duration> {
    let index = usize::try_from(attempts - 1).ok()?;
    let base = *SCHEDULE.get(index)?;
    let jitter = u64::from(u16::from_be_bytes(random.bytes())) * 400 / u64::from(u16::MAX);
    let scheduled = Duration::from_millis(base * (800 + jitter));
    Some(scheduled.max(retry_after.unwrap_or_default().min(MOST_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_waits_longer_within_a_fifth_and_the_last_is_the_last() {
        let random = Random::seeded(1);
        for (at, seconds) in SCHEDULE.iter().enumerate() {
            let wait = delay(at as i64 + 1, None, &random).expect("there is another try");
            let exact = Duration::from_secs(*seconds);
            assert!(wait >= exact * 8 / 10 && wait <= exact * 12 / 10, "{wait:?} for {exact:?}");
        }
        assert_eq!(delay(11, None, &random), None);
    }

    #[test]
    fn an_endpoint_may_ask_for_more_time_up_to_an_hour() {
        let random = Random::seeded(1);
        assert_eq!(delay(1, Some(Duration::from_secs(120)), &random), Some(Duration::from_secs(120)));
        assert_eq!(delay(1, Some(Duration::from_secs(999_999)), &random), Some(Duration::from_secs(3_600)));
    }
}
