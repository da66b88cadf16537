//! Family `secrecy`: the principal is not to know, or is said to have agreed; urgency with a command.

use super::{Match, to_machine};
use crate::lexicon::Concept::*;
use crate::passages::Passage;

/// "Without telling the user": people keep secrets from each other by name, only machines have users.
pub(super) fn behind_the_owner(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.behind_the_owner()?;
    let acts = [Send, Delete, Pay, Setting, Reveal, Steer, Act];
    let objects = [Secret, Mailbox, Destination, Pay, Setting, Prompt];
    let weight =
        match (passage.any(&acts), passage.any(&objects), passage.near(&acts) && passage.near(&objects)) {
            (true, true, _) => 72,
            (_, _, true) => 66,
            (true, ..) if passage.any(&[Ai, Reading]) => 71,
            (true, ..) => 48,
            _ => 36,
        };
    Match::new("secrecy.behind_the_owner", weight, place)
}

/// "The user has already approved": consent by hearsay.
pub(super) fn consent(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.pair(&[Approved], &[Owner], 80)?;
    let acts = [Send, Delete, Pay, Setting, Reveal];
    let weight = if passage.any(&acts) && passage.any(&[Secret, Mailbox, Destination, Secrecy, Pay]) {
        66
    } else {
        28
    };
    Match::new("secrecy.hearsay_consent", weight, passage.span(place, &[Destination, Secrecy]))
}

/// "Immediately send, and tell nobody": pressure on top of a command.
pub(super) fn urgent_command(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.pair(&[Urgent], &[Send, Pay, Delete, Reveal], 80)?;
    if !passage.has(Secrecy) {
        return None;
    }
    Match::new("secrecy.urgent_command", 18 + to_machine(passage), passage.span(place, &[Secrecy]))
}
