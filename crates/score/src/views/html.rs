//! Takes HTML apart into what a person sees, what is hidden from them, comments, attribute texts and link targets.
//!
//! Tokenises as the HTML standard says (html5ever) and keeps a stack of open elements with their styles; builds
//! no tree and loads nothing. Each piece maps back to its bytes of the source.

mod attributes;
mod sink;

use std::ops::Range;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tokenizer, TokenizerOpts};

use super::source_map::Mapped;
use sink::Sink;

/// The parts of an HTML document, each with the way back to its source.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) visible: Mapped,
    pub(crate) hidden: Mapped,
    pub(crate) comments: Mapped,
    pub(crate) attributes: Mapped,
    /// What the addresses of links carry.
    pub(crate) links: Mapped,
    /// Which stretches of the visible text are quoted, a signature or a footer.
    pub(crate) regions: Vec<(Range<usize>, &'static str)>,
    /// Where links begin and end in the visible text, and images stand.
    pub(crate) marks: Vec<(usize, Mark)>,
    /// Markup was too wild to follow to the end: some of it was read as plain hidden text.
    pub(crate) partial: bool,
}

/// What a place of the visible text was in the document.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    /// A link begins, to this address.
    Link(StrTendril),
    /// It ends.
    LinkEnd,
    /// An image stood here.
    Image,
}

/// Takes a document apart. Linear in its length.
pub(crate) fn parts(html: &str) -> Parts {
    let tokenizer = Tokenizer::new(Sink::new(html), TokenizerOpts::default());
    let input = BufferQueue::default();
    let mut feeder = Feeder { tokenizer: &tokenizer, input: &input, open: false, start: 0, separators: 0 };
    let bytes = html.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let end = if bytes[at] == b'<' {
            memchr::memchr2(b'<', b'>', &bytes[at + 1..])
                .map_or(bytes.len(), |offset| at + 1 + offset + usize::from(bytes[at + 1 + offset] == b'>'))
        } else if feeder.open {
            // A tag goes on here, whose attribute held a `>`; what follows its end is another token.
            memchr::memchr2(b'<', b'>', &bytes[at..])
                .map_or(bytes.len(), |offset| at + offset + usize::from(bytes[at + offset] == b'>'))
        } else {
            memchr::memchr(b'<', &bytes[at..]).map_or(bytes.len(), |offset| at + offset)
        };
        feeder.feed(html, at..end);
        at = end;
    }
    tokenizer.end();
    tokenizer.sink.into_parts()
}

/// Hands the source to the tokenizer in chunks that end where markup does, so that a token's place is known.
struct Feeder<'t, 's> {
    tokenizer: &'t Tokenizer<Sink<'s>>,
    input: &'t BufferQueue,
    /// The last chunk ended inside a tag, comment or raw text.
    open: bool,
    /// Where the markup that is open started.
    start: usize,
    /// Possible attributes since the last token.
    separators: usize,
}

impl Feeder<'_, '_> {
    /// The tokenizer compares each attribute of a tag with all before it, so their number must be bounded.
    const MOST_ATTRIBUTES: usize = 600;

    fn feed(&mut self, html: &str, chunk: Range<usize>) {
        let text = &html[chunk.clone()];
        crate::work::count(text.len());
        let markup = text.starts_with('<');
        let mut end = chunk.end;
        if !self.open {
            self.start = chunk.start;
        }
        if markup || self.open {
            if !self.open {
                self.separators = 0;
            }
            let left = Self::MOST_ATTRIBUTES.saturating_sub(self.separators);
            let separator = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'"' | b'\'');
            let mut found = text.bytes().enumerate().filter(|(_, b)| separator(b));
            match found.nth(left) {
                Some((offset, _)) => {
                    end = chunk.start + offset;
                    self.separators = Self::MOST_ATTRIBUTES;
                }
                None => self.separators += text.bytes().filter(separator).count(),
            }
        }
        self.tokenizer.sink.begin(self.start, chunk.start..chunk.end);
        if end > chunk.start {
            self.input.push_back(StrTendril::from_slice(&html[chunk.start..end]));
            let _ = self.tokenizer.feed(self.input);
        }
        if end < chunk.end {
            self.tokenizer.sink.skip(end..chunk.end);
            // The tag must still be able to end.
            if html[..chunk.end].ends_with('>') {
                self.input.push_back(StrTendril::from_slice("\">"));
                let _ = self.tokenizer.feed(self.input);
            }
        }
        let emitted = self.tokenizer.sink.emitted();
        self.open =
            if markup { !(emitted && html[..chunk.end].ends_with('>')) } else { self.open && !emitted };
        if emitted {
            self.separators = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_map_back_through_references_line_ends_and_tags() {
        let html = "<p>Caf&eacute;\r\n&amp; so\r\non <b title='say > cheese'>bar</b><!-- a <b>note</b> -->";
        let parts = parts(html);
        let text = &parts.visible.text;
        let place = |of: &Mapped, word: &str| {
            let at = of.text.find(word).expect("there");
            &html[of.origin(at..at + word.len())]
        };
        assert!(text.contains("Café\n& so\non"), "{text:?}");
        assert_eq!(place(&parts.visible, "Café"), "Caf&eacute;");
        assert_eq!(place(&parts.visible, "&"), "&amp;");
        assert_eq!(place(&parts.visible, "so"), "so");
        assert_eq!(place(&parts.visible, "on "), "on ");
        assert_eq!(place(&parts.visible, "bar"), "bar");
        assert_eq!(place(&parts.attributes, "say > cheese"), "say > cheese");
        assert_eq!(place(&parts.comments, "note"), "note");
    }

    #[test]
    fn a_tag_of_countless_attributes_is_cut_short_and_still_read() {
        let html = format!("a<b {}>c", (0..5000).map(|n| format!("a{n} ")).collect::<String>());
        let parts = parts(&html);
        assert!(parts.partial);
        assert!(parts.hidden.text.contains("a4999"));
        assert_eq!(parts.visible.text, "ac");
    }

    #[test]
    fn a_place_never_falls_into_the_middle_of_a_character() {
        // The tokenizer hands the text before the NUL on with another length than it has in the source.
        for html in [
            "&instructions<the user\u{299}\u{d633e} -->",
            "a\0\u{d633e}<b title='\u{d633e}xyz'>\0\u{d633e}</b>",
            "<svg><![CDATA[\u{d633e}\r\n]]>\u{d633e}</svg>&\u{e9}\r\n\u{d633e}",
        ] {
            parts(html);
            for end in (0..html.len()).filter(|at| html.is_char_boundary(*at)) {
                parts(&html[..end]);
                parts(&format!("{}{html}", &html[..end]));
            }
        }
    }
}
