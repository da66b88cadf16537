//! What is sealed opens at its own place, unaltered, and in no other way.

use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{InboxId, MessageId, TenantId};
use mailward_mail::random::Random;
use mailward_vault::{Error, MasterKey, MessageContext, MessageKey, PartKind, Sealed, TenantKey, WrappedDek};
use proptest::prelude::*;

const CHUNK: usize = 64 << 10;
const HEAD: usize = 38;
const TAG: usize = 16;
const SIZES: [usize; 9] = [0, 1, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 5, 200 << 10];

/// One message of one tenant, and the key to it.
struct Place {
    region: &'static str,
    tenant: TenantId,
    inbox: InboxId,
    message: MessageId,
    tenant_key: TenantKey,
    key: MessageKey,
    dek: WrappedDek,
}

impl Place {
    fn new(tenant: &str, random: &Random) -> Self {
        let clock = Clock::manual(Timestamp(1_795_341_600_000));
        let tenant = TenantId::parse(tenant).expect("a slug");
        let (inbox, message) = (InboxId::generate(&clock, random), MessageId::generate(&clock, random));
        let ctx = MessageContext { region: "local", tenant: &tenant, inbox: &inbox, message: &message };
        let tenant_key = TenantKey::generate(1, random);
        let (key, dek) = tenant_key.new_message_key(&ctx, random);
        Self { region: "local", tenant, inbox, message, tenant_key, key, dek }
    }

    fn ctx(&self) -> MessageContext<'_> {
        MessageContext {
            region: self.region,
            tenant: &self.tenant,
            inbox: &self.inbox,
            message: &self.message,
        }
    }

    fn seal(&self, plain: &[u8]) -> Vec<u8> {
        self.key.seal(&self.ctx(), PartKind::Raw, 0, plain).into_bytes()
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.key.open(&self.ctx(), PartKind::Raw, 0, sealed)
    }

    fn open_range(&self, sealed: &[u8], range: std::ops::Range<u64>) -> Result<Vec<u8>, Error> {
        self.key.open_range(&self.ctx(), PartKind::Raw, 0, sealed, range)
    }
}

fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut out = vec![0; len];
    Random::seeded(seed).fill(&mut out);
    out
}

/// The chunks of a sealed part, without its head.
fn chunks(sealed: &[u8]) -> Vec<Vec<u8>> {
    sealed[HEAD..].chunks(CHUNK + TAG).map(<[u8]>::to_vec).collect()
}

fn joined(sealed: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    [&sealed[..HEAD], &chunks.concat()].concat()
}

#[test]
fn every_size_around_a_chunk_opens_again_and_has_the_promised_overhead() {
    let ada = Place::new("ada", &Random::seeded(1));
    for size in SIZES {
        let plain = bytes(size, 7);
        let sealed = ada.seal(&plain);
        assert_eq!(sealed.len(), HEAD + size + TAG * size.div_ceil(CHUNK).max(1), "{size}");
        assert_eq!(&sealed[..5], b"MWD1\x01");
        assert_eq!(sealed[37], 16);
        assert_eq!(Sealed::from_stored(sealed.clone()).plain_len(), Some(size as u64));
        assert_eq!(ada.open(&sealed).as_deref(), Ok(&plain[..]), "{size}");
        if size > 8 {
            assert!(!sealed.windows(8).any(|w| w == &plain[..8]), "plaintext shows through");
        }
    }
}

#[test]
fn every_field_of_the_place_is_bound() {
    let random = Random::seeded(2);
    let (ada, bob) = (Place::new("ada", &random), Place::new("bob", &random));
    let sealed = ada.seal(b"hello");
    let ctx = ada.ctx();
    let moved = [
        ("region", MessageContext { region: "loca", ..ctx }, PartKind::Raw, 0),
        ("tenant", MessageContext { tenant: &bob.tenant, ..ctx }, PartKind::Raw, 0),
        ("inbox", MessageContext { inbox: &bob.inbox, ..ctx }, PartKind::Raw, 0),
        ("message", MessageContext { message: &bob.message, ..ctx }, PartKind::Raw, 0),
        ("kind", ctx, PartKind::Parsed, 0),
        ("kind", ctx, PartKind::Meta, 0),
        ("number", ctx, PartKind::Raw, 1),
    ];
    assert!(ada.open(&sealed).is_ok());
    for (what, ctx, kind, no) in moved {
        assert_eq!(ada.key.open(&ctx, kind, no, &sealed), Err(Error::Mismatch), "{what}");
        assert_eq!(ada.key.open_range(&ctx, kind, no, &sealed, 0..1), Err(Error::Mismatch), "{what}");
    }
    assert_eq!(bob.key.open(&ctx, PartKind::Raw, 0, &sealed), Err(Error::Mismatch), "key");
}

