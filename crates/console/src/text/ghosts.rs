//! Names for characters that nobody sees: zero-width, turning, tags, controls.

use mailward_score::is_invisible;

/// Cuts a text where something invisible stands; `true` for the names of that.
pub(crate) fn visible(text: &str) -> Vec<(String, bool)> {
    let mut out: Vec<(String, bool)> = Vec::new();
    let mut chars = text.chars().peekable();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        let Some(name) = name(c) else {
            // Lines of mail end in CRLF; the one of the two is enough.
            if c != '\r' {
                plain.push(c);
            }
            continue;
        };
        if !plain.is_empty() {
            out.push((std::mem::take(&mut plain), false));
        }
        let mut count = 1;
        while chars.next_if_eq(&c).is_some() {
            count += 1;
        }
        out.push((if count > 1 { format!("{name} ×{count}") } else { name }, true));
    }
    if !plain.is_empty() {
        out.push((plain, false));
    }
    out
}

/// What a character is called, where nobody sees it.
fn name(c: char) -> Option<String> {
    if matches!(c, '\n' | '\t' | '\r') || !(c.is_control() || is_invisible(c)) {
        return None;
    }
    let known = match c {
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "ZWSP",
        '\u{200c}' => "ZWNJ",
        '\u{200d}' => "ZWJ",
        '\u{200e}' => "LRM",
        '\u{200f}' => "RLM",
        '\u{202a}' => "LRE",
        '\u{202b}' => "RLE",
        '\u{202c}' => "PDF",
        '\u{202d}' => "LRO",
        '\u{202e}' => "RLO",
        '\u{2060}' => "WJ",
        '\u{2066}' => "LRI",
        '\u{2067}' => "RLI",
        '\u{2068}' => "FSI",
        '\u{2069}' => "PDI",
        '\u{feff}' => "BOM",
        // Tag characters spell ASCII that is not drawn.
        '\u{e0020}'..='\u{e007e}' => {
            let plain = char::from_u32(c as u32 - 0xe0000).unwrap_or('?');
            return Some(format!("tag {plain}"));
        }
        _ => return Some(format!("U+{:04X}", c as u32)),
    };
    Some(known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_invisible_is_named() {
        let shown: String = visible("a\u{202e}b\u{7}\u{e0041}c\r\nd\te")
            .into_iter()
            .map(|(text, is_ghost)| if is_ghost { format!("<{text}>") } else { text })
            .collect();
        assert_eq!(shown, "a<RLO>b<U+0007><tag A>c\nd\te");
        assert!(visible("").is_empty());
    }
}
