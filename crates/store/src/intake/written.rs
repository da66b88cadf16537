//! What the writer has written, for monitors: a group is one commit, and how many messages share it is what makes it cheap.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What was written since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Commits that held a message.
    pub groups: u64,
    /// Messages in them.
    pub messages: u64,
    /// Their octets as they are stored.
    pub bytes: u64,
    /// Octets that wait for the writer now.
    pub waiting_bytes: u64,
}

/// The numbers while they grow. A cheap clone; clones share them.
#[derive(Clone, Default)]
pub(super) struct Counted(Arc<[AtomicU64; 3]>);

impl Counted {
    /// Notes one commit.
    pub(super) fn note(&self, messages: usize, bytes: usize) {
        if messages == 0 {
            return;
        }
        for (count, by) in self.0.iter().zip([1, messages, bytes]) {
            count.fetch_add(by as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn seen(&self, waiting_bytes: u64) -> Written {
        let [groups, messages, bytes] = [0, 1, 2].map(|at| self.0[at].load(Ordering::Relaxed));
        Written { groups, messages, bytes, waiting_bytes }
    }
}
