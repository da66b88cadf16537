//! Declarations: the properties that can hide a text, and their values.

use super::colour::Colour;

/// A property that can hide a text, or show it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Property {
    Display,
    Visibility,
    Opacity,
    Size,
    Colour,
    /// `-webkit-text-fill-color`, which stands above `color`.
    TextFill,
    /// `fill`, the colour of text in SVG.
    Fill,
    Background,
    /// `background-clip: text`: the background is what the letters are painted with.
    ClippedToText,
    Overflow,
    Height,
    MaxHeight,
    Width,
    MaxWidth,
    LineHeight,
    Position,
    Left,
    Right,
    Top,
    Bottom,
    MarginLeft,
    MarginTop,
    Indent,
    Clip,
    ClipPath,
    Transform,
    Filter,
    Spacing,
}

impl Property {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::EVERY.len();

    /// Each of them, in order.
    pub(crate) const EVERY: [Self; Self::Spacing as usize + 1] = [
        Self::Display,
        Self::Visibility,
        Self::Opacity,
        Self::Size,
        Self::Colour,
        Self::TextFill,
        Self::Fill,
        Self::Background,
        Self::ClippedToText,
        Self::Overflow,
        Self::Height,
        Self::MaxHeight,
        Self::Width,
        Self::MaxWidth,
        Self::LineHeight,
        Self::Position,
        Self::Left,
        Self::Right,
        Self::Top,
        Self::Bottom,
        Self::MarginLeft,
        Self::MarginTop,
        Self::Indent,
        Self::Clip,
        Self::ClipPath,
        Self::Transform,
        Self::Filter,
        Self::Spacing,
    ];
}

/// What a declaration says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    /// It hides (`display: none`), or holds (`position: absolute`).
    Yes,
    /// It does not.
    No,
    /// Pixels, or a share of 1 for opacity.
    Number(f32),
    /// Parts of the parent's font size.
    Em(f32),
    Colour(Colour),
    Inherit,
}

/// One declaration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declaration {
    pub(crate) property: Property,
    pub(crate) value: Value,
    pub(crate) important: bool,
}

/// A colour as an attribute says it.
pub(crate) fn colour_attribute(property: Property, value: &str) -> Declaration {
    Declaration { property, value: Value::Colour(Colour::parse_attribute(value)), important: false }
}

/// Reads the declarations of a `style` attribute or of a rule; at most 128.
pub(crate) fn declarations(css: &str) -> Vec<Declaration> {
    const MOST: usize = 128;
    let mut out = Vec::new();
    let css = readable(css);
    for declaration in Pieces(&css).take(MOST) {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim().to_ascii_lowercase();
        let (value, important) = match value.rsplit_once('!') {
            Some((value, word)) if word.trim() == "important" => (value.trim(), true),
            _ => (value.as_str(), false),
        };
        if value.is_empty() {
            continue;
        }
        read(&name, value, &mut |property, value| out.push(Declaration { property, value, important }));
    }
    out
}

