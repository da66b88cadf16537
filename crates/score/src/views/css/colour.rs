//! Colours, and whether a text can be told from what it stands on.

/// A colour, as far as it can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Red, green, blue and how opaque, 0 to 255.
    Known([u8; 3], u8),
    /// The colour of the text itself.
    Current,
    /// The parent's.
    Inherit,
    /// It depends on an image, a variable or the reader's settings.
    Unknown,
}

impl Colour {
    pub(crate) const BLACK: Self = Self::Known([0; 3], 255);
    pub(crate) const WHITE: Self = Self::Known([255; 3], 255);
    /// Links, unless somebody says otherwise.
    pub(crate) const LINK: Self = Self::Known([0, 0, 238], 255);

    /// Reads a colour in lower case.
    pub(crate) fn parse(value: &str) -> Self {
        let value = value.trim();
        if let Some(hex) = value.strip_prefix('#') {
            return hex_colour(hex).unwrap_or(Self::Unknown);
        }
        if let Some((function, inner)) = value.split_once('(') {
            return from_function(function.trim(), inner.trim_end_matches(')'));
        }
        match value {
            "transparent" => Self::Known([0; 3], 0),
            "currentcolor" => Self::Current,
            "inherit" | "unset" => Self::Inherit,
            "window" | "canvas" | "-webkit-canvas" => Self::WHITE,
            "windowtext" | "canvastext" | "initial" => Self::BLACK,
            _ => named(value).unwrap_or(Self::Unknown),
        }
    }

    /// Reads the value of a `color` or `bgcolor` attribute, which needs no `#`.
    pub(crate) fn parse_attribute(value: &str) -> Self {
        let value = value.trim().to_ascii_lowercase();
        match Self::parse(&value) {
            Self::Unknown => hex_colour(&value).unwrap_or(Self::Unknown),
            known => known,
        }
    }

    /// The colour seen where this one is laid over another.
    pub(crate) fn over(self, below: Self) -> Self {
        match (self, below) {
            (Self::Known(_, 0), _) => below,
            (Self::Known(_, 255), _) => self,
            (Self::Known(top, alpha), Self::Known(under, _)) => {
                let mix = |top: u8, under: u8| {
                    let alpha = u16::from(alpha);
                    ((u16::from(top) * alpha + u16::from(under) * (255 - alpha)) / 255) as u8
                };
                Self::Known([mix(top[0], under[0]), mix(top[1], under[1]), mix(top[2], under[2])], 255)
            }
            _ => Self::Unknown,
        }
    }
}

/// Whether text of one colour cannot be told from its background.
pub(crate) fn blends(text: Colour, background: Colour) -> bool {
    // Alike in every channel, and next to no contrast: yellow on white is pale, but there to be seen.
    const ALIKE: u8 = 32;
    const CONTRAST: f32 = 1.2;
    match (text, background) {
        (Colour::Known(_, 0..=12), _) => true,
        (Colour::Known(..), Colour::Known(below, _)) => {
            let Colour::Known(seen, _) = text.over(background) else { return false };
            let apart = (0..3).map(|at| seen[at].abs_diff(below[at])).max().unwrap_or(255);
            apart <= 4 || (apart <= ALIKE && contrast(seen, below) < CONTRAST)
        }
        _ => false,
    }
}

/// The contrast of two colours as WCAG 2 computes it, 1 to 21.
fn contrast(one: [u8; 3], other: [u8; 3]) -> f32 {
    let luminance = |rgb: [u8; 3]| {
        let linear = |channel: u8| (f32::from(channel) / 255.0).powf(2.2);
        0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]) + 0.05
    };
    let (one, other) = (luminance(one), luminance(other));
    one.max(other) / one.min(other)
}

