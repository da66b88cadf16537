//! The first stage: how much each window of a text is like the windows of injections.
//!
//! A window's score is a sum over its words, so that one pass gives all windows of all widths.

use std::ops::Range;

use super::features::{BITS, Features};

/// Words of a window and how far apart two of them start. An attack is a sentence, a paragraph, or a mail.
pub(crate) const WIDTHS: [(usize, usize); 3] = [(12, 4), (32, 10), (96, 32)];
/// Keeps windows of few features from being hot by one of them.
pub(crate) const DAMP: f32 = 20.0;

/// What was learnt of each feature.
#[derive(Debug)]
pub(crate) struct Table<'t> {
    /// What one step of a weight is worth.
    pub(crate) scale: f32,
    /// What a window without features scores.
    pub(crate) bias: f32,
    /// One signed byte for each feature.
    pub(crate) weights: &'t [u8],
}

/// The hottest window of one width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hot {
    /// Log-odds, as the first stage sees it.
    pub(crate) heat: f32,
    /// Its first word.
    pub(crate) start: usize,
    /// The word after its last.
    pub(crate) end: usize,
}

/// A text's running sums.
pub(crate) struct Sums {
    weights: Vec<i32>,
    counts: Vec<u32>,
}

impl Sums {
    /// Adds up a text's features.
    pub(crate) fn of(features: &Features, table: &Table<'_>) -> Self {
        debug_assert_eq!(table.weights.len(), 1 << BITS);
        let mut weights = Vec::with_capacity(features.ends.len() + 1);
        let mut counts = Vec::with_capacity(features.ends.len() + 1);
        weights.push(0);
        counts.push(0);
        let (mut sum, mut from) = (0_i32, 0);
        for &end in &features.ends {
            for id in &features.ids[from..end as usize] {
                sum += i32::from(table.weights[*id as usize].cast_signed());
            }
            from = end as usize;
            weights.push(sum);
            counts.push(end);
        }
        Self { weights, counts }
    }

    /// The words there are.
    pub(crate) fn words(&self) -> usize {
        self.weights.len() - 1
    }

    /// How hot a window is.
    pub(crate) fn heat(&self, window: Range<usize>, table: &Table<'_>) -> f32 {
        let weight = self.weights[window.end] - self.weights[window.start];
        let count = self.counts[window.end] - self.counts[window.start];
        table.bias + table.scale * weight as f32 / (count as f32 + DAMP).sqrt()
    }

    /// The hottest window of each width; a text that fits a narrower one has none of a wider.
    pub(crate) fn hottest(&self, table: &Table<'_>) -> [Option<Hot>; WIDTHS.len()] {
        let mut best: [Option<Hot>; WIDTHS.len()] = [None; WIDTHS.len()];
        for (width, best) in best.iter_mut().enumerate() {
            for window in windows(self.words(), width) {
                let heat = self.heat(window.clone(), table);
                if best.is_none_or(|best| heat > best.heat) {
                    *best = Some(Hot { heat, start: window.start, end: window.end });
                }
            }
        }
        best
    }
}

/// The windows of one width over so many words.
pub(crate) fn windows(words: usize, width: usize) -> impl Iterator<Item = Range<usize>> {
    let (wide, step) = WIDTHS[width];
    let shown = width > 0 && words <= WIDTHS[width - 1].0;
    let count = match words {
        0 => 0,
        _ if shown => 0,
        words if words <= wide => 1,
        words => 1 + (words - wide).div_ceil(step),
    };
    (0..count).map(move |at| {
        let start = (at * step).min(words.saturating_sub(wide));
        start..(start + wide).min(words)
    })
}