fn read(name: &str, value: &str, say: &mut impl FnMut(Property, Value)) {
    use Property as P;
    let yes = |holds: bool| if holds { Value::Yes } else { Value::No };
    let mut pixels = |property: P| {
        if let Some(px) = length(value) {
            say(property, Value::Number(px));
        } else {
            say(property, Value::No);
        }
    };
    match name {
        "height" => pixels(P::Height),
        "max-height" => pixels(P::MaxHeight),
        "width" => pixels(P::Width),
        "max-width" => pixels(P::MaxWidth),
        "line-height" => pixels(P::LineHeight),
        "left" | "inset-inline-start" => pixels(P::Left),
        "right" => pixels(P::Right),
        "top" => pixels(P::Top),
        "bottom" => pixels(P::Bottom),
        "margin-left" | "margin-inline-start" => pixels(P::MarginLeft),
        "margin-top" => pixels(P::MarginTop),
        "text-indent" => pixels(P::Indent),
        "margin" | "inset" => {
            // One to four lengths: top, right, bottom, left, the missing ones copied.
            let sides: Vec<Option<f32>> = value.split_whitespace().take(4).map(length).collect();
            let top = sides.first().copied().flatten();
            let left = sides.get(3).or(sides.get(1)).or(sides.first()).copied().flatten();
            let (at_top, at_left) =
                if name == "margin" { (P::MarginTop, P::MarginLeft) } else { (P::Top, P::Left) };
            say(at_top, top.map_or(Value::No, Value::Number));
            say(at_left, left.map_or(Value::No, Value::Number));
        }
        // What stands in a line is no block, whatever its element is by name.
        "display" if value.starts_with("inline") || value == "contents" => {
            say(P::Display, Value::Number(1.0))
        }
        "display" => say(P::Display, yes(value == "none")),
        "content-visibility" => say(P::Display, yes(value == "hidden")),
        "visibility" => match value {
            "inherit" | "unset" => say(P::Visibility, Value::Inherit),
            _ => say(P::Visibility, yes(matches!(value, "hidden" | "collapse"))),
        },
        "opacity" => say(P::Opacity, ratio(value).map_or(Value::No, Value::Number)),
        "font-size" => say(P::Size, size(value).unwrap_or(Value::Inherit)),
        "font" => {
            let found = value.split_whitespace().find_map(|word| {
                // Weights are numbers as well; a size has a unit, a name or is a bare 0.
                let word = word.split('/').next().unwrap_or_default();
                size(word)
                    .filter(|_| word.parse::<f32>().is_ok_and(|n| n == 0.0) || word.parse::<f32>().is_err())
            });
            say(P::Size, found.unwrap_or(Value::Inherit));
        }
        "color" => say(P::Colour, Value::Colour(Colour::parse(value))),
        "-webkit-text-fill-color" => say(P::TextFill, Value::Colour(Colour::parse(value))),
        "fill" => say(P::Fill, Value::Colour(Colour::parse(value))),
        "background-color" => say(P::Background, Value::Colour(Colour::parse(value))),
        "background" | "background-image" => {
            if let Some(colour) = background(value, name == "background") {
                say(P::Background, Value::Colour(colour));
            }
            if value.split_whitespace().any(|word| word == "text") {
                say(P::ClippedToText, Value::Yes);
            }
        }
        "background-clip" | "-webkit-background-clip" => say(P::ClippedToText, yes(value == "text")),
        "overflow" | "overflow-x" | "overflow-y" => {
            say(P::Overflow, yes(value.split_whitespace().any(|word| matches!(word, "hidden" | "clip"))));
        }
        "position" => match value {
            "absolute" | "fixed" => say(P::Position, Value::Yes),
            "relative" | "sticky" => say(P::Position, Value::Number(1.0)),
            _ => say(P::Position, Value::No),
        },
        "clip" => say(P::Clip, yes(clips(value))),
        "clip-path" | "-webkit-clip-path" => say(P::ClipPath, yes(clip_path_hides(value))),
        "transform" | "-webkit-transform" => say(P::Transform, yes(transform_hides(value))),
        "scale" => say(P::Transform, yes(value.split_whitespace().any(|part| part.parse() == Ok(0.0_f32)))),
        "filter" | "-webkit-filter" => {
            let faded = call(value, "opacity").and_then(ratio).is_some_and(|share| share <= 0.05);
            say(P::Filter, yes(faded));
        }
        "letter-spacing" => say(P::Spacing, yes(length(value).is_some_and(|px| px <= -7.0))),
        _ => {}
    }
}

