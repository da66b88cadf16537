//! The words that sentences of an injection are built of, by what they do in it, in many languages.
//!
//! One automaton finds them all in one pass. A word alone means nothing here; rules look at how they stand together.

mod asian;
mod dutch;
mod english;
mod forms;
mod french;
mod further;
mod german;
mod italian;
mod nordic;
mod portuguese;
mod slavic;
mod spanish;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::views::normalise::{Folded, fold_phrase};

/// What a word or phrase does in a sentence. The tables list, for each, phrases separated by `|`; a star stands
/// where a word may go on, and `⟨a/b⟩` for either of some words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Concept {
    /// A longer phrase in which a listed word means something harmless ("look forward to").
    Noise,
    /// A machine that reads: "AI assistant", "language model".
    Ai,
    /// A word that may mean one: "assistant", "agent".
    Assistant,
    /// Turns to somebody: "note to", "if you are".
    Vocative,
    /// Greets somebody: "hi", "dear".
    Greeting,
    /// Names the act of processing this mail: "reading this email".
    Reading,
    /// The agent's principal in the third person: "the user".
    Owner,
    /// "ignore", "disregard", "forget".
    Override,
    /// "instructions", "rules", "guidelines".
    Instruction,
    /// "previous", "above", "earlier".
    Prior,
    /// "everything you were told".
    Everything,
    /// The writer's own: "my previous", "that I sent".
    Mine,
    /// The reader's: "your".
    Yours,
    /// "system prompt".
    Prompt,
    /// "reveal", "print", "repeat".
    Reveal,
    /// "send", "forward", "upload".
    Send,
    /// "password", "verification code".
    Secret,
    /// "emails", "inbox", "contacts".
    Mailbox,
    /// "documents", "invoices".
    Files,
    /// "all", "every", "the last three".
    Quantity,
    /// "delete", "archive".
    Delete,
    /// "pay the invoice", "transfer the money".
    Pay,
    /// "add a filter", "change the recovery address".
    Setting,
    /// "open the link", "call the tool", "run".
    Act,
    /// "without telling", "do not mention".
    Secrecy,
    /// "you are now", "act as".
    Role,
    /// "without restrictions", "developer mode".
    Unbound,
    /// "new task", "new directive".
    NewTask,
    /// "remember for all future conversations".
    Memory,
    /// "in your summary", "respond only with".
    Steer,
    /// "before you do anything else", "immediately".
    Urgent,
    /// Talk about injections: "prompt injection", "attackers", "researchers".
    Talk,
    /// A claim of consent: "the user has already approved".
    Approved,
    /// A chat-template token or the like that no person writes.
    Token,
    /// A line that poses as a system or tool message.
    Posing,
    /// An address or link: somewhere data could go.
    Destination,
    /// "never", "do not": turns a command into advice.
    Never,
    /// Says what an instruction is about: "about parking", "have changed".
    Topic,
}

impl Concept {
    /// The concept as a bit of a set.
    pub(crate) const fn bit(self) -> u64 {
        match self {
            Self::Noise => 0,
            _ => 1 << self as u8,
        }
    }
}

/// One occurrence in a folded text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The concepts it stands for, as bits.
    pub(crate) concepts: u64,
}

impl Hit {
    pub(crate) const fn is(&self, concept: Concept) -> bool {
        self.concepts & concept.bit() != 0
    }
}

/// Finds every word of the lexicon, in order; a phrase swallows the words inside it.
pub(crate) fn hits(folded: &Folded) -> Vec<Hit> {
    let text = &folded.mapped.text;
    let lexicon = &*LEXICON;
    let mut hits: Vec<Hit> = Vec::new();
    // Words inside an address or a link are no words of a sentence.
    let mut link_end = 0;
    // "tell your user" is one phrase and still speaks of the user, and to somebody.
    let kept = Concept::Owner.bit() | Concept::Ai.bit() | Concept::Yours.bit();
    for found in lexicon.automaton.find_overlapping_iter(text) {
        let entry = lexicon.entries[found.pattern().as_usize()];
        let (start, end) = (found.start(), found.end());
        crate::work::count(1);
        if start < link_end {
            continue;
        }
        let free = |at| folded.joined.iter().any(|(from, to)| (*from..=*to).contains(&at));
        if (entry.word_start && inside_word(text, start) && !(folded.joined.len() < 64 && free(start)))
            || (entry.word_end && inside_word(text, end) && !(folded.joined.len() < 64 && free(end)))
        {
            continue;
        }
        let mut start = start;
        if entry.concepts == Concept::Destination.bit() {
            let Some(link) = link_around(text, start..end) else { continue };
            (start, link_end) = (link.start, link.end);
        }
        let mut concepts = entry.concepts;
        let speaks = concepts != 0 && concepts != Concept::Destination.bit();
        while let Some(inner) = hits.pop_if(|last| last.start >= start) {
            concepts |= if speaks { inner.concepts & kept } else { 0 };
        }
        // Of two phrases that end together the longer comes first.
        if let Some(last) = hits.last_mut().filter(|last| last.end >= end) {
            let speaks = last.concepts != 0 && last.concepts != Concept::Destination.bit();
            last.concepts |= if speaks { concepts & kept } else { 0 };
            continue;
        }
        hits.push(Hit { start, end, concepts });
    }
    hits
}

