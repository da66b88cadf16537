//! How fast a part is sealed and opened: `cargo bench -p mailward-vault`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{InboxId, MessageId, TenantId};
use mailward_mail::random::Random;
use mailward_vault::{MessageContext, PartKind, TenantKey};

fn seal_and_open(c: &mut Criterion) {
    let (clock, random) = (Clock::manual(Timestamp(1_795_341_600_000)), Random::seeded(1));
    let tenant = TenantId::parse("ada").expect("a slug");
    let (inbox, message) = (InboxId::generate(&clock, &random), MessageId::generate(&clock, &random));
    let ctx = MessageContext { region: "local", tenant: &tenant, inbox: &inbox, message: &message };
    let (key, _) = TenantKey::generate(1, &random).new_message_key(&ctx, &random);

    for size in [4 << 10, 64 << 10, 1 << 20] {
        let mut plain = vec![0; size];
        random.fill(&mut plain);
        let sealed = key.seal(&ctx, PartKind::Raw, 0, &plain);
        let mut group = c.benchmark_group(format!("{} KiB", size >> 10));
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function("seal", |b| b.iter(|| key.seal(&ctx, PartKind::Raw, 0, black_box(&plain))));
        group.bench_function("open", |b| {
            b.iter(|| key.open(&ctx, PartKind::Raw, 0, black_box(sealed.as_bytes())).expect("its own part"));
        });
        group.finish();
    }
}

criterion_group!(benches, seal_and_open);
criterion_main!(benches);
