//! The colour of links and buttons: whether people can read it on the grounds it stands on (WCAG 2.2, 1.4.3).

/// The least contrast of text with its ground.
const LEAST: f64 = 4.5;

/// Light or dark, as a browser prefers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark text on light grounds.
    Light,
    /// Light text on dark grounds.
    Dark,
}

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// A colour that can be read as text on every ground of its scheme, and on which a button's text can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    colour: Colour,
    scheme: Scheme,
}

/// Why a colour will not do.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BadColour {
    /// It is none.
    #[error("must be a colour such as #2747a6")]
    Form,
    /// Nobody could read it.
    #[error(
        "{colour} has a contrast of {ratio:.2}:1 with {ground}, {ground_name}, where people need 4.5:1 (WCAG 2.2, 1.4.3); the nearest that will do is {nearest}"
    )]
    Contrast {
        /// What was wanted.
        colour: Colour,
        /// The contrast, cut after two digits, so that 4.499 is not shown as enough.
        ratio: f64,
        /// With what.
        ground: Colour,
        /// Which ground that is.
        ground_name: &'static str,
        /// The same hue, as little darker or lighter as it takes.
        nearest: Colour,
    },
}

const fn rgb(hex: u32) -> Colour {
    let [_, r, g, b] = hex.to_be_bytes();
    Colour([r, g, b])
}

impl Scheme {
    /// What an accent meets: the page, its sheets, what is sunken in them, and the text of a button. They are those of the
    /// console's style sheet.
    pub const fn grounds(self) -> [(Colour, &'static str); 4] {
        match self {
            Self::Light => [
                (rgb(0xf7f7f5), "the light page"),
                (rgb(0xffffff), "a light sheet"),
                (rgb(0xf1f1ee), "a sunken light ground"),
                (rgb(0xffffff), "the text of a button"),
            ],
            Self::Dark => [
                (rgb(0x121316), "the dark page"),
                (rgb(0x191b1f), "a dark sheet"),
                (rgb(0x141518), "a sunken dark ground"),
                (rgb(0x121316), "the text of a button"),
            ],
        }
    }

    const fn end(self) -> Colour {
        match self {
            Self::Light => rgb(0x000000),
            Self::Dark => rgb(0xffffff),
        }
    }
}

impl Colour {
    /// Reads `#rrggbb`.
    ///
    /// # Errors
    /// For anything else: names, short forms, and what is behind a colour.
    pub fn parse(text: &str) -> Result<Self, BadColour> {
        let digits = text.trim().strip_prefix('#').ok_or(BadColour::Form)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(BadColour::Form);
        }
        u32::from_str_radix(digits, 16).map(rgb).map_err(|_| BadColour::Form)
    }

    /// The contrast of two colours, from 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Relative luminance, as WCAG defines it.
    fn luminance(self) -> f64 {
        let linear = self.0.map(|byte| {
            let part = f64::from(byte) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    /// So many of 256 parts of the other.
    fn towards(self, other: Self, parts: u16) -> Self {
        let mix = |at: usize| {
            let (from, to) = (u32::from(self.0[at]), u32::from(other.0[at]));
            let mixed = (from * u32::from(256 - parts) + to * u32::from(parts) + 128) / 256;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Self([mix(0), mix(1), mix(2)])
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl Accent {
    /// Reads a colour for a scheme.
    ///
    /// # Errors
    /// [`BadColour::Contrast`] with what was measured where it is the worst, and a colour that would do.
    pub fn parse(text: &str, scheme: Scheme) -> Result<Self, BadColour> {
        let colour = Colour::parse(text)?;
        let (ratio, ground, ground_name) = worst(colour, scheme);
        if ratio >= LEAST {
            return Ok(Self { colour, scheme });
        }
        let end = scheme.end();
        let nearest = (1..=256).map(|parts| colour.towards(end, parts));
        let nearest = nearest.into_iter().find(|one| worst(*one, scheme).0 >= LEAST).unwrap_or(end);
        let ratio = (ratio * 100.0).floor() / 100.0;
        Err(BadColour::Contrast { colour, ratio, ground, ground_name, nearest })
    }

    /// The colour.
    pub fn colour(self) -> Colour {
        self.colour
    }

    /// The text of a button of this colour.
    pub fn ink(self) -> Colour {
        self.scheme.grounds()[3].0
    }

    /// The ground of what is chosen: a little of the colour, as much as lets the colour itself be read on it.
    pub fn wash(self) -> Colour {
        let [page, sheet, ..] = self.scheme.grounds();
        let ground = if self.scheme == Scheme::Light { sheet.0 } else { page.0 };
        let washes = (0..=30).rev().map(|parts| ground.towards(self.colour, parts));
        washes.into_iter().find(|wash| self.colour.contrast(*wash) >= LEAST).unwrap_or(ground)
    }
}

/// Where a colour is read the worst.
fn worst(colour: Colour, scheme: Scheme) -> (f64, Colour, &'static str) {
    let mut worst = (f64::MAX, colour, "");
    for (ground, name) in scheme.grounds() {
        let ratio = colour.contrast(ground);
        if ratio < worst.0 {
            worst = (ratio, ground, name);
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_what_wcag_computes() {
        let of = |a, b| (rgb(a).contrast(rgb(b)) * 100.0).round() / 100.0;
        assert_eq!(of(0x000000, 0xffffff), 21.0);
        assert_eq!(of(0x777777, 0xffffff), 4.48);
        assert_eq!(of(0x767676, 0xffffff), 4.54);
        assert_eq!(of(0xff0000, 0xffffff), 4.0);
        assert_eq!(of(0x123456, 0x123456), 1.0);
    }

    #[test]
    fn a_colour_nobody_can_read_is_refused_with_numbers_and_another_one() {
        let told = |text, scheme| Accent::parse(text, scheme).expect_err("unreadable").to_string();
        assert_eq!(
            told("#ffcc00", Scheme::Light),
            "#ffcc00 has a contrast of 1.33:1 with #f1f1ee, a sunken light ground, where people need 4.5:1 \
             (WCAG 2.2, 1.4.3); the nearest that will do is #856b00"
        );
        let dark = told("#2747a6", Scheme::Dark);
        assert!(dark.starts_with("#2747a6 has a contrast of 2.0"), "{dark}");
        for bad in ["", "red", "#fff", "2747a6", "#2747a6;", "#2747a6 url(x)", "#gggggg", "#+2747a"] {
            assert_eq!(Accent::parse(bad, Scheme::Light), Err(BadColour::Form), "{bad}");
        }
    }

    #[test]
    fn whatever_is_taken_or_told_can_be_read_everywhere() {
        for scheme in [Scheme::Light, Scheme::Dark] {
            for hex in (0..0x0100_0000).step_by(40_503) {
                let accent = match Accent::parse(&rgb(hex).to_string(), scheme) {
                    Ok(accent) => accent,
                    Err(BadColour::Contrast { nearest, ratio, .. }) => {
                        assert!(ratio < LEAST, "{hex:06x}");
                        Accent::parse(&nearest.to_string(), scheme).expect("the nearest one will do")
                    }
                    Err(BadColour::Form) => unreachable!("it is a colour"),
                };
                for ground in scheme
                    .grounds()
                    .map(|(ground, _)| ground)
                    .into_iter()
                    .chain([accent.ink(), accent.wash()])
                {
                    assert!(accent.colour().contrast(ground) >= LEAST, "{hex:06x} on {ground}");
                }
            }
        }
    }
}
