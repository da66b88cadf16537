//! Microseconds a message: 4 KB of plain text and 30 KB of HTML, written like business mail.

mod cases;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mailward_score::{Policy, Sample, score};

use cases::{newsletter, prose};

fn scoring(criterion: &mut Criterion) {
    let policy = Policy::default();
    let text = prose(4 * 1024);
    let html = newsletter(30 * 1024);
    let mut group = criterion.benchmark_group("score");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("text 4 KB", |bencher| {
        bencher.iter(|| score(black_box(&Sample::text(&text)), &policy))
    });
    group.throughput(Throughput::Bytes(html.len() as u64));
    group.bench_function("html 30 KB", |bencher| {
        let sample = Sample { html: &html, ..Sample::default() };
        bencher.iter(|| score(black_box(&sample), &policy));
    });
    group.finish();
}

criterion_group!(benches, scoring);
criterion_main!(benches);
