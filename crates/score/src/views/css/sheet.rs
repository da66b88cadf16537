//! Style sheets: the rules of a document's `<style>` elements, looked up by element. Bounded in rules, in bytes and
//! in the number of rules that are tried on all elements together.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use super::declaration::{Declaration, declarations};
use super::media::{ALL, READERS, holds};
use super::selector::{Key, Named, Selector};
use super::style::Style;

/// The rules of a document's style sheets.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    rules: Vec<Rule>,
    ids: HashMap<String, Vec<u32>>,
    classes: HashMap<String, Vec<u32>>,
    tags: HashMap<String, Vec<u32>>,
    any: Vec<u32>,
    /// Some rules hold for some readers only.
    divided: bool,
    /// More was written than was read.
    cut: bool,
    /// How many rules have been tried on elements.
    tried: Cell<usize>,
}

#[derive(Debug)]
struct Rule {
    selector: Selector,
    /// The readers it holds for, as bits.
    readers: u8,
    declarations: std::rc::Rc<[Declaration]>,
}

impl Sheet {
    const MOST_RULES: usize = 2048;
    const MOST_BYTES: usize = 128 * 1024;
    /// Trying a rule costs some ten nanoseconds.
    const MOST_TRIED: usize = 400_000;

    /// Reads every `<style>` of a document.
    pub(crate) fn read(html: &str) -> Self {
        let mut sheet = Self::default();
        let mut left = Self::MOST_BYTES;
        let bytes = html.as_bytes();
        let mut at = 0;
        for start in memchr::memchr_iter(b'<', bytes) {
            let is_style = bytes
                .get(start + 1..start + 6)
                .is_some_and(|tag| tag.eq_ignore_ascii_case(b"style"))
                && bytes.get(start + 6).is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'));
            if start < at {
                continue;
            }
            if bytes[start..].starts_with(b"<!--") {
                // What stands in a comment styles nothing. `<!-->` is a whole comment.
                at = memchr::memmem::find(&bytes[start + 2..], b"-->")
                    .map_or(bytes.len(), |offset| start + 2 + offset + 3);
                continue;
            }
            if !is_style {
                continue;
            }
            let Some(open) = memchr::memchr(b'>', &bytes[start..]).map(|offset| start + offset + 1) else {
                break;
            };
            let close = end_of_style(bytes, open);
            crate::work::count(close - start);
            let end =
                (open..=close.min(open + left)).rev().find(|end| html.is_char_boundary(*end)).unwrap_or(open);
            let readers = media_attribute(&html[start..open]).map_or(ALL, holds);
            let css = without_comments(&html[open..end]);
            sheet.block(&css, readers, 0);
            sheet.cut |= end < close;
            left -= end - open;
            at = close;
            if left == 0 {
                break;
            }
        }
        sheet
    }

    /// How many readers have to be told apart: one, unless a media query does.
    pub(crate) fn readers(&self) -> usize {
        if self.divided { READERS } else { 1 }
    }

    /// Whether rules were left out for their number or length.
    pub(crate) fn cut(&self) -> bool {
        self.cut || self.tried.get() > Self::MOST_TRIED
    }

    /// Lays what the sheet says of an element over its styles, one for each reader.
    pub(crate) fn lay<'a, E: Named + 'a>(
        &self,
        element: &impl Named,
        ancestors: impl Iterator<Item = &'a E> + Clone,
        styles: &mut [Style; READERS],
    ) {
        if self.rules.is_empty() {
            return;
        }
        let mut lay = |rules: Option<&Vec<u32>>| {
            for &index in rules.into_iter().flatten() {
                let tried = self.tried.get() + 1;
                self.tried.set(tried);
                if tried > Self::MOST_TRIED {
                    return;
                }
                let rule = &self.rules[index as usize];
                if !rule.selector.matches(element, ancestors.clone()) {
                    continue;
                }
                let rank = rule.selector.specificity << 12 | (index & 0xfff);
                for (reader, style) in styles.iter_mut().enumerate().take(self.readers()) {
                    if rule.readers >> reader & 1 == 1 {
                        rule.declarations.iter().for_each(|said| style.lay(said, rank));
                    }
                }
            }
        };
        lay(Some(&self.any));
        lay(self.tags.get(element.tag()));
        for class in element.class().split_ascii_whitespace().take(16) {
            lay(self.classes.get(class));
        }
        if !element.id().is_empty() {
            lay(self.ids.get(element.id()));
        }
    }

