//! The clock everything reads: the system's, the one that several machines agree on, or one that a test moves by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment: milliseconds since 1970-01-01T00:00:00Z, as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment moved forward; saturates at the end of time.
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This moment moved back; saturates at the beginning of time.
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Parses ISO 8601 / RFC 3339 (`2026-11-22T10:00:00.000Z`, any offset).
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Self(moment.as_millisecond()))
    }
}

/// ISO 8601 in UTC with milliseconds, the form of the HTTP contract.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => write!(
                f,
                "{}",
                if self.0 < 0 { "-009999-01-01T00:00:00.000Z" } else { "9999-12-30T22:00:00.000Z" }
            ),
        }
    }
}

/// Tells the time. Cheap to clone; clones share their hands.
#[derive(Clone, Debug, Default)]
pub struct Clock(Hands);

#[derive(Clone, Debug, Default)]
enum Hands {
    #[default]
    System,
    /// How many milliseconds the leader is ahead of this machine.
    Following(Arc<AtomicI64>),
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Hands::System)
    }

    /// The machine's clock, corrected by what [`Clock::follow`] learns of another one.
    pub fn following() -> Self {
        Self(Hands::Following(Arc::default()))
    }

    /// A clock that stands still at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self(Hands::Manual(Arc::new(AtomicI64::new(start.0))))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Hands::System => machine(),
            Hands::Following(ahead) => Timestamp(machine().0.saturating_add(ahead.load(Ordering::Relaxed))),
            Hands::Manual(hands) => Timestamp(hands.load(Ordering::SeqCst)),
        }
    }

    /// Sets a following clock by another one, which said `theirs` some time between `asked` and now, both on this
    /// clock. Answers by how many milliseconds it was wrong; other clocks follow nobody, and say 0.
    pub fn follow(&self, asked: Timestamp, theirs: Timestamp) -> i64 {
        let Hands::Following(ahead) = &self.0 else { return 0 };
        // The answer is as old as half the way there and back, or so.
        let middle = asked.0 + (self.now().0 - asked.0) / 2;
        let wrong = theirs.0.saturating_sub(middle);
        ahead.fetch_add(wrong, Ordering::Relaxed);
        wrong
    }

    /// Moves a manual clock; the system's clock is nobody's to move and stays.
    pub fn advance(&self, by: Duration) {
        if let Hands::Manual(hands) = &self.0 {
            hands.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
fn machine() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_follows_goes_with_its_leader_and_others_do_not() {
        let hour = Duration::from_secs(3_600);
        let (clock, system, manual) = (Clock::following(), Clock::system(), Clock::manual(Timestamp(5)));
        let leader = |clock: &Clock| (clock.now(), system.now().plus(hour));
        let (asked, theirs) = leader(&clock);
        assert!((3_599_000..3_601_000).contains(&clock.follow(asked, theirs)));
        let (asked, theirs) = leader(&clock);
        assert!((-1_000..1_000).contains(&clock.follow(asked, theirs)), "it is right now");
        assert!(clock.clone().now() > system.now().plus(hour / 2), "its clones share its hands");
        assert_eq!(manual.follow(Timestamp(5), Timestamp(9)), 0);
        assert_eq!(manual.now(), Timestamp(5));
    }

    #[test]
    fn a_moment_is_written_in_utc_with_milliseconds_and_read_back() {
        let moment = Timestamp(1_795_341_600_007);
        assert_eq!(moment.to_string(), "2026-11-22T10:00:00.007Z");
        assert_eq!(Timestamp::parse("2026-11-22T11:00:00.007+01:00"), Some(moment));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand_and_for_all_its_clones() {
        let clock = Clock::manual(Timestamp(5));
        let other = clock.clone();
        clock.advance(Duration::from_millis(7));
        assert_eq!(other.now(), Timestamp(12));
    }
}
