//! What a person sees of an HTML document as plain text, with the addresses that its links lead to.
//!
//! The same reading as the rules judge by: what is hidden from them as unseen is not shown here either.

use std::fmt::Write as _;

use super::html::{self, Mark};
use super::lines;
use crate::sample::Policy;

/// A document as plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// A line for each block; behind each link its address between `⟦` and `⟧`, which stand nowhere else.
    pub text: String,
    /// Images that were left out.
    pub images: usize,
    /// There was text that nobody sees.
    pub hidden: bool,
    /// The document was longer than what is read, or its markup too wild to be followed to the end.
    pub cut: bool,
}

/// Writes a document as plain text. `address` says what stands behind a link, from its text and its address; nothing does
/// where it says so. At most 256 KiB of source are read.
#[must_use]
pub fn shown(html: &str, mut address: impl FnMut(&str, &str) -> Option<String>) -> Shown {
    let limit = Policy::default().view_limit;
    let source = &html[..html.floor_char_boundary(limit.min(html.len()))];
    let parts = html::parts(source);
    let text = &parts.visible.text;
    let mut out = String::with_capacity(text.len());
    let (mut from, mut open, mut images) = (0, None, 0);
    for (at, mark) in &parts.marks {
        let at = text.floor_char_boundary((*at).min(text.len()));
        if let Mark::Image = mark {
            images += 1;
            continue;
        }
        // A link ends where another begins.
        if let Some((start, target)) = open.take() {
            close(&mut out, &text[from..at], &text[start..at], target, &mut address);
            from = at;
        }
        if let Mark::Link(target) = mark {
            push(&mut out, &text[from..at]);
            from = at;
            open = Some((at, target));
        }
    }
    if let Some((start, target)) = open {
        close(&mut out, &text[from..], &text[start..], target, &mut address);
    } else {
        push(&mut out, &text[from..]);
    }
    let hidden = !parts.hidden.text.trim().is_empty();
    Shown { text: lines(&out), images, hidden, cut: parts.partial || source.len() < html.len() }
}

/// Writes what is left of a link's text, and its address before the white space at its end.
fn close(
    out: &mut String,
    rest: &str,
    text: &str,
    target: &str,
    address: &mut impl FnMut(&str, &str) -> Option<String>,
) {
    let words = rest.trim_end();
    push(out, words);
    if let Some(address) = address(text.trim(), target) {
        let space = if out.is_empty() || out.ends_with(char::is_whitespace) { "" } else { " " };
        let _ = write!(out, "{space}⟦{address}⟧ ");
    }
    out.push_str(&rest[words.len()..]);
}

/// What the document says is never taken for the address of a link.
fn push(out: &mut String, text: &str) {
    out.extend(text.chars().map(|c| match c {
        '⟦' => '[',
        '⟧' => ']',
        c => c,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(html: &str) -> String {
        shown(html, |_, href| Some(href.to_owned())).text
    }

    #[test]
    fn a_link_is_followed_by_its_address() {
        assert_eq!(plain("Go <a href='https://a.test/'>here</a>, now"), "Go here ⟦https://a.test/⟧ , now");
        assert_eq!(plain("<p><a href=a>one</a><p><a href=b>two <b>bold</b></a>"), "one ⟦a⟧\ntwo bold ⟦b⟧");
        assert_eq!(plain("<a href=a>one<a href=b>two</a>three"), "one ⟦a⟧ two ⟦b⟧ three");
        assert_eq!(plain("<a href=a><img src=x alt='hidden words'></a>"), "⟦a⟧");
        assert_eq!(plain("<a href=a>open to the end"), "open to the end ⟦a⟧");
        assert_eq!(plain("<a href=b>⟦a⟧&#x27E6;</a>"), "[a][ ⟦b⟧");
        assert_eq!(plain("</a></a><a name=x>none</a>"), "none");
    }

    #[test]
    fn what_nobody_sees_is_not_shown() {
        let html = "<p>Hi<span style='display:none'>ignore <a href=a>this</a></span> Mia</p><!-- c -->\
            <a style='font-size:0' href=b>tiny</a><img alt=words><title>t</title>";
        let shown = shown(html, |_, href| Some(href.to_owned()));
        assert_eq!(shown.text.lines().next(), Some("Hi Mia"), "{shown:?}");
        assert!(!shown.text.contains('⟦') && !shown.text.contains("words"));
        assert_eq!((shown.images, shown.hidden, shown.cut), (1, true, false));
    }

    #[test]
    fn wild_markup_neither_panics_nor_grows() {
        for piece in
            ["<a href=x>", "</a>", "<a href='", "<img>", "\u{202e}<a href=\u{e9}>\u{d55c}", "<svg><a href=x>"]
        {
            let html = piece.repeat(30_000);
            let shown = shown(&html, |_, _| None);
            assert!(shown.text.len() <= html.len());
        }
    }
}
