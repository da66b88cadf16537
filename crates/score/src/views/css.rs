//! The part of CSS that decides whether a person can see a text: declarations in `style` attributes and
//! simple rules of style sheets.
//!
//! Not a CSS engine: selectors with combinators and rules inside `@media` decide nothing, because whether they
//! hold depends on the reader's screen.

use std::collections::{HashMap, HashSet};

/// A colour, as far as it can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Colour {
    /// Not said here: the parent's holds.
    #[default]
    Inherited,
    /// An opaque colour.
    Rgb(u8, u8, u8),
    /// Fully transparent.
    Clear,
    /// Said, but it cannot be known: an image, a variable.
    Unknown,
}

/// What an element's own style says about its visibility.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style {
    /// Nothing inside can be seen, whatever it says of itself.
    pub(crate) gone: bool,
    /// `visibility`, which a child may set back.
    pub(crate) invisible: Option<bool>,
    /// `font-size` is too small to read, or not; a child may set it back.
    pub(crate) tiny: Option<bool>,
    pub(crate) colour: Colour,
    pub(crate) background: Colour,
}

impl Style {
    /// Lays `later` over this style.
    pub(crate) fn overlay(&mut self, later: &Self) {
        self.gone |= later.gone;
        self.invisible = later.invisible.or(self.invisible);
        self.tiny = later.tiny.or(self.tiny);
        if later.colour != Colour::Inherited {
            self.colour = later.colour;
        }
        if later.background != Colour::Inherited {
            self.background = later.background;
        }
    }
}

/// Reads the declarations of a `style` attribute or of a rule.
pub(crate) fn declarations(css: &str) -> Style {
    let mut style = Style::default();
    let (mut clipped, mut flat, mut lifted) = (false, false, false);
    for declaration in css.split(';').take(64) {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim().to_ascii_lowercase();
        let value = value.trim_end_matches("!important").trim();
        match name.as_str() {
            "display" => style.gone |= value == "none",
            "visibility" => style.invisible = Some(matches!(value, "hidden" | "collapse")),
            "opacity" => style.gone |= ratio(value).is_some_and(|share| share <= 0.05),
            "font-size" => style.tiny = Some(length(value).is_some_and(|px| px <= 1.5)),
            "font" => style.tiny = value.split([' ', '/']).find_map(length).map(|px| px <= 1.5),
            "color" => style.colour = colour(value),
            "background-color" => style.background = colour(value),
            "background" | "background-image" => {
                style.background = value
                    .split_whitespace()
                    .map(colour)
                    .find(|found| matches!(found, Colour::Rgb(..)))
                    .unwrap_or(Colour::Unknown);
            }
            "height" | "max-height" | "width" | "max-width" => {
                flat |= length(value).is_some_and(|px| px <= 1.0)
            }
            "overflow" | "overflow-x" | "overflow-y" => clipped |= matches!(value, "hidden" | "clip"),
            "position" => lifted |= matches!(value, "absolute" | "fixed"),
            "text-indent" => style.gone |= length(value).is_some_and(|px| px <= -500.0),
            "left" | "right" | "top" | "bottom" | "margin-left" | "margin-top" => {
                style.gone |= length(value).is_some_and(|px| px <= -500.0);
            }
            "clip" => {
                style.gone |= value.replace([' ', ','], "").starts_with("rect(0") || value.contains("1px,1px")
            }
            "clip-path" => {
                style.gone |=
                    value.contains("inset(100%") || value.contains("inset(50%") || value.contains("circle(0")
            }
            "transform" => style.gone |= value.contains("scale(0") && !value.contains("scale(0."),
            _ => {}
        }
    }
    // A box without room hides its text only if what overflows is cut off; `lifted` boxes of 1 px are the
    // screen-reader idiom, which does cut.
    style.gone |= flat && (clipped || lifted);
    style
}

