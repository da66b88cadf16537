//! Scores JSON lines from standard input: `{"id", "text"?, "html"?, "subject"?, "from"?, "attachments"?}` in,
//! `{"id", "score", "level", "findings", "ms"}` out.

use std::io::{BufRead, Write};
use std::time::Instant;

use mailward_score::{Attachment, Policy, Sample, score};
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let row: Value = serde_json::from_str(&line?)?;
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        let attachments = row["attachments"].as_array().map_or(&[][..], Vec::as_slice);
        let sample = Sample {
            subject: text("subject"),
            from_name: text("from"),
            text: text("text"),
            html: text("html"),
            attachments: attachments
                .iter()
                .map(|part| Attachment {
                    name: part["name"].as_str().unwrap_or_default(),
                    content_type: part["content_type"].as_str().unwrap_or_default(),
                    text: part["text"].as_str().unwrap_or_default(),
                })
                .collect(),
            ..Sample::default()
        };
        let start = Instant::now();
        let verdict = score(&sample, &Policy::default());
        let ms = start.elapsed().as_secs_f64() * 1000.0;
        let answer = json!({"id": row["id"], "score": verdict.score, "level": verdict.level, "findings": verdict.findings, "ms": ms});
        writeln!(out, "{answer}")?;
    }
    out.flush()
}