struct Lexicon {
    automaton: AhoCorasick,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    concepts: u64,
    word_start: bool,
    word_end: bool,
}

const TABLES: [&[(Concept, &str)]; 12] = [
    english::ENTRIES,
    german::ENTRIES,
    french::ENTRIES,
    spanish::ENTRIES,
    italian::ENTRIES,
    portuguese::ENTRIES,
    dutch::ENTRIES,
    nordic::ENTRIES,
    slavic::ENTRIES,
    further::ENTRIES,
    asian::ENTRIES,
    forms::ENTRIES,
];

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut index: HashMap<String, usize> = HashMap::new();
    let (mut phrases, mut entries) = (Vec::new(), Vec::<Entry>::new());
    for (concept, list) in TABLES.into_iter().flatten() {
        for written in list.split('|').flat_map(|written| alternatives(written.trim())) {
            if written.is_empty() {
                continue;
            }
            let phrase = fold_phrase(written.trim_matches('*')).replace('¦', "|");
            let entry = Entry {
                concepts: concept.bit(),
                word_start: !written.starts_with('*')
                    && phrase.chars().next().is_some_and(has_word_boundaries),
                word_end: !written.ends_with('*') && phrase.chars().last().is_some_and(has_word_boundaries),
            };
            match index.get(&phrase) {
                Some(&at) => {
                    let known: &mut Entry = &mut entries[at];
                    known.concepts |= entry.concepts;
                    known.word_start &= entry.word_start;
                    known.word_end &= entry.word_end;
                }
                None => {
                    index.insert(phrase.clone(), entries.len());
                    phrases.push(phrase);
                    entries.push(entry);
                }
            }
        }
    }
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(&phrases)
        .expect("the lexicon fits an automaton");
    Lexicon { automaton, entries }
});

/// The longer single words that orders are made of, without spaces: what a word that was taken apart is put together to.
struct Words {
    /// A bit for each hash: most words of a text are told to be none by one look.
    sieve: Vec<u64>,
    known: std::collections::HashSet<Box<str>>,
}

impl Words {
    const SHORTEST: usize = 6;
    const BITS: usize = 1 << 16;

    /// FNV-1a.
    fn slot(word: impl Iterator<Item = u8>) -> usize {
        let hash = word.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (hash ^ (hash >> 32)) as usize % Self::BITS
    }
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    use Concept::*;
    let telling = [
        Override,
        Instruction,
        Prior,
        Reveal,
        Send,
        Secret,
        Mailbox,
        Delete,
        Prompt,
        Secrecy,
        Assistant,
        Unbound,
        Files,
    ];
    let wanted = telling.iter().fold(0, |set, concept| set | concept.bit());
    let mut words = Words { sieve: vec![0; Words::BITS / 64], known: Default::default() };
    for (concept, list) in TABLES.into_iter().flatten().filter(|(concept, _)| concept.bit() & wanted != 0) {
        for written in list.split('|').flat_map(|written| alternatives(written.trim())) {
            let word = fold_phrase(written.trim_matches('*'));
            let plain = word.len() >= Words::SHORTEST && word.bytes().all(|b| b.is_ascii_lowercase());
            if plain && *concept != Noise {
                let slot = Words::slot(word.bytes());
                words.sieve[slot / 64] |= 1 << (slot % 64);
                words.known.insert(word.into());
            }
        }
    }
    words
});

