//! The demo is the first thing that anybody sees: it must keep its word.

use std::process::Command;

use crate::world::process::binary;

#[test]
fn the_demo_ends_well_and_says_what_it_showed() {
    let out = Command::new(binary()).args(["demo", "--exit"]).output().expect("runs");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{text}\n{}", String::from_utf8_lossy(&out.stderr));
    for word in
        ["HELD", "delivered", "webhooks:", "isolation:", "review:", "Everything happened as expected."]
    {
        assert!(text.contains(word), "{word} is missing from\n{text}");
    }
    assert!(!text.contains('✗'), "{text}");
}