    /// Reads rules, and the rules inside of conditions.
    fn block(&mut self, css: &str, readers: u8, depth: usize) {
        const DEEPEST: usize = 4;
        let mut rest = css;
        while let Some(at) = memchr::memchr2(b'{', b';', rest.as_bytes()) {
            let prelude = rest[..at].trim().trim_start_matches("<!--").trim_start_matches("-->").trim();
            if rest.as_bytes()[at] == b';' {
                // `@import x;` has no block.
                rest = &rest[at + 1..];
                continue;
            }
            let end = block_end(rest.as_bytes(), at);
            let body = &rest[at + 1..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            match prelude.strip_prefix('@') {
                None => self.rule(prelude, body, readers),
                Some(rule) => {
                    let name = rule.find([' ', '(']).map_or(rule, |at| &rule[..at]).to_ascii_lowercase();
                    let inner = match name.as_str() {
                        "media" => holds(&rule[name.len()..]) & readers,
                        // Every reader has what mail asks for.
                        "supports" | "layer" => readers,
                        _ => 0,
                    };
                    if inner != 0 && depth < DEEPEST {
                        self.block(body, inner, depth + 1);
                    }
                }
            }
        }
    }

    fn rule(&mut self, selectors: &str, body: &str, readers: u8) {
        let declarations: std::rc::Rc<[Declaration]> = declarations(body).into();
        if declarations.is_empty() {
            return;
        }
        for selector in selectors.split(',').take(32) {
            if self.rules.len() >= Self::MOST_RULES {
                self.cut = true;
                return;
            }
            let Some(selector) = Selector::parse(selector) else { continue };
            let index = self.rules.len() as u32;
            let list = match selector.key() {
                Key::Id(id) => self.ids.entry(id.to_owned()).or_default(),
                Key::Class(class) => self.classes.entry(class.to_owned()).or_default(),
                Key::Tag(tag) => self.tags.entry(tag.to_owned()).or_default(),
                Key::Any => &mut self.any,
            };
            list.push(index);
            self.divided |= readers != ALL;
            self.rules.push(Rule { selector, readers, declarations: declarations.clone() });
        }
    }
}

/// CSS with each comment as a space, so that it parts words as it does for a browser.
pub(super) fn without_comments(css: &str) -> Cow<'_, str> {
    if !css.contains("/*") {
        return css.into();
    }
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        out.push(' ');
        rest = rest[start + 2..].find("*/").map_or("", |end| &rest[start + 2 + end + 2..]);
    }
    out.push_str(rest);
    out.into()
}

/// Where a `<style>` that opened before `from` ends: at `</style`, or never.
fn end_of_style(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(offset) = memchr::memmem::find(&bytes[at..], b"</") {
        let found = at + offset;
        if bytes.get(found + 2..found + 7).is_some_and(|tag| tag.eq_ignore_ascii_case(b"style")) {
            return found;
        }
        at = found + 2;
    }
    bytes.len()
}

/// The `}` that closes the `{` at `open`, or the end.
fn block_end(css: &[u8], open: usize) -> usize {
    let mut depth = 0_usize;
    for at in memchr::memchr2_iter(b'{', b'}', &css[open..]) {
        if css[open + at] == b'{' {
            depth += 1;
        } else {
            depth -= 1;
            if depth == 0 {
                return open + at;
            }
        }
    }
    css.len()
}

/// The value of `media` in a start tag, if it has one.
fn media_attribute(tag: &str) -> Option<&str> {
    let lower = tag.to_ascii_lowercase();
    let at = lower.find("media")?;
    let value = tag[at + 5..].trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    Some(match quote {
        Some(quote) => value[1..].split(quote).next().unwrap_or_default(),
        None => value.split([' ', '>']).next().unwrap_or_default(),
    })
}
