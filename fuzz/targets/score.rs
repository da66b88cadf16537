//! The scorer on any texts: never panics, points only at places that are there, says the same thing twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailward_score::{Attachment, Policy, Sample, score};

fuzz_target!(|data: &[u8]| {
    let whole = String::from_utf8_lossy(data);
    // Fields stand one after the other, so that what a fuzzer finds in one can be moved to another.
    let mut fields = whole.split('\u{1}');
    let mut field = || fields.next().unwrap_or_default();
    let sample = Sample {
        subject: field(),
        from_name: field(),
        text: field(),
        html: field(),
        attachments: vec![Attachment { name: field(), content_type: field(), text: field() }],
        headers: vec![("X-Any", field())],
        ..Sample::default()
    };
    let verdict = score(&sample, &Policy::default());
    assert!(verdict.score <= 100);
    assert!(verdict.findings.iter().all(|found| found.start <= found.end && found.end <= data.len() * 3));
    assert_eq!(verdict, score(&sample, &Policy::default()));
});
