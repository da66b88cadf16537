//! What is counted for monitors: how long steps take, what comes of them, and which tenants are the busiest.
//!
//! Shared by all parts of a process; a lock is held for the length of an addition. Numbers only; a label is a word of ours, or a tenant's id
//! for the few busiest, since ten thousand tenants must not make ten thousand series.

mod busiest;
mod histogram;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mailward_mail::id::TenantId;
use tokio::time::Instant;

pub use busiest::{Act, Busy, Counts};
pub use histogram::{Histogram, Seen};

use busiest::Busiest;
use histogram::{STEPS, WAITS};

/// Tenants with a series of their own.
const NAMED: usize = 20;

/// What is counted. A cheap clone; clones share their numbers.
#[derive(Clone)]
pub struct Meters(Arc<Kept>);

struct Kept {
    /// By family and label, such as `stage` and `screen`. Few, and words of ours.
    times: Mutex<BTreeMap<(&'static str, &'static str), Arc<Histogram>>>,
    counts: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    busiest: Mutex<Busiest>,
}

impl Default for Meters {
    fn default() -> Self {
        let busiest = Mutex::new(Busiest::new(NAMED, Instant::now()));
        Self(Arc::new(Kept { times: Mutex::default(), counts: Mutex::default(), busiest }))
    }
}

impl Meters {
    /// Notes how long a step took: from half a millisecond to a minute.
    pub fn took(&self, family: &'static str, label: &'static str, time: Duration) {
        self.note(family, label, &STEPS, time);
    }

    /// Notes how long something waited for a person: from ten seconds to a month.
    pub fn waited(&self, family: &'static str, label: &'static str, time: Duration) {
        self.note(family, label, &WAITS, time);
    }

    fn note(&self, family: &'static str, label: &'static str, bounds: &'static [u64], time: Duration) {
        let histogram = {
            let mut times = self.0.times.lock().unwrap_or_else(PoisonError::into_inner);
            let made = || Arc::new(Histogram::within(bounds));
            Arc::clone(times.entry((family, label)).or_insert_with(made))
        };
        histogram.note(time);
    }

    /// Counts what happened.
    pub fn count(&self, family: &'static str, label: &'static str, times: u64) {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((family, label)).or_default() += times;
    }

    /// Counts what a tenant did.
    pub fn tenant(&self, tenant: &TenantId, act: Act, times: u64) {
        let mut busiest = self.0.busiest.lock().unwrap_or_else(PoisonError::into_inner);
        busiest.count(tenant, act, times, Instant::now());
    }

    /// How long each thing of a family took, by its label.
    pub fn times(&self, family: &str) -> Vec<(&'static str, Seen)> {
        let times = self.0.times.lock().unwrap_or_else(PoisonError::into_inner);
        let of = times.iter().filter(|((known, _), _)| *known == family);
        of.map(|((_, label), histogram)| (*label, histogram.seen())).collect()
    }

    /// How often each thing of a family happened, by its label.
    pub fn counts(&self, family: &str) -> Vec<(&'static str, u64)> {
        let counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .filter(|((known, _), _)| *known == family)
            .map(|((_, label), count)| (*label, *count))
            .collect()
    }

    /// What the busiest tenants did, and all others together.
    pub fn tenants(&self) -> Busy {
        self.0.busiest.lock().unwrap_or_else(PoisonError::into_inner).seen()
    }
}
