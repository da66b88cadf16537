//! Words in which digits and signs stand for the letters they are drawn like.

/// Whether a word has letters and, between or before them, digits or signs drawn like letters.
pub(super) fn is_leet(word: &[u8]) -> bool {
    let letters = word.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let signs =
        word.iter().filter(|b| matches!(b, b'0' | b'1' | b'3' | b'4' | b'5' | b'7' | b'@' | b'$')).count();
    // Addresses, links and identifiers keep their digits.
    letters >= 1
        && signs >= 1
        && word.len() <= 24
        && letters + signs + 3 >= word.len()
        && !word.contains(&b'/')
        && !(word.contains(&b'@') && word.contains(&b'.'))
}

/// The letter that a digit or sign of such a word stands for; other bytes stay what they are.
pub(super) fn leet_letter(word: &[u8], at: usize) -> u8 {
    let before = at.checked_sub(1).map(|i| word[i].to_ascii_lowercase());
    let after = word.get(at + 1).map(u8::to_ascii_lowercase);
    let vowel = |b: Option<u8>| matches!(b, Some(b'a' | b'e' | b'i' | b'o' | b'u' | b'0' | b'3' | b'4'));
    match word[at] {
        b'0' => b'o',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        // A one is an l beside another, between vowels, before a vowel that starts a word and after one that
        // ends it; else it is an i.
        b'1' if before == Some(b'1') || after == Some(b'1') => b'l',
        b'1' if before == Some(b'i') => b'l',
        b'1' if vowel(before) && (vowel(after) || after.is_none()) => b'l',
        b'1' if before.is_none() && vowel(after) => b'l',
        b'1' => b'i',
        other => other,
    }
}

/// A word whose signs, rarer ones too, stand for letters, if that makes it a word that orders are made of.
pub(super) fn rarer(word: &str) -> Option<String> {
    const LONGEST: usize = 24;
    let rare = |b: u8| matches!(b, b'8' | b'9' | b'6' | b'2' | b'!' | b'|' | b'+' | b'(');
    let core = word.trim_end_matches(['!', '.', ',', ';', ':', '?', ')']);
    if core.len() > LONGEST || !core.bytes().any(rare) || !core.bytes().any(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let letters = core.as_bytes();
    let plain: String = (0..letters.len())
        .map(|at| {
            char::from(match letters[at] {
                b'8' => b'b',
                b'9' | b'6' => b'g',
                b'2' => b'z',
                b'!' => b'i',
                b'|' => b'l',
                b'+' => b't',
                b'(' => b'c',
                _ => leet_letter(letters, at).to_ascii_lowercase(),
            })
        })
        .collect();
    crate::lexicon::is_telling(&[&plain]).then(|| plain + &word[core.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(word: &str) -> String {
        let bytes = word.as_bytes();
        if !is_leet(bytes) {
            return word.to_owned();
        }
        (0..bytes.len()).map(|at| char::from(leet_letter(bytes, at))).collect()
    }

    #[test]
    fn a_one_is_the_letter_that_its_neighbours_ask_for() {
        for (word, letters) in [
            ("1gn0re", "ignore"),
            ("a11", "all"),
            ("emai1s", "emails"),
            ("de1ete", "delete"),
            ("1ast", "last"),
            ("p4$$w0rd", "password"),
        ] {
            assert_eq!(plain(word), letters);
        }
    }

    #[test]
    fn numbers_addresses_and_links_are_left_alone() {
        for word in ["2026", "bo1@a.example", "https://a.example/3", "12:30"] {
            assert_eq!(plain(word), word);
        }
    }
}
