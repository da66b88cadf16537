//! A word that occurs nowhere but where one tenant put it, and the search for it in what others are told.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use mailward_mail::random::Random;
use memchr::memmem::Finder;

/// Characters of a word. A part of half the length is found too: previews and excerpts cut where they like.
const LENGTH: usize = 20;
const HALF: usize = LENGTH / 2;

/// One tenant's word.
#[derive(Clone, Debug)]
pub struct Canary {
    word: String,
    /// In lower case.
    plain: Vec<Finder<'static>>,
    /// As they stand.
    coded: Vec<Finder<'static>>,
}

impl Canary {
    /// A new word: a capital, then letters of both cases and digits. Fit for names, addresses, headers and URLs.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstvwxyzACDEFHKM23";
        let bytes: [u8; LENGTH] = random.bytes();
        let letter = |byte: u8| char::from(LETTERS[usize::from(byte) % LETTERS.len()]);
        let word = std::iter::once('Q').chain(bytes[1..].iter().map(|byte| letter(*byte))).collect();
        Self::of(word)
    }

    /// The word.
    #[must_use]
    pub fn word(&self) -> &str {
        &self.word
    }

    /// Whether any of it is there: as it is, in another case, percent-encoded, in hexadecimal or in base64.
    #[must_use]
    pub fn is_in(&self, told: &[u8]) -> bool {
        let lower = told.to_ascii_lowercase();
        let found = |finders: &[Finder<'_>], text: &[u8]| finders.iter().any(|one| one.find(text).is_some());
        found(&self.plain, &lower)
            || found(&self.coded, told)
            || (memchr::memchr(b'%', &lower).is_some() && found(&self.plain, &without_percents(&lower)))
    }

    fn of(word: String) -> Self {
        let lower = word.to_ascii_lowercase();
        let mut plain = Vec::new();
        let mut coded = Vec::new();
        for (half, lower) in [(&word[..HALF], &lower[..HALF]), (&word[HALF..], &lower[HALF..])] {
            plain.push(finder(lower.as_bytes()));
            plain.extend([half, lower].map(|text| finder(hex(text).as_bytes())));
            coded.extend([half, lower].into_iter().flat_map(base64).map(|text| finder(text.as_bytes())));
        }
        Self { word, plain, coded }
    }
}

fn finder(needle: &[u8]) -> Finder<'static> {
    Finder::new(needle).into_owned()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// How a text looks within base64: three ways, by what stands before it, each without the characters at its ends that
/// its neighbours have a part in.
fn base64(text: &str) -> Vec<String> {
    let mut ways = Vec::new();
    for before in 0..3 {
        let padded = [&[0; 3][..before], text.as_bytes()].concat();
        let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            ways.push(encoded[first..last].to_owned());
        }
    }
    ways
}

fn without_percents(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default().to_ascii_lowercase());
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_however_it_is_written() {
        let canary = Canary::generate(&Random::seeded(7));
        let word = canary.word().to_owned();
        let percent: String = word.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut written = vec![
            word.clone(),
            word.to_lowercase(),
            word.to_uppercase(),
            percent.to_lowercase(),
            percent,
            hex(&word),
            word[..HALF + 2].to_owned(),
            word[HALF - 2..].to_owned(),
        ];
        for around in ["", "a", "ab", "abc", "Subject: hello, "] {
            written.push(STANDARD_NO_PAD.encode(format!("{around}{word}{around}")));
            written.push(URL_SAFE_NO_PAD.encode(format!("{around}{}!", word.to_lowercase())));
        }
        for text in written {
            assert!(canary.is_in(format!("x {text} y").as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_word_is_found_nowhere_else() {
        let (ada, bob) = (Canary::generate(&Random::seeded(1)), Canary::generate(&Random::seeded(2)));
        assert_ne!(ada.word(), bob.word());
        for text in
            ["", "%", "%%%q", bob.word(), &STANDARD_NO_PAD.encode(bob.word()), &ada.word()[..HALF - 1]]
        {
            assert!(!ada.is_in(text.as_bytes()), "{text}");
        }
    }
}
