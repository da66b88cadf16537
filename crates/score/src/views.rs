//! Lays a message out as views: each text that a program could read out of it, folded to one form, with the
//! way back to its place in the original.
//!
//! It says what there is and how it was hidden; what that is worth is for the rules.

pub(crate) mod confusable;
mod content_lines;
mod css;
mod decode;
mod elements;
pub(crate) mod html;
mod leet;
pub(crate) mod normalise;
mod open_elements;
mod quoted;
mod regions;
mod shown;
pub(crate) mod source_map;

pub use confusable::is_invisible;
pub use shown::{Shown, shown};

use std::ops::Range;

use crate::sample::{Attachment, Policy, Sample};
use crate::verdict::Coverage;
use normalise::{Folded, fold};
use source_map::Mapped;

/// How a view's text stands before a person who looks at the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Read as it stands.
    Open,
    /// A name of a person or a file: seen, but nobody writes sentences there.
    Name,
    /// Not seen: hidden by style, in a comment or an attribute.
    Concealed,
    /// Seen as gibberish.
    Encoded,
}

/// One text of a message.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) name: String,
    pub(crate) sight: Sight,
    pub(crate) folded: Folded,
    source: &'a str,
    /// How the text that was folded came from the source; `None` if it is the source.
    way: Option<Mapped>,
    /// Stretches of the text before it was folded that have a name of their own.
    regions: Vec<(Range<usize>, &'static str)>,
}

impl<'a> View<'a> {
    fn new(name: impl Into<String>, sight: Sight, source: &'a str, way: Option<Mapped>) -> Self {
        let folded = fold(way.as_ref().map_or(source, |mapped| &mapped.text));
        Self { name: name.into(), sight, folded, source, way, regions: Vec::new() }
    }

    /// The name of the part of the view that a stretch of the folded text starts in: the view's own, or that of
    /// the quotation, signature or footer it stands in.
    pub(crate) fn name_at(&self, place: &Range<usize>) -> String {
        if self.regions.is_empty() {
            return self.name.clone();
        }
        let at = self.folded.mapped.origin(place.clone()).start;
        let known = self.regions.partition_point(|(region, _)| region.end <= at);
        match self.regions.get(known) {
            Some((region, "quoted")) if region.contains(&at) && self.name == "text" => "quoted".to_owned(),
            Some((region, part)) if region.contains(&at) => format!("{part} in {}", self.name),
            _ => self.name.clone(),
        }
    }

    /// The bytes of the original that a stretch of the folded text came from, at character boundaries.
    pub(crate) fn origin(&self, place: Range<usize>) -> Range<usize> {
        self.origin_of_plain(self.folded.mapped.origin(place))
    }

    /// The same for a stretch of the text before it was folded.
    pub(crate) fn origin_of_plain(&self, place: Range<usize>) -> Range<usize> {
        let outer = self.way.as_ref().map_or(place.clone(), |mapped| mapped.origin(place));
        let end = outer.end.min(self.source.len());
        let start =
            (0..=outer.start.min(end)).rev().find(|at| self.source.is_char_boundary(*at)).unwrap_or(0);
        let end = (end..=self.source.len())
            .find(|at| self.source.is_char_boundary(*at))
            .unwrap_or(self.source.len());
        start..end
    }

    /// The text before it was folded.
    pub(crate) fn plain(&self) -> &str {
        self.way.as_ref().map_or(self.source, |mapped| &mapped.text)
    }

    /// A place in the original.
    pub(crate) fn original(&self, place: Range<usize>) -> &'a str {
        &self.source[place]
    }
}

/// Every view of a message, and whether all of it was read.
pub(crate) fn views<'a>(sample: &Sample<'a>, policy: &Policy) -> (Vec<View<'a>>, Coverage) {
    let mut gallery = Gallery { views: Vec::new(), limit: policy.view_limit, whole: true };
    gallery.add("subject", Sight::Open, sample.subject);
    gallery.add("from_name", Sight::Name, sample.from_name);
    gallery.label("from_address", sample.from_address);
    for name in &sample.names {
        gallery.add("name", Sight::Name, name);
    }
    gallery.text("text", sample.text);
    gallery.html("html", sample.html);
    for attachment in &sample.attachments {
        gallery.label("attachment_name", attachment.name);
        gallery.attachment(attachment);
    }
    for (_, value) in &sample.headers {
        gallery.add("header", Sight::Open, value);
    }
    (gallery.views, if gallery.whole { Coverage::Full } else { Coverage::Partial })
}

