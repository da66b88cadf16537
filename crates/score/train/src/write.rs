//! Writes the model's file, in the shape that the scorer's `model/weights.rs` reads.

use std::io;
use std::path::Path;

use mailward_score::training::{FEATURES, MAGIC, Table};

/// Writes a model.
pub fn model(path: &Path, table: &Table, rules: f32, knots: &[(f32, f32)]) -> io::Result<()> {
    let mut file = MAGIC.to_vec();
    file.extend(FEATURES.ilog2().to_le_bytes());
    file.extend((knots.len() as u32).to_le_bytes());
    for value in
        [table.scale, table.bias, rules].into_iter().chain(knots.iter().flat_map(|knot| [knot.0, knot.1]))
    {
        file.extend(value.to_le_bytes());
    }
    file.extend(&table.weights);
    std::fs::write(path, file)
}
