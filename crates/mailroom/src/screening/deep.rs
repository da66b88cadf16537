//! The deep model as the scorer's second reader: one in the process, asked from the screening threads.
//!
//! When mail comes faster than it can be read, the fast verdict stands: its `model` does not name the deep one then.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use mailward_deep::{Deep, Window};
use mailward_score::Reader;

/// The model as the scorer asks it.
pub(super) struct DeepReader(Deep);

/// Set while so much mail waits that none of it may wait for the deep model.
static OVERLOADED: AtomicBool = AtomicBool::new(false);

static READER: LazyLock<Option<DeepReader>> = LazyLock::new(|| {
    // As many as there are screening threads at most: more would only wait for cores.
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    match Deep::load(workers) {
        Ok(deep) => Some(DeepReader(deep)),
        Err(error) => {
            tracing::error!(%error, "the deep model cannot be loaded; mail is judged without it");
            None
        }
    }
});

/// The reader; loading it takes a moment the first time.
pub(super) fn reader() -> Option<&'static DeepReader> {
    READER.as_ref()
}

/// Says whether mail waits for the screening threads.
pub(super) fn set_overloaded(overloaded: bool) {
    OVERLOADED.store(overloaded, Ordering::Relaxed);
}

impl Reader for DeepReader {
    fn log_odds(&self, subject: &str, stretches: &[&str]) -> Option<Vec<f32>> {
        if OVERLOADED.load(Ordering::Relaxed) {
            return None;
        }
        let windows: Vec<Window<'_>> = stretches.iter().map(|text| Window { text, subject }).collect();
        Some(self.0.logits(&windows))
    }

    fn version(&self) -> &str {
        self.0.version()
    }
}
