//! What the scorer answers: a score, its level, and the findings that explain it.

use serde::{Deserialize, Serialize};

/// How one message was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// 0 (harmless) to 100 (certainly an injection).
    pub score: u8,
    /// The level the score falls in, or that nothing could be said.
    pub level: Level,
    /// Why: strongest first, at most [`Verdict::MOST_FINDINGS`].
    pub findings: Vec<Finding>,
    /// Whether all of the message was read.
    pub coverage: Coverage,
    /// The version of rules and model that judged, such as `rules-2 fast-1b2c3d4e`.
    pub model: String,
}

impl Verdict {
    /// No verdict names more findings than this.
    pub const MOST_FINDINGS: usize = 20;

    /// The verdict of a caller whose parser or deadline failed before the message could be judged:
    /// level [`Level::Unknown`], a score that is held, and one finding that says why.
    #[must_use]
    pub fn unknown(rule: &str, reason: &str) -> Self {
        Self {
            score: 75,
            level: Level::Unknown,
            findings: vec![Finding {
                rule: rule.to_owned(),
                weight: 75,
                view: "message".to_owned(),
                start: 0,
                end: 0,
                excerpt: excerpt(reason),
            }],
            coverage: Coverage::Partial,
            model: crate::combine::version(None),
        }
    }
}

/// The band a score falls in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Below 50.
    Low,
    /// 50 to 69.
    Medium,
    /// 70 and above.
    High,
    /// The message could not be judged.
    Unknown,
}

impl Level {
    /// The level of a score: medium from 50, high from 70.
    #[must_use]
    pub const fn of(score: u8) -> Self {
        match score {
            0..50 => Self::Low,
            50..70 => Self::Medium,
            _ => Self::High,
        }
    }

    /// The level's name as it is stored and served.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Unknown => "unknown",
        }
    }

    /// Reads a name that [`Level::as_str`] wrote.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High, Self::Unknown].into_iter().find(|level| level.as_str() == name)
    }
}

/// One reason for a score, and the place it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Family and rule, such as `override.instructions`.
    pub rule: String,
    /// The score this finding would give alone, 0 to 100.
    pub weight: u8,
    /// Where it was found: `subject`, `text`, `html`, `hidden`, `decoded:base64 in text` ...
    pub view: String,
    /// Start of the place, in bytes of the original that the view was made of.
    pub start: usize,
    /// End of the place (exclusive), in the same bytes.
    pub end: usize,
    /// The place itself: at most 120 characters, control and invisible characters made visible.
    pub excerpt: String,
}

impl Finding {
    /// A finding of somebody else's, beside those of the scorer: what is shown of it is bounded and made visible here.
    #[must_use]
    pub fn new(rule: &str, weight: u8, view: &str, place: std::ops::Range<usize>, text: &str) -> Self {
        Self {
            rule: rule.to_owned(),
            weight: weight.min(100),
            view: view.to_owned(),
            start: place.start,
            end: place.end,
            excerpt: excerpt(text),
        }
    }
}

/// Whether all of a message was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coverage {
    /// Every view was read to its end.
    Full,
    /// A view was longer than the policy's limit, or stood in markup too wild to follow.
    Partial,
}

/// Cuts a place of the original to 120 characters and makes what a reviewer could not see visible.
pub(crate) fn excerpt(place: &str) -> String {
    const MOST: usize = 120;
    let mut out = String::new();
    let mut count = 0;
    // Lines of mail end in CRLF; the one of the two that is shown as a space is enough.
    for c in place.chars().filter(|c| *c != '\r') {
        let (shown, width) = match c {
            '\n' | '\t' => (String::from(" "), 1),
            _ if c.is_control() || crate::views::confusable::is_invisible(c) => {
                let shown = format!("\\u{{{:x}}}", c as u32);
                let width = shown.len();
                (shown, width)
            }
            _ => (String::from(c), 1),
        };
        if count + width > MOST {
            // One character is kept free for the ellipsis.
            while out.chars().count() >= MOST {
                out.pop();
            }
            out.push('…');
            break;
        }
        out.push_str(&shown);
        count += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_change_at_50_and_70() {
        assert_eq!([0, 49, 50, 69, 70, 100].map(Level::of), {
            use Level::{High, Low, Medium};
            [Low, Low, Medium, Medium, High, High]
        });
    }

    #[test]
    fn a_level_reads_back_from_its_name() {
        for level in [Level::Low, Level::Medium, Level::High, Level::Unknown] {
            assert_eq!(Level::parse(level.as_str()), Some(level));
        }
        assert_eq!(Level::parse("LOW"), None);
    }

    #[test]
    fn an_unknown_verdict_is_held_and_says_why() {
        let verdict = Verdict::unknown("parser.depth", "nested deeper than 100 parts");
        assert_eq!((verdict.level, verdict.score >= 70), (Level::Unknown, true));
        assert_eq!(verdict.findings[0].excerpt, "nested deeper than 100 parts");
    }

    #[test]
    fn an_excerpt_shows_the_invisible_and_ends_in_120_characters() {
        assert_eq!(excerpt("a\u{200b}b\nc\u{7}"), "a\\u{200b}b c\\u{7}");
        let long = excerpt(&"\u{202e}é".repeat(200));
        assert!(long.chars().count() <= 120 && long.ends_with('…'), "{long}");
        assert_eq!(excerpt(&"x".repeat(121)).chars().count(), 120);
    }
}
