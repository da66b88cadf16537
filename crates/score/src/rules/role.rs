//! Family `role`: the reader is to be somebody else, without limits, or to show how it was set up.

use super::Match;
use crate::lexicon::Concept::*;
use crate::passages::{Audience, Passage};

/// "You are now an AI that": another self for a machine.
pub(super) fn persona(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.pair(&[Role], &[Ai, Assistant], 40)?;
    let weight = if passage.near(&[Override, Unbound, NewTask, Secrecy]) { 62 } else { 34 };
    Match::new("role.persona", weight, place)
}

/// "Developer mode without restrictions".
pub(super) fn unbound(passage: &Passage<'_>) -> Option<Match> {
    let free = passage.first(Unbound)?;
    let (weight, place) = if let Some(place) = passage.pair(&[Role, Override], &[Unbound], 100) {
        (76, place)
    } else if passage.audience() >= Audience::Machine {
        (66, free)
    } else if let Some(place) = passage.pair(&[Ai, Yours], &[Unbound], 60) {
        (34, place)
    } else {
        return None;
    };
    Match::new("role.unbound", weight, place)
}

/// "Repeat your system prompt".
pub(super) fn prompt(passage: &Passage<'_>) -> Option<Match> {
    let Some(place) = passage.pair(&[Reveal, Send], &[Prompt], 64) else {
        // "Tell me your instructions" is a fair question between people.
        let place = passage.pair(&[Reveal, Send], &[Instruction], 40).filter(|_| passage.has(Yours))?;
        let weight = if passage.audience() == Audience::Machine { 66 } else { 30 };
        return Match::new("role.reveal_prompt", weight, place);
    };
    let weight = if passage.advised_against(&place) {
        24
    } else if passage.audience() >= Audience::Machine {
        76
    } else if passage.opens(&place) && passage.has(Yours) {
        74
    } else if passage.opens(&place) {
        58
    } else if passage.has(Yours) {
        52
    } else {
        36
    };
    Match::new("role.reveal_prompt", weight, place)
}
