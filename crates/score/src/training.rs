//! What the training program sees of a message: exactly what the model sees, and where each thing stands.
//!
//! Only with the feature `training`; no part of the library's promise.

use crate::model::features::{Features, features};
use crate::model::words::words;
use crate::passages::Reading;
use crate::rules::{self, Weighed};
use crate::sample::{Policy, Sample};
use crate::views::{self, View};

/// Features are numbers below this.
pub const FEATURES: usize = 1 << crate::model::features::BITS;

/// One message, laid out.
pub struct Anatomy {
    /// Its views.
    pub views: Vec<Text>,
    /// What the rules say: rule, weight, view, and whether it stands in talk about attacks.
    pub rules: Vec<(String, u8, String, bool)>,
}

/// One view.
pub struct Text {
    /// The view's name.
    pub name: String,
    /// 0 open, 1 name, 2 concealed, 3 encoded.
    pub sight: usize,
    /// The text the model sees.
    pub folded: String,
    /// Where each word starts and ends in it.
    pub places: Vec<(u32, u32)>,
    /// Each word as a number.
    pub hashes: Vec<u32>,
    /// The features of all words.
    pub ids: Vec<u32>,
    /// Where the features of each word end.
    pub ends: Vec<u32>,
    /// How many disguises were undone.
    pub tricks: usize,
    /// For each word the place in `plain`.
    pub plain_places: Vec<(u32, u32)>,
    /// The text before folding.
    pub plain: String,
}

/// Lays a message out.
#[must_use]
pub fn anatomy(sample: &Sample<'_>) -> Anatomy {
    let (views, _) = views::views(sample, &Policy::default());
    let mut out = Anatomy { views: Vec::with_capacity(views.len()), rules: Vec::new() };
    for view in &views {
        let reading = Reading::of(view);
        for Weighed { finding, talk } in rules::findings_of(&reading) {
            out.rules.push((finding.rule, finding.weight, finding.view, talk));
        }
        out.views.push(text(view, &reading));
    }
    out
}

/// The words of a phrase as numbers, to look for them in a text.
#[must_use]
pub fn hashes(phrase: &str) -> Vec<u32> {
    let folded = views::normalise::fold(phrase);
    words(&folded.mapped.text).iter().map(|word| word.hash).collect()
}

fn text(view: &View<'_>, reading: &Reading<'_>) -> Text {
    let Features { words, ids, ends } = features(words(&view.folded.mapped.text), reading.hits());
    let plain = view.plain().to_owned();
    Text {
        name: view.name.clone(),
        sight: view.sight as usize,
        folded: view.folded.mapped.text.clone(),
        places: words.iter().map(|word| (word.start, word.end)).collect(),
        plain_places: words
            .iter()
            .map(|word| {
                let place = view.folded.mapped.origin(word.start as usize..word.end as usize);
                (place.start as u32, place.end as u32)
            })
            .collect(),
        plain,
        hashes: words.iter().map(|word| word.hash).collect(),
        ids,
        ends,
        tricks: view.folded.tricks.len(),
    }
}
