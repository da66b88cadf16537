//! The scorer as the attacker meets it: as it is shipped, or without its second reader.

use mailward_deep::{Deep, Window};
use mailward_score::{Policy, Reader, Sample, score, score_with};

/// Judges mail.
pub(crate) struct Judge(Option<Second>);

struct Second(Deep);

impl Judge {
    /// With the deep model as the second reader, or rules and fast model alone.
    pub(crate) fn new(deep: bool) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(deep.then(|| Second(Deep::load(workers).expect("threads start"))))
    }

    /// The score of a mail.
    pub(crate) fn score(&self, sample: &Sample<'_>) -> u8 {
        let policy = Policy::default();
        match &self.0 {
            Some(second) => score_with(sample, &policy, second).score,
            None => score(sample, &policy).score,
        }
    }
}

impl Reader for Second {
    fn log_odds(&self, subject: &str, stretches: &[&str]) -> Option<Vec<f32>> {
        let windows: Vec<Window<'_>> = stretches.iter().map(|text| Window { text, subject }).collect();
        Some(self.0.logits(&windows))
    }

    fn version(&self) -> &str {
        self.0.version()
    }
}
