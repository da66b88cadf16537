//! Words that are looked for, in whatever case and with whatever accents they are written.

use std::borrow::Cow;

use mailward_score::is_invisible;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Characters of all words together.
const LONGEST: usize = 500;
/// Words.
const MOST: usize = 16;

/// Words, all of which must be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms(Vec<String>);

impl Terms {
    /// The words of a text.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        if text.chars().count() > LONGEST {
            return Err(format!("must have at most {LONGEST} characters"));
        }
        let folded = folded(text);
        // One sign may stand for many letters.
        if folded.chars().count() > 4 * LONGEST {
            return Err("is too long when it is written out".to_owned());
        }
        let mut words: Vec<String> = folded.split_whitespace().map(str::to_owned).collect();
        words.sort();
        words.dedup();
        if words.len() > MOST {
            return Err(format!("must have at most {MOST} words"));
        }
        Ok(Self(words))
    }

    /// Whether everything holds all that is looked for.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether each word is in one of some texts, as a whole or within another word.
    pub(super) fn all_in<'a>(&self, texts: impl Iterator<Item = &'a str>) -> bool {
        let mut missing: Vec<&str> = self.0.iter().map(String::as_str).collect();
        for text in texts {
            if missing.is_empty() {
                break;
            }
            let text = fold(text);
            missing.retain(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_none());
        }
        missing.is_empty()
    }
}

/// A text as it is compared.
pub(super) fn folded(text: &str) -> String {
    fold(text).into_owned()
}

/// Lower case, without accents, compatibility forms as their plain ones, without what nobody sees.
fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    let mut out = String::with_capacity(text.len());
    for c in text.nfkd() {
        if canonical_combining_class(c) != 0 || is_invisible(c) {
            continue;
        }
        for lower in c.to_lowercase() {
            match lower {
                // Letters that Unicode takes for letters of their own, and who searches types without.
                'ß' => out.push_str("ss"),
                'æ' => out.push_str("ae"),
                'œ' => out.push_str("oe"),
                'þ' => out.push_str("th"),
                'ø' => out.push('o'),
                'ł' => out.push('l'),
                'đ' | 'ð' => out.push('d'),
                'ı' => out.push('i'),
                'ς' => out.push('σ'),
                // A capital dotted I becomes an i with a dot.
                other if canonical_combining_class(other) != 0 => {}
                other => out.push(other),
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_make_no_other_word() {
        for (one, other) in [
            ("Müller", "MULLER"),
            ("Straße", "STRASSE"),
            ("İstanbul", "istanbul"),
            ("Łódź", "lodz"),
            ("ｆｕｌｌ　ｗｉｄｔｈ", "FULL width"),
            ("Ελλάς", "ελλασ"),
            ("re\u{301}sume\u{301}", "résumé"),
            ("inv\u{200b}oi\u{ad}ce", "invoice"),
            ("ﬁle", "FILE"),
            ("Ёлка", "елка"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        assert_ne!(folded("कि"), folded("क"), "a vowel sign is no accent");
    }

    #[test]
    fn every_word_must_be_somewhere() {
        let terms = Terms::of("  Rechnung   münchen ").expect("terms");
        assert!(terms.all_in(["Ihre RECHNUNG", "aus Munchen"].into_iter()));
        assert!(!terms.all_in(["Ihre RECHNUNG"].into_iter()));
        assert!(Terms::of(" \t").expect("none").all_in(std::iter::empty()));
        assert!(Terms::of("請求").expect("terms").all_in(["ご請求書です"].into_iter()));
    }

    #[test]
    fn more_than_is_looked_for_is_refused() {
        assert!(Terms::of(&"a ".repeat(250)).is_ok(), "one word, often");
        assert!(Terms::of(&(0..17).map(|n| format!("w{n} ")).collect::<String>()).is_err());
        assert!(Terms::of(&"x".repeat(501)).is_err());
        assert!(Terms::of(&"\u{fdfa}".repeat(500)).is_err(), "one sign may stand for many letters");
    }
}