#[test]
fn a_message_key_opens_for_its_own_message_and_tenant_key_alone() {
    let random = Random::seeded(3);
    let (ada, bob) = (Place::new("ada", &random), Place::new("bob", &random));
    let ctx = ada.ctx();
    let opened = ada.tenant_key.open_message_key(&ctx, &ada.dek).expect("its own place");
    assert_eq!(opened.open(&ctx, PartKind::Raw, 0, &ada.seal(b"hello")), Ok(b"hello".to_vec()));
    assert_eq!(ada.dek.as_bytes().len(), 81);
    for (what, ctx) in [
        ("region", MessageContext { region: "eu", ..ctx }),
        ("tenant", MessageContext { tenant: &bob.tenant, ..ctx }),
        ("inbox", MessageContext { inbox: &bob.inbox, ..ctx }),
        ("message", MessageContext { message: &bob.message, ..ctx }),
    ] {
        let result = ada.tenant_key.open_message_key(&ctx, &ada.dek);
        assert_eq!(result.expect_err(what), Error::Altered, "{what}");
    }
    assert!(bob.tenant_key.open_message_key(&ctx, &ada.dek).is_err());
    assert!(ada.tenant_key.open_message_key(&ctx, &bob.dek).is_err());
}

#[test]
fn a_rotation_of_the_tenant_key_rewraps_the_message_key_and_leaves_the_body_as_it_is() {
    let random = Random::seeded(4);
    let ada = Place::new("ada", &random);
    let sealed = ada.seal(b"hello");
    let new = TenantKey::generate(2, &random);
    let old_key = ada.tenant_key.open_message_key(&ada.ctx(), &ada.dek).expect("the old version");
    let rewrapped = new.wrap_message_key(&ada.ctx(), &old_key, &random);
    let key = new.open_message_key(&ada.ctx(), &rewrapped).expect("the new version");
    assert_eq!(key.open(&ada.ctx(), PartKind::Raw, 0, &sealed), Ok(b"hello".to_vec()));
    assert!(ada.tenant_key.open_message_key(&ada.ctx(), &rewrapped).is_err());
}

#[test]
fn a_tenant_key_comes_back_from_the_keystore_and_under_its_own_version_alone() {
    let random = Random::seeded(5);
    let ada = Place::new("ada", &random);
    let master = MasterKey::generate(&random);
    let one = master.wrap_tenant_key("local", &ada.tenant, &ada.tenant_key, &random);
    let back = master.unwrap_tenant_key("local", &ada.tenant, 1, &one).expect("version 1");
    assert!(back.open_message_key(&ada.ctx(), &ada.dek).is_ok());
    let two = master.unwrap_tenant_key("local", &ada.tenant, 2, &one);
    assert_eq!(two.expect_err("version 2"), Error::Altered);
}

#[test]
fn chunks_cannot_be_swapped_dropped_doubled_or_brought_in() {
    let ada = Place::new("ada", &Random::seeded(6));
    let sealed = ada.seal(&bytes(4 * CHUNK, 1));
    let whole = chunks(&sealed);
    assert_eq!(joined(&sealed, &whole), sealed);
    let refused = |chunks: &[Vec<u8>], what: &str| {
        let bad = joined(&sealed, chunks);
        assert!(ada.open(&bad).is_err(), "{what}");
    };
    for one in 0..4 {
        for two in 0..one {
            let mut swapped = whole.clone();
            swapped.swap(one, two);
            refused(&swapped, &format!("{one} and {two} swapped"));
        }
        let mut dropped = whole.clone();
        dropped.remove(one);
        refused(&dropped, &format!("{one} dropped"));
        let mut doubled = whole.clone();
        doubled.insert(one, whole[one].clone());
        refused(&doubled, &format!("{one} doubled"));
        refused(&whole[..one], &format!("cut after {one} chunks"));
    }
    let other = ada.key.seal(&ada.ctx(), PartKind::Raw, 1, &bytes(4 * CHUNK, 1)).into_bytes();
    let mut foreign = whole.clone();
    foreign[1] = chunks(&other)[1].clone();
    refused(&foreign, "a chunk of another part");
}

