//! How findings become one score: the strongest decides, others of another kind add to it.

use crate::rules::Weighed;
use crate::verdict::{Coverage, Finding, Level, Verdict};

/// Puts the findings of all views together.
pub(crate) fn combine(found: Vec<Weighed>, coverage: Coverage) -> Verdict {
    let mut found = found;
    found.sort_by(|a, b| {
        b.finding.weight.cmp(&a.finding.weight).then_with(|| a.finding.start.cmp(&b.finding.start))
    });
    let mut score = 0.0_f32;
    let mut families: Vec<&str> = Vec::new();
    for weighed in &found {
        let family = weighed.finding.rule.split('.').next().unwrap_or_default();
        let weight = f32::from(weighed.finding.weight);
        if families.is_empty() {
            score = weight;
        } else if !weighed.talk && !families.contains(&family) {
            // A second kind of evidence closes part of what is missing; weak ones close little.
            score += (100.0 - score) * (weight / 100.0).powi(2) * 0.45;
        }
        if !families.contains(&family) {
            families.push(family);
        }
    }
    let score = score.round().clamp(0.0, 100.0) as u8;
    let mut findings: Vec<Finding> = Vec::new();
    for weighed in found {
        if findings.len() == Verdict::MOST_FINDINGS {
            break;
        }
        // The same rule in the same view says nothing new: its strongest place stands for it.
        if !findings
            .iter()
            .any(|known| known.rule == weighed.finding.rule && known.view == weighed.finding.view)
        {
            findings.push(weighed.finding);
        }
    }
    Verdict { score, level: Level::of(score), findings, coverage, model: crate::MODEL.to_owned() }
}