/// The colour of a `background`; `None` if it says nothing of one.
fn background(value: &str, shorthand: bool) -> Option<Colour> {
    if let Some(start) = value.find("gradient(") {
        // A gradient between like colours is that colour; any other cannot be known at each letter.
        let stops = value[start + 9..].split([',', ')']).flat_map(str::split_whitespace);
        let mut known = stops.map(Colour::parse).filter(|c| matches!(c, Colour::Known(..)));
        let first = known.next().unwrap_or(Colour::Unknown);
        return Some(if known.all(|other| blends_with(first, other)) { first } else { Colour::Unknown });
    }
    if value.contains("url(") || value.contains("image(") {
        return Some(Colour::Unknown);
    }
    if value == "none" {
        return shorthand.then_some(Colour::Known([0; 3], 0));
    }
    if !shorthand {
        return None;
    }
    if value.contains('(') && !value.contains("var(") {
        let start = value[..value.find('(')?].rfind(' ').map_or(0, |at| at + 1);
        let end = value[start..].find(')').map_or(value.len(), |at| start + at + 1);
        return Some(Colour::parse(&value[start..end]));
    }
    Some(
        value
            .split_whitespace()
            .map(Colour::parse)
            .find(|found| *found != Colour::Unknown)
            .unwrap_or(Colour::Unknown),
    )
}

fn blends_with(one: Colour, other: Colour) -> bool {
    super::colour::blends(one, other)
}

/// `rect(top, right, bottom, left)` with no room between its sides. `auto` leaves room.
fn clips(value: &str) -> bool {
    let Some(inner) = call(value, "rect") else { return false };
    let sides: Vec<Option<f32>> =
        inner.split([',', ' ']).filter(|part| !part.is_empty()).take(4).map(length).collect();
    let narrow = |low: Option<&Option<f32>>, high: Option<&Option<f32>>| match (low, high) {
        (Some(Some(low)), Some(Some(high))) => high - low <= 1.0,
        _ => false,
    };
    narrow(sides.first(), sides.get(2)) || narrow(sides.get(3), sides.get(1))
}

fn clip_path_hides(value: &str) -> bool {
    if let Some(inner) = call(value, "inset") {
        let inner = inner.split("round").next().unwrap_or_default();
        let share =
            |part: &str| part.strip_suffix('%').and_then(|n| n.parse::<f32>().ok()).unwrap_or_default();
        let sides: Vec<f32> = inner.split_whitespace().take(4).map(share).collect();
        let side = |at: usize, other: usize| sides.get(at).or(sides.get(other)).or(sides.first()).copied();
        let sum = |a: Option<f32>, b: Option<f32>| a.unwrap_or_default() + b.unwrap_or_default();
        return sum(side(0, 0), side(2, 0)) >= 99.0 || sum(side(1, 0), side(3, 1)) >= 99.0;
    }
    if let Some(inner) = call(value, "circle").or_else(|| call(value, "ellipse")) {
        return inner.split_whitespace().next().and_then(length).is_some_and(|px| px <= 1.0);
    }
    call(value, "polygon").is_some_and(|inner| {
        let numbers = |c: char| c.is_ascii_digit() && c != '0';
        !inner.contains(numbers)
    })
}

fn transform_hides(value: &str) -> bool {
    let nothing = |inner: &str| {
        inner
            .split(',')
            .any(|part| part.trim().trim_end_matches('%').parse::<f32>().is_ok_and(|n| n.abs() < 0.02))
    };
    if ["scale", "scalex", "scaley", "scale3d"].iter().filter_map(|name| call(value, name)).any(nothing) {
        return true;
    }
    let far = |inner: &str| inner.split(',').filter_map(length).any(|px| px.abs() >= 2000.0 || px <= -500.0);
    if ["translate", "translatex", "translatey", "translate3d"]
        .iter()
        .filter_map(|name| call(value, name))
        // Per cent are of the box itself, which may stand anywhere.
        .any(|inner| !inner.contains('%') && far(inner))
    {
        return true;
    }
    let turned = |inner: &str| inner.trim() == "90deg" || inner.trim() == "270deg";
    ["rotatex", "rotatey"].iter().filter_map(|name| call(value, name)).any(turned)
}

