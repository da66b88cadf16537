//! The first stage: a linear model over the features of a window.

use std::collections::BTreeMap;
use std::path::Path;

use mailward_score::training::{DAMP, FEATURES, Table};

use crate::figures::{above, auc, threshold};
use crate::mails::{Mail, lay_out};
use crate::random::Random;
use crate::windows::{Window, covered, of};
use crate::{rows, second};

/// A linear model over hashed features, trained by AdaGrad (Duchi, Hazan and Singer 2011).
pub struct Linear {
    pub weights: Vec<f32>,
    pub bias: f32,
    squares: Vec<f32>,
    bias_square: f32,
}

impl Linear {
    pub fn new() -> Self {
        Self { weights: vec![0.0; FEATURES], bias: 0.0, squares: vec![1e-6; FEATURES], bias_square: 1e-6 }
    }

    fn ids<'m>(mail: &'m Mail, window: &Window) -> &'m [u32] {
        mail.anatomy.views[window.view].ids(window.start, window.end)
    }

    pub fn score(&self, mail: &Mail, window: &Window) -> f32 {
        let ids = Self::ids(mail, window);
        let scale = 1.0 / (ids.len() as f32 + DAMP).sqrt();
        self.bias + scale * ids.iter().map(|id| self.weights[*id as usize]).sum::<f32>()
    }

    fn learn(&mut self, mail: &Mail, window: &Window, target: f32, weight: f32, rate: f32, l2: f32) {
        let ids = Self::ids(mail, window);
        let scale = 1.0 / (ids.len() as f32 + DAMP).sqrt();
        let score = self.bias + scale * ids.iter().map(|id| self.weights[*id as usize]).sum::<f32>();
        let error = (1.0 / (1.0 + (-score).exp()) - target) * weight;
        for id in ids {
            let id = *id as usize;
            let gradient = error * scale + l2 * self.weights[id];
            self.squares[id] += gradient * gradient;
            self.weights[id] -= rate * gradient / self.squares[id].sqrt();
        }
        self.bias_square += error * error;
        self.bias -= rate * error / self.bias_square.sqrt();
    }
}

/// The weight of a row in training.
fn weight(row: &rows::Row) -> f32 {
    if row.own {
        return 1.0;
    }
    match row.kind.as_str() {
        "indirect_email" | "indirect_doc" => 0.5,
        "direct" => 0.3,
        "jailbreak" | "benign_chat" => 0.1,
        _ => 0.5,
    }
}

pub fn train(mails: &[&Mail], epochs: usize, rate: f32, l2: f32) -> Linear {
    let mut model = Linear::new();
    let mut random = Random::new(7);
    let windows: Vec<Vec<Window>> = mails.iter().map(|mail| of(mail)).collect();
    let mut order: Vec<usize> = (0..mails.len()).collect();
    for epoch in 0..epochs {
        random.shuffle(&mut order);
        for &at in &order {
            let (mail, windows) = (mails[at], &windows[at]);
            if windows.is_empty() {
                continue;
            }
            let weight = weight(&mail.row);
            if mail.row.injection {
                if mail.marked {
                    let hot: Vec<&Window> = windows
                        .iter()
                        .filter(|window| {
                            let (share, part) = covered(mail, window);
                            share >= 0.6 || part >= 0.7
                        })
                        .collect();
                    for _ in 0..3.min(hot.len()) {
                        let window = hot[random.below(hot.len())];
                        model.learn(mail, window, 1.0, weight, rate, l2);
                    }
                } else {
                    let best =
                        windows.iter().max_by(|a, b| model.score(mail, a).total_cmp(&model.score(mail, b)));
                    if let Some(best) = best {
                        model.learn(mail, best, 1.0, weight, rate, l2);
                    }
                }
                // The rest of the mail is innocent.
                if mail.marked {
                    for _ in 0..2 {
                        let window = &windows[random.below(windows.len())];
                        if covered(mail, window).1 == 0.0
                            && covered(mail, window).0 == 0.0
                            && mail.marks[window.view].iter().any(|m| *m)
                        {
                            model.learn(mail, window, 0.0, weight, rate, l2);
                        }
                    }
                }
            } else {
                for _ in 0..3.min(windows.len()) {
                    model.learn(mail, &windows[random.below(windows.len())], 0.0, weight, rate, l2);
                }
                if epoch > 0 {
                    let best =
                        windows.iter().max_by(|a, b| model.score(mail, a).total_cmp(&model.score(mail, b)));
                    if let Some(best) = best {
                        model.learn(mail, best, 0.0, weight, rate, l2);
                    }
                }
            }
        }
    }
    model
}

pub fn hottest(model: &Linear, mail: &Mail) -> f32 {
    of(mail).iter().map(|window| model.score(mail, window)).fold(-20.0, f32::max)
}

impl Linear {
    /// The weights as they ship: a byte each.
    pub fn table(&self) -> Table {
        let mut sizes: Vec<f32> = self.weights.iter().map(|w| w.abs()).filter(|w| *w > 0.0).collect();
        sizes.sort_by(f32::total_cmp);
        // The few heaviest are cut, so that the many are fine.
        let top = sizes.get(sizes.len() * 9995 / 10000).copied().unwrap_or(1.0);
        let scale = top / 127.0;
        let weights = self.weights.iter().map(|w| (w / scale).round().clamp(-127.0, 127.0) as i8).collect();
        Table { scale, bias: self.bias, weights }
    }
}