fn hex_colour(hex: &str) -> Option<Colour> {
    if hex.len() > 8 {
        return None;
    }
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    Some(match digits[..] {
        [r, g, b] => Colour::Known([r * 17, g * 17, b * 17], 255),
        [r, g, b, a] => Colour::Known([r * 17, g * 17, b * 17], a * 17),
        [r, s, g, h, b, c] => Colour::Known([r * 16 + s, g * 16 + h, b * 16 + c], 255),
        [r, s, g, h, b, c, a, z] => Colour::Known([r * 16 + s, g * 16 + h, b * 16 + c], a * 16 + z),
        _ => return None,
    })
}

fn from_function(function: &str, inner: &str) -> Colour {
    let mut parts = inner.split([',', ' ', '/']).filter(|part| !part.is_empty());
    let mut number = |whole: f32| {
        let part = parts.next()?;
        match part.strip_suffix('%') {
            Some(percent) => percent.parse::<f32>().ok().map(|share| share / 100.0 * whole),
            None => part.trim_end_matches("deg").parse().ok(),
        }
    };
    let alpha_of = |alpha: Option<f32>| (alpha.unwrap_or(1.0).clamp(0.0, 1.0) * 255.0) as u8;
    match function {
        "rgb" | "rgba" => {
            let (Some(r), Some(g), Some(b)) = (number(255.0), number(255.0), number(255.0)) else {
                return Colour::Unknown;
            };
            Colour::Known([r as u8, g as u8, b as u8], alpha_of(number(1.0)))
        }
        "hsl" | "hsla" => {
            let (Some(hue), Some(saturation), Some(light)) = (number(360.0), number(1.0), number(1.0)) else {
                return Colour::Unknown;
            };
            Colour::Known(hsl(hue, saturation, light), alpha_of(number(1.0)))
        }
        _ => Colour::Unknown,
    }
}

/// CSS Color 4, 7.1: hue in degrees, the others 0 to 1.
fn hsl(hue: f32, saturation: f32, light: f32) -> [u8; 3] {
    let channel = |n: f32| {
        let k = (n + hue / 30.0).rem_euclid(12.0);
        let a = saturation * light.min(1.0 - light);
        ((light - a * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)) * 255.0).clamp(0.0, 255.0) as u8
    };
    [channel(0.0), channel(8.0), channel(4.0)]
}

fn named(name: &str) -> Option<Colour> {
    let (_, rgb) = NAMES.iter().find(|(known, _)| *known == name)?;
    Some(Colour::Known([(rgb >> 16) as u8, (rgb >> 8) as u8, *rgb as u8], 255))
}

