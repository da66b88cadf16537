//! How evidence becomes one score: what the rules found counts by itself, the models lift what they left low.

use std::sync::LazyLock;

use crate::model::MODEL;
use crate::reader::Read;
use crate::rules::Weighed;
use crate::verdict::{Coverage, Finding, Level, Verdict, excerpt};

/// Below this a model's window is no finding: too much ordinary mail has one.
const LEAST: f32 = 15.0;
/// From here on a second reader could only agree.
const DECIDED: f32 = 90.0;

/// What a second reader who finds nothing takes back of the rules' score, for each unit of log-odds: most alarms of
/// the rules on innocent mail are such, and few attacks.
const TAKEN_BACK: f32 = 16.0;

/// The version of rules and models, as it stands in each verdict: another model gives another name, and a verdict
/// without the second reader's word does not name it.
pub(crate) fn version(read: Option<&Read>) -> String {
    static OWN: LazyLock<String> = LazyLock::new(|| format!("rules-2 fast-{:08x}", MODEL.version));
    match read {
        None => OWN.clone(),
        Some(read) => format!("{} {}", *OWN, read.version),
    }
}

/// What is known of a message.
#[derive(Default)]
pub(crate) struct Evidence {
    /// What the rules found.
    pub(crate) found: Vec<Weighed>,
    /// The hottest window and its place.
    hottest: Option<(f32, Finding)>,
    /// What a second reader said.
    pub(crate) read: Option<Read>,
}

impl Evidence {
    /// Takes in a window, if it is the hottest.
    pub(crate) fn window(&mut self, heat: f32, finding: impl FnOnce() -> Finding) {
        if self.hottest.as_ref().is_none_or(|(known, _)| heat > *known) {
            self.hottest = Some((heat, finding()));
        }
    }

    /// Takes in what two programs might read differently.
    pub(crate) fn ambiguous(&mut self, reasons: &[&str]) {
        let finding = |reason: &str| Finding {
            rule: "structure.ambiguous".to_owned(),
            weight: 50,
            view: "header".to_owned(),
            start: 0,
            end: 0,
            excerpt: excerpt(reason),
        };
        self.found.extend(reasons.iter().map(|reason| Weighed { finding: finding(reason), talk: false }));
    }

    /// Whether a second reader's word would count.
    pub(crate) fn leaves_doubt(&mut self) -> bool {
        let by_rules = rules_alone(&mut self.found);
        f32::from(by_rules) < DECIDED && self.by_model(by_rules) < DECIDED
    }

    fn by_model(&self, by_rules: u8) -> f32 {
        match (&self.hottest, &self.read) {
            (None, _) => 0.0,
            (Some((heat, _)), None) => MODEL.alone(*heat, by_rules),
            (Some((heat, _)), Some(read)) => MODEL.together(*heat, by_rules, read.odds),
        }
    }

    /// Puts everything together.
    pub(crate) fn verdict(mut self, coverage: Coverage) -> Verdict {
        let by_rules = rules_alone(&mut self.found);
        let by_model = self.by_model(by_rules);
        let doubted = self.read.as_ref().map_or(0.0, |read| TAKEN_BACK * read.odds.min(0.0));
        // What two programs may read differently stays so whatever it says; and a thread was not shown to the reader.
        let stays =
            |one: &&Weighed| one.finding.rule.starts_with("structure.") || one.finding.view == "thread";
        let mut staying: Vec<Weighed> = self.found.iter().filter(stays).cloned().collect();
        let least = f32::from(rules_alone(&mut staying));
        let score = rounded((f32::from(by_rules) + doubted).max(least).max(by_model));
        let model = version(self.read.as_ref());
        let alone = self.hottest.as_ref().map_or(0.0, |(heat, _)| MODEL.alone(*heat, 0));
        if let Some((_, finding)) = self.hottest {
            put(&mut self.found, finding, if self.read.is_some() { alone.min(by_model) } else { alone });
        }
        if let Some(read) = self.read {
            put(&mut self.found, read.finding, if read.odds > 0.0 { by_model } else { 0.0 });
        }
        let mut findings: Vec<Finding> = Vec::new();
        for weighed in self.found {
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
        Verdict { score, level: Level::of(score), findings, coverage, model }
    }
}

/// Puts a model's finding where its weight belongs.
fn put(found: &mut Vec<Weighed>, finding: Finding, weight: f32) {
    if weight >= LEAST {
        let finding = Finding { weight: rounded(weight), ..finding };
        let at = found.partition_point(|one| one.finding.weight > finding.weight);
        found.insert(at, Weighed { finding, talk: false });
    }
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