/// The argument of `name(...)`.
fn call<'v>(value: &'v str, name: &str) -> Option<&'v str> {
    let mut from = 0;
    while let Some(found) = value[from..].find(name) {
        let at = from + found;
        let rest = &value[at + name.len()..];
        let whole = value[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '-');
        if whole && let Some(inner) = rest.strip_prefix('(') {
            return Some(&inner[..inner.find(')').unwrap_or(inner.len())]);
        }
        from = at + name.len();
    }
    None
}

fn size(value: &str) -> Option<Value> {
    let value = value.trim();
    Some(match value {
        "xx-small" | "x-small" | "small" => Value::Number(11.0),
        "medium" | "initial" => Value::Number(16.0),
        "large" | "x-large" | "xx-large" | "xxx-large" => Value::Number(20.0),
        "smaller" => Value::Em(0.83),
        "larger" => Value::Em(1.2),
        _ => {
            let (number, unit) = split_unit(value)?;
            match unit {
                "em" => Value::Em(number),
                "%" => Value::Em(number / 100.0),
                "ex" | "ch" => Value::Em(number / 2.0),
                _ => Value::Number(length(value)?),
            }
        }
    })
}

fn ratio(value: &str) -> Option<f32> {
    let value = value.trim();
    match value.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().ok().map(|share| share / 100.0),
        None => value.parse().ok(),
    }
}

/// A length in CSS pixels; `None` if it depends on more than itself.
fn length(value: &str) -> Option<f32> {
    let (number, unit) = split_unit(value.trim())?;
    Some(match unit {
        "" | "px" => number,
        "pt" => number * 4.0 / 3.0,
        "pc" | "em" | "rem" => number * 16.0,
        "ex" | "ch" => number * 8.0,
        "in" => number * 96.0,
        "cm" => number * 38.0,
        "mm" => number * 3.8,
        "q" => number,
        "%" | "vw" | "vh" | "vmin" | "vmax" => number * 10.0,
        _ => return None,
    })
}

fn split_unit(value: &str) -> Option<(f32, &str)> {
    let end =
        value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(value.len());
    Some((value[..end].parse().ok()?, value[end..].trim()))
}

/// A block without comments, with its escapes undone (CSS Syntax 3, 4.3.7): `d\69splay` is `display`.
fn readable(css: &str) -> std::borrow::Cow<'_, str> {
    if !css.contains(['\\', '/']) {
        return css.into();
    }
    let css = super::sheet::without_comments(css);
    if !css.contains('\\') {
        return css.into_owned().into();
    }
    let mut out = String::with_capacity(css.len());
    let mut chars = css.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let (mut code, mut digits) = (0, 0);
        while digits < 6
            && let Some(digit) = chars.peek().and_then(|c| c.to_digit(16))
        {
            code = code * 16 + digit;
            digits += 1;
            chars.next();
        }
        if digits == 0 {
            out.extend(chars.next());
            continue;
        }
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        chars.next_if(|c| c.is_ascii_whitespace());
    }
    out.into()
}

/// Declarations between semicolons that stand neither in quotes nor in brackets.
struct Pieces<'c>(&'c str);

impl<'c> Iterator for Pieces<'c> {
    type Item = &'c str;

    fn next(&mut self) -> Option<&'c str> {
        if self.0.is_empty() {
            return None;
        }
        let (mut quote, mut depth) = (None, 0_u32);
        for (at, byte) in self.0.bytes().enumerate() {
            match (quote, byte) {
                (Some(open), _) if byte == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'(') => depth += 1,
                (None, b')') => depth = depth.saturating_sub(1),
                (None, b';') if depth == 0 => {
                    let piece = &self.0[..at];
                    self.0 = &self.0[at + 1..];
                    return Some(piece);
                }
                _ => {}
            }
        }
        Some(std::mem::take(&mut self.0))
    }
}
