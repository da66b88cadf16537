//! How often a task of the service broke down and was begun again: numbers for monitors.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Restarts since the start, by task. A cheap clone; clones share their numbers.
#[derive(Clone, Debug, Default)]
pub struct Restarts(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Restarts {
    /// Knows of a task, so that a monitor sees its zero and not a gap.
    pub fn expect(&self, task: &'static str) {
        self.lock().entry(task).or_default();
    }

    /// Counts one.
    pub fn count(&self, task: &'static str) {
        *self.lock().entry(task).or_default() += 1;
    }

    /// Every task with its number.
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        self.lock().iter().map(|(task, count)| (*task, *count)).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
