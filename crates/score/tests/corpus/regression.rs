//! Logistic regression over sparse yes-or-no features, and the area under its curve. Deterministic: all mails in each
//! step, weights from nought.

const STEPS: usize = 150;
const RATE: f64 = 2.0;
/// Pulls weights towards nought, so that rare features say little.
const DECAY: f64 = 2e-3;

/// Trains on rows of feature numbers below `features`; the answer has a weight for each, and the bias last.
pub(crate) fn train(rows: &[(&[usize], bool)], features: usize) -> Vec<f64> {
    let mut weights = vec![0.0; features + 1];
    for _ in 0..STEPS {
        let mut slope = vec![0.0; features + 1];
        for (row, positive) in rows {
            let error = 1.0 / (1.0 + (-sum(&weights, row)).exp()) - f64::from(u8::from(*positive));
            for &feature in *row {
                slope[feature] += error;
            }
            slope[features] += error;
        }
        for (weight, slope) in weights.iter_mut().zip(slope) {
            *weight -= RATE * (slope / rows.len() as f64 + DECAY * *weight);
        }
    }
    weights
}

/// The log-odds of one row.
pub(crate) fn sum(weights: &[f64], row: &[usize]) -> f64 {
    weights.last().copied().unwrap_or_default() + row.iter().map(|feature| weights[*feature]).sum::<f64>()
}

/// The chance that a positive is above a negative; equals count half.
pub(crate) fn area(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut won, mut at) = (0.0, 0.0, 0);
    while at < scored.len() {
        let equal = scored[at..].partition_point(|one| one.0 <= scored[at].0);
        let positives = scored[at..at + equal].iter().filter(|one| one.1).count() as f64;
        let negatives = equal as f64 - positives;
        won += positives * (below + negatives / 2.0);
        below += negatives;
        at += equal;
    }
    won / (below * scored.iter().filter(|one| one.1).count() as f64)
}

#[test]
fn what_is_told_by_a_feature_is_learnt_and_what_is_not_is_chance() {
    let told: Vec<Vec<usize>> = (0..200).map(|n| vec![n % 2, 2 + n % 7]).collect();
    let rows = |label: fn(usize) -> bool| -> Vec<(&[usize], bool)> {
        told.iter().enumerate().map(|(n, row)| (row.as_slice(), label(n))).collect()
    };
    let result = |rows: Vec<(&[usize], bool)>| {
        let weights = train(&rows, 9);
        area(rows.iter().map(|(row, positive)| (sum(&weights, row), *positive)).collect())
    };
    assert!(result(rows(|n| n % 2 == 0)) > 0.99);
    assert!(result(rows(|n| n % 4 < 2)) < 0.6);
    assert!((area(vec![(1.0, true), (1.0, false)]) - 0.5).abs() < 1e-9);
}