/// What a person sees of an HTML document: a line for each block, at most 256 KiB of source.
#[must_use]
pub fn visible_text(html: &str) -> String {
    let limit = Policy::default().view_limit;
    let cut = (0..=limit.min(html.len())).rev().find(|at| html.is_char_boundary(*at)).unwrap_or(0);
    lines(&html::parts(&html[..cut]).visible.text)
}

/// What a person does not see of an HTML document: text that its style hides, comments, and the texts of attributes; a
/// line for each block, at most 256 KiB of source.
#[must_use]
pub fn hidden_text(html: &str) -> String {
    let limit = Policy::default().view_limit;
    let cut = (0..=limit.min(html.len())).rev().find(|at| html.is_char_boundary(*at)).unwrap_or(0);
    let parts = html::parts(&html[..cut]);
    let all = [parts.hidden.text, parts.comments.text, parts.attributes.text].map(|text| lines(&text));
    all.iter().filter(|text| !text.is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// A line for each block, with one space between words.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for block in text.split("\n\n") {
        let mut words = block.split_whitespace().peekable();
        if words.peek().is_some() && !out.is_empty() {
            out.push('\n');
        }
        let mut first = true;
        for word in words {
            if !first {
                out.push(' ');
            }
            out.push_str(word);
            first = false;
        }
    }
    out
}

struct Gallery<'a> {
    views: Vec<View<'a>>,
    limit: usize,
    whole: bool,
}

impl<'a> Gallery<'a> {
    /// Kinds of properties of a calendar item that are read.
    const MOST_FIELDS: usize = 64;

    fn add(&mut self, name: &str, sight: Sight, source: &'a str) {
        let source = self.cut(source);
        self.hang(name, sight, source, None);
    }

    /// A name that has signs for spaces: `Read_me-first.pdf`.
    fn label(&mut self, name: &str, source: &'a str) {
        let source = self.cut(source);
        let spaced = source.contains(' ');
        let parts = |c: char| matches!(c, '_' | '+') || (!spaced && matches!(c, '.' | '-'));
        if !source.contains(parts) {
            return self.hang(name, Sight::Name, source, None);
        }
        let mut way = Mapped::default();
        way.copy(&source.replace(parts, " "), 0);
        self.hang(name, Sight::Name, source, Some(way));
    }

    fn text(&mut self, name: &str, source: &'a str) {
        let source = self.cut(source);
        match quoted::thread(source) {
            None => {
                self.hang_parted(name, source, None, regions::regions(source));
            }
            Some(thread) => {
                let regions = regions::regions(&thread.own.text);
                self.hang_parted(name, source, Some(thread.own), regions);
                self.hang("quoted", Sight::Open, source, Some(thread.quoted));
            }
        }
        let mut links = Mapped::default();
        for (place, words) in decode::targets(source) {
            links.replace(&words, place.clone());
            links.replace("\n\n", place.end..place.end);
        }
        self.hang(&format!("link in {name}"), Sight::Concealed, source, Some(links));
    }

    fn attachment(&mut self, attachment: &Attachment<'a>) {
        let (kind, text) = (attachment.content_type.to_ascii_lowercase(), attachment.text);
        if kind.starts_with("text/html") || kind.contains("xhtml") || kind.contains("svg") {
            return self.html("attachment", text);
        }
        let item = (kind.contains("calendar") || kind.contains("vcard")) && text.contains("BEGIN:V");
        if item || content_lines::is_content_lines(text) {
            let source = self.cut(text);
            let fields = content_lines::fields(source);
            if !fields.is_empty() {
                return self.fields(source, fields);
            }
        }
        self.text("attachment", text);
    }

