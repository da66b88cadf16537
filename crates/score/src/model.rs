//! The trained model: how much a text's windows are like those of the injections that were learnt from, set together
//! with what the rules found.
//!
//! It is linear on purpose: each feature has one weight, so that a window's heat comes from its words and no others.

pub(crate) mod features;
pub(crate) mod heat;
pub(crate) mod weights;
pub(crate) mod words;

use std::sync::LazyLock;

use features::features;
use heat::{Hot, Sums};
use weights::Model;
use words::words;

use crate::passages::Reading;
use crate::rules;
use crate::verdict::Finding;

/// The model in the binary.
pub(crate) static MODEL: LazyLock<Model<'static>> = LazyLock::new(|| {
    Model::read(include_bytes!("model/fast.bin")).expect("the model was made for this program")
});

/// The hottest window of a message.
#[derive(Clone, Debug)]
pub(crate) struct Hottest {
    /// Log-odds.
    pub(crate) heat: f32,
    /// Where it stands; its weight is for whoever knows the whole.
    pub(crate) finding: Finding,
}

/// The hottest window of a text that was read, of any width.
pub(crate) fn hottest(reading: &Reading<'_>, known: Option<&Hottest>) -> Option<Hottest> {
    let view = reading.view;
    let features = features(words(&view.folded.mapped.text), reading.hits());
    let best = Sums::of(&features, &MODEL.table).hottest(&MODEL.table).into_iter().flatten();
    let Hot { heat, start, end } = best.max_by(|a, b| a.heat.total_cmp(&b.heat))?;
    if known.is_some_and(|known| known.heat >= heat) {
        return None;
    }
    let place = features.words[start].start as usize..features.words[end - 1].end as usize;
    Some(Hottest { heat, finding: rules::finding(view, "model.window".to_owned(), 0, &place) })
}
