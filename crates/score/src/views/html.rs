//! Takes HTML apart into what a person sees, what is hidden from them, comments and attribute texts.
//!
//! Tokenises as the HTML standard says (html5ever) and keeps a stack of open elements with their styles; builds
//! no tree and loads nothing. Each piece maps back to its bytes of the source.

use std::cell::RefCell;
use std::ops::Range;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{RawKind, Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, CommentToken, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult,
    Tokenizer, TokenizerOpts,
};

use super::css::{Sheet, declarations};
use super::elements::{closes_itself, is_block, is_void};
use super::open_elements::OpenElements;
use super::source_map::Mapped;

/// The parts of an HTML document, each with the way back to its source.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) visible: Mapped,
    pub(crate) hidden: Mapped,
    pub(crate) comments: Mapped,
    pub(crate) attributes: Mapped,
    /// Markup was too wild to follow to the end: some of it was read as plain hidden text.
    pub(crate) partial: bool,
}

/// Takes a document apart. Linear in its length.
pub(crate) fn parts(html: &str) -> Parts {
    let tokenizer = Tokenizer::new(Sink::new(html), TokenizerOpts::default());
    let input = BufferQueue::default();
    let mut feeder = Feeder { tokenizer: &tokenizer, input: &input, open: false, separators: 0 };
    let bytes = html.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let end = if bytes[at] == b'<' {
            memchr::memchr2(b'<', b'>', &bytes[at + 1..])
                .map_or(bytes.len(), |offset| at + 1 + offset + usize::from(bytes[at + 1 + offset] == b'>'))
        } else {
            memchr::memchr(b'<', &bytes[at..]).map_or(bytes.len(), |offset| at + offset)
        };
        feeder.feed(html, at..end);
        at = end;
    }
    tokenizer.end();
    tokenizer.sink.state.into_inner().parts
}

/// Hands the source to the tokenizer in chunks that end where markup does, so that a token's place is known.
struct Feeder<'t, 's> {
    tokenizer: &'t Tokenizer<Sink<'s>>,
    input: &'t BufferQueue,
    /// The last chunk ended inside a tag, comment or raw text.
    open: bool,
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
        self.tokenizer.sink.begin(chunk.start);
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

struct Sink<'s> {
    html: &'s str,
    sheet: Sheet,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    parts: Parts,
    open: OpenElements,
    /// Where in the source the next token starts, at the earliest.
    cursor: usize,
    emitted: bool,
    /// Inside `<style>` or `<script>`, whose text nobody sees.
    raw: bool,
}

impl<'s> Sink<'s> {
    fn new(html: &'s str) -> Self {
        Self { html, sheet: Sheet::read(html), state: RefCell::default() }
    }

    fn begin(&self, at: usize) {
        let mut state = self.state.borrow_mut();
        state.cursor = at;
        state.emitted = false;
    }

    fn emitted(&self) -> bool {
        self.state.borrow().emitted
    }

    /// Takes what was not tokenised as hidden text, so that nothing goes unread.
    fn skip(&self, place: Range<usize>) {
        let mut state = self.state.borrow_mut();
        state.parts.partial = true;
        if let Some(text) = self.html.get(place.clone()) {
            state.parts.hidden.copy(text, place.start);
        }
    }

    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let state = &mut *self.state.borrow_mut();
        let name: &str = &tag.name;
        if is_block(name) {
            state.break_line();
        }
        state.raw = false;
        if tag.kind != StartTag {
            state.open.close(name);
            return TokenSinkResult::Continue;
        }
        let mut own = crate::views::css::Style::default();
        let (mut id, mut class) = (None, "");
        let mut inline = None;
        for attribute in tag.attrs.iter().take(64) {
            let value: &str = &attribute.value;
            match &*attribute.name.local {
                "id" => id = Some(value),
                "class" => class = value,
                "style" => inline = Some(declarations(value)),
                "hidden" => own.gone = true,
                "aria-hidden" => own.gone |= value.eq_ignore_ascii_case("true"),
                "bgcolor" => own.background = super::css::colour(&value.to_ascii_lowercase()),
                "background" => own.background = super::css::Colour::Unknown,
                "color" | "text" if matches!(name, "font" | "body") => {
                    own.colour = super::css::colour(&value.to_ascii_lowercase())
                }
                _ => {}
            }
        }
        own.overlay(&self.sheet.style(name, id, class));
        if let Some(inline) = inline {
            own.overlay(&inline);
        }
        state.attributes(self.html, tag);
        let empty = tag.self_closing && closes_itself(name);
        if !is_void(name) && !empty {
            state.open.open(name, &own);
        }
        match name {
            "title" | "textarea" => TokenSinkResult::RawData(Rcdata),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => state.raw_text(name, Rawtext),
            "script" => state.raw_text(name, ScriptData),
            _ => TokenSinkResult::Continue,
        }
    }
}

