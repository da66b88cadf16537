//! Sets how much the deep model's word counts beside the fast model's, and what the two come to.
//!
//! Both have learnt from the same mail and are too sure of it, so that this is done on the mail for choosing.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use mailward_deep::{Deep, Window};
use mailward_score::{Ask, Policy, Reader, Sample, score_with};
use mailward_score_eval::figures::{above, threshold};
use mailward_score_eval::rows::Row;

use serde_json::json;

use crate::calibrate::{Kind, RULES, knots_of};
use crate::mails::{in_parallel, with_sample};

/// What is tried for the worth of the deep model's log-odds.
const WORTHS: [f32; 7] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0];
/// Sources with fewer rows say too little to choose by.
const FEWEST: usize = 20;

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

/// The worth of the deep model and the knots of both together.
pub(crate) fn choose(rows: Vec<Row>, deep: &Deep, out: Option<&Path>) -> io::Result<(f32, Vec<(f32, f32)>)> {
    let opinions = in_parallel(rows, |row| {
        let (heat, by_rules, odds) = with_sample(&row, |sample| opinion(sample, deep))?;
        Some(Opinion { row, heat, by_rules, deep: odds })
    });
    if let Some(out) = out {
        write(&opinions, out)?;
    }
    // What was left out of the own corpus is for the test, not for choosing.
    let opinions: Vec<Opinion> = opinions.into_iter().filter(|one| !one.row.own).collect();
    let best = WORTHS.into_iter().map(|worth| (merit(&opinions, worth), worth)).inspect(|(merit, worth)| {
        crate::note(&format!("the deep model at {worth}: mean recall {merit:.3}"));
    });
    let (_, worth) = best.max_by(|a, b| a.0.total_cmp(&b.0)).expect("worths to try");
    let judged =
        opinions.iter().filter(|one| !one.row.injection).map(|one| (Kind::of(&one.row), one.odds(worth)));
    Ok((worth, knots_of(judged)))
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
    fn odds(&self, worth: f32) -> f32 {
        self.heat + RULES * f32::from(self.by_rules) / 100.0 + worth * self.deep
    }
}

/// The mean over mail-shaped sources of recall where 1 % and where 0.1 % of benign mail lies above.
fn merit(opinions: &[Opinion], worth: f32) -> f64 {
    let benign: Vec<f32> =
        opinions.iter().filter(|one| one.row.kind == "benign_mail").map(|one| one.odds(worth)).collect();
    let mut sources: BTreeMap<&str, Vec<f32>> = BTreeMap::new();
    for one in opinions.iter().filter(|one| one.row.injection && one.row.kind.starts_with("indirect_")) {
        sources.entry(&one.row.source).or_default().push(one.odds(worth));
    }
    sources.retain(|_, odds| odds.len() >= FEWEST);
    let bounds = [threshold(&benign, 0.01), threshold(&benign, 0.001)];
    let recall: f64 =
        sources.values().flat_map(|odds| bounds.map(|bound| above(odds, bound))).sum::<f64>() / 2.0;
    recall / sources.len().max(1) as f64
}
