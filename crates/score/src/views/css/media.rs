//! Media queries (Media Queries 4): in which of a few readers' environments a rule holds.
//!
//! A text counts as seen if one of these readers sees it: on a wide screen, on a phone, or in dark mode.
//! Nobody reads mail on paper, so what is for print alone does not count.

/// How many environments are looked at.
pub(crate) const READERS: usize = 3;

/// Every environment, as bits.
pub(super) const ALL: u8 = (1 << READERS) - 1;

struct Reader {
    width: f32,
    height: f32,
    dark: bool,
}

const READERS_AT: [Reader; READERS] = [
    Reader { width: 1280.0, height: 800.0, dark: false },
    Reader { width: 375.0, height: 700.0, dark: false },
    Reader { width: 1280.0, height: 800.0, dark: true },
];

/// The environments, as bits, in which a list of media queries holds.
pub(super) fn holds(queries: &str) -> u8 {
    let queries = queries.to_ascii_lowercase();
    let mut bits = 0;
    for query in queries.split(',').take(16) {
        for (at, reader) in READERS_AT.iter().enumerate() {
            bits |= u8::from(one_holds(query.trim(), reader)) << at;
        }
    }
    if queries.trim().is_empty() { ALL } else { bits }
}

fn one_holds(query: &str, reader: &Reader) -> bool {
    let (query, negated) = match query.strip_prefix("not ") {
        Some(rest) => (rest.trim(), true),
        None => (query.strip_prefix("only ").unwrap_or(query).trim(), false),
    };
    let whole = query.split(" and ").take(16).all(|part| {
        let part = part.trim();
        match part.strip_prefix('(') {
            Some(feature) => feature_holds(feature.trim_end_matches(')').trim(), reader),
            None => matches!(part, "all" | "screen"),
        }
    });
    whole != negated
}

fn feature_holds(feature: &str, reader: &Reader) -> bool {
    if let Some((name, value)) = feature.split_once(':') {
        let (name, value) = (name.trim(), value.trim());
        let px = pixels(value);
        let at_least = |have: f32| px.is_some_and(|px| have >= px);
        let at_most = |have: f32| px.is_some_and(|px| have <= px);
        return match name {
            "min-width" | "min-device-width" => at_least(reader.width),
            "max-width" | "max-device-width" => at_most(reader.width),
            "min-height" | "min-device-height" => at_least(reader.height),
            "max-height" | "max-device-height" => at_most(reader.height),
            "prefers-color-scheme" => (value == "dark") == reader.dark,
            "orientation" => (value == "landscape") == (reader.width > reader.height),
            "prefers-reduced-motion" => value == "no-preference",
            "hover" | "any-hover" => (value == "hover") == (reader.width > 600.0),
            "-webkit-min-device-pixel-ratio" | "min-resolution" => px.is_none_or(|ratio| ratio <= 2.0),
            _ => false,
        };
    }
    // The range form: `width <= 600px`, `400px <= width`.
    for (sign, at_most) in [("<=", true), (">=", false), ("<", true), (">", false)] {
        if let Some((left, right)) = feature.split_once(sign) {
            let (left, right) = (left.trim(), right.trim());
            let have = |name: &str| match name {
                "width" => Some(reader.width),
                "height" => Some(reader.height),
                _ => None,
            };
            return match (have(left), have(right)) {
                (Some(have), _) => {
                    pixels(right).is_some_and(|px| if at_most { have <= px } else { have >= px })
                }
                (_, Some(have)) => {
                    pixels(left).is_some_and(|px| if at_most { px <= have } else { px >= have })
                }
                _ => false,
            };
        }
    }
    matches!(feature, "color" | "width" | "height" | "hover")
}

fn pixels(value: &str) -> Option<f32> {
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-'))).unwrap_or(value.len());
    let number: f32 = value[..end].parse().ok()?;
    Some(match value[end..].trim() {
        "em" | "rem" => number * 16.0,
        "dpi" => number / 96.0,
        _ => number,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_query_holds_for_the_readers_it_names() {
        const WIDE: u8 = 1;
        const NARROW: u8 = 2;
        const DARK: u8 = 4;
        for (query, readers) in [
            ("", ALL),
            ("all", ALL),
            ("screen", ALL),
            ("ONLY screen", ALL),
            ("print", 0),
            ("not print", ALL),
            ("not screen", 0),
            ("screen and (max-width:600px)", NARROW),
            ("(max-width: 37.5em)", NARROW),
            ("(min-width:601px)", WIDE | DARK),
            ("(width <= 600px)", NARROW),
            ("(max-width:1px)", 0),
            ("(prefers-color-scheme: dark)", DARK),
            ("(prefers-color-scheme:light) and (min-width:900px)", WIDE),
            ("print, (max-width:480px)", NARROW),
            ("(something: new)", 0),
        ] {
            assert_eq!(holds(query), readers, "{query}");
        }
    }
}
