//! What the judge was asked and how it ended, for monitors: counts of this process, no names.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Failure, Opinion};

/// A counter for each word.
#[derive(Default)]
pub(crate) struct JudgeCounts {
    opinions: [AtomicU64; Opinion::WORDS.len()],
    failures: [AtomicU64; Failure::WORDS.len()],
}

impl JudgeCounts {
    pub(super) fn count(&self, answer: &Result<Opinion, Failure>) {
        let (words, counters, word): (&[&str], &[AtomicU64], _) = match answer {
            Ok(opinion) => (&Opinion::WORDS, &self.opinions, opinion.word()),
            Err(failure) => (&Failure::WORDS, &self.failures, failure.word()),
        };
        if let Some(at) = words.iter().position(|known| *known == word) {
            counters[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every word with its count.
    pub(super) fn all(&self) -> Vec<(&'static str, u64)> {
        let words = Opinion::WORDS.into_iter().chain(Failure::WORDS);
        let counters = self.opinions.iter().chain(&self.failures);
        words.zip(counters.map(|counter| counter.load(Ordering::Relaxed))).collect()
    }
}