/// Reads a colour; what is not understood is [`Colour::Unknown`].
pub(crate) fn colour(value: &str) -> Colour {
    let value = value.trim();
    if let Some(hex) = value.strip_prefix('#') {
        return hex_colour(hex);
    }
    if let Some(inner) = value.strip_prefix("rgba(").or_else(|| value.strip_prefix("rgb(")) {
        let numbers: Vec<f32> = inner
            .trim_end_matches(')')
            .split([',', ' ', '/'])
            .filter(|part| !part.is_empty())
            .take(4)
            .filter_map(|part| part.trim_end_matches('%').parse().ok())
            .collect();
        return match numbers[..] {
            [.., alpha] if numbers.len() == 4 && alpha <= 0.05 => Colour::Clear,
            [r, g, b, ..] => Colour::Rgb(r as u8, g as u8, b as u8),
            _ => Colour::Unknown,
        };
    }
    match value {
        "white" | "window" | "canvas" => Colour::Rgb(255, 255, 255),
        "black" => Colour::Rgb(0, 0, 0),
        "transparent" => Colour::Clear,
        "inherit" | "" => Colour::Inherited,
        "snow" | "ivory" | "ghostwhite" | "floralwhite" => Colour::Rgb(252, 252, 250),
        "whitesmoke" => Colour::Rgb(245, 245, 245),
        "red" => Colour::Rgb(255, 0, 0),
        "green" => Colour::Rgb(0, 128, 0),
        "blue" => Colour::Rgb(0, 0, 255),
        "yellow" => Colour::Rgb(255, 255, 0),
        "gray" | "grey" => Colour::Rgb(128, 128, 128),
        "silver" => Colour::Rgb(192, 192, 192),
        "navy" => Colour::Rgb(0, 0, 128),
        _ => Colour::Unknown,
    }
}

/// Whether text of one colour cannot be told from its background.
pub(crate) fn blends(text: Colour, background: Colour) -> bool {
    match (text, background) {
        (Colour::Clear, _) => true,
        (Colour::Rgb(r, g, b), Colour::Rgb(x, y, z)) => {
            r.abs_diff(x).max(g.abs_diff(y)).max(b.abs_diff(z)) <= 10
        }
        _ => false,
    }
}

/// The rules of a mail's style sheets whose selectors are simple.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    rules: HashMap<String, Style>,
    /// Class names whose background depends on more than the sheet's simple rules.
    coloured: HashSet<String>,
}

impl Sheet {
    const MOST_RULES: usize = 1024;

    /// Reads every `<style>` of a document; at most 64 KiB of rules.
    pub(crate) fn read(html: &str) -> Self {
        let mut sheet = Self::default();
        let mut left = 64 * 1024;
        let lower = html.as_bytes();
        let mut at = 0;
        for start in memchr::memchr_iter(b'<', lower) {
            let is_style =
                lower.get(start + 1..start + 6).is_some_and(|tag| tag.eq_ignore_ascii_case(b"style"));
            if start < at || !is_style {
                continue;
            }
            let Some(open) = memchr::memchr(b'>', &lower[start..]).map(|offset| start + offset + 1) else {
                break;
            };
            let close =
                memchr::memmem::find(&lower[open..], b"</").map_or(html.len(), |offset| open + offset);
            crate::work::count(close - start);
            let end =
                (open..=close.min(open + left)).rev().find(|end| html.is_char_boundary(*end)).unwrap_or(open);
            sheet.add(&html[open..end]);
            left -= end - open;
            at = close;
            if left == 0 {
                break;
            }
        }
        sheet
    }

    /// What the sheet says of an element.
    pub(crate) fn style(&self, tag: &str, id: Option<&str>, classes: &str) -> Style {
        let mut style = Style::default();
        if self.rules.is_empty() && self.coloured.is_empty() {
            return style;
        }
        let mut lay = |selector: &str| {
            if let Some(found) = self.rules.get(selector) {
                style.overlay(found);
            }
        };
        lay(tag);
        let mut coloured = false;
        for class in classes.split_ascii_whitespace().take(16) {
            lay(&format!(".{class}"));
            lay(&format!("{tag}.{class}"));
            coloured |= self.coloured.contains(class);
        }
        if let Some(id) = id {
            lay(&format!("#{id}"));
            lay(&format!("{tag}#{id}"));
        }
        if coloured && style.background == Colour::Inherited {
            style.background = Colour::Unknown;
        }
        style
    }

    fn add(&mut self, css: &str) {
        let css = without_comments(css);
        let mut depth = 0_usize;
        let (mut selector, mut start) = ("", 0);
        for (at, byte) in css.bytes().enumerate() {
            match byte {
                b'{' => {
                    depth += 1;
                    if depth == 1 {
                        selector = css[start..at].trim();
                    }
                    start = at + 1;
                }
                b'}' => {
                    if depth == 1 && !selector.starts_with('@') {
                        self.rule(selector, &css[start..at]);
                    }
                    depth = depth.saturating_sub(1);
                    start = at + 1;
                }
                // `@import x;` has no block; what follows is a new selector.
                b';' if depth == 0 => start = at + 1,
                _ => {}
            }
        }
    }

