//! How often an order may be made: authorities shut out who asks too often, for hours and for everybody of that name.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use mailward_mail::clock::Timestamp;

use crate::data_dir::write_secret;

/// So many orders in an hour, over all starts of the service. Let's Encrypt shuts out after five that fail.
const MOST: usize = 4;
const HOUR: Duration = Duration::from_secs(3_600);

/// The orders of the last hour, in a file: a service that is started again and again orders no more often.
pub(super) struct Pace(PathBuf);

impl Pace {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// When the next order may be made.
    pub(super) fn next(&self, now: Timestamp) -> Timestamp {
        let made = self.made(now);
        match made.len().checked_sub(MOST) {
            None => Timestamp(0),
            Some(over) => made[over].plus(HOUR),
        }
    }

    /// Notes one.
    pub(super) fn note(&self, now: Timestamp) -> io::Result<()> {
        let mut made = self.made(now);
        made.push(now);
        let lines: Vec<String> = made.iter().map(|at| at.millis().to_string()).collect();
        write_secret(&self.0, &lines.join("\n"))
    }

    /// Those of the last hour, the oldest first. What lies in the future was written by a clock that was wrong.
    fn made(&self, now: Timestamp) -> Vec<Timestamp> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        let all = text.lines().filter_map(|line| line.parse().ok()).map(Timestamp);
        let mut made: Vec<Timestamp> = all.filter(|at| *at <= now && *at > now.minus(HOUR)).collect();
        made.sort();
        made
    }
}

/// The pause behind the first failure is a minute; each further one doubles it, up to an hour.
pub(super) fn pause(failures: u32) -> Duration {
    Duration::from_secs(60 << failures.saturating_sub(1).min(6)).min(HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_orders_are_made_in_an_hour_and_no_start_forgets_them() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("orders");
        let minute = |count: i64| Timestamp(1_000_000_000_000 + count * 60_000);
        for at in 0..4 {
            let pace = Pace::new(path.clone());
            assert_eq!(pace.next(minute(at)), Timestamp(0));
            pace.note(minute(at)).expect("noted");
        }
        let pace = Pace::new(path.clone());
        assert_eq!(pace.next(minute(5)), minute(60));
        assert_eq!(pace.next(minute(60)), Timestamp(0), "the first one is an hour ago");
        assert_eq!(pace.next(minute(-10)), Timestamp(0), "a clock that was set back does not wait for ever");
        fs::write(&path, "nonsense").expect("written");
        assert_eq!(pace.next(minute(5)), Timestamp(0));
    }

    #[test]
    fn failures_make_the_pauses_longer() {
        let minutes: Vec<u64> = (1..10).map(|failures| pause(failures).as_secs() / 60).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(pause(u32::MAX), HOUR);
    }
}
