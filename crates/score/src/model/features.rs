//! What the model sees of a text: hashed words, stems, neighbours and the lexicon's concepts, each at the word where
//! it ends.
//!
//! A concept means the same in every language of the lexicon: what is learnt of it in one carries over to all.

use super::words::{Word, mix};
use crate::lexicon::Hit;

/// Features are numbers below this.
pub(crate) const BITS: u32 = 20;

/// A text as the model sees it: its words, and for each the features that end there.
#[derive(Debug, Default)]
pub(crate) struct Features {
    pub(crate) words: Vec<Word>,
    /// The features of all words, one after the other.
    pub(crate) ids: Vec<u32>,
    /// Where the features of each word end.
    pub(crate) ends: Vec<u32>,
}

/// Families of features, so that the same words in another family are another feature.
#[derive(Clone, Copy)]
enum Family {
    Word = 1,
    Stem,
    Ending,
    Pair,
    StemPair,
    Triple,
    Skip,
    StemSkip,
    Concept,
    ConceptPair,
    ConceptTriple,
    ConceptWord,
}

/// So many earlier concepts are paired with each.
const PAIRED: usize = 3;
/// Concepts further apart than so many bytes say nothing of each other.
const REACH: usize = 90;

/// The features of a text. Linear in the number of its words and concepts.
pub(crate) fn features(words: Vec<Word>, hits: &[Hit]) -> Features {
    let mut ids = Vec::with_capacity(words.len() * 9);
    let mut ends = Vec::with_capacity(words.len());
    let mut hit = 0;
    for (at, word) in words.iter().enumerate() {
        let mut put = |family: Family, value: u32| ids.push(mix(family as u32, value) >> (32 - BITS));
        put(Family::Word, word.hash);
        put(Family::Stem, word.stem);
        if word.ending != 0 {
            put(Family::Ending, word.ending);
        }
        if at >= 1 {
            let before = &words[at - 1];
            put(Family::Pair, mix(before.hash, word.hash));
            put(Family::StemPair, mix(before.stem, word.stem));
        }
        if at >= 2 {
            let (far, before) = (&words[at - 2], &words[at - 1]);
            put(Family::Triple, mix(mix(far.hash, before.hash), word.hash));
            put(Family::Skip, mix(far.hash, word.hash));
            put(Family::StemSkip, mix(far.stem, word.stem));
        }
        if at >= 3 {
            put(Family::StemSkip, mix(words[at - 3].stem, word.stem));
        }
        let next = words.get(at + 1).map_or(usize::MAX, |next| next.start as usize);
        while let Some(here) = hits.get(hit).filter(|here| here.start < next) {
            concepts(hits, hit, here, &mut put);
            if at >= 1 {
                put(Family::ConceptWord, mix(fold(here.concepts), words[at - 1].stem));
            }
            hit += 1;
        }
        ends.push(ids.len() as u32);
    }
    Features { words, ids, ends }
}

fn concepts(hits: &[Hit], index: usize, here: &Hit, put: &mut impl FnMut(Family, u32)) {
    if here.concepts == 0 {
        return;
    }
    put(Family::Concept, fold(here.concepts));
    let before = || hits[..index].iter().rev().filter(|hit| hit.concepts != 0);
    let near = |hit: &&Hit| here.start.saturating_sub(hit.end) <= REACH;
    let mut last = None;
    for earlier in before().take(PAIRED).take_while(near) {
        put(Family::ConceptPair, mix(fold(earlier.concepts), fold(here.concepts)));
        if let Some(last) = last {
            put(Family::ConceptTriple, mix(mix(fold(earlier.concepts), last), fold(here.concepts)));
        }
        last = Some(fold(earlier.concepts));
    }
}

const fn fold(concepts: u64) -> u32 {
    mix(concepts as u32, (concepts >> 32) as u32)
}
