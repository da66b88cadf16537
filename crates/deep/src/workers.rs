//! Threads of our own for the matrix products, each a pool by itself: the library that multiplies would otherwise
//! spread one small product over every core of the machine.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::artefact::Error;

#[derive(Debug)]
pub(crate) struct Workers {
    pools: Vec<ThreadPool>,
    /// Calls that run or wait at each pool.
    waiting: Vec<AtomicUsize>,
}

impl Workers {
    /// Starts the threads, at least one.
    pub(crate) fn start(count: usize) -> Result<Self, Error> {
        let pools = (0..count.max(1))
            .map(|index| {
                ThreadPoolBuilder::new().num_threads(1).thread_name(move |_| format!("deep-{index}")).build()
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::Threads(error.to_string()))?;
        let waiting = pools.iter().map(|_| AtomicUsize::new(0)).collect();
        Ok(Self { pools, waiting })
    }

    /// Runs the work at the least busy thread and waits for it.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let least =
            (0..self.pools.len()).min_by_key(|i| self.waiting[*i].load(Ordering::Relaxed)).unwrap_or(0);
        let _turn = Turn::take(&self.waiting[least]);
        self.pools[least].install(work)
    }
}

/// One call counted at a pool for as long as it lives, also when the call ends in a panic.
struct Turn<'a>(&'a AtomicUsize);

impl<'a> Turn<'a> {
    fn take(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_inside_a_worker_sees_one_thread() {
        let workers = Workers::start(2).expect("two threads start");
        assert_eq!(workers.run(rayon::current_num_threads), 1);
    }

    #[test]
    fn the_second_of_two_calls_goes_to_the_other_thread() {
        let workers = Workers::start(2).expect("two threads start");
        let name = || std::thread::current().name().unwrap_or_default().to_owned();
        let _busy = Turn::take(&workers.waiting[0]);
        assert_eq!(workers.run(name), "deep-1");
    }
}
