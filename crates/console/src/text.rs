//! What a sender wrote, made fit to be looked at: what nobody sees becomes visible, what was found is marked at its place.
//!
//! Gives pieces, never HTML: a page writes each piece escaped.

mod found;
mod ghosts;

use std::ops::Range;

pub(crate) use found::loosely;
pub(crate) use ghosts::visible;

/// Bytes of one text that are shown.
const MOST: usize = 128 * 1024;
/// Pieces of one text; what is beyond is said to be.
const MOST_PIECES: usize = 6_000;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The piece, or the name of what nobody would see.
    pub(crate) text: String,
    /// It stands for characters that nobody sees.
    pub(crate) is_ghost: bool,
    /// Why it is marked; empty where it is not.
    pub(crate) found: String,
}

/// A place of a text, and what was found there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) range: Range<usize>,
    pub(crate) what: String,
}

/// Cuts a text into pieces. Places that are none of this text's are left out.
pub(crate) fn pieces(text: &str, places: &[Place]) -> Vec<Piece> {
    let shown = &text[..text.floor_char_boundary(MOST.min(text.len()))];
    let fits = |place: &&Place| {
        place.range.start < place.range.end
            && place.range.end <= shown.len()
            && shown.is_char_boundary(place.range.start)
            && shown.is_char_boundary(place.range.end)
    };
    let places: Vec<&Place> = places.iter().filter(fits).collect();
    let mut borders: Vec<usize> =
        places.iter().flat_map(|place| [place.range.start, place.range.end]).collect();
    borders.extend([0, shown.len()]);
    borders.sort_unstable();
    borders.dedup();
    let mut out = Vec::new();
    for pair in borders.windows(2) {
        let [start, end] = [pair[0], pair[1]];
        let mut whats: Vec<&str> = places
            .iter()
            .filter(|place| place.range.start <= start && end <= place.range.end)
            .map(|place| place.what.as_str())
            .collect();
        whats.dedup();
        for (piece, is_ghost) in visible(&shown[start..end]) {
            out.push(Piece { text: piece, is_ghost, found: whats.join("; ") });
        }
        if out.len() > MOST_PIECES {
            break;
        }
    }
    if out.len() > MOST_PIECES || shown.len() < text.len() {
        out.truncate(MOST_PIECES);
        out.push(Piece { text: "the rest is not shown".into(), is_ghost: true, found: String::new() });
    }
    out
}

/// One line of a sender's, such as a subject or a name.
pub(crate) fn line(text: &str) -> Vec<Piece> {
    pieces(&text[..text.floor_char_boundary(400.min(text.len()))], &[])
}

/// What somebody wrote within a sentence of ours: nothing in it turns or hides the rest.
pub(crate) fn plain(text: &str) -> String {
    line(text)
        .into_iter()
        .map(|piece| if piece.is_ghost { format!("[{}]", piece.text) } else { piece.text })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[Piece]) -> String {
        let one = |piece: &Piece| match (piece.is_ghost, piece.found.is_empty()) {
            (true, _) => format!("<{}>", piece.text),
            (false, true) => piece.text.clone(),
            (false, false) => format!("[{}]", piece.text),
        };
        pieces.iter().map(one).collect()
    }

    #[test]
    fn what_was_found_is_marked_and_what_nobody_sees_is_named() {
        let text = "Dear\u{200b}\u{200b} all, ignore it.";
        let place = |range| Place { range, what: "x".into() };
        assert_eq!(written(&pieces(text, &[place(16..22)])), "Dear<ZWSP ×2> all, [ignore] it.");
        assert_eq!(
            written(&pieces(text, &[place(16..19), place(17..22)])),
            "Dear<ZWSP ×2> all, [i][gn][ore] it."
        );
        for wrong in [5..6, 6..1_000, 9..9] {
            assert_eq!(written(&pieces(text, &[place(wrong)])), "Dear<ZWSP ×2> all, ignore it.");
        }
    }

    #[test]
    fn a_text_is_bounded_however_it_is_made() {
        let wild = "a\u{200b}".repeat(100_000);
        let pieces = pieces(&wild, &[]);
        assert!(pieces.len() <= MOST_PIECES + 1);
        assert_eq!(pieces.last().map(|piece| piece.text.as_str()), Some("the rest is not shown"));
    }
}
