//! Text in rot13, and text written backwards.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::Decoded;

/// Text in rot13, or written backwards as a whole or word by word: known by two words that no language has.
pub(super) fn turned(text: &str, found: &mut Vec<Decoded>) {
    const WORDS: [&str; 20] = [
        "ignore",
        "previous",
        "instruction",
        "system",
        "prompt",
        "forward",
        "assistant",
        "password",
        "message",
        "reveal",
        "forget",
        "without",
        "everything",
        "override",
        "inbox",
        "mailbox",
        "contact",
        "delete",
        "before",
        "should",
    ];
    const MARGIN: usize = 300;
    static TURNED: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let rotated = WORDS.iter().map(|word| word.chars().map(rot13).collect::<String>());
        let reversed = WORDS.iter().map(|word| word.chars().rev().collect::<String>());
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(rotated.chain(reversed))
            .expect("the words make an automaton")
    });
    let mut spans: [Option<(usize, usize, usize)>; 2] = [None, None];
    for hit in TURNED.find_iter(text) {
        let span = &mut spans[usize::from(hit.pattern().as_usize() >= WORDS.len())];
        *span = Some(match *span {
            None => (hit.start(), hit.end(), 1),
            Some((start, _, count)) => (start, hit.end(), count + 1),
        });
    }
    for (span, how) in spans.into_iter().zip(["rot13", "reversed"]) {
        let Some((start, end, 2..)) = span else { continue };
        let start = text.floor_char_boundary(start.saturating_sub(MARGIN));
        let end = text.floor_char_boundary((end + MARGIN).min(text.len()));
        let run = &text[start..end];
        let place = start..end;
        if how == "rot13" {
            found.push(Decoded { how, place, text: run.chars().map(rot13).collect() });
            continue;
        }
        // Either the whole was turned round, or each word where it stands.
        let words = run.split(' ').map(|word| word.chars().rev().collect::<String>());
        found.push(Decoded { how, place: place.clone(), text: words.collect::<Vec<_>>().join(" ") });
        found.push(Decoded { how, place, text: run.chars().rev().collect() });
    }
}

fn rot13(c: char) -> char {
    let turn = |first: u8| char::from((c as u8 - first + 13) % 26 + first);
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        _ => c,
    }
}