/// CSS Color 4, 6.1: the names that mail uses, and all that come near black or white.
const NAMES: &[(&str, u32)] = &[
    ("white", 0xff_ffff),
    ("black", 0),
    ("red", 0xff_0000),
    ("green", 0x00_8000),
    ("blue", 0x00_00ff),
    ("yellow", 0xff_ff00),
    ("gray", 0x80_8080),
    ("grey", 0x80_8080),
    ("silver", 0xc0_c0c0),
    ("navy", 0x00_0080),
    ("maroon", 0x80_0000),
    ("olive", 0x80_8000),
    ("lime", 0x00_ff00),
    ("aqua", 0x00_ffff),
    ("cyan", 0x00_ffff),
    ("teal", 0x00_8080),
    ("fuchsia", 0xff_00ff),
    ("magenta", 0xff_00ff),
    ("purple", 0x80_0080),
    ("orange", 0xff_a500),
    ("pink", 0xff_c0cb),
    ("brown", 0xa5_2a2a),
    ("gold", 0xff_d700),
    ("crimson", 0xdc_143c),
    ("tomato", 0xff_6347),
    ("snow", 0xff_fafa),
    ("ivory", 0xff_fff0),
    ("ghostwhite", 0xf8_f8ff),
    ("floralwhite", 0xff_faf0),
    ("whitesmoke", 0xf5_f5f5),
    ("azure", 0xf0_ffff),
    ("mintcream", 0xf5_fffa),
    ("aliceblue", 0xf0_f8ff),
    ("honeydew", 0xf0_fff0),
    ("seashell", 0xff_f5ee),
    ("lightyellow", 0xff_ffe0),
    ("lightcyan", 0xe0_ffff),
    ("cornsilk", 0xff_f8dc),
    ("oldlace", 0xfd_f5e6),
    ("linen", 0xfa_f0e6),
    ("beige", 0xf5_f5dc),
    ("lavender", 0xe6_e6fa),
    ("lavenderblush", 0xff_f0f5),
    ("mistyrose", 0xff_e4e1),
    ("antiquewhite", 0xfa_ebd7),
    ("papayawhip", 0xff_efd5),
    ("lemonchiffon", 0xff_facd),
    ("gainsboro", 0xdc_dcdc),
    ("lightgray", 0xd3_d3d3),
    ("lightgrey", 0xd3_d3d3),
    ("darkgray", 0xa9_a9a9),
    ("darkgrey", 0xa9_a9a9),
    ("dimgray", 0x69_6969),
    ("dimgrey", 0x69_6969),
    ("slategray", 0x70_8090),
    ("darkslategray", 0x2f_4f4f),
    ("midnightblue", 0x19_1970),
    ("darkblue", 0x00_008b),
    ("steelblue", 0x46_82b4),
    ("royalblue", 0x41_69e1),
    ("dodgerblue", 0x1e_90ff),
    ("skyblue", 0x87_ceeb),
    ("lightblue", 0xad_d8e6),
    ("darkgreen", 0x00_6400),
    ("seagreen", 0x2e_8b57),
    ("forestgreen", 0x22_8b22),
    ("lightgreen", 0x90_ee90),
    ("darkred", 0x8b_0000),
    ("firebrick", 0xb2_2222),
    ("salmon", 0xfa_8072),
    ("coral", 0xff_7f50),
    ("khaki", 0xf0_e68c),
    ("tan", 0xd2_b48c),
    ("wheat", 0xf5_deb3),
    ("indigo", 0x4b_0082),
    ("violet", 0xee_82ee),
    ("orchid", 0xda_70d6),
    ("plum", 0xdd_a0dd),
    ("turquoise", 0x40_e0d0),
    ("chocolate", 0xd2_691e),
    ("sienna", 0xa0_522d),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_blend_only_when_nobody_could_tell_them_apart() {
        let blend = |text: &str, background: &str| blends(Colour::parse(text), Colour::parse(background));
        for (text, background) in [
            ("#fefefe", "white"),
            ("rgb(10, 10, 10)", "#000"),
            ("transparent", "red"),
            ("rgba(0,0,0,0)", "var(--x)"),
            ("rgba(0,0,0,.02)", "white"),
            ("rgb(255 255 255 / 50%)", "#fff"),
            ("hsl(0, 0%, 100%)", "snow"),
            ("#f4f4f4", "#ffffff"),
            ("#ff0000", "rgb(254,1,0)"),
            ("#00000005", "#fff"),
        ] {
            assert!(blend(text, background), "{text} on {background}");
        }
        for (text, background) in [
            ("#fff", "#000"),
            ("#fff", "var(--x)"),
            ("#999", "#fff"),
            ("#ccc", "#fff"),
            ("yellow", "white"),
            ("hsl(210, 80%, 40%)", "white"),
            ("rgba(0,0,0,.5)", "#fff"),
            ("#333", "#000"),
        ] {
            assert!(!blend(text, background), "{text} on {background}");
        }
    }

    #[test]
    fn an_attribute_needs_no_hash() {
        assert_eq!(Colour::parse_attribute("FFFFFF"), Colour::WHITE);
        assert_eq!(Colour::parse_attribute(" #000000"), Colour::BLACK);
        assert_eq!(Colour::parse_attribute("White"), Colour::WHITE);
        assert_eq!(Colour::parse_attribute("zzz"), Colour::Unknown);
    }
}
