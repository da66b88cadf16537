//! When a failed delivery is tried again.

use std::time::Duration;

use mailward_mail::random::Random;

/// Seconds before each try after the first: about three days and a half in all.
const SCHEDULE: [u64; 10] =
    [5, 60, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600];
/// The longest wait between two tries of an endpoint that fails, in seconds, before the jitter.
const MOST_PROBING: u64 = 15 * 60;
/// An endpoint may ask for more time, but not for ever.
const MOST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// How long to wait after try number `attempts` (the first is 1); `None`: it was the last.
///
/// A fifth of it more or less, so that what failed together does not come back together.
pub(crate) fn delay(attempts: i64, retry_after: Option<Duration>, random: &Random) -> Option<Duration> {
    let index = usize::try_from(attempts - 1).ok()?;
    Some(about(*SCHEDULE.get(index)?, retry_after, random))
}

/// How long to wait before an endpoint that fails is tried for the `nth` time, by the one call that tries it.
pub(crate) fn probing(nth: i64, retry_after: Option<Duration>, random: &Random) -> Duration {
    let doubled = u32::try_from(nth - 1).unwrap_or(0).min(10);
    about((10 << doubled).min(MOST_PROBING), retry_after, random)
}

fn about(seconds: u64, retry_after: Option<Duration>, random: &Random) -> Duration {
    let jitter = u64::from(u16::from_be_bytes(random.bytes())) * 400 / u64::from(u16::MAX);
    let scheduled = Duration::from_millis(seconds * (800 + jitter));
    scheduled.max(retry_after.unwrap_or_default().min(MOST_RETRY_AFTER))
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
    fn an_endpoint_that_fails_is_tried_less_and_less_often_and_never_more_seldom_than_every_eighteen_minutes()
    {
        let random = Random::seeded(1);
        for (nth, seconds) in [(1, 10), (2, 20), (7, 640), (8, 900), (500, 900)] {
            let (wait, exact) = (probing(nth, None, &random), Duration::from_secs(seconds));
            assert!(wait >= exact * 8 / 10 && wait <= exact * 12 / 10, "{wait:?} for {exact:?}");
        }
        assert_eq!(probing(1, Some(Duration::from_secs(900)), &random), Duration::from_secs(900));
    }

    #[test]
    fn an_endpoint_may_ask_for_more_time_up_to_an_hour() {
        let random = Random::seeded(1);
        assert_eq!(delay(1, Some(Duration::from_secs(120)), &random), Some(Duration::from_secs(120)));
        assert_eq!(delay(1, Some(Duration::from_secs(999_999)), &random), Some(Duration::from_secs(3_600)));
    }
}
