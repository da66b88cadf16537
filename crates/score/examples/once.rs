//! Scores one of the benches' mails a number of times, for counting instructions and allocations from outside:
//! `once text|html|subject REPETITIONS`. See `benches/instructions`.

#[path = "../benches/cases.rs"]
mod cases;

use std::hint::black_box;

use mailward_score::{Policy, Sample, score, warm_up};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_default();
    let repetitions: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (text, html) = match kind.as_str() {
        "html" => (String::new(), cases::newsletter(30 * 1024)),
        _ => (cases::prose(4 * 1024), String::new()),
    };
    let sample = Sample { text: &text, html: &html, ..Sample::default() };
    warm_up();
    for _ in 0..repetitions {
        black_box(score(black_box(&sample), &Policy::default()));
    }
}