    fn rule(&mut self, selectors: &str, body: &str) {
        let style = declarations(body);
        for selector in selectors.split(',').take(32) {
            if self.rules.len() >= Self::MOST_RULES {
                return;
            }
            let selector = selector.trim();
            let simple = !selector.is_empty()
                && selector
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'#' | b'-' | b'_'))
                && selector.bytes().skip(1).filter(|b| matches!(b, b'.' | b'#')).count() <= 1;
            if simple {
                self.rules.entry(selector.to_owned()).or_default().overlay(&style);
            } else if style.background != Colour::Inherited {
                let last = selector.rsplit([' ', '>']).next().unwrap_or_default();
                self.coloured.extend(last.split(['.', ':', '#']).skip(1).map(str::to_owned));
            }
        }
    }
}

fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = rest[start + 2..].find("*/").map_or("", |end| &rest[start + 2 + end + 2..]);
    }
    out.push_str(rest);
    out
}

fn hex_colour(hex: &str) -> Colour {
    let Some(digits) = hex.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<Vec<u8>>>()
    else {
        return Colour::Unknown;
    };
    match digits[..] {
        [_, _, _, 0] | [_, _, _, _, _, _, 0, 0] => Colour::Clear,
        [r, g, b] | [r, g, b, _] => Colour::Rgb(r * 17, g * 17, b * 17),
        [r, s, g, h, b, c] | [r, s, g, h, b, c, _, _] => Colour::Rgb(r * 16 + s, g * 16 + h, b * 16 + c),
        _ => Colour::Unknown,
    }
}

fn ratio(value: &str) -> Option<f32> {
    match value.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().ok().map(|share| share / 100.0),
        None => value.parse().ok(),
    }
}

/// A length in CSS pixels; `None` if it depends on more than itself.
fn length(value: &str) -> Option<f32> {
    let value = value.trim();
    let split =
        value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(value.len());
    let number: f32 = value[..split].parse().ok()?;
    Some(match value[split..].trim() {
        "" | "px" => number,
        "pt" => number * 4.0 / 3.0,
        "em" | "rem" | "ex" | "ch" => number * 16.0,
        "in" => number * 96.0,
        "cm" => number * 38.0,
        "mm" => number * 3.8,
        "%" if (0.0..=5.0).contains(&number) => number,
        "%" | "vw" | "vh" => number * 10.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hides(css: &str) -> bool {
        let style = declarations(css);
        style.gone || style.invisible == Some(true) || style.tiny == Some(true)
    }

    #[test]
    fn the_ways_to_hide_text_are_known() {
        for css in [
            "display:none",
            "DISPLAY : none !important",
            "visibility:hidden",
            "opacity:0",
            "opacity: 0.01",
            "font-size:0",
            "font-size:1px",
            "font-size:.05em",
            "position:absolute;left:-9999px",
            "text-indent:-999em",
            "max-height:0;overflow:hidden",
            "width:0;height:0;overflow:hidden",
            "clip:rect(0 0 0 0)",
            "clip-path:inset(100%)",
            "transform:scale(0)",
            "font:0/0 a",
        ] {
            assert!(hides(css), "{css}");
        }
        for css in [
            "display:block",
            "opacity:.8",
            "font-size:12px",
            "left:-1px",
            "max-height:0",
            "margin-left:-20px",
            "font:12px/1.5 Arial",
            "font-size:100%",
            "transform:scale(0.9)",
            "line-height:0",
        ] {
            assert!(!hides(css), "{css}");
        }
    }

    #[test]
    fn colours_blend_only_when_both_are_known() {
        assert!(blends(colour("#fefefe"), colour("white")));
        assert!(blends(colour("rgb(10, 10, 10)"), colour("#000")));
        assert!(blends(colour("transparent"), colour("red")));
        assert!(blends(colour("rgba(0,0,0,0)"), Colour::Unknown));
        assert!(!blends(colour("#fff"), colour("#000")));
        assert!(!blends(colour("#fff"), Colour::Unknown));
    }

    #[test]
    fn simple_rules_of_a_sheet_hold_and_media_queries_do_not() {
        let sheet = Sheet::read(
            "<style>.a{display:none} @media (max-width:600px){.b{display:none}} div .c{display:none} p.d,#e{color:#fff}</style>",
        );
        assert!(sheet.style("p", None, "x a").gone);
        assert!(!sheet.style("p", None, "b").gone);
        assert!(!sheet.style("p", None, "c").gone);
        assert_eq!(sheet.style("p", None, "d").colour, Colour::Rgb(255, 255, 255));
        assert_eq!(sheet.style("i", Some("e"), "").colour, Colour::Rgb(255, 255, 255));
    }
}
