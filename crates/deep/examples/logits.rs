//! Log-odds of windows: a JSON object `{"text", "subject"}` a line in, a number a line out. With a path, that model
//! rather than the shipped one. `crates/score/train/deep/measure.py` measures through it.

use std::io::{BufRead, BufWriter, Write};

use mailward_deep::{Deep, Window};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let deep = match std::env::args_os().nth(1) {
        Some(path) => Deep::read(path.as_ref(), 1)?,
        None => Deep::load(1)?,
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let row: serde_json::Value = serde_json::from_str(&line?)?;
        let text = row["text"].as_str().unwrap_or_default();
        let subject = row["subject"].as_str().unwrap_or_default();
        writeln!(out, "{:.5}", deep.logits(&[Window { text, subject }])[0])?;
    }
    Ok(())
}
