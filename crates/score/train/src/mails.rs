//! Lays messages out as the scorer sees them, and marks the words of the attack.

use std::collections::HashSet;

use mailward_mail::parsed::parse;
use mailward_mail::prescan::Bounds;
use mailward_mail::sample::sample;
use mailward_score::Sample;
use mailward_score::training::{Anatomy, Text, hashes};

use mailward_score_eval::rows::Row;

/// A message with its layout.
pub(crate) struct Mail {
    /// The label and where it came from.
    pub(crate) row: Row,
    /// The views and what the rules say.
    pub(crate) anatomy: Anatomy,
    /// For each view, for each word, whether it belongs to the attack.
    pub(crate) marks: Vec<Vec<bool>>,
    /// Whether the attack's words are known and were found.
    pub(crate) marked: bool,
}

/// Lays out many messages on all cores. What cannot be parsed is left out.
pub(crate) fn lay_out(rows: Vec<Row>) -> Vec<Mail> {
    in_parallel(rows, |row| {
        let anatomy = with_sample(&row, Anatomy::of)?;
        let (marks, marked) = mark(&row, &anatomy);
        Some(Mail { row, anatomy, marks, marked })
    })
}

/// Works on rows on all cores, each with a deep stack for hostile mail; keeps their order.
pub(crate) fn in_parallel<T: Send>(mut rows: Vec<Row>, work: impl Fn(Row) -> Option<T> + Sync) -> Vec<T> {
    const STACK: usize = 64 << 20;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let chunk = rows.len().div_ceil(threads).max(1);
    let mut parts = Vec::new();
    while !rows.is_empty() {
        let rest = rows.split_off(chunk.min(rows.len()));
        parts.push(std::mem::replace(&mut rows, rest));
    }
    let work = &work;
    std::thread::scope(|scope| {
        let start = |part: Vec<Row>| {
            let work = move || part.into_iter().filter_map(work).collect::<Vec<T>>();
            std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).expect("a thread starts")
        };
        let running: Vec<_> = parts.into_iter().map(start).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("the work does not panic")).collect()
    })
}

/// Hands a row over as the scorer takes it; `None` if it cannot be parsed.
pub(crate) fn with_sample<T>(row: &Row, work: impl FnOnce(&Sample<'_>) -> T) -> Option<T> {
    if !row.eml.is_empty() {
        let parsed = parse(row.eml.as_bytes(), &Bounds::default()).ok()?;
        return Some(work(&sample(&parsed)));
    }
    let (from_name, from_address) = row.author();
    Some(work(&Sample {
        subject: &row.subject,
        from_name,
        from_address,
        text: &row.text,
        html: &row.html,
        ..Sample::default()
    }))
}

/// Marks the words of each view that stand in the payload.
fn mark(row: &Row, anatomy: &Anatomy) -> (Vec<Vec<bool>>, bool) {
    let pieces: Vec<Vec<u32>> = row.payload.iter().map(|piece| hashes(piece)).collect();
    let mut marked = false;
    let marks = anatomy
        .views
        .iter()
        .map(|view| {
            let marks = mark_view(view, &pieces);
            marked |= marks.iter().any(|mark| *mark);
            marks
        })
        .collect();
    (marks, marked)
}

fn mark_view(view: &Text, pieces: &[Vec<u32>]) -> Vec<bool> {
    let words = view.hashes();
    let mut marks = vec![false; words.len()];
    for piece in pieces {
        let width = piece.len().min(3);
        if width == 0 {
            continue;
        }
        let runs: HashSet<&[u32]> = piece.windows(width).collect();
        let mut found = vec![false; marks.len()];
        for (at, run) in words.windows(width).enumerate() {
            if runs.contains(run) {
                found[at..at + width].fill(true);
            }
        }
        // Some words in common are chance; the attack is where many stand together.
        if found.iter().filter(|mark| **mark).count() * 2 >= piece.len() {
            for (mark, found) in marks.iter_mut().zip(found) {
                *mark |= found;
            }
        }
    }
    marks
}
