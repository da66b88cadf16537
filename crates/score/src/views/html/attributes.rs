//! What attributes say: texts that are read aloud, shown on hover or never shown, and the data in link targets.

use std::ops::Range;

use html5ever::tokenizer::Tag;

use super::super::decode::target_words;
use super::super::elements::is_technical;
use super::Parts;

/// Attributes beyond this number are not looked at.
pub(super) const MOST: usize = 64;

/// Reads the attributes of a tag whose source is `place`.
pub(super) fn read(parts: &mut Parts, html: &str, place: Range<usize>, tag: &Tag) {
    let source = &html.as_bytes()[place.clone()];
    crate::work::count(source.len());
    let (mut from, mut bare) = (0, Vec::new());
    for attribute in tag.attrs.iter().take(MOST) {
        let name: &str = &attribute.name.local;
        let value: &str = &attribute.value;
        if value.is_empty() {
            bare.push(name);
            continue;
        }
        // Attributes are found in the order they were written in.
        let found = memchr::memmem::find(&source[from..], value.as_bytes()).map(|offset| from + offset);
        let at = found.map(|start| place.start + start..place.start + start + value.len());
        from = found.map_or(from, |start| start + value.len());
        if speaks(name, value) {
            match &at {
                Some(at) => parts.attributes.copy(value, at.start),
                None => parts.attributes.replace(value, place.clone()),
            }
            parts.attributes.replace("\n\n", place.end..place.end);
        }
        let leads = matches!(name, "href" | "src" | "action" | "formaction" | "cite" | "background" | "data");
        if leads && let Some(words) = target_words(value) {
            parts.links.replace(&words, at.unwrap_or_else(|| place.clone()));
            parts.links.replace("\n\n", place.end..place.end);
        }
    }
    // `<p send the codes to me>`: four and more attributes without values are words.
    const FEWEST: usize = 4;
    if bare.len() >= FEWEST {
        parts.attributes.replace(&bare.join(" "), place.clone());
        parts.attributes.replace("\n\n", place.end..place.end);
    }
}

/// Whether an attribute holds words for somebody to read.
fn speaks(name: &str, value: &str) -> bool {
    const SHORTEST: usize = 4;
    if value.len() < SHORTEST {
        return false;
    }
    let known = matches!(
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
            | "srcdoc"
    ) || name.starts_with("data-");
    known || (!is_technical(name) && value.split_whitespace().nth(2).is_some())
}
