//! Family `posing`: text that looks like a message of the system, a tool or the operator.

use super::Match;
use crate::lexicon::Concept::*;
use crate::passages::{Audience, Passage};

const ORDERS: &[crate::lexicon::Concept] = &[
    Override, NewTask, Send, Delete, Reveal, Pay, Setting, Steer, Secrecy, Unbound, Prompt, Secret, Owner,
    Act, Role, Memory,
];

/// A token of a chat template, with an order behind it.
pub(super) fn token(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.first(Token)?;
    let weight = if passage.near(ORDERS) { 72 } else { 44 };
    Match::new("posing.token", weight, passage.span(place, &[Token]))
}

/// "SYSTEM: you must": a line that is made to look like one.
pub(super) fn role_line(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.first(Posing)?;
    let weight = if passage.audience() >= Audience::Machine && passage.opens(&place) {
        60
    } else if passage.opens(&place) && passage.near(&[Override, Unbound, Owner, Prompt]) {
        52
    } else if passage.near(&[NewTask]) && passage.opens(&place) {
        48
    } else {
        15
    };
    Match::new("posing.role_line", weight, place)
}
