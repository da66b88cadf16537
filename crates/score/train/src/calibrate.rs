//! Finds which log-odds stand for which score.
//!
//! A score is a promise about mail without injection: 50 is reached by at most 1 % of it, 70 by at most 0.3 %. It is
//! measured on mail that the model was not trained on, by training it five times with a fifth left out.

use mailward_score_eval::rows::Row;

use crate::first;
use crate::mails::Mail;

/// What a rules' score of 100 adds to the heat; chosen on the mail for choosing.
pub(crate) const RULES: f32 = 2.0;

const FOLDS: usize = 5;

/// Scores, and the share of mail without injection that may reach them. Half of the promised share is kept back for
/// mail that is unlike what was seen.
const PROMISES: [(f32, f64); 7] =
    [(5.0, 0.5), (20.0, 0.1), (35.0, 0.02), (50.0, 0.005), (70.0, 0.0015), (80.0, 0.0006), (90.0, 0.0003)];

/// What a mail without injection is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The mail that people get.
    Ordinary,
    /// Written or chosen to be hard to tell from injections.
    Hard,
    /// Spam and phishing, aimed at people.
    Spam,
    /// No mail; promises nothing.
    Chat,
}

impl Kind {
    /// The kind of a row.
    pub(crate) fn of(row: &Row) -> Self {
        match row.kind.as_str() {
            _ if row.own => Self::Hard,
            "benign_hard" => Self::Hard,
            "benign_mail" => Self::Ordinary,
            "spam_no_injection" | "phishing_no_injection" => Self::Spam,
            _ => Self::Chat,
        }
    }
}

/// How much oftener than ordinary mail a score may be reached by mail that is hard to tell, and by spam.
pub(crate) struct Leniency {
    pub(crate) hard: f64,
    pub(crate) spam: f64,
}

/// The fast model alone sees words, not what is asked: it gets little.
const ALONE: Leniency = Leniency { hard: 0.5, spam: 1.0 };

/// The knots of the fast model alone.
pub(crate) fn knots(mails: &[&Mail]) -> Vec<(f32, f32)> {
    let mut judged = Vec::new();
    for fold in 0..FOLDS {
        let (out, part): (Vec<&Mail>, Vec<&Mail>) =
            mails.iter().copied().partition(|mail| fold_of(mail) == fold);
        let table = first::train(&part).table();
        for mail in out.into_iter().filter(|mail| !mail.row.injection) {
            let odds = mail.anatomy.heat(&table) + RULES * f32::from(mail.anatomy.by_rules) / 100.0;
            judged.push((Kind::of(&mail.row), odds));
        }
    }
    knots_of(judged.into_iter(), &ALONE)
}

/// The knots that keep the promises to mail without injection with these log-odds.
pub(crate) fn knots_of(judged: impl Iterator<Item = (Kind, f32)>, leniency: &Leniency) -> Vec<(f32, f32)> {
    let mut judged: Vec<(Kind, f32)> = judged.collect();
    judged.sort_by(|a, b| a.1.total_cmp(&b.1));
    let kinds = [(Kind::Ordinary, 1.0), (Kind::Hard, leniency.hard), (Kind::Spam, leniency.spam)];
    let kinds = kinds.map(|(kind, lenient)| {
        let odds = judged.iter().filter(|(of, _)| *of == kind).map(|(_, odds)| *odds).collect::<Vec<f32>>();
        (lenient, odds)
    });
    let mut knots: Vec<(f32, f32)> = Vec::new();
    for (score, share) in PROMISES {
        let reached = kinds.iter().map(|(lenient, odds)| reached_by(odds, (share * lenient).min(0.5)));
        // Scores rise with the odds, however few mails are left to tell.
        let least = knots.last().map_or(f32::MIN, |(last, _)| last + 0.05);
        knots.push((reached.fold(least, f32::max), score));
    }
    let (low, high) = (knots[0].0, knots[knots.len() - 1].0);
    knots.insert(0, (low - 3.0, 0.0));
    knots.push((high + 2.0, 99.0));
    crate::note(&format!("calibrated: {knots:?}"));
    knots
}

/// The odds that no more than a share of mails reach.
fn reached_by(ascending: &[f32], share: f64) -> f32 {
    let above = (ascending.len() as f64 * share) as usize;
    ascending.iter().rev().nth(above).map_or(f32::MIN, |odds| odds + 1e-3)
}

/// What belongs together stays together: a sitting, a source; a source of its own kind is cut by row.
fn fold_of(mail: &Mail) -> usize {
    let key = if mail.row.own { &mail.row.source } else { &mail.row.id };
    key.bytes().fold(17_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())) % FOLDS
}
