//! Receives the tokens of a document and puts each text where it belongs: seen, hidden, comment, attribute.

use std::cell::RefCell;
use std::ops::Range;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{RawKind, Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{
    CharacterTokens, CommentToken, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult,
};

use super::super::css::{
    Colour, Declaration, Named, Property, READERS, Sheet, Siblings, Style, Value, colour_attribute,
    declarations,
};
use super::super::elements::{is_block, is_known, is_void};
use super::super::open_elements::{OpenElements, Start};
use super::{Mark, Parts, attributes};

pub(super) struct Sink<'s> {
    html: &'s str,
    sheet: Sheet,
    state: RefCell<State>,
}

struct State {
    parts: Parts,
    open: OpenElements,
    /// Where the markup that is being read started.
    start: usize,
    /// Where in the source the next token starts, at the earliest.
    cursor: usize,
    /// Where the chunk ends that the tokenizer was given.
    end: usize,
    emitted: bool,
    /// Inside `<style>`, `<script>` or another element whose text is no markup, and which nobody sees.
    raw: bool,
}

/// A start tag, as selectors ask for it.
struct Candidate<'t> {
    name: &'t str,
    tag: Option<&'t Tag>,
    before: usize,
}

impl Named for Candidate<'_> {
    fn tag(&self) -> &str {
        self.name
    }

    fn id(&self) -> &str {
        self.attribute("id").unwrap_or_default()
    }

    fn class(&self) -> &str {
        self.attribute("class").unwrap_or_default()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        let attrs = &self.tag?.attrs;
        attrs.iter().take(attributes::MOST).find(|one| &*one.name.local == name).map(|one| &*one.value)
    }

    fn siblings(&self) -> Siblings {
        Siblings { before: self.before }
    }
}

impl<'s> Sink<'s> {
    pub(super) fn new(html: &'s str) -> Self {
        let sheet = Sheet::read(html);
        let implied = |name: &str| {
            let mut styles = [Style::default(); READERS];
            let candidate = Candidate { name, tag: None, before: 0 };
            sheet.lay(&candidate, std::iter::empty::<&Candidate<'_>>(), &mut styles);
            styles
        };
        let open = OpenElements::new(sheet.readers(), implied("html"), implied("body"));
        let state =
            State { parts: Parts::default(), open, start: 0, cursor: 0, end: 0, emitted: false, raw: false };
        Self { html, sheet, state: RefCell::new(state) }
    }

    /// A chunk is about to be read, of markup that started at `start`.
    pub(super) fn begin(&self, start: usize, chunk: Range<usize>) {
        let mut state = self.state.borrow_mut();
        state.start = start;
        state.cursor = chunk.start;
        state.end = chunk.end;
        state.emitted = false;
    }

    pub(super) fn emitted(&self) -> bool {
        self.state.borrow().emitted
    }

    /// Takes what was not tokenised as hidden text, so that nothing goes unread.
    pub(super) fn skip(&self, place: Range<usize>) {
        let mut state = self.state.borrow_mut();
        state.parts.partial = true;
        if let Some(text) = self.html.get(place.clone()) {
            state.parts.hidden.copy(text, place.start);
        }
    }

    pub(super) fn into_parts(self) -> Parts {
        let state = self.state.into_inner();
        let mut parts = state.parts;
        parts.partial |= state.open.cut || self.sheet.cut();
        parts
    }

    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let state = &mut *self.state.borrow_mut();
        let name: &str = &tag.name;
        state.raw = false;
        if tag.kind != StartTag {
            if is_block(name) && !state.open.is_inline(name) {
                state.break_line();
            }
            if name == "a" {
                state.mark(Mark::LinkEnd);
            }
            state.open.close(name);
            return TokenSinkResult::Continue;
        }
        let foreign = matches!(name, "svg" | "math") || (state.open.foreign() && name != "foreignobject");
        let before = state.open.count_child();
        let mut own = [Style::default(); READERS];
        let readers = self.sheet.readers();
        presentation(tag, name, foreign, &mut |said| {
            own.iter_mut().take(readers).for_each(|style| style.lay(&said, Style::ATTRIBUTE));
        });
        let candidate = Candidate { name, tag: Some(tag), before };
        self.sheet.lay(&candidate, state.open.ancestors(), &mut own);
        if let Some(inline) = candidate.attribute("style") {
            for said in declarations(inline) {
                own.iter_mut().take(readers).for_each(|style| style.lay(&said, Style::INLINE));
            }
        }
        let inline = own[0].is_inline();
        if is_block(name) && !inline {
            state.break_line();
        }
        let place = state.start.min(self.html.len())..state.end;
        attributes::read(&mut state.parts, self.html, place, tag);
        let empty = foreign && tag.self_closing;
        if !is_void(name) && !empty {
            let tendril = |name: &str| {
                tag.attrs
                    .iter()
                    .find(|one| &*one.name.local == name)
                    .map_or_else(StrTendril::new, |one| one.value.clone())
            };
            let part = part_of(&candidate);
            let (id, class) = (tendril("id"), tendril("class"));
            let start = Start { name: tag.name.clone(), id, class, own, part, foreign, inline };
            match name {
                "html" => {}
                "body" => state.open.root(start),
                _ => state.open.open(start),
            }
        }
        if foreign {
            return TokenSinkResult::Continue;
        }
        // Behind the element's own style: what it hides is no link to a person.
        match name {
            "a" | "area" => {
                let href = tag.attrs.iter().find(|one| &*one.name.local == "href");
                match href.filter(|_| !state.open.hidden()) {
                    Some(href) => state.mark(Mark::Link(href.value.clone())),
                    None => state.mark(Mark::LinkEnd),
                }
            }
            "img" | "image" | "picture" | "video" | "object" | "embed" => state.mark(Mark::Image),
            _ => {}
        }
        match name {
            "title" | "textarea" => TokenSinkResult::RawData(Rcdata),
            "style" | "iframe" | "noembed" | "noframes" => state.raw_text(Rawtext),
            "xmp" => TokenSinkResult::RawData(Rawtext),
            "script" => state.raw_text(ScriptData),
            "plaintext" => TokenSinkResult::Plaintext,
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

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.state.borrow().open.foreign()
    }
}

impl State {
    /// Marks of one document that are kept; what is beyond them is plain text.
    const MOST_MARKS: usize = 20_000;

