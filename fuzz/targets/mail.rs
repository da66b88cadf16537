//! Raw bytes the whole way that a received message goes until it is judged: pre-scan, parser, snapshot, views, score.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailward_mail::parsed::parse;
use mailward_mail::prescan::Bounds;
use mailward_mail::sample::sample;
use mailward_score::{Policy, score};

fuzz_target!(|data: &[u8]| {
    let Ok(parsed) = parse(data, &Bounds::default()) else { return };
    for attachment in &parsed.attachments {
        assert!(attachment.bytes(data).is_some(), "an attachment lies within the message");
    }
    assert!(score(&sample(&parsed), &Policy::default()).score <= 100);
});
