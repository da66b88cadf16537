//! Makes text comparable: one form of digits, spaces and dashes, no invisible characters, and its lower case beside it.

/// A text in which positions mean the same with and without case.
#[derive(Debug)]
pub(crate) struct Folded {
    /// As written.
    pub(crate) text: String,
    /// In lower case, byte for byte as long.
    pub(crate) low: String,
}

/// Folds a text.
pub(crate) fn folded(raw: &str) -> Folded {
    let mut text = String::with_capacity(raw.len());
    for c in raw.chars() {
        if let Some(c) = plain(c) {
            text.push(c);
        }
    }
    let low = text.chars().map(lower).collect();
    Folded { text, low }
}

/// A text cut at a character, at most so many bytes long.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn plain(c: char) -> Option<char> {
    Some(match c {
        '\r' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => {
            return None;
        }
        '\u{feff}' | '\u{fe0f}' | '\u{34f}' | '\u{61c}' => return None,
        '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2012}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => '-',
        '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => '\n',
        // The full-width forms of ASCII lie in its order; the sentence marks among them keep their meaning in CJK text.
        '！' | '？' | '，' | '；' => c,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => digit(c).unwrap_or(c),
    })
}

/// The ASCII digit of a decimal digit of another script.
fn digit(c: char) -> Option<char> {
    const ZEROS: [u32; 9] = [0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xbe6, 0xe50, 0xed0];
    let code = u32::from(c);
    let value = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)).map(|zero| code - zero)?;
    char::from_digit(value, 10)
}

/// The lower case of a letter where it is as long; else the letter.
fn lower(c: char) -> char {
    let mut all = c.to_lowercase();
    match (all.next(), all.next()) {
        (Some(low), None) if low.len_utf8() == c.len_utf8() => low,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_are_ascii_and_case_moves_nothing() {
        let folded = folded("Code\u{200b}: ４١२\u{a0}9 İĀK\u{212a} – ！");
        assert_eq!(folded.text, "Code: 412 9 İĀK\u{212a} – ！");
        assert_eq!(folded.low, "code: 412 9 İāk\u{212a} – ！");
        assert_eq!(folded.text.len(), folded.low.len());
    }
}