#[test]
fn a_part_cut_at_a_chunk_is_noticed_even_when_the_range_lies_before_the_cut() {
    let ada = Place::new("ada", &Random::seeded(7));
    let sealed = ada.seal(&bytes(3 * CHUNK + 100, 1));
    for kept in 1..=3 {
        let cut = &sealed[..HEAD + kept * (CHUNK + TAG)];
        assert_eq!(ada.open(cut), Err(Error::Altered));
        for range in [0..0, 0..10, 5..CHUNK as u64] {
            assert_eq!(ada.open_range(cut, range.clone()), Err(Error::Altered), "{kept} {range:?}");
        }
    }
    // And when what follows is replaced by a single chunk that was the last of a shorter plaintext.
    let short = ada.key.seal(&ada.ctx(), PartKind::Raw, 1, &bytes(CHUNK + 100, 1)).into_bytes();
    let grafted = [&sealed[..HEAD + CHUNK + TAG], &short[HEAD + CHUNK + TAG..]].concat();
    assert_eq!(ada.open_range(&grafted, 0..10), Err(Error::Altered));
}

#[test]
fn a_part_can_be_neither_shortened_nor_lengthened() {
    let ada = Place::new("ada", &Random::seeded(8));
    for size in [0, 1, 100, CHUNK, CHUNK + 1] {
        let sealed = ada.seal(&bytes(size, 1));
        for cut in (0..60.min(sealed.len())).chain([sealed.len() - 17, sealed.len() - 16, sealed.len() - 1]) {
            assert!(ada.open(&sealed[..cut]).is_err(), "{size} cut to {cut}");
            assert!(ada.open_range(&sealed[..cut], 0..0).is_err(), "{size} cut to {cut}");
        }
        for added in [1, 15, 16, 17, CHUNK + TAG] {
            assert!(ada.open(&[&sealed[..], &vec![0; added]].concat()).is_err(), "{size} and {added}");
        }
    }
}

#[test]
fn every_byte_of_a_small_part_matters() {
    let ada = Place::new("ada", &Random::seeded(9));
    let sealed = ada.seal(b"twenty-three bytes long");
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let expected = match bit / 8 {
            0..5 | 37 => Error::Malformed("head of a part"),
            5..37 => Error::Mismatch,
            _ => Error::Altered,
        };
        assert_eq!(ada.open(&changed), Err(expected), "bit {bit}");
    }
}

#[test]
fn the_commitment_decides_before_anything_is_decrypted() {
    // Both the commitment and the tag are wrong here; the commitment is what is reported.
    let ada = Place::new("ada", &Random::seeded(10));
    let mut sealed = ada.seal(b"hello");
    sealed[5] ^= 1;
    *sealed.last_mut().expect("a tag") ^= 1;
    assert_eq!(ada.open(&sealed), Err(Error::Mismatch));
}

#[test]
fn ten_thousand_random_exchanges_between_places_all_fail() {
    let random = Random::seeded(11);
    let places: Vec<Place> = (0..20).map(|n| Place::new(["ada", "bob", "eve"][n % 3], &random)).collect();
    let parts: Vec<(usize, PartKind, u32, Vec<u8>)> = (0..20)
        .flat_map(|place| PartKind::ALL.map(|kind| (place, kind)))
        .flat_map(|(place, kind)| (0..3).map(move |no| (place, kind, no)))
        .map(|(at, kind, no)| {
            (at, kind, no, places[at].key.seal(&places[at].ctx(), kind, no, b"the same words").into_bytes())
        })
        .collect();
    let pick = |n: usize| u64::from_le_bytes(random.bytes()) as usize % n;
    let mut tried = 0;
    while tried < 10_000 {
        let (to, from) = (pick(parts.len()), pick(parts.len()));
        let key = pick(places.len());
        let (place, kind, no, _) = &parts[to];
        let sealed = &parts[from].3;
        let fits = to == from && key == *place;
        let result = places[key].key.open(&places[*place].ctx(), *kind, *no, sealed);
        assert_eq!(result.is_ok(), fits, "part {from} at {to} with key {key}");
        tried += usize::from(!fits);
    }
}