    fn mark(&mut self, mark: Mark) {
        if self.parts.marks.len() < Self::MOST_MARKS {
            self.parts.marks.push((self.parts.visible.text.len(), mark));
        }
    }

    fn break_line(&mut self) {
        let at = self.cursor;
        for mapped in [&mut self.parts.visible, &mut self.parts.hidden] {
            if !mapped.text.is_empty() && !mapped.text.ends_with("\n\n") {
                mapped.replace("\n\n", at..at);
            }
        }
    }

    fn raw_text(&mut self, kind: RawKind) -> TokenSinkResult<()> {
        self.raw = true;
        TokenSinkResult::RawData(kind)
    }

    fn text(&mut self, html: &str, text: &str) {
        self.emitted = true;
        if !text.trim_ascii().is_empty() {
            self.open.leave_head();
        }
        let hidden = self.raw || self.open.hidden();
        let out = if hidden { &mut self.parts.hidden } else { &mut self.parts.visible };
        let at = out.text.len();
        let bytes = html.as_bytes();
        const CDATA: &[u8] = b"<![CDATA[";
        if bytes[self.cursor.min(html.len())..].starts_with(CDATA) {
            self.cursor += CDATA.len();
        }
        let source = &bytes[self.cursor.min(html.len())..];
        let reference = text == "&" && (source.starts_with(b"&amp") || source.starts_with(b"&#"));
        if !reference && source.starts_with(text.as_bytes()) {
            out.copy(text, self.cursor);
            self.cursor += text.len();
        } else {
            // A reference, a line end that was CRLF, or text behind something that was dropped.
            let end = match (source.first(), text) {
                (Some(b'\r'), "\n") => self.cursor + 1 + usize::from(source.get(1) == Some(&b'\n')),
                (Some(b'&'), _) => {
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
        if !hidden && let Some(part) = self.open.part() {
            let end = self.parts.visible.text.len();
            match self.parts.regions.last_mut() {
                Some((place, known)) if *known == part && at - place.end <= 2 => place.end = end,
                _ => self.parts.regions.push((at..end, part)),
            }
        }
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
            Some(offset) => {
                let start = place.start + offset;
                for piece in pieces(text) {
                    match piece {
                        Piece::Text(at) => out.copy(&text[at.clone()], start + at.start),
                        Piece::Break(at) => out.replace("\n\n", start + at.start..start + at.end),
                    }
                }
            }
            None => out.replace(text, place),
        }
        out.replace("\n\n", end..end);
    }
}

enum Piece {
    Text(Range<usize>),
    Break(Range<usize>),
}

/// The text of a comment without the markup in it: Outlook shows what stands in its conditional comments.
fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    if !text.trim_start().starts_with("[if") {
        // What looks like markup in any other comment may be what it says: `</s><|user|>`.
        return vec![Piece::Text(0..text.len())];
    }
    let (bytes, mut from) = (text.as_bytes(), 0);
    for start in memchr::memchr_iter(b'<', bytes) {
        if start < from {
            continue;
        }
        let Some(end) = memchr::memchr2(b'<', b'>', &bytes[start + 1..]).map(|offset| start + 1 + offset)
        else {
            break;
        };
        let inner = text[start + 1..end].trim_start_matches('/');
        let name =
            inner.find(|c: char| !c.is_ascii_alphanumeric() && c != ':').map_or(inner, |at| &inner[..at]);
        let name = name.to_ascii_lowercase();
        if bytes[end] == b'>' && is_known(&name) {
            out.push(Piece::Text(from..start));
            from = end + 1;
            if is_block(&name) {
                out.push(Piece::Break(start..from));
            }
        }
    }
    out.push(Piece::Text(from..text.len()));
    out
}

/// What attributes other than `style`, and a browser by itself, say of an element's look.
fn presentation(tag: &Tag, name: &str, foreign: bool, say: &mut impl FnMut(Declaration)) {
    let said = |property, value| Declaration { property, value, important: false };
    if name == "svg" {
        say(said(Property::Fill, Value::Colour(Colour::BLACK)));
    }
    let has = |wanted: &str| tag.attrs.iter().any(|one| &*one.name.local == wanted);
    match name {
        "a" if has("href") => say(said(Property::Colour, Value::Colour(Colour::LINK))),
        "mark" => {
            say(said(Property::Background, Value::Colour(Colour::Known([255, 255, 0], 255))));
            say(said(Property::Colour, Value::Colour(Colour::BLACK)));
        }
        "button" | "select" | "textarea" => {
            say(said(Property::Background, Value::Colour(Colour::Known([239; 3], 255))));
            say(said(Property::Colour, Value::Colour(Colour::BLACK)));
            say(said(Property::Size, Value::Number(13.3)));
        }
        "dialog" if !has("open") => say(said(Property::Display, Value::Yes)),
        _ => {}
    }
    for attribute in tag.attrs.iter().take(attributes::MOST) {
        let value: &str = &attribute.value;
        match &*attribute.name.local {
            "hidden" => say(said(Property::Display, Value::Yes)),
            "bgcolor" => say(colour_attribute(Property::Background, value)),
            "background" => say(said(Property::Background, Value::Colour(Colour::Unknown))),
            "color" if name == "font" => say(colour_attribute(Property::Colour, value)),
            "text" if name == "body" => say(colour_attribute(Property::Colour, value)),
            attribute @ ("fill" | "display" | "visibility" | "opacity" | "font-size" | "transform")
                if foreign =>
            {
                declarations(&format!("{attribute}:{value}")).into_iter().for_each(&mut *say);
            }
            "x" | "y" if foreign && value.parse::<f32>().is_ok_and(|at| !(-500.0..=5000.0).contains(&at)) => {
                say(said(Property::Display, Value::Yes));
            }
            _ => {}
        }
    }
}

/// The part of a mail that an element starts, as mail programs mark it.
fn part_of(element: &Candidate<'_>) -> Option<&'static str> {
    let any = |words: &[&str]| {
        let named =
            |name: &str| words.iter().any(|word| name.len() >= word.len() && name.eq_ignore_ascii_case(word));
        named(element.id()) || element.class().split_ascii_whitespace().take(8).any(named)
    };
    if any(&["gmail_signature", "moz-signature", "signature", "Signature", "ms-outlook-mobile-signature"]) {
        return Some("signature");
    }
    if element.name == "blockquote"
        || any(&["gmail_quote", "yahoo_quoted", "moz-cite-prefix", "divRplyFwdMsg", "OutlookMessageHeader"])
    {
        return Some("quoted");
    }
    (element.name == "footer" || any(&["footer", "disclaimer", "unsubscribe", "legal"])).then_some("footer")
}
