//! Writes the model's file, in the shape that the scorer's `model/weights.rs` reads.

use std::io;
use std::path::Path;

use mailward_score::training::{FEATURES, MAGIC, Table};

/// A model as it ships.
pub(crate) struct Model<'m> {
    /// What each feature is worth.
    pub(crate) table: &'m Table,
    /// What a score of 100 by the rules adds.
    pub(crate) rules: f32,
    /// What the log-odds of a second reader are multiplied with.
    pub(crate) reader: f32,
    /// Log-odds and scores, without a second reader.
    pub(crate) alone: &'m [(f32, f32)],
    /// The same with one.
    pub(crate) together: &'m [(f32, f32)],
}

/// Writes a model.
pub(crate) fn write(path: &Path, model: &Model<'_>) -> io::Result<()> {
    let mut file = MAGIC.to_vec();
    for count in [FEATURES.ilog2(), model.alone.len() as u32, model.together.len() as u32] {
        file.extend(count.to_le_bytes());
    }
    let knots = model.alone.iter().chain(model.together).flat_map(|knot| [knot.0, knot.1]);
    for value in [model.table.scale, model.table.bias, model.rules, model.reader].into_iter().chain(knots) {
        file.extend(value.to_le_bytes());
    }
    file.extend(&model.table.weights);
    std::fs::write(path, file)
}