impl TokenSink for Sink<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            TagToken(tag) => {
                self.state.borrow_mut().emitted = true;
                return self.tag(&tag);
            }
            CharacterTokens(text) => self.state.borrow_mut().text(self.html, &text),
            CommentToken(text) => self.state.borrow_mut().comment(self.html, &text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn break_line(&mut self) {
        for mapped in [&mut self.parts.visible, &mut self.parts.hidden] {
            let at = self.cursor;
            if !mapped.text.is_empty() && !mapped.text.ends_with("\n\n") {
                mapped.replace("\n\n", at..at);
            }
        }
    }

    fn raw_text(&mut self, name: &str, kind: RawKind) -> TokenSinkResult<()> {
        self.raw = matches!(name, "style" | "script");
        TokenSinkResult::RawData(kind)
    }

    fn text(&mut self, html: &str, text: &str) {
        self.emitted = true;
        let hidden = self.raw || self.open.hidden();
        let out = if hidden { &mut self.parts.hidden } else { &mut self.parts.visible };
        let source = &html.as_bytes()[self.cursor.min(html.len())..];
        let reference = text == "&" && (source.starts_with(b"&amp") || source.starts_with(b"&#"));
        if !reference && source.starts_with(text.as_bytes()) {
            out.copy(text, self.cursor);
            self.cursor += text.len();
            return;
        }
        // A character reference, or text after a tag that ended within the chunk.
        let end = match source.first() {
            Some(b'&') => {
                let reference = source[1..]
                    .iter()
                    .take(40)
                    .take_while(|b| b.is_ascii_alphanumeric() || **b == b'#')
                    .count()
                    + 1;
                self.cursor + reference + usize::from(source.get(reference) == Some(&b';'))
            }
            _ => (self.cursor + text.len()).min(html.len()),
        };
        // The tokenizer may have changed the text's length (NUL becomes U+FFFD): stay between characters.
        let end = html.ceil_char_boundary(end);
        out.replace(text, self.cursor.min(end)..end);
        self.cursor = end;
    }

    fn comment(&mut self, html: &str, text: &str) {
        self.emitted = true;
        // The comment ends in this chunk, at its first `-->`; its start is its length before that.
        let end = html[self.cursor.min(html.len())..]
            .find('>')
            .map_or(html.len(), |offset| self.cursor + offset + 1);
        crate::work::count(end.saturating_sub(self.cursor) + text.len());
        let from = end.saturating_sub(text.len() + 7);
        let place = (0..=from).rev().find(|at| html.is_char_boundary(*at)).unwrap_or(0)..end;
        let out = &mut self.parts.comments;
        match memchr::memmem::find(&html.as_bytes()[place.clone()], text.as_bytes()) {
            Some(offset) => out.copy(text, place.start + offset),
            None => out.replace(text, place),
        }
        out.replace("\n\n", end..end);
    }

    /// Texts of attributes: read aloud, shown on hover or never shown, but read by whoever reads the source.
    fn attributes(&mut self, html: &str, tag: &Tag) {
        let start = self.cursor.min(html.len());
        let end = html[start..].find('>').map_or(html.len(), |offset| start + offset + 1);
        crate::work::count(end - start);
        for attribute in tag.attrs.iter().take(64) {
            let name: &str = &attribute.name.local;
            let speaks = matches!(
                name,
                "alt"
                    | "title"
                    | "aria-label"
                    | "aria-description"
                    | "placeholder"
                    | "value"
                    | "summary"
                    | "label"
                    | "content"
            ) || name.starts_with("data-");
            let value: &str = &attribute.value;
            if !speaks || value.len() < 4 {
                continue;
            }
            let out = &mut self.parts.attributes;
            match memchr::memmem::find(&html.as_bytes()[start..end], value.as_bytes()) {
                Some(offset) => out.copy(value, start + offset),
                None => out.replace(value, start..end),
            }
            out.replace("\n\n", end..end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(html: &str) -> String {
        parts(html).visible.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn unseen(html: &str) -> String {
        parts(html).hidden.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn hidden_text_is_told_from_visible_text() {
        for html in [
            "a<div style='display:none'>x</div>b",
            "a<span style=\"font-size:0\">x</span>b",
            "a<p hidden>x</p>b",
            "a<i style='color:#fff'>x</i>b",
            "<div style='background:#000;color:#eee'>a<i style='color:#010101'>x</i>b</div>",
            "<style>.q{opacity:0}</style>a<i class=q>x</i>b",
            "<table><tr><td bgcolor='#112233'>a<font color='#112233'>x</font>b</table>",
            "a<div style='visibility:hidden'>x</div>b",
            "a<div style='display:none'><div>x</div></div>b",
            "a<template>x</template>b",
            "a<div/style='display:none'>x</div>b",
        ] {
            assert_eq!(seen(html).replace(' ', ""), "ab", "{html}");
            assert!(unseen(html).ends_with('x'), "{html}");
        }
    }

    #[test]
    fn visible_text_stays_visible() {
        for html in [
            "<a style='background:#000;color:#fff'>x</a>",
            "<table bgcolor=#000000><tr><td><font color=white>x</font></table>",
            "<td background='a.png'><b style='color:white'>x</b></td>",
            "<p style='display:none'>a<p>x",
            "<div style='visibility:hidden'>a<b style='visibility:visible'>x</b></div>",
            "<div style='font-size:0'>a<b style='font-size:14px'>x</b></div>",
            "<img style='display:none'>x",
            "<!--[if mso]>a<![endif]-->x",
        ] {
            assert_eq!(seen(html), "x", "{html}");
        }
    }

    #[test]
    fn places_map_back_through_references_and_tags() {
        let html = "<p>Caf&eacute; &amp; <b title='say cheese'>bar</b><!-- note -->";
        let parts = parts(html);
        let text = &parts.visible.text;
        let place = |of: &Mapped, word: &str| {
            let at = of.text.find(word).expect("there");
            &html[of.origin(at..at + word.len())]
        };
        assert!(text.contains("Café & bar"), "{text:?}");
        assert_eq!(place(&parts.visible, "Café"), "Caf&eacute;");
        assert_eq!(place(&parts.visible, "&"), "&amp;");
        assert_eq!(place(&parts.visible, "bar"), "bar");
        assert_eq!(place(&parts.attributes, "say cheese"), "say cheese");
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
        ] {
            parts(html);
            for end in (0..html.len()).filter(|at| html.is_char_boundary(*at)) {
                parts(&html[..end]);
                parts(&format!("{}{html}", &html[..end]));
            }
        }
    }
}
