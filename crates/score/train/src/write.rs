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
    /// The same beside a second reader, and what that reader's log-odds are multiplied with.
    pub(crate) beside: (f32, f32),
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
    let (rules, reader) = model.beside;
    let worths = [model.table.scale, model.table.bias, model.rules, rules, reader];
    for value in worths.into_iter().chain(knots) {
        file.extend(value.to_le_bytes());
    }
    file.extend(&model.table.weights);
    std::fs::write(path, file)
}

/// The same file with other worths beside a second reader and other knots with it; `None` if it is no model.
pub(crate) fn with_reader(file: &[u8], beside: (f32, f32), together: &[(f32, f32)]) -> Option<Vec<u8>> {
    let at = |word: usize| -> Option<usize> {
        let bytes = file.get(MAGIC.len() + 4 * word..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes) as usize)
    };
    let (alone, old) = (at(1)?, at(2)?);
    let floats = MAGIC.len() + 4 * 3;
    let (knots, weights) = (floats + 4 * 5, floats + 4 * (5 + 2 * alone + 2 * old));
    let mut out = file.get(..floats - 4)?.to_vec();
    out.extend((together.len() as u32).to_le_bytes());
    out.extend(file.get(floats..knots - 8)?);
    out.extend(beside.0.to_le_bytes());
    out.extend(beside.1.to_le_bytes());
    out.extend(file.get(knots..knots + 8 * alone)?);
    for value in together.iter().flat_map(|knot| [knot.0, knot.1]) {
        out.extend(value.to_le_bytes());
    }
    out.extend(file.get(weights..)?);
    Some(out)
}
