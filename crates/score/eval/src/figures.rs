//! How well scores tell injections from other mail.

/// Area under the ROC curve; ties count half.
#[must_use]
pub fn auc(positive: &[f32], negative: &[f32]) -> f64 {
    let mut all: Vec<(f32, bool)> =
        positive.iter().map(|s| (*s, true)).chain(negative.iter().map(|s| (*s, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut at) = (0.0, 0);
    while at < all.len() {
        let mut end = at;
        while end < all.len() && all[end].0 == all[at].0 {
            end += 1;
        }
        let hits = all[at..end].iter().filter(|(_, positive)| *positive).count();
        ranks += hits as f64 * (at + 1 + end) as f64 / 2.0;
        at = end;
    }
    let (p, n) = (positive.len() as f64, negative.len() as f64);
    (ranks - p * (p + 1.0) / 2.0) / (p * n)
}

/// The score that at most this share of the negatives lies above. There must be negatives.
#[must_use]
pub fn threshold(negative: &[f32], share: f64) -> f32 {
    let mut sorted = negative.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted[((share * sorted.len() as f64) as usize).min(sorted.len() - 1)]
}

/// The share of scores above a threshold.
#[must_use]
pub fn above(scores: &[f32], threshold: f32) -> f64 {
    scores.iter().filter(|s| **s > threshold).count() as f64 / scores.len().max(1) as f64
}

/// The share of scores at a bound or above.
#[must_use]
pub fn reaching(scores: &[f32], bound: f32) -> f64 {
    scores.iter().filter(|s| **s >= bound).count() as f64 / scores.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auc_is_the_share_of_pairs_in_the_right_order() {
        assert!((auc(&[3.0, 1.0], &[2.0, 0.0]) - 0.75).abs() < 1e-9);
        assert!((auc(&[1.0], &[1.0]) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_threshold_lets_no_more_than_its_share_above() {
        let negatives: Vec<f32> = (0..1000_u16).map(f32::from).collect();
        let bound = threshold(&negatives, 0.01);
        assert!((above(&negatives, bound) - 0.01).abs() < 1e-9);
        assert!(above(&[5.0; 100], threshold(&[5.0; 100], 0.01)) < 1e-9, "ties count against the scorer");
    }
}
