//! The trained model: how much a text's windows are like those of the injections that were learnt from, set together
//! with what the rules found.
//!
//! It is linear on purpose: each feature has one weight, so that a window's heat comes from its words and no others.

pub(crate) mod features;
pub(crate) mod heat;
pub(crate) mod weights;
pub(crate) mod words;

use std::ops::Range;
use std::sync::LazyLock;

use features::features;
use heat::{Hot, Sums};
use weights::Model;
use words::{Word, words};

use crate::passages::Reading;

/// The model in the binary.
pub(crate) static MODEL: LazyLock<Model<'static>> = LazyLock::new(|| {
    Model::read(include_bytes!("model/fast.bin")).expect("the model was made for this program")
});

/// A text that was read, heated: what its words are worth.
pub(crate) struct Heated {
    pub(crate) words: Vec<Word>,
    pub(crate) sums: Sums,
}

impl Heated {
    /// Heats a text.
    pub(crate) fn of(reading: &Reading<'_>) -> Self {
        let features = features(words(&reading.view.folded.mapped.text), reading.hits());
        let sums = Sums::of(&features, &MODEL.table);
        Self { words: features.words, sums }
    }

    /// Its hottest window of any width: how hot, and its place in the folded text.
    pub(crate) fn hottest(&self) -> Option<(f32, Range<usize>)> {
        let best = self.sums.hottest(&MODEL.table).into_iter().flatten();
        let Hot { heat, start, end } = best.max_by(|a, b| a.heat.total_cmp(&b.heat))?;
        Some((heat, self.words[start].start as usize..self.words[end - 1].end as usize))
    }
}