    /// Each property of a calendar item as a view: `calendar.summary`.
    fn fields(&mut self, source: &'a str, fields: Vec<content_lines::Field>) {
        let mut known: Vec<(String, Mapped)> = Vec::new();
        for field in fields {
            if field.html {
                self.markup("calendar", source, html::parts(&field.value.text), Some(&field.value));
                continue;
            }
            // An item has one summary, a calendar many: those of one name are read as paragraphs of one view.
            match known.iter().position(|(name, _)| *name == field.name) {
                Some(at) => {
                    known[at].1.replace("\n\n", 0..0);
                    known[at].1.append(&field.value);
                }
                None if known.len() < Self::MOST_FIELDS => known.push((field.name, field.value)),
                None => self.whole = false,
            }
        }
        for (name, value) in known {
            self.hang(&format!("calendar.{name}"), Sight::Open, source, Some(value));
        }
    }

    fn html(&mut self, name: &str, source: &'a str) {
        let source = self.cut(source);
        if !source.is_empty() {
            self.markup(name, source, html::parts(source), None);
        }
    }

    /// The views of a document that is the source, or was made of it.
    fn markup(&mut self, name: &str, source: &'a str, parts: html::Parts, base: Option<&Mapped>) {
        let way = |part: Mapped| Some(base.map_or_else(|| part.clone(), |base| part.clone().through(base)));
        self.whole &= !parts.partial;
        self.hang_parted(name, source, way(parts.visible), parts.regions);
        self.hang("hidden", Sight::Concealed, source, way(parts.hidden));
        self.hang("comment", Sight::Concealed, source, way(parts.comments));
        self.hang("attribute", Sight::Concealed, source, way(parts.attributes));
        self.hang("link", Sight::Concealed, source, way(parts.links));
    }

    fn hang_parted(
        &mut self,
        name: &str,
        source: &'a str,
        way: Option<Mapped>,
        regions: Vec<(Range<usize>, &'static str)>,
    ) {
        let at = self.views.len();
        self.hang(name, Sight::Open, source, way);
        if let Some(view) = self.views.get_mut(at) {
            view.regions = regions;
        }
    }

    fn hang(&mut self, name: &str, sight: Sight, source: &'a str, way: Option<Mapped>) {
        let text = way.as_ref().map_or(source, |mapped| &mapped.text);
        if text.trim().is_empty() {
            return;
        }
        let place = |run: Range<usize>| way.as_ref().map_or(run.clone(), |mapped| mapped.origin(run));
        let mut encoded = Vec::new();
        for run in decode::runs(text) {
            let at = place(run.place);
            // An encoding inside an encoding is undone as well; deeper ones say nothing to a reader either.
            // What is turned round once more is what it was.
            for inner in decode::runs(&run.text) {
                if matches!(run.how, "rot13" | "reversed") && inner.how == run.how {
                    continue;
                }
                encoded.push((inner.how, at.clone(), inner.text));
            }
            encoded.push((run.how, at, run.text));
        }
        let view = View::new(name, sight, source, way);
        if !view.folded.tags.is_empty() {
            let (start, end) = view.folded.tags_at;
            let at = view.way.as_ref().map_or(start..end, |mapped| mapped.origin(start..end));
            encoded.push(("tags", at, view.folded.tags.clone()));
        }
        self.views.push(view);
        for (how, at, text) in encoded {
            let decoded = |how: &str, text: &str| {
                let mut way = Mapped::default();
                way.replace(text, at.clone());
                View::new(format!("decoded:{how} in {name}"), Sight::Encoded, source, Some(way))
            };
            let view = decoded(how, &text);
            let tags = (!view.folded.tags.is_empty()).then(|| decoded("tags", &view.folded.tags));
            self.views.push(view);
            self.views.extend(tags);
        }
    }

    fn cut(&mut self, text: &'a str) -> &'a str {
        if text.len() <= self.limit {
            return text;
        }
        self.whole = false;
        let end = (0..=self.limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        &text[..end]
    }
}
