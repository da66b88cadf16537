//! Keeps the tasks of the service at work: one that breaks down is told of, counted, and begun again after a pause.
//!
//! A task here works for as long as the service does, and ends when it is stopped. What it holds across a turn is in the
//! database or behind a lock that it shares with its successor, so nothing is lost with it. What a job or a session
//! panics with ends that job or session alone, long before it comes here.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use mailward_web::Restarts;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The pause behind the first breakdown. Each further one doubles it, up to the longest.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);

/// A task that worked for so long has recovered: its next breakdown is a first one.
const WELL: Duration = Duration::from_secs(300);

/// The tasks of one service.
pub(crate) struct Supervisor {
    stop: CancellationToken,
    restarts: Restarts,
    tasks: Vec<JoinHandle<()>>,
}

impl Supervisor {
    /// Keeps tasks until `stop`.
    pub(crate) fn new(stop: CancellationToken, restarts: Restarts) -> Self {
        Self { stop, restarts, tasks: Vec::new() }
    }

    /// Keeps what `begin` begins at work.
    pub(crate) fn keep<W>(&mut self, task: &'static str, begin: impl FnMut() -> W + Send + 'static)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.restarts.expect(task);
        let (stop, restarts) = (self.stop.clone(), self.restarts.clone());
        self.tasks.push(tokio::spawn(kept(task, begin, restarts, stop)));
    }

    /// Waits for a task that is not begun again: its end is the service's, or nothing depends on it.
    pub(crate) fn once(&mut self, task: JoinHandle<()>) {
        self.tasks.push(task);
    }

    /// All tasks, to be waited for when the service stops.
    pub(crate) fn tasks(self) -> Vec<JoinHandle<()>> {
        self.tasks
    }
}

async fn kept<W: Future<Output = ()>>(
    task: &'static str,
    mut begin: impl FnMut() -> W,
    restarts: Restarts,
    stop: CancellationToken,
) {
    let mut pause = FIRST;
    loop {
        let began = Instant::now();
        // The panic itself is in the log already: the hook wrote it with its place.
        let broke_down = AssertUnwindSafe(async { begin().await }).catch_unwind().await.is_err();
        if stop.is_cancelled() || !broke_down {
            return;
        }
        if began.elapsed() >= WELL {
            pause = FIRST;
        }
        restarts.count(task);
        tracing::error!(task, ms = pause.as_millis(), "a task broke down; it begins again after a pause");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A task that breaks down until its `well`th run, which works until the service stops; the seconds at which it began.
    async fn runs(well: u32, works: Duration) -> (Vec<u64>, u64) {
        let (stop, restarts) = (CancellationToken::new(), Restarts::default());
        let mut tasks = Supervisor::new(stop.clone(), restarts.clone());
        let (run, began) = (Arc::new(AtomicU32::new(0)), Instant::now());
        let starts = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (noted, stopped) = (Arc::clone(&starts), stop.clone());
        tasks.keep("trial", move || {
            let run = run.fetch_add(1, Ordering::SeqCst) + 1;
            noted.lock().expect("whole").push(began.elapsed().as_secs());
            let stopped = stopped.clone();
            async move {
                if run >= well {
                    return stopped.cancelled().await;
                }
                tokio::time::sleep(works).await;
                std::panic::panic_any("a fault");
            }
        });
        tokio::time::sleep(Duration::from_secs(100_000)).await;
        stop.cancel();
        for task in tasks.tasks() {
            task.await.expect("no panic comes through");
        }
        let starts = starts.lock().expect("whole").clone();
        (starts, restarts.counts()[0].1)
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_breaks_down_begins_again_ever_later() {
        let (starts, restarts) = runs(10, Duration::ZERO).await;
        assert_eq!(starts, [0, 0, 1, 3, 7, 15, 31, 63, 123, 183]);
        assert_eq!(restarts, 9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_worked_for_long_begins_again_soon() {
        let (starts, _) = runs(4, WELL).await;
        assert_eq!(starts, [0, 300, 601, 901]);
    }
}
