//! The third lock with the others open: whoever can move sealed bytes as they like still reads nothing of anybody's.
//!
//! Ten thousand random swaps between tenants, inboxes, messages and kinds of part. `MAILWARD_SWAPS` asks for another
//! count, `MAILWARD_SEED` for other swaps.

use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{InboxId, MessageId, TenantId};
use mailward_mail::random::Random;
use mailward_vault::{MessageContext, PartKind, TenantKey, WrappedDek};

/// A message as the store keeps it, and its tenant's key.
struct Stored {
    tenant: TenantId,
    inbox: InboxId,
    message: MessageId,
    key: TenantKey,
    dek: WrappedDek,
    parts: [Vec<u8>; 3],
}

impl Stored {
    fn context(&self) -> MessageContext<'_> {
        MessageContext { region: "local", tenant: &self.tenant, inbox: &self.inbox, message: &self.message }
    }

    /// What a reader of this message finds when these bytes lie where its own should.
    fn read(&self, dek: &WrappedDek, kind: PartKind, sealed: &[u8]) -> Option<Vec<u8>> {
        let key = self.key.open_message_key(&self.context(), dek).ok()?;
        let whole = key.open(&self.context(), kind, 0, sealed);
        let begin = key.open_range(&self.context(), kind, 0, sealed, 0..1);
        assert_eq!(whole.is_ok(), begin.is_ok(), "whole and in part alike");
        whole.ok()
    }
}

/// Four tenants with three inboxes of four messages each.
fn store(random: &Random) -> Vec<Stored> {
    let clock = Clock::manual(Timestamp(1_795_341_600_000));
    let mut all = Vec::new();
    for name in ["ada", "bob", "cem", "dot"] {
        let tenant = TenantId::parse(name).expect("a slug");
        let key = TenantKey::generate(1, random);
        for _ in 0..3 {
            let inbox = InboxId::generate(&clock, random);
            for _ in 0..4 {
                let message = MessageId::generate(&clock, random);
                let context =
                    MessageContext { region: "local", tenant: &tenant, inbox: &inbox, message: &message };
                let (message_key, dek) = key.new_message_key(&context, random);
                let parts = PartKind::ALL.map(|kind| {
                    let text = format!("{tenant} {inbox} {message} {}", kind.as_str());
                    message_key.seal(&context, kind, 0, text.as_bytes()).into_bytes()
                });
                let (tenant, inbox, key) = (tenant.clone(), inbox.clone(), key.clone());
                all.push(Stored { tenant, inbox, message, key, dek, parts });
            }
        }
    }
    all
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn ten_thousand_swaps_open_nothing() {
    let (swaps, seed) = (number("MAILWARD_SWAPS", 10_000), number("MAILWARD_SEED", 20_261_122));
    let random = Random::seeded(seed);
    let below = |n: usize| usize::from_le_bytes(random.bytes()) % n;
    let all = store(&random);
    // Where each lies, it opens: what follows fails for being elsewhere.
    for one in &all {
        for (at, kind) in PartKind::ALL.into_iter().enumerate() {
            let text = format!("{} {} {} {}", one.tenant, one.inbox, one.message, kind.as_str());
            assert_eq!(one.read(&one.dek, kind, &one.parts[at]), Some(text.into_bytes()));
        }
    }
    let (mut tenants, mut inboxes, mut messages, mut kinds) = (0, 0, 0, 0);
    let mut done = 0;
    while done < swaps {
        let (reader, source) = (&all[below(all.len())], &all[below(all.len())]);
        let (to, from) = (below(3), below(3));
        if reader.message == source.message && to == from {
            continue;
        }
        done += 1;
        match () {
            () if reader.tenant != source.tenant => tenants += 1,
            () if reader.inbox != source.inbox => inboxes += 1,
            () if reader.message != source.message => messages += 1,
            () => kinds += 1,
        }
        let sealed = &source.parts[from];
        // The part alone, and together with the wrapped key that it was sealed under.
        for dek in [&reader.dek, &source.dek] {
            let read = reader.read(dek, PartKind::ALL[to], sealed);
            let place = format!("{} {} {}", source.message, from, to);
            assert_eq!(read, None, "swap {done} of seed {seed} ({place}) was opened");
        }
        // The wrapped key alone: a reader's own parts do not open under it either.
        if reader.message != source.message {
            let read = reader.read(&source.dek, PartKind::ALL[to], &reader.parts[to]);
            assert_eq!(read, None, "swap {done} of seed {seed}: a foreign key opened");
        }
    }
    let drawn = [tenants, inboxes, messages, kinds];
    assert!(drawn.iter().all(|count| *count > 0 || swaps < 1_000), "every kind of swap was drawn: {drawn:?}");
}
