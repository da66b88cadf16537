//! What the training program sees of a message: exactly what the model sees, and where each thing stands.
//!
//! Only with the feature `training`; no part of the library's promise.

use crate::combine;
use crate::model::features::{BITS, Features, features};
use crate::model::heat::{self, Sums};
use crate::model::words::words;
use crate::model::{Heated, MODEL};
use crate::passages::Reading;
use crate::rules;
use crate::sample::{Policy, Sample};
use crate::views::{self, View};

/// Features are numbers below this.
pub const FEATURES: usize = 1 << BITS;
/// How a model's file begins.
pub const MAGIC: &[u8; 8] = crate::model::weights::MAGIC;
/// Words of a window, and how far apart two start.
pub const WIDTHS: [(usize, usize); 3] = heat::WIDTHS;
/// Added to the features of a window before its sum is divided by their root.
pub const DAMP: f32 = heat::DAMP;

/// The first stage as it ships.
pub struct Table {
    /// What one step of a weight is worth.
    pub scale: f32,
    /// What a window without features scores.
    pub bias: f32,
    /// One signed byte for each feature.
    pub weights: Vec<u8>,
}

impl Table {
    fn borrowed(&self) -> heat::Table<'_> {
        heat::Table { scale: self.scale, bias: self.bias, weights: &self.weights }
    }
}

/// One message, laid out.
pub struct Anatomy {
    /// Its views.
    pub views: Vec<Text>,
    /// What rules alone make of it, 0 to 100.
    pub by_rules: u8,
}

/// One view.
pub struct Text {
    /// The view's name.
    pub name: String,
    /// For each word its place in `plain`.
    pub places: Vec<(u32, u32)>,
    /// The text before folding.
    pub plain: String,
    features: Features,
}

impl Text {
    /// Each word as a number.
    #[must_use]
    pub fn hashes(&self) -> Vec<u32> {
        self.features.words.iter().map(|word| word.hash).collect()
    }

    /// How many words there are.
    #[must_use]
    pub fn words(&self) -> usize {
        self.features.words.len()
    }

    /// The features of a window.
    #[must_use]
    pub fn ids(&self, start: usize, end: usize) -> &[u32] {
        let from = start.checked_sub(1).map_or(0, |before| self.features.ends[before]);
        &self.features.ids[from as usize..self.features.ends[end - 1] as usize]
    }

    /// The windows of one width, as first word and the word after the last.
    pub fn windows(&self, width: usize) -> impl Iterator<Item = (usize, usize)> {
        heat::windows(self.words(), width).map(|window| (window.start, window.end))
    }
}

impl Anatomy {
    /// Lays a message out.
    #[must_use]
    pub fn of(sample: &Sample<'_>) -> Self {
        let (views, _) = views::views(sample, &Policy::default());
        let mut found = Vec::new();
        let mut texts = Vec::with_capacity(views.len());
        for view in &views {
            let reading = Reading::of(view);
            found.extend(rules::findings(&reading));
            texts.push(text(view, &reading));
        }
        let by_rules = combine::rules_alone(&mut found);
        Self { views: texts, by_rules }
    }

    /// How hot the hottest window is.
    #[must_use]
    pub fn heat(&self, table: &Table) -> f32 {
        let table = table.borrowed();
        let hottest = |view: &Text| Sums::of(&view.features, &table).hottest(&table);
        self.views.iter().flat_map(hottest).flatten().map(|hot| hot.heat).fold(table.bias, f32::max)
    }
}

/// What the fast model in this program and the rules say: log-odds of the hottest window, and a score.
#[must_use]
pub fn alone(sample: &Sample<'_>) -> (f32, u8) {
    let (views, _) = views::views(sample, &Policy::default());
    let mut found = Vec::new();
    let mut hottest = MODEL.table.bias;
    for view in &views {
        let reading = Reading::of(view);
        found.extend(rules::findings(&reading));
        hottest = Heated::of(&reading).hottest().map_or(hottest, |(heat, _)| hottest.max(heat));
    }
    (hottest, combine::rules_alone(&mut found))
}

/// The words of a phrase as numbers, to look for them in a text.
#[must_use]
pub fn hashes(phrase: &str) -> Vec<u32> {
    let folded = views::normalise::fold(phrase);
    words(&folded.mapped.text).iter().map(|word| word.hash).collect()
}

fn text(view: &View<'_>, reading: &Reading<'_>) -> Text {
    let features = features(words(&view.folded.mapped.text), reading.hits());
    let place = |start: u32, end: u32| {
        let place = view.folded.mapped.origin(start as usize..end as usize);
        (place.start as u32, place.end as u32)
    };
    Text {
        name: view.name.clone(),
        places: features.words.iter().map(|word| place(word.start, word.end)).collect(),
        plain: view.plain().to_owned(),
        features,
    }
}
