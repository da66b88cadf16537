//! Learns what each feature of a window is worth: logistic regression by AdaGrad (Duchi, Hazan and Singer 2011).
//!
//! A mail's label says nothing of its windows. Where the words of the attack are known, the windows on them are the
//! examples; where not, the hottest window is (Andrews, Tsochantaridis and Hofmann 2003), and for innocent mail the
//! hottest is the lesson worth most.

use mailward_score::training::{DAMP, FEATURES, Table};
use mailward_score_eval::rows::Row;

use crate::mails::Mail;
use crate::random::Random;
use crate::windows::{Window, covered, of};

const EPOCHS: usize = 4;
const RATE: f32 = 0.1;
const L2: f32 = 5e-3;
const SEED: u64 = 7;
/// A window is attack if so much of it is, or if it holds so much of the attack.
const SHARE: f32 = 0.6;
const PART: f32 = 0.7;

/// What was learnt so far.
pub(crate) struct Linear {
    weights: Vec<f32>,
    bias: f32,
    squares: Vec<f32>,
    bias_square: f32,
}

impl Linear {
    fn new() -> Self {
        Self { weights: vec![0.0; FEATURES], bias: 0.0, squares: vec![1e-6; FEATURES], bias_square: 1e-6 }
    }

    fn score(&self, ids: &[u32]) -> f32 {
        let sum: f32 = ids.iter().map(|id| self.weights[*id as usize]).sum();
        self.bias + scale(ids) * sum
    }

    fn learn(&mut self, ids: &[u32], attack: bool, weight: f32) {
        let target = f32::from(u8::from(attack));
        let error = (1.0 / (1.0 + (-self.score(ids)).exp()) - target) * weight;
        let scale = scale(ids);
        for id in ids {
            let id = *id as usize;
            let gradient = error * scale + L2 * self.weights[id];
            self.squares[id] += gradient * gradient;
            self.weights[id] -= RATE * gradient / self.squares[id].sqrt();
        }
        self.bias_square += error * error;
        self.bias -= RATE * error / self.bias_square.sqrt();
    }

    /// The weights as they ship: a byte each.
    pub(crate) fn table(&self) -> Table {
        let mut sizes: Vec<f32> = self.weights.iter().map(|w| w.abs()).filter(|w| *w > 0.0).collect();
        sizes.sort_by(f32::total_cmp);
        // The few heaviest are cut, so that the steps are fine for the many.
        let scale = sizes.get(sizes.len() * 9995 / 10000).copied().unwrap_or(1.0) / 127.0;
        let byte = |w: &f32| (w / scale).round().clamp(-127.0, 127.0) as i8;
        Table {
            scale,
            bias: self.bias,
            weights: self.weights.iter().map(|w| byte(w).cast_unsigned()).collect(),
        }
    }
}

fn scale(ids: &[u32]) -> f32 {
    1.0 / (ids.len() as f32 + DAMP).sqrt()
}

/// How much a row counts: the model is for mail, and what was written for it counts most.
fn weight(row: &Row) -> f32 {
    match row.kind.as_str() {
        _ if row.own => 1.0,
        "direct" => 0.3,
        "jailbreak" | "benign_chat" => 0.1,
        _ => 0.5,
    }
}

/// Learns from mails.
pub(crate) fn train(mails: &[&Mail]) -> Linear {
    let mut model = Linear::new();
    let mut random = Random::new(SEED);
    let windows: Vec<Vec<Window>> = mails.iter().map(|mail| of(mail)).collect();
    let mut order: Vec<usize> = (0..mails.len()).collect();
    for epoch in 0..EPOCHS {
        random.shuffle(&mut order);
        for &at in &order {
            if !windows[at].is_empty() {
                lesson(&mut model, &mut random, mails[at], &windows[at], epoch > 0);
            }
        }
    }
    model
}

fn lesson(model: &mut Linear, random: &mut Random, mail: &Mail, windows: &[Window], mine: bool) {
    let weight = weight(&mail.row);
    let hottest = |model: &Linear| {
        let heat = |window: &&Window| model.score(ids(mail, window));
        windows.iter().max_by(|a, b| heat(a).total_cmp(&heat(b))).copied()
    };
    if !mail.row.injection {
        for _ in 0..3.min(windows.len()) {
            model.learn(ids(mail, &windows[random.below(windows.len())]), false, weight);
        }
        if let Some(window) = hottest(model).filter(|_| mine) {
            model.learn(ids(mail, &window), false, weight);
        }
        return;
    }
    if !mail.marked {
        if let Some(window) = hottest(model) {
            model.learn(ids(mail, &window), true, weight);
        }
        return;
    }
    let attack: Vec<&Window> = windows
        .iter()
        .filter(|window| {
            let (share, part) = covered(mail, window);
            share >= SHARE || part >= PART
        })
        .collect();
    for _ in 0..3.min(attack.len()) {
        model.learn(ids(mail, attack[random.below(attack.len())]), true, weight);
    }
    // What stands around the attack in the same text is innocent.
    for _ in 0..2 {
        let window = &windows[random.below(windows.len())];
        if covered(mail, window) == (0.0, 0.0) && mail.marks[window.view].contains(&true) {
            model.learn(ids(mail, window), false, weight);
        }
    }
}

fn ids<'m>(mail: &'m Mail, window: &Window) -> &'m [u32] {
    mail.anatomy.views[window.view].ids(window.start, window.end)
}
