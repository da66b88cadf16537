//! The known key that a mistyped one is closest to.

use super::keys::KEYS;

/// The key that the writer most likely meant.
pub(super) fn nearest(written: &str) -> &'static str {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |name: &str| {
        let whole = edits(written, name);
        // `listen` for `smtp.listen`: a forgotten section is one mistake, however long its name.
        whole.min(1 + edits(&last(written), &last(name)) + usize::from(written.contains('.')))
    };
    // The whole name decides between equals, so that `smpt.listen` is not `http.listen`.
    KEYS.iter()
        .map(|key| key.name)
        .min_by_key(|name| (distance(name), edits(written, name)))
        .unwrap_or_default()
}

/// Insertions, deletions, replacements and swaps of neighbours that make one text of the other.
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().take(200).collect(), to.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut cost = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_finds_its_key() {
        for (written, meant) in [
            ("smpt.listen", "smtp.listen"),
            ("smtp.listne", "smtp.listen"),
            ("datadir", "data_dir"),
            ("max_connections", "smtp.max_connections"),
            ("http.max_recipients", "smtp.max_recipients"),
            ("screening.holds", "screening.hold"),
            ("webhook.allow_private", "webhooks.allow_private"),
            ("smtp.max_conections_per_ip", "smtp.max_connections_per_ip"),
        ] {
            assert_eq!(nearest(written), meant, "{written}");
        }
    }

    #[test]
    fn edits_are_counted_with_swaps_as_one() {
        assert_eq!(
            [edits("ab", "ba"), edits("", "abc"), edits("abc", "abc"), edits("kitten", "sitting")],
            [1, 3, 0, 3]
        );
    }
}
