//! What an answer means for the call and for its endpoint, read as a table. Knows nothing of the store.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::random::Random;

use crate::backoff::{delay, probing};

/// Failures in a row after which only one call at a time tries the endpoint.
pub(crate) const CIRCUIT: i64 = 10;
/// An endpoint with nothing but failures for so long is switched off.
const TOO_LONG: Duration = Duration::from_secs(120 * 3_600);

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It was taken.
    Taken,
    /// RFC 9110 15.5.11: gone, and likely for good.
    Gone,
    /// RFC 9110 15.5.1: the endpoint calls the request wrong, and the next would be the same.
    Wrong,
    /// Anything else, a redirect too; with how long it wants us to wait.
    Failed(Option<Duration>),
}

impl Came {
    /// Reads a status.
    pub(crate) fn of(status: u16, retry_after: Option<Duration>) -> Self {
        match status {
            200..=299 => Self::Taken,
            410 => Self::Gone,
            400 => Self::Wrong,
            _ => Self::Failed(retry_after),
        }
    }
}

/// What is to be done after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The endpoint is switched off.
    Disable,
    /// This event is not told to it any more.
    Drop,
    /// Again then, by the schedule.
    Again(Timestamp),
    /// Only this one tries the endpoint from now on, then.
    Probe(Timestamp),
    /// Another one tries it already; this one waits.
    Wait,
}

/// How the endpoint stands, and the call.
pub(crate) struct Case<'a> {
    /// Failures in a row, this one included.
    pub(crate) failures: i64,
    /// Since when.
    pub(crate) failing_since: Timestamp,
    /// The job that tries it.
    pub(crate) probe: Option<&'a str>,
    /// This job.
    pub(crate) job: &'a str,
    /// How often it was tried.
    pub(crate) attempts: i64,
    /// It asks whether the endpoint wants to be called.
    pub(crate) is_challenge: bool,
}

/// Decides after a failure that is not [`Came::Gone`].
pub(crate) fn after_failure(case: &Case<'_>, came: Came, now: Timestamp, random: &Random) -> Next {
    if case.failing_since.plus(TOO_LONG) <= now && case.failures >= CIRCUIT {
        return Next::Disable;
    }
    if came == Came::Wrong && !case.is_challenge {
        return Next::Drop;
    }
    let retry_after = match came {
        Came::Failed(wait) => wait,
        _ => None,
    };
    let tries = case.is_challenge || case.probe == Some(case.job);
    if tries || (case.failures >= CIRCUIT && case.probe.is_none()) {
        let nth = if case.is_challenge { case.failures } else { case.failures + 1 - CIRCUIT };
        return Next::Probe(now.plus(probing(nth, retry_after, random)));
    }
    if case.failures >= CIRCUIT {
        return Next::Wait;
    }
    match delay(case.attempts, retry_after, random) {
        Some(wait) => Next::Again(now.plus(wait)),
        None => Next::Drop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_341_600_000);

    fn case(failures: i64, probe: Option<&'static str>) -> Case<'static> {
        Case { failures, failing_since: NOW, probe, job: "mine", attempts: 1, is_challenge: false }
    }

    fn next(case: &Case<'_>, came: Came) -> Next {
        after_failure(case, came, NOW, &Random::seeded(1))
    }

    const FAILED: Came = Came::Failed(None);

    #[test]
    fn statuses_read_as_a_table() {
        for status in [200, 201, 204, 299] {
            assert_eq!(Came::of(status, None), Came::Taken);
        }
        for status in [301, 302, 307, 308, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504] {
            assert_eq!(Came::of(status, None), FAILED, "{status}");
        }
        assert_eq!((Came::of(410, None), Came::of(400, None)), (Came::Gone, Came::Wrong));
    }

    #[test]
    fn the_tenth_failure_in_a_row_leaves_one_call_to_try_and_the_others_waiting() {
        assert!(matches!(next(&case(9, None), FAILED), Next::Again(_)));
        assert!(matches!(next(&case(10, None), FAILED), Next::Probe(_)));
        assert_eq!(next(&case(11, Some("other")), FAILED), Next::Wait);
        assert!(matches!(next(&case(11, Some("mine")), FAILED), Next::Probe(_)));
    }

    #[test]
    fn what_the_endpoint_calls_wrong_is_not_said_again() {
        assert_eq!(next(&case(1, None), Came::Wrong), Next::Drop);
        // A challenge is: it asks anew.
        let challenge = Case { is_challenge: true, ..case(1, Some("mine")) };
        assert!(matches!(next(&challenge, Came::Wrong), Next::Probe(_)));
    }

    #[test]
    fn five_days_of_failures_alone_switch_an_endpoint_off_and_one_failure_never() {
        let since = |hours: u64, failures: i64| {
            let failing_since = NOW.minus(Duration::from_secs(hours * 3_600));
            next(&Case { failing_since, ..case(failures, Some("mine")) }, FAILED)
        };
        assert_eq!(since(120, 10), Next::Disable);
        assert_ne!(since(119, 10), Next::Disable);
        // It failed once, and nothing was to be told to it for weeks.
        assert_ne!(since(1_000, 2), Next::Disable);
    }

    #[test]
    fn the_last_try_is_the_last() {
        assert_eq!(next(&Case { attempts: 11, ..case(2, None) }, FAILED), Next::Drop);
    }
}
