//! How long something takes, in buckets that are the same for all of a kind: counted without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of steps, in microseconds: from a step of the scorer to a server that takes its time.
pub(super) const STEPS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000, 60_000_000,
];

/// Upper bounds of what waits for a person, in microseconds: 10 and 30 seconds, 1, 5, 15 and 30 minutes, 1, 4, 8 and 24
/// hours, 2, 4, 7, 14 and 30 days.
pub(super) const WAITS: [u64; 15] = [
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
    900_000_000,
    1_800_000_000,
    3_600_000_000,
    14_400_000_000,
    28_800_000_000,
    86_400_000_000,
    172_800_000_000,
    345_600_000_000,
    604_800_000_000,
    1_209_600_000_000,
    2_592_000_000_000,
];

/// See the module.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// Those within each bound and above the one before; the last are above all.
    buckets: Vec<AtomicU64>,
    micros: AtomicU64,
}

/// What was seen until now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Upper bounds in microseconds, and how many were within each.
    pub within: Vec<(u64, u64)>,
    /// All.
    pub count: u64,
    /// Their times together, in microseconds.
    pub micros: u64,
}

impl Histogram {
    /// An empty one with such upper bounds, in microseconds, the least first.
    pub(super) fn within(bounds: &'static [u64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::default()).collect();
        Self { bounds, buckets, micros: AtomicU64::default() }
    }

    /// Notes one.
    pub fn note(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = self.bounds.iter().position(|bound| micros <= *bound).unwrap_or(self.bounds.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What was seen. While others count, a moment's: each number by itself never goes back.
    pub fn seen(&self) -> Seen {
        let mut within = Vec::with_capacity(self.bounds.len());
        let mut count = 0;
        for (at, bucket) in self.buckets.iter().enumerate() {
            count += bucket.load(Ordering::Relaxed);
            within.extend(self.bounds.get(at).map(|bound| (*bound, count)));
        }
        Seen { within, count, micros: self.micros.load(Ordering::Relaxed) }
    }
}

impl Seen {
    /// The bound, in microseconds, within which that share of all was; `None`: nothing was seen, or it is above all bounds.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let wanted = (self.count as f64 * share).ceil().max(1.0) as u64;
        self.within.iter().find(|(_, count)| *count >= wanted).map(|(bound, _)| *bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_bound_that_holds_it() {
        let histogram = Histogram::within(&STEPS);
        assert_eq!(histogram.seen().quantile(0.5), None);
        for micros in [400, 900, 900, 70_000_000] {
            histogram.note(Duration::from_micros(micros));
        }
        let seen = histogram.seen();
        assert_eq!(
            [0.25, 0.5, 0.75, 0.99].map(|share| seen.quantile(share)),
            [Some(500), Some(1_000), Some(1_000), None]
        );
    }

    #[test]
    fn each_time_is_within_its_bound_and_all_above_it() {
        let histogram = Histogram::within(&STEPS);
        for micros in [0, 500, 501, 99_999, 60_000_000, 60_000_001] {
            histogram.note(Duration::from_micros(micros));
        }
        let seen = histogram.seen();
        let within = |at: usize| seen.within[at].1;
        assert_eq!((within(0), within(1), within(7), within(13)), (2, 3, 4, 5));
        assert_eq!((seen.count, seen.micros), (6, 120_101_001));
    }

    #[test]
    fn what_waits_for_a_person_is_told_apart_from_seconds_to_a_month() {
        assert!(WAITS.is_sorted() && STEPS.is_sorted());
        let histogram = Histogram::within(&WAITS);
        for seconds in [9, 3_600, 86_401, 40 * 86_400] {
            histogram.note(Duration::from_secs(seconds));
        }
        let seen = histogram.seen();
        assert_eq!(seen.within.first(), Some(&(10_000_000, 1)));
        assert_eq!((seen.within[6], seen.within[9].1, seen.within[10].1), ((3_600_000_000, 2), 2, 3));
        assert_eq!((seen.within[14], seen.count), ((2_592_000_000_000, 3), 4));
    }
}
