//! The figures of a set of scores, group by group, what was left out of training first.
//!
//! Recall is given at the score that at most 1 % (0.1 %) of benign mail lies above; ties count against the scorer.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::figures::{above, auc, reaching, threshold};
use crate::rows::Row;

/// Mail-shaped sources of injections with fewer rows are too few to count in the mean.
const FEWEST: usize = 20;

/// How well injections of one group are told from benign mail.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Recall {
    /// Injections in the group.
    pub count: usize,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Recall where 1 % of benign mail lies above.
    pub at_1_percent: f64,
    /// Recall where 0.1 % of benign mail lies above.
    pub at_01_percent: f64,
    /// The share at 50 or above: medium or high.
    pub reaching_50: f64,
    /// The share at 70 or above: high.
    pub reaching_70: f64,
}

/// How much of a group without injections is taken for one.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Alarms {
    /// Mails in the group.
    pub count: usize,
    /// The share at 50 or above.
    pub reaching_50: f64,
    /// The share at 70 or above.
    pub reaching_70: f64,
}

/// The figures of one set of mail.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// By group: the name says what it groups by.
    pub injections: BTreeMap<String, Recall>,
    /// The mean over mail-shaped sources of injections.
    pub mean: Option<Recall>,
    /// By group.
    pub benign: BTreeMap<String, Alarms>,
}

fn recall(scores: &[f32], benign: &[f32]) -> Recall {
    Recall {
        count: scores.len(),
        auc: auc(scores, benign),
        at_1_percent: above(scores, threshold(benign, 0.01)),
        at_01_percent: above(scores, threshold(benign, 0.001)),
        reaching_50: reaching(scores, 50.0),
        reaching_70: reaching(scores, 70.0),
    }
}

fn alarms(scores: &[f32]) -> Alarms {
    Alarms { count: scores.len(), reaching_50: reaching(scores, 50.0), reaching_70: reaching(scores, 70.0) }
}

fn group<'r>(
    scored: impl Iterator<Item = &'r (Row, f32)>,
    names: impl Fn(&Row) -> Vec<String>,
) -> BTreeMap<String, Vec<f32>> {
    let mut out: BTreeMap<String, Vec<f32>> = BTreeMap::new();
    for (row, score) in scored {
        for name in names(row) {
            out.entry(name).or_default().push(*score);
        }
    }
    out
}

/// The figures of a folder of foreign data: against its benign mail, by source.
#[must_use]
pub fn foreign(scored: &[(Row, f32)]) -> Report {
    let benign: Vec<f32> = scored
        .iter()
        .filter(|(row, _)| !row.injection && row.kind == "benign_mail")
        .map(|(_, score)| *score)
        .collect();
    let name = |row: &Row| {
        vec![format!("{}{} {}", row.source, if row.weak { " (weak labels)" } else { "" }, row.kind)]
    };
    let mut report = Report::default();
    let mut counted = Vec::new();
    // Without benign mail there is no line to measure recall at; how much of spam is taken for injection stays.
    let injections = scored.iter().filter(|(row, _)| row.injection && !benign.is_empty());
    for (name, scores) in group(injections, name) {
        let one = recall(&scores, &benign);
        if name.contains(" indirect_") && !name.contains("(weak") && scores.len() >= FEWEST {
            counted.push(one);
        }
        report.injections.insert(name, one);
    }
    report.mean = mean(&counted);
    for (name, scores) in group(scored.iter().filter(|(row, _)| !row.injection), name) {
        report.benign.insert(name, alarms(&scores));
    }
    let kinds =
        group(scored.iter().filter(|(row, _)| !row.injection), |row| vec![format!("all {}", row.kind)]);
    for (name, scores) in kinds {
        report.benign.insert(name, alarms(&scores));
    }
    report
}

/// The figures of the part of the own corpus that was left out of training.
#[must_use]
pub fn own(scored: &[(Row, f32)]) -> Report {
    let held: Vec<&(Row, f32)> = scored.iter().filter(|(row, _)| row.held_out).collect();
    let benign: Vec<f32> = held.iter().filter(|(row, _)| !row.injection).map(|(_, score)| *score).collect();
    if benign.is_empty() {
        return Report::default();
    }
    let names = |row: &Row| {
        let language = row.lang.split('-').next().unwrap_or_default();
        let mut names = vec!["all".to_owned(), format!("kind {}", row.kind), format!("language {language}")];
        names.extend(row.left_out.iter().map(|why| format!("left out: {why}")));
        names
    };
    let mut report = Report::default();
    for (name, scores) in group(held.iter().copied().filter(|(row, _)| row.injection), names) {
        report.injections.insert(name, recall(&scores, &benign));
    }
    for (name, scores) in group(held.iter().copied().filter(|(row, _)| !row.injection), names) {
        report.benign.insert(name, alarms(&scores));
    }
    report
}

fn mean(all: &[Recall]) -> Option<Recall> {
    let share = |pick: fn(&Recall) -> f64| all.iter().map(pick).sum::<f64>() / all.len() as f64;
    (!all.is_empty()).then(|| Recall {
        count: all.len(),
        auc: share(|one| one.auc),
        at_1_percent: share(|one| one.at_1_percent),
        at_01_percent: share(|one| one.at_01_percent),
        reaching_50: share(|one| one.reaching_50),
        reaching_70: share(|one| one.reaching_70),
    })
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "| Injections | n | AUC | recall at 1 % | at 0.1 % | at 50 or above | at 70 or above |")?;
        writeln!(f, "|---|--:|--:|--:|--:|--:|--:|")?;
        let mean = self.mean.map(|mean| ("**mean of mail-shaped sources**".to_owned(), mean));
        for (name, one) in mean.iter().map(|(n, r)| (n, r)).chain(&self.injections) {
            writeln!(
                f,
                "| {name} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |",
                one.count, one.auc, one.at_1_percent, one.at_01_percent, one.reaching_50, one.reaching_70
            )?;
        }
        writeln!(f, "\n| Without injection | n | at 50 or above | at 70 or above |\n|---|--:|--:|--:|")?;
        for (name, one) in &self.benign {
            writeln!(f, "| {name} | {} | {:.4} | {:.4} |", one.count, one.reaching_50, one.reaching_70)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spam_alone_is_measured_where_there_is_no_benign_mail_to_draw_a_line_at() {
        let row = |injection, kind: &str| Row {
            injection,
            kind: kind.to_owned(),
            source: "s".to_owned(),
            ..Row::default()
        };
        let scored = [
            (row(false, "spam_no_injection"), 60.0),
            (row(false, "spam_no_injection"), 10.0),
            (row(true, "indirect_email"), 90.0),
        ];
        let report = foreign(&scored);
        assert!((report.benign["all spam_no_injection"].reaching_50 - 0.5).abs() < 1e-9);
        assert!(report.injections.is_empty(), "no benign mail, no recall");
    }
}
