//! Family `override`: what the reader was told before is to count no more.

use super::Match;
use crate::lexicon::Concept::{self, *};
use crate::passages::{Audience, Passage};

/// What is wanted instead. Who only takes an order back wants none of it.
const ASKED: &[Concept] = &[
    NewTask, Reveal, Send, Delete, Pay, Steer, Role, Unbound, Secrecy, Prompt, Secret, Act, Token, Ai,
    Setting,
];

/// "Ignore all previous instructions": a verb of override, an order as its object, and that it came before.
pub(super) fn instructions(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.pair(&[Override], &[Instruction, Prompt], 64)?;
    let asked = passage.near(ASKED);
    let weight = if passage.has(Mine) || passage.advised_against(&place) || passage.denied(Override) {
        // "Please disregard my previous instructions": the writer's own, between people.
        28
    } else if passage.has(Prior) {
        let orders =
            [Quantity, Yours, NewTask, Reveal, Send, Delete, Pay, Steer, Role, Unbound, Secrecy, Ai, Prompt];
        match (passage.any(&orders), passage.has(Topic)) {
            (true, false) if asked => 80,
            (true, true) if asked => 71,
            (false, false) if asked => 64,
            // A correction: an earlier order is taken back, and nothing else is wanted.
            (true, false) => 66,
            (true, true) | (false, false) => 48,
            // "Please disregard the earlier instructions about parking."
            (false, true) => 44,
        }
    } else if passage.audience() >= Audience::Machine {
        66
    } else if passage.pair(&[Quantity, Yours], &[Instruction, Prompt], 12).is_some() {
        if passage.any(&[Reveal, Send, Secret, Prompt]) { 74 } else { 62 }
    } else {
        36
    };
    let lift = if passage.audience() == Audience::Machine { 6 } else { 0 };
    Match::new("override.instructions", weight + lift, passage.span(place, &[Prior]))
}

/// "Forget everything you were told".
pub(super) fn everything(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.pair(&[Override], &[Everything], 48)?;
    let machine = passage.audience() == Audience::Machine;
    let asked = machine || passage.near(ASKED) || passage.near(&[Instruction, Ai, Reading]);
    let weight = if passage.has(Mine) || passage.denied(Override) {
        28
    } else if passage.trails(&place, Override) && !machine {
        38
    } else if asked {
        73
    } else if passage.has(Yours) {
        60
    } else {
        44
    };
    Match::new("override.everything", weight, place)
}

/// "Your new task is": another order takes the place of the first.
pub(super) fn new_task(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.first(NewTask)?;
    let weight = if passage.pair(&[Override], &[NewTask, Prior], 80).is_some()
        && passage.any(&[Override, Instruction])
    {
        48
    } else if passage.near(&[Token]) || passage.pair(&[NewTask], &[Destination], 60).is_some() {
        32
    } else {
        20
    };
    let lift = match passage.audience() {
        Audience::Person => 0,
        Audience::Assistant => 6,
        Audience::Machine | Audience::Captured => 24,
    };
    Match::new("override.new_task", weight + lift, passage.span(place, &[NewTask]))
}
