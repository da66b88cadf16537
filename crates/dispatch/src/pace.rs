//! How fast a host is called: nobody can make of us a way to press a third party, whichever tenants name it.
//!
//! Counted within this process, over all tenants. Addresses that the operator opened are not counted: they are the
//! operator's own.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mailward_mail::clock::Timestamp;

/// Calls a second to a host that only took the challenge.
const SILENT: i64 = 1;
/// Calls a second to one that gave it back, and so knows what it is called for.
const ECHOED: i64 = 10;
/// Hosts that are remembered; those whose second is over are forgotten first.
const MOST: usize = 10_000;

/// When each host may be called next.
#[derive(Default)]
pub(crate) struct Pace(Mutex<HashMap<String, Timestamp>>);

impl Pace {
    /// Takes a turn at a host now, or says when to ask again.
    pub(crate) fn turn(&self, host: &str, echoes: bool, now: Timestamp) -> Result<(), Timestamp> {
        let gap = 1_000 / if echoes { ECHOED } else { SILENT };
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(free) = next.get(host).copied()
            && free > now
        {
            return Err(free);
        }
        if next.len() >= MOST {
            next.retain(|_, free| *free > now);
        }
        // Full of hosts that were all called within the last second: whoever is new waits for one.
        if next.len() >= MOST {
            return Err(now.plus(Duration::from_secs(1)));
        }
        next.insert(host.to_owned(), Timestamp(now.millis() + gap));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_ten_seconds(echoes: bool) -> usize {
        let pace = Pace::default();
        (0..10_000).filter(|at| pace.turn("hooks.example.org", echoes, Timestamp(*at)).is_ok()).count()
    }

    #[test]
    fn a_host_that_did_not_give_the_challenge_back_is_called_once_a_second_and_one_that_did_ten_times() {
        assert_eq!((in_ten_seconds(false), in_ten_seconds(true)), (10, 100));
    }

    #[test]
    fn hosts_do_not_wait_for_each_other_and_a_refusal_says_until_when() {
        let pace = Pace::default();
        assert_eq!(pace.turn("a.example.org", false, Timestamp(0)), Ok(()));
        assert_eq!(pace.turn("b.example.org", false, Timestamp(0)), Ok(()));
        assert_eq!(pace.turn("a.example.org", true, Timestamp(1)), Err(Timestamp(1_000)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let pace = Pace::default();
        for number in 0..MOST {
            assert_eq!(pace.turn(&format!("{number}.example.org"), false, Timestamp(0)), Ok(()));
        }
        assert!(pace.turn("one-more.example.org", false, Timestamp(0)).is_err());
        assert_eq!(pace.turn("one-more.example.org", false, Timestamp(1_000)), Ok(()));
    }
}
