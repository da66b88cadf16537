//! How much of a model's context a result may fill.

use mailward_mailroom::tokens;
use serde::Serialize;

use crate::refusal::Refusal;

/// Tokens of a result when nothing is said.
const DEFAULT: u32 = 4_000;
/// Tokens that a caller may ask for at least.
const LEAST: u32 = 400;
/// Tokens that a caller may ask for at most: 32 KiB of English.
const MOST: u32 = 8_000;

/// What is left of a caller's budget, in tokens as they are estimated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    /// The budget that a caller asked for.
    pub(crate) fn asked(tokens: Option<u32>) -> Result<Self, Refusal> {
        let tokens = tokens.unwrap_or(DEFAULT);
        if (LEAST..=MOST).contains(&tokens) {
            Ok(Self(tokens as usize))
        } else {
            Err(Refusal::invalid(format!("maxTokens: must be between {LEAST} and {MOST}")))
        }
    }

    /// Tokens that are left.
    pub(crate) fn left(self) -> usize {
        self.0
    }

    /// Takes a text, if there is room for it.
    pub(crate) fn take(&mut self, text: &str) -> bool {
        let needed = tokens(text);
        let fits = needed <= self.0;
        if fits {
            self.0 -= needed;
        }
        fits
    }

    /// Takes a value as it is written.
    pub(crate) fn take_json(&mut self, value: &impl Serialize) -> bool {
        serde_json::to_string(value).is_ok_and(|text| self.take(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_takes_nothing() {
        let mut budget = Budget::asked(Some(400)).expect("enough");
        assert!(!budget.take(&"x".repeat(4 * 401)));
        assert!(budget.take(&"x".repeat(4 * 400)));
        assert!(!budget.take("x") && budget.left() == 0);
        for tokens in [0, 399, 8_001] {
            assert!(Budget::asked(Some(tokens)).is_err(), "{tokens}");
        }
    }
}