#[test]
fn ranges_within_and_across_chunks_are_what_the_whole_says() {
    let ada = Place::new("ada", &Random::seeded(12));
    for size in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK - 5] {
        let plain = bytes(size, 3);
        let sealed = ada.seal(&plain);
        let edges = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, size / 2, size.saturating_sub(1), size];
        for start in edges.into_iter().filter(|e| *e <= size) {
            for end in edges.into_iter().filter(|e| *e <= size && *e >= start) {
                let range = start as u64..end as u64;
                assert_eq!(
                    ada.open_range(&sealed, range).as_deref(),
                    Ok(&plain[start..end]),
                    "{start}..{end}"
                );
            }
        }
    }
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "a range that runs backwards is the case under test")]
fn a_range_outside_of_the_content_is_refused() {
    let ada = Place::new("ada", &Random::seeded(13));
    let sealed = ada.seal(&bytes(100, 1));
    for range in [0..101, 101..101, 100..u64::MAX, u64::MAX..u64::MAX, 50..49] {
        assert_eq!(ada.open_range(&sealed, range.clone()), Err(Error::OutOfRange), "{range:?}");
    }
}

#[test]
fn a_damaged_chunk_spoils_the_ranges_that_need_it_and_no_others() {
    let ada = Place::new("ada", &Random::seeded(14));
    let plain = bytes(3 * CHUNK, 1);
    let mut sealed = ada.seal(&plain);
    sealed[HEAD + CHUNK + TAG] ^= 1;
    let (one, two) = (CHUNK as u64, 2 * CHUNK as u64);
    assert_eq!(ada.open_range(&sealed, 0..one).as_deref(), Ok(&plain[..CHUNK]));
    assert_eq!(ada.open_range(&sealed, 0..one + 1), Err(Error::Altered));
    assert_eq!(ada.open_range(&sealed, two..two + 5).as_deref(), Ok(&plain[2 * CHUNK..2 * CHUNK + 5]));
    assert_eq!(ada.open(&sealed), Err(Error::Altered));
}

#[test]
fn debug_of_keys_and_sealed_bytes_shows_no_bytes() {
    let ada = Place::new("ada", &Random::seeded(15));
    let sealed = ada.key.seal(&ada.ctx(), PartKind::Raw, 0, b"hello");
    assert_eq!(format!("{sealed:?}"), "Sealed(59 bytes)");
    assert_eq!(format!("{:?}", ada.dek), "WrappedDek((81 bytes))");
    assert_eq!(format!("{:?}", ada.key), "MessageKey((secret))");
    assert_eq!(format!("{:?}", ada.tenant_key), "TenantKey { version: 1, secret: (secret), dek: (secret) }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_sealed_opens_as_itself_whole_and_in_ranges(
        len in 0usize..200_000, seed: u64, cut in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let ada = Place::new("ada", &Random::seeded(seed));
        let plain = bytes(len, seed);
        let sealed = ada.seal(&plain);
        let whole = ada.open(&sealed);
        prop_assert_eq!(whole.as_deref(), Ok(&plain[..]));
        let (a, b) = (cut.0.index(len + 1), cut.1.index(len + 1));
        let (start, end) = (a.min(b), a.max(b));
        let range = ada.open_range(&sealed, start as u64..end as u64);
        prop_assert_eq!(range.as_deref(), Ok(&plain[start..end]));
    }

    #[test]
    fn one_changed_bit_anywhere_is_always_noticed(len in 0usize..150_000, at: prop::sample::Index, bit in 0u8..8) {
        let ada = Place::new("ada", &Random::seeded(1));
        let mut sealed = ada.seal(&bytes(len, 2));
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(ada.open(&sealed).is_err());
    }

    #[test]
    fn any_bytes_at_all_are_refused_without_a_panic(junk in prop::collection::vec(any::<u8>(), 0..300)) {
        let ada = Place::new("ada", &Random::seeded(1));
        prop_assert!(ada.open(&junk).is_err());
        let headed = [&ada.seal(b"")[..HEAD], &junk].concat();
        prop_assert!(ada.open(&headed).is_err());
        prop_assert!(ada.open_range(&headed, 0..1).is_err());
        prop_assert!(ada.tenant_key.open_message_key(&ada.ctx(), &WrappedDek::from_stored(junk)).is_err());
    }
}
