//! Why the judge was of no help. Closed: what stands in logs, audit and metrics is one of these words.

use std::time::Duration;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no judge any more, or none for this tenant; or there is nothing to show it.
    Off,
    /// The mail waited for too long.
    Late,
    /// The mail was asked about too often.
    Tries,
    /// The judge failed so often in a row that it is left alone for a while.
    Away,
    /// The tenant's budget of the day is used up.
    Budget,
    /// Nobody answered at its address, or that address may not be called.
    Unreachable,
    /// The deadline passed before the answer was whole.
    Deadline,
    /// The endpoint has too much to do, or failed itself, and says when to come back.
    Busy(Duration),
    /// The endpoint refused: a key, a model or a request that it does not take; or a redirect.
    Refused(u16),
    /// The answer is longer than an answer may be.
    Long,
    /// What came is no answer to the letter: not JSON, not of the schema, cut off, or contradicting itself.
    Garbage,
}

impl Failure {
    /// All words.
    pub const WORDS: [&'static str; 11] = [
        "off",
        "late",
        "tries",
        "away",
        "budget",
        "unreachable",
        "deadline",
        "busy",
        "refused",
        "long",
        "garbage",
    ];

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Late => "late",
            Self::Tries => "tries",
            Self::Away => "away",
            Self::Budget => "budget",
            Self::Unreachable => "unreachable",
            Self::Deadline => "deadline",
            Self::Busy(_) => "busy",
            Self::Refused(_) => "refused",
            Self::Long => "long",
            Self::Garbage => "garbage",
        }
    }

    /// Whether the same question may be answered later, and how long the endpoint wishes to be left alone.
    pub(super) fn passes(&self) -> Option<Duration> {
        match self {
            Self::Unreachable | Self::Deadline => Some(Duration::ZERO),
            Self::Busy(wait) => Some(*wait),
            _ => None,
        }
    }

    /// Whether the endpoint itself, not one answer of it, is at fault.
    pub(super) fn is_endpoint(&self) -> bool {
        matches!(self, Self::Unreachable | Self::Deadline | Self::Busy(_) | Self::Refused(_))
    }
}
