//! What a mail can carry between its letters: characters that take no place, and blanks of several kinds.

use mailward_score::is_invisible;

/// Characters in a row that nobody sees: more than a flag of a country within another is made of.
const MOST_UNSEEN: usize = 7;
/// Blanks in a row, of more than one kind.
const MOST_BLANKS: usize = 7;

/// Whether there is room in what nobody sees for more than letters need to be joined.
pub(super) fn hides(text: &str) -> bool {
    let (mut unseen, mut blanks, mut kind, mut kinds) = (0, 0, None, 0);
    for c in text.chars() {
        unseen = if is_invisible(c) { unseen + 1 } else { 0 };
        if is_blank(c) {
            blanks += 1;
            kinds += usize::from(kind.replace(c) != Some(c));
        } else if !is_invisible(c) {
            (blanks, kind, kinds) = (0, None, 0);
        }
        // Lines are moved in with tabs and then with spaces: that is one change.
        if unseen > MOST_UNSEEN || blanks > MOST_BLANKS && kinds > 2 {
            return true;
        }
    }
    false
}

/// Whether HTML brings a picture or another file within itself.
pub(super) fn embeds_a_file(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    lower.match_indices("data:").any(|(at, _)| {
        let rest = &lower.as_bytes()[at..];
        let head = &rest[..rest.len().min(128)];
        head.iter().take_while(|byte| !byte.is_ascii_whitespace()).any(|byte| *byte == b',')
    })
}

fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{2800}'
    )
}
