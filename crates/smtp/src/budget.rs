//! The memory that messages being collected may hold, all together and per network.
//!
//! Counts octets; allocates nothing itself. Without the share per network, a dozen slow connections from one place
//! could hold all of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A count of octets in use, with a limit.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    used: Arc<AtomicU64>,
    limit: u64,
}

impl Budget {
    /// A budget of `limit` octets.
    pub(crate) fn new(limit: u64) -> Self {
        Self { used: Arc::default(), limit }
    }

    /// A lease of nothing yet.
    pub(crate) fn lease(&self, share: &Self) -> Lease {
        Lease { all: self.clone(), share: share.clone(), held: 0 }
    }

    fn free(&self) -> u64 {
        self.limit.saturating_sub(self.used.load(Ordering::Relaxed))
    }

    fn take(&self, count: u64) -> bool {
        let fits = |used: u64| used.checked_add(count).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    fn give(&self, count: u64) {
        self.used.fetch_sub(count, Ordering::Relaxed);
    }
}

/// Octets taken from both budgets, given back when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    all: Budget,
    share: Budget,
    held: u64,
}

impl Lease {
    /// Whether `count` octets could be had now.
    pub(crate) fn could_hold(&self, count: u64) -> bool {
        count <= self.all.free().min(self.share.free())
    }

    /// Takes or gives back so that exactly `count` octets are held; if there is no room, holds what it held.
    #[must_use]
    pub(crate) fn hold(&mut self, count: usize) -> bool {
        let count = count as u64;
        let more = count.saturating_sub(self.held);
        if more > 0 {
            if !self.all.take(more) {
                return false;
            }
            if !self.share.take(more) {
                self.all.give(more);
                return false;
            }
        } else {
            self.give_back(self.held - count);
        }
        self.held = count;
        true
    }

    /// Holds nothing.
    pub(crate) fn clear(&mut self) {
        self.give_back(self.held);
        self.held = 0;
    }

    fn give_back(&self, count: u64) {
        self.all.give(count);
        self.share.give(count);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_more_than_there_is_and_a_dropped_lease_is_free_again() {
        let (all, one, two) = (Budget::new(100), Budget::new(60), Budget::new(60));
        let mut first = all.lease(&one);
        assert!(first.hold(60));
        assert!(!first.hold(61), "the share of a network is its limit");
        let mut second = all.lease(&two);
        assert!(!second.hold(50) && second.could_hold(40) && second.hold(40));
        assert!(!second.could_hold(1));
        drop(first);
        assert!(second.hold(60));
        second.clear();
        assert_eq!((all.free(), one.free(), two.free()), (100, 60, 60));
    }
}