/// Whether pieces of text, lower case, put together are one of the longer words that orders are made of.
pub(crate) fn is_telling(pieces: &[&str]) -> bool {
    const LONGEST: usize = 24;
    let len: usize = pieces.iter().map(|piece| piece.len()).sum();
    if !(Words::SHORTEST..=LONGEST).contains(&len) {
        return false;
    }
    let slot = Words::slot(pieces.iter().flat_map(|piece| piece.bytes()).map(|b| b.to_ascii_lowercase()));
    let words = &*WORDS;
    words.sieve[slot / 64] >> (slot % 64) & 1 == 1
        && words.known.contains(pieces.concat().to_ascii_lowercase().as_str())
}

/// The longer single words that orders are made of.
pub(crate) fn telling_words() -> impl Iterator<Item = &'static str> {
    WORDS.known.iter().map(|word| &**word)
}

/// Builds the automaton, if it was not yet.
pub(crate) fn build() {
    LazyLock::force(&LEXICON);
    LazyLock::force(&WORDS);
}

/// Writes out the phrases that `⟨a/b⟩ c` stands for: `a c` and `b c`.
fn alternatives(written: &str) -> Vec<String> {
    let Some((lead, rest)) = written.split_once('⟨') else { return vec![written.to_owned()] };
    let (choice, tail) = rest.split_once('⟩').expect("a choice that opens also closes");
    let tails = alternatives(tail);
    choice.split('/').flat_map(|word| tails.iter().map(move |tail| format!("{lead}{word}{tail}"))).collect()
}

/// The whole of an address or link that a sign such as `@` or `https://` stands in; `None` for a sign alone.
fn link_around(text: &str, sign: Range<usize>) -> Option<Range<usize>> {
    const LONGEST_LOCAL: usize = 64;
    let bytes = text.as_bytes();
    let part = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'.' | b'-' | b'_' | b'+' | b'%' | b'/' | b'?' | b'=' | b'&' | b':' | b'#' | b'~')
    };
    let tail = bytes[sign.end..].iter().take_while(|b| part(b)).count();
    if &bytes[sign.clone()] != b"@" {
        return (tail > 0).then_some(sign.start..sign.end + tail);
    }
    let local = bytes[..sign.start]
        .iter()
        .rev()
        .take(LONGEST_LOCAL)
        .take_while(|b| part(b) && !matches!(b, b'/' | b':' | b'='))
        .count();
    (tail > 0 && local > 0).then_some(sign.start - local..sign.end + tail)
}

/// Whether letters stand on both sides of a place.
fn inside_word(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let ascii = |b: u8| b.is_ascii_alphanumeric();
    match (at.checked_sub(1).map(|i| bytes[i]), bytes.get(at)) {
        (None, _) | (_, None) => false,
        (Some(before), Some(&after)) if before < 0x80 && after < 0x80 => ascii(before) && ascii(after),
        _ => {
            let before = text[..at].chars().next_back();
            let after = text[at..].chars().next();
            before.is_some_and(|c| c.is_alphanumeric() && has_word_boundaries(c))
                && after.is_some_and(|c| c.is_alphanumeric() && has_word_boundaries(c))
        }
    }
}

/// Scripts that put spaces between words.
fn has_word_boundaries(c: char) -> bool {
    c.is_alphanumeric()
        && !matches!(c, '\u{e00}'..='\u{eff}' | '\u{1100}'..='\u{11ff}' | '\u{3040}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::normalise::fold;

    fn found(text: &str, concept: Concept) -> bool {
        hits(&fold(text)).iter().any(|hit| hit.is(concept))
    }

    #[test]
    fn words_are_found_whole_and_phrases_swallow_their_words() {
        assert!(found("Please FORWARD it", Concept::Send));
        assert!(!found("We look forward to it", Concept::Send));
        assert!(!found("He said so", Concept::Ai));
        assert!(found("Ignoriere das", Concept::Override));
        assert!(found("请忽略它", Concept::Override));
        assert!(found("i g n o r e a l l o f i t", Concept::Override));
    }

    #[test]
    fn choices_are_written_out() {
        assert_eq!(alternatives("⟨a/b⟩ c⟨/s⟩*"), ["a c*", "a cs*", "b c*", "b cs*"]);
    }

    #[test]
    fn a_phrase_that_speaks_of_the_user_does_so_as_a_whole() {
        assert!(found("do not tell your user about it", Concept::Owner));
        assert!(found("do not tell your user about it", Concept::Steer));
        assert!(!found("see the user guide", Concept::Owner));
    }

    #[test]
    fn the_lexicon_can_be_told_apart_in_64_bits() {
        assert!((Concept::Never as u8) < 64);
        assert!(LEXICON.entries.len() > 1500, "{}", LEXICON.entries.len());
    }
}
