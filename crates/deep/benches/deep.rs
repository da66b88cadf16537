//! Milliseconds a mail: one window of 32, 64 and 96 pieces, and the four hottest windows of a long mail.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mailward_deep::{Deep, Window};

/// Most words of it are one piece.
const PROSE: &str = "Please find the minutes of the last meeting below and let us know by Friday if you would like to \
    change something before we send them to the members of the board and to the people who asked for them last \
    month so that we can talk about the new building and the money that we need for it in the next year as well as \
    the work on the roof and the garden which has to be done before the summer when the guests from the other town come";

fn words(count: usize) -> String {
    PROSE.split(' ').cycle().take(count).collect::<Vec<_>>().join(" ")
}

fn reading(criterion: &mut Criterion) {
    let deep = Deep::load(1).expect("the shipped model is read");
    let mut group = criterion.benchmark_group("deep");
    group.sample_size(40);
    for pieces in [32, 64, 96] {
        let text = words(pieces - 2);
        let window = Window { text: &text, subject: "" };
        group.bench_function(format!("1 window of {pieces} pieces"), |bencher| {
            bencher.iter(|| black_box(deep.probabilities(&[window])));
        });
    }
    let text = words(62);
    let four = [Window { text: &text, subject: "" }; 4];
    group.bench_function("4 windows of 64 pieces", |bencher| {
        bencher.iter(|| black_box(deep.probabilities(&four)))
    });
    group.finish();
    criterion.bench_function("deep/load", |bencher| {
        bencher.iter(|| Deep::load(1).expect("the shipped model is read"))
    });
}

criterion_group!(benches, reading);
criterion_main!(benches);
