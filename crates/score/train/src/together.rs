//! Finds what the deep model's word and the fast model's come to together.
//!
//! Both have learnt from the same mail and are too sure of it, so that this is done on the mail for choosing.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use mailward_deep::{Deep, Window};
use mailward_score::{Ask, Policy, Reader, Sample, score_with};
use mailward_score_eval::rows::Row;

use serde_json::json;

use crate::calibrate::{Kind, Leniency, knots_of};
use crate::mails::{in_parallel, with_sample};

/// What the deep model's log-odds are multiplied with. Independent opinions' log-odds would add up, but both have
/// learnt from the same mail. On the mail for choosing the best is 0.5, on the project's own that was left out 0.85.
pub(crate) const WORTH: f32 = 0.7;

/// What a rules' score of 100 adds beside the deep model, which knows some of their alarms for false.
pub(crate) const RULES: f32 = 1.0;

/// Both together understand mail that is hard to tell, and are held to less on it than on ordinary mail.
const TOGETHER: Leniency = Leniency { hard: 2.9, spam: 2.9 };

/// What each part says of a mail.
struct Opinion {
    row: Row,
    heat: f32,
    by_rules: u8,
    deep: f32,
}

/// Asks the deep model, and remembers its likeliest stretch.
struct Listening<'d> {
    deep: &'d Deep,
    likeliest: Mutex<f32>,
}

impl Reader for Listening<'_> {
    fn log_odds(&self, subject: &str, stretches: &[&str]) -> Option<Vec<f32>> {
        let windows: Vec<Window<'_>> = stretches.iter().map(|text| Window { text, subject }).collect();
        let odds = self.deep.logits(&windows);
        let mut likeliest = self.likeliest.lock().ok()?;
        *likeliest = odds.iter().copied().fold(*likeliest, f32::max);
        Some(odds)
    }

    fn version(&self) -> &str {
        "deep"
    }
}

/// The knots of both together.
pub(crate) fn choose(rows: Vec<Row>, deep: &Deep, out: Option<&Path>) -> io::Result<Vec<(f32, f32)>> {
    let opinions = in_parallel(rows, |row| {
        let (heat, by_rules, odds) = with_sample(&row, |sample| opinion(sample, deep))?;
        Some(Opinion { row, heat, by_rules, deep: odds })
    });
    if let Some(out) = out {
        write(&opinions, out)?;
    }
    // What was left out of the own corpus is for the test, not for choosing.
    let opinions: Vec<Opinion> = opinions.into_iter().filter(|one| !one.row.own).collect();
    let judged = opinions.iter().filter(|one| !one.row.injection);
    Ok(knots_of(judged.map(|one| (Kind::of(&one.row), one.odds())), &TOGETHER))
}

fn write(opinions: &[Opinion], path: &Path) -> io::Result<()> {
    let mut out = io::BufWriter::new(std::fs::File::create(path)?);
    for one in opinions {
        let row = json!({
            "id": one.row.id, "source": one.row.source, "kind": one.row.kind, "injection": one.row.injection,
            "own": one.row.own, "heat": one.heat, "rules": one.by_rules, "deep": one.deep,
        });
        writeln!(out, "{row}")?;
    }
    out.flush()
}

fn opinion(sample: &Sample<'_>, deep: &Deep) -> (f32, u8, f32) {
    let listening = Listening { deep, likeliest: Mutex::new(-10.0) };
    let _ = score_with(sample, &Policy::asking(Ask::Always), &listening);
    let (heat, by_rules) = mailward_score::training::alone(sample);
    (heat, by_rules, listening.likeliest.into_inner().unwrap_or(-10.0))
}

impl Opinion {
    fn odds(&self) -> f32 {
        self.heat + RULES * f32::from(self.by_rules) / 100.0 + WORTH * self.deep
    }
}