pub fn try_out(data: &Path, dev: &Path, corpus: &Path) -> std::io::Result<()> {
    let started = std::time::Instant::now();
    let mut all = rows::foreign(data)?;
    all.retain(|row| !row.weak && row.source != "tensortrust");
    let own = lay_out(rows::own(corpus)?);
    let foreign = lay_out(all);
    let dev = lay_out(rows::foreign(dev)?);
    eprintln!(
        "laid out in {:?}: own {} foreign {} dev {}",
        started.elapsed(),
        own.len(),
        foreign.len(),
        dev.len()
    );
    let unmarked = own.iter().filter(|m| m.row.injection && !m.marked).count();
    eprintln!("own injections without their payload found: {unmarked}");
    let set: Vec<&Mail> = own.iter().filter(|m| !m.row.held_out).chain(&foreign).collect();
    let (epochs, rate, l2) = (4, 0.1, 1e-3);
    let folds = 5;
    let fold = |mail: &Mail| {
        // What belongs together stays together: a sitting, a source; large sources are cut by line.
        let key = if mail.row.own {
            mail.row.source.clone()
        } else {
            format!("{}{}", mail.row.source, mail.row.id.len() % 3)
        };
        key.bytes().fold(7_usize, |h, b| h.wrapping_mul(31).wrapping_add(b as usize)) % folds
    };
    let mut examples = Vec::new();
    for out in 0..folds {
        let part: Vec<&Mail> = set.iter().copied().filter(|m| fold(m) != out).collect();
        let table = train(&part, epochs, rate, l2).table();
        for mail in set.iter().filter(|m| fold(m) == out) {
            examples.push((mail.anatomy.numbers(&table), mail.row.injection, second::weight(&mail.row)));
        }
    }
    eprintln!("folds {:?}", started.elapsed());
    let table = train(&set, epochs, rate, l2).table();
    for (hidden, l2) in [(0, 1e-4), (0, 1e-3), (8, 1e-4), (16, 1e-4)] {
        let mix = second::train(&examples, hidden, l2);
        eprintln!("\nsecond stage hidden {hidden} l2 {l2}: {:?}", started.elapsed());
        report(&own, &dev, |mail| mix.score(&mail.anatomy.numbers(&table)));
        report(&own, &dev, |mail| {
            mix.score(&mail.anatomy.numbers(&table))
                + f32::from(u8::from(mail.anatomy.by_rules >= 50)) * f32::from(mail.anatomy.by_rules)
        });
    }
    eprintln!("\nrules alone");
    report(&own, &dev, |mail| f32::from(mail.anatomy.by_rules));
    Ok(())
}

fn report(own: &[Mail], dev: &[Mail], score: impl Fn(&Mail) -> f32) {
    let own_scores: Vec<(&Mail, f32)> = own.iter().map(|mail| (mail, score(mail))).collect();
    let part = |injection: bool, held: bool| -> Vec<f32> {
        own_scores
            .iter()
            .filter(|(m, _)| m.row.injection == injection && m.row.held_out == held)
            .map(|(_, s)| *s)
            .collect()
    };
    for held in [false, true] {
        let (p, n) = (part(true, held), part(false, held));
        eprintln!(
            "own held_out={held} {}/{}: AUC {:.3} R@1% {:.3} R@.1% {:.3}",
            p.len(),
            n.len(),
            auc(&p, &n),
            above(&p, threshold(&n, 0.01)),
            above(&p, threshold(&n, 0.001))
        );
    }
    let scores: Vec<(&Mail, f32)> = dev.iter().map(|mail| (mail, score(mail))).collect();
    let benign: Vec<f32> = scores
        .iter()
        .filter(|(m, _)| !m.row.injection && m.row.kind == "benign_mail")
        .map(|(_, s)| *s)
        .collect();
    let (t1, t01) = (threshold(&benign, 0.01), threshold(&benign, 0.001));
    let mut groups: BTreeMap<(String, String), Vec<f32>> = BTreeMap::new();
    for (mail, s) in &scores {
        if mail.row.injection && !mail.row.weak {
            groups.entry((mail.row.kind.clone(), mail.row.source.clone())).or_default().push(*s);
        }
    }
    let mut mean = (0.0, 0.0, 0.0, 0.0);
    for ((kind, source), s) in &groups {
        let line = (auc(s, &benign), above(s, t1), above(s, t01));
        eprintln!(
            "  {source:24} {kind:16} {:5} AUC {:.3} R@1% {:.3} R@.1% {:.3}",
            s.len(),
            line.0,
            line.1,
            line.2
        );
        if kind.starts_with("indirect") && s.len() >= 20 {
            mean = (mean.0 + line.0, mean.1 + line.1, mean.2 + line.2, mean.3 + 1.0);
        }
    }
    eprintln!("  MEAN AUC {:.3} R@1% {:.3} R@.1% {:.3}", mean.0 / mean.3, mean.1 / mean.3, mean.2 / mean.3);
    let mut negatives: BTreeMap<(String, String), Vec<f32>> = BTreeMap::new();
    for (mail, s) in &scores {
        if !mail.row.injection {
            negatives.entry((mail.row.kind.clone(), mail.row.source.clone())).or_default().push(*s);
        }
    }
    for ((kind, source), s) in &negatives {
        eprint!("  {source}/{kind} {:.3};", above(s, t1));
    }
    eprintln!();
}
