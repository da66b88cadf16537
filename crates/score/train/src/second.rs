//! The second stage: what a message's evidence comes to.

use mailward_score::training::NUMBERS;

use crate::random::Random;
use crate::rows::Row;

pub type Example = ([f32; NUMBERS], bool, f32);

/// How much a row counts: mail is what the model is for.
pub fn weight(row: &Row) -> f32 {
    if row.own {
        return 1.5;
    }
    match row.kind.as_str() {
        "benign_mail" => 1.0,
        "indirect_email" | "indirect_doc" => 0.7,
        "benign_hard" | "spam_no_injection" => 0.7,
        "direct" => 0.2,
        _ => 0.05,
    }
}

/// A perceptron with one hidden layer, or none.
pub struct Mix {
    hidden: Vec<[f32; NUMBERS + 1]>,
    out: Vec<f32>,
    direct: [f32; NUMBERS + 1],
}

impl Mix {
    fn layer(&self, x: &[f32; NUMBERS]) -> Vec<f32> {
        self.hidden
            .iter()
            .map(|row| (row[NUMBERS] + row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>()).tanh())
            .collect()
    }

    pub fn score(&self, x: &[f32; NUMBERS]) -> f32 {
        let layer = self.layer(x);
        self.direct[NUMBERS]
            + self.direct.iter().zip(x).map(|(w, x)| w * x).sum::<f32>()
            + self.out.iter().zip(&layer).map(|(w, h)| w * h).sum::<f32>()
    }
}

pub fn train(examples: &[Example], hidden: usize, l2: f32) -> Mix {
    let mut random = Random::new(11);
    let mut uniform = move || (random.next() >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
    let mut mix = Mix {
        hidden: (0..hidden).map(|_| std::array::from_fn(|_| uniform() * 0.5)).collect(),
        out: (0..hidden).map(|_| uniform() * 0.5).collect(),
        direct: [0.0; NUMBERS + 1],
    };
    let mut squares = Mix {
        hidden: vec![[1e-6; NUMBERS + 1]; hidden],
        out: vec![1e-6; hidden],
        direct: [1e-6; NUMBERS + 1],
    };
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = Random::new(5);
    let step = |w: &mut f32, s: &mut f32, g: f32, rate: f32| {
        let g = g + l2 * *w;
        *s += g * g;
        *w -= rate * g / s.sqrt();
    };
    for _ in 0..40 {
        random.shuffle(&mut order);
        for &at in &order {
            let (x, label, weight) = &examples[at];
            let layer = mix.layer(x);
            let error = (1.0 / (1.0 + (-mix.score(x)).exp()) - f32::from(u8::from(*label))) * weight;
            for h in 0..hidden {
                let back = error * mix.out[h] * (1.0 - layer[h] * layer[h]);
                step(&mut mix.out[h], &mut squares.out[h], error * layer[h], 0.05);
                for i in 0..=NUMBERS {
                    let value = if i == NUMBERS { 1.0 } else { x[i] };
                    step(&mut mix.hidden[h][i], &mut squares.hidden[h][i], back * value, 0.05);
                }
            }
            for i in 0..=NUMBERS {
                let value = if i == NUMBERS { 1.0 } else { x[i] };
                step(&mut mix.direct[i], &mut squares.direct[i], error * value, 0.05);
            }
        }
    }
    mix
}
