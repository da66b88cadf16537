//! Cuts a folded text into the words that the model's features are made of.
//!
//! Scripts without spaces give a word for each character; features over neighbours then see what words would show.
//! What stands for itself and never comes twice (numbers, addresses, links) is one word for all of its kind.

/// A word: where it stands in the folded text, and what it is to the features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The word as a number.
    pub(crate) hash: u32,
    /// Its first letters, which most of its inflected forms share; the word itself if it is short.
    pub(crate) stem: u32,
    /// Its last letters; zero if it is short.
    pub(crate) ending: u32,
}

/// The numbers of kinds that count as one word each.
const NUMBER: u32 = 0x6e75_6d62;
const ADDRESS: u32 = 0x6164_6472;
const LINK: u32 = 0x6c69_6e6b;

/// Letters of a stem, of an ending, and the shortest word that has them.
const STEM: usize = 5;
const ENDING: usize = 3;

/// The words of a folded text, in order. Linear in its length.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut out = Vec::with_capacity(text.len() / 5);
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let end = memchr::memchr(b' ', &bytes[at..]).map_or(bytes.len(), |found| at + found);
        if end > at {
            piece(text, at, end, &mut out);
        }
        at = end + 1;
    }
    out
}

/// The words of what stands between two spaces.
fn piece(text: &str, start: usize, end: usize, out: &mut Vec<Word>) {
    let piece = &text[start..end];
    crate::work::count(piece.len());
    if piece.len() >= 6 {
        if piece.contains("://") || piece.contains("www.") {
            return out.push(kind(start, end, LINK));
        }
        if memchr::memchr(b'@', piece.as_bytes()).is_some_and(|at| at > 0 && piece[at..].contains('.')) {
            return out.push(kind(start, end, ADDRESS));
        }
    }
    let mut letters = None;
    for (offset, c) in piece.char_indices() {
        let at = start + offset;
        if is_word_letter(c) {
            letters.get_or_insert(at);
            continue;
        }
        if let Some(from) = letters.take() {
            out.push(word(text, from, at));
        }
        if c.is_alphanumeric() || is_mark(c) {
            out.push(kind(at, at + c.len_utf8(), mix(0, c as u32)));
        }
    }
    if let Some(from) = letters {
        out.push(word(text, from, end));
    }
}

fn kind(start: usize, end: usize, hash: u32) -> Word {
    Word { start: start as u32, end: end as u32, hash, stem: hash, ending: 0 }
}

fn word(text: &str, start: usize, end: usize) -> Word {
    let letters = &text[start..end];
    if letters.bytes().all(|b| b.is_ascii_digit()) {
        return kind(start, end, NUMBER);
    }
    let hash = bytes_hash(letters.as_bytes());
    let mut count = 0;
    let mut stem_end = letters.len();
    for (offset, _) in letters.char_indices() {
        if count == STEM {
            stem_end = offset;
        }
        count += 1;
    }
    let ending = if count > STEM {
        let from = letters.char_indices().rev().nth(ENDING - 1).map_or(0, |(offset, _)| offset);
        mix(1, bytes_hash(&letters.as_bytes()[from..]))
    } else {
        0
    };
    let stem = mix(2, bytes_hash(&letters.as_bytes()[..stem_end]));
    Word { start: start as u32, end: end as u32, hash, stem, ending }
}

/// A letter of a script that puts spaces between words, or a digit.
fn is_word_letter(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || c == '\''
        || (c >= '\u{80}'
            && (c.is_alphanumeric() || is_combining(c))
            && !matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
                | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}'))
}

/// Vowel signs of Indic scripts and the like belong to the word they stand in.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{dff}')
}

/// Marks that say something of structure: a colon after a role, brackets, a quotation.
fn is_mark(c: char) -> bool {
    matches!(c, ':' | '[' | ']' | '<' | '>' | '{' | '}' | '|' | '#' | '=' | '*' | '"' | '?' | '!')
}

/// A number for bytes (FNV-1a, Fowler, Noll and Vo), mixed once more so that all of its bits may be used.
pub(crate) fn bytes_hash(bytes: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    for byte in bytes {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    mix(hash, 0)
}

/// Mixes two numbers into one (the finaliser of MurmurHash3, Appleby).
pub(crate) const fn mix(a: u32, b: u32) -> u32 {
    let mut h = a.wrapping_mul(0x9e37_79b1) ^ b.wrapping_mul(0x85eb_ca77).rotate_left(13);
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        words(text).iter().map(|word| &text[word.start as usize..word.end as usize]).collect()
    }

    #[test]
    fn words_are_cut_in_every_script_with_the_marks_that_mean_structure() {
        assert_eq!(cut("system: send, it's \"now\""), ["system", ":", "send", "it's", "\"", "now", "\""]);
        assert_eq!(cut("请把it发"), ["请", "把", "it", "发"]);
        assert_eq!(cut("отправь код"), ["отправь", "код"]);
        assert_eq!(cut("कृपया कोड भेजें"), ["कृपया", "कोड", "भेजें"]);
    }

    #[test]
    fn what_never_comes_twice_is_one_word_for_all() {
        let all = words("100 2024 a@b.example c@d.example https://x.example http://y.example/?q=1");
        assert_eq!(all[0].hash, all[1].hash);
        assert_eq!(all[2].hash, all[3].hash);
        assert_eq!(all[4].hash, all[5].hash);
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        let forms = words("forwarding forwarded forwards");
        assert!(forms.windows(2).all(|pair| pair[0].stem == pair[1].stem && pair[0].hash != pair[1].hash));
    }
}
