//! The token bucket as one number: the generic cell rate algorithm (ITU-T I.371), in microseconds.
//!
//! The number is the theoretical arrival time: when the bucket would be full again. A bucket holds what comes in two
//! minutes at its rate, so 60 a minute is a burst of 120.

/// What a bucket holds, as the time in which it fills.
pub const BURST_MICROS: i64 = 120_000_000;

/// The time between two at the rate of a bucket; none where there is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    micros: i64,
    burst: i64,
}

impl Interval {
    /// So many a minute, and a burst of twice that; 0 is no limit.
    pub fn per_minute(rate: u64) -> Option<Self> {
        Self::new(60_000_000, rate, BURST_MICROS)
    }

    /// So many a second, and a burst of twice that; 0 is no limit.
    pub fn per_second(rate: u64) -> Option<Self> {
        Self::new(1_000_000, rate, 2_000_000)
    }

    /// One each `micros`, and a burst of so many.
    pub fn each(micros: i64, burst: u32) -> Self {
        Self { micros, burst: micros.saturating_mul(i64::from(burst)) }
    }

    fn new(span: i64, rate: u64, burst: i64) -> Option<Self> {
        let micros = span.checked_div(i64::try_from(rate).ok()?)?;
        // More than one a microsecond is more than anything does.
        (micros > 0).then_some(Self { micros, burst })
    }

    /// The time between two, in microseconds.
    pub fn micros(self) -> i64 {
        self.micros
    }

    /// How many the full bucket holds.
    pub fn burst(self) -> i64 {
        self.burst / self.micros
    }

    /// Whether one more may come now; if not, how many microseconds are to be waited.
    ///
    /// A bucket that is further ahead than anybody could have brought it was filled by a clock that has gone back since,
    /// or at another rate. It lets one through, and with that it is set right.
    ///
    /// # Errors
    /// The wait, more than 0.
    pub fn check(self, arrival: i64, now: i64) -> Result<(), i64> {
        let ahead = arrival.saturating_sub(now);
        let wait = ahead.saturating_add(self.micros).saturating_sub(self.burst);
        if wait <= 0 || ahead > self.burst { Ok(()) } else { Err(wait) }
    }

    /// The number after so many came. Never further ahead than the burst: what passed beyond it is forgiven.
    pub fn count(self, arrival: i64, now: i64, many: i64) -> i64 {
        let from = if arrival.saturating_sub(now) > self.burst { now } else { arrival.max(now) };
        from.saturating_add(self.micros.saturating_mul(many)).min(now.saturating_add(self.burst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn sixty_a_minute_is_a_burst_of_120_and_then_one_a_second() {
        let rate = Interval::per_minute(60).expect("a limit");
        assert_eq!(rate.burst(), 120);
        let (now, mut arrival, mut taken) = (1_000 * SECOND, 0, 0);
        while rate.check(arrival, now).is_ok() {
            arrival = rate.count(arrival, now, 1);
            taken += 1;
        }
        assert_eq!((taken, rate.check(arrival, now)), (120, Err(SECOND)));
        assert_eq!(rate.check(arrival, now + SECOND), Ok(()));
        assert_eq!(rate.check(arrival, now + 1), Err(SECOND - 1));
    }

    #[test]
    fn zero_and_rates_beyond_measure_are_no_limit() {
        assert_eq!(Interval::per_minute(0), None);
        assert_eq!(Interval::per_minute(u64::MAX), None);
        assert_eq!(Interval::per_second(1_000_001), None);
        assert_eq!(Interval::per_minute(1).map(Interval::burst), Some(2));
    }

    #[test]
    fn what_passed_in_flight_costs_no_more_than_the_burst() {
        let rate = Interval::per_minute(60).expect("a limit");
        let arrival = rate.count(0, 0, 10_000);
        assert_eq!((arrival, rate.check(arrival, 0)), (BURST_MICROS, Err(SECOND)));
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let rate = Interval::per_minute(60).expect("a limit");
        let day = 86_400 * SECOND;
        let arrival = rate.count(0, day, 120);
        assert_eq!(rate.check(arrival, 0), Ok(()), "a day ahead is nobody's doing");
        let arrival = rate.count(arrival, 0, 1);
        assert_eq!(arrival, SECOND, "and with the next one it is set right");
    }
}
