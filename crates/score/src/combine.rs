//! How findings become one score: what the rules found counts by itself, the model lifts what they left low.

use crate::model::{Hottest, MODEL};
use crate::rules::Weighed;
use crate::verdict::{Coverage, Finding, Level, Verdict};

/// Below this the model's window is no finding: too much ordinary mail has one.
const LEAST: f32 = 15.0;

/// Puts the findings of all views and the hottest window together.
pub(crate) fn combine(mut found: Vec<Weighed>, hottest: Option<Hottest>, coverage: Coverage) -> Verdict {
    let by_rules = rules_alone(&mut found);
    let mut score = f32::from(by_rules);
    if let Some(hottest) = hottest {
        score = score.max(MODEL.calibrated(MODEL.odds(hottest.heat, by_rules)));
        let alone = MODEL.calibrated(hottest.heat);
        if alone >= LEAST {
            let finding = Finding { weight: rounded(alone), ..hottest.finding };
            let at = found.partition_point(|one| one.finding.weight >= finding.weight);
            found.insert(at, Weighed { finding, talk: false });
        }
    }
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
    let score = rounded(score);
    Verdict { score, level: Level::of(score), findings, coverage, model: crate::version().to_owned() }
}

/// What the rules alone come to; puts their findings into order, strongest first.
///
/// The strongest decides, others of another family add to it.
pub(crate) fn rules_alone(found: &mut [Weighed]) -> u8 {
    found.sort_by(|a, b| {
        b.finding.weight.cmp(&a.finding.weight).then_with(|| a.finding.start.cmp(&b.finding.start))
    });
    let mut score = 0.0_f32;
    let mut families: Vec<&str> = Vec::new();
    for weighed in found.iter() {
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
    rounded(score)
}

fn rounded(score: f32) -> u8 {
    score.round().clamp(0.0, 100.0) as u8
}
