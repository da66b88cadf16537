//! Family `address`: a machine is spoken to, and told what to say, keep or do.

use super::Match;
use crate::lexicon::Concept::{self, *};
use crate::passages::{Audience, Passage};

/// "In your summary, tell the user that": the answer is written by the sender.
pub(super) fn steer(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.first(Steer)?;
    let weight = match passage.audience() {
        Audience::Person if passage.pair(&[Steer], &[Owner, Ai, Secret], 60).is_some() => 30,
        Audience::Person => return None,
        Audience::Assistant => 30,
        Audience::Machine => 70,
        Audience::Captured => 72,
    };
    Match::new("address.steer", weight, passage.span(place, &[Steer, Owner]))
}

/// "Remember for all future replies".
pub(super) fn memory(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.first(Memory)?;
    let weight = match passage.audience() {
        Audience::Person => return None,
        Audience::Assistant if passage.any(&[Steer, Send]) => 40,
        Audience::Assistant => 20,
        Audience::Machine | Audience::Captured => 71,
    };
    Match::new("address.memory", weight, passage.span(place, &[Memory, Steer]))
}

/// "If you are an AI reading this": speaking to a machine alone is no attack, giving it orders may be.
pub(super) fn command(passage: &Passage<'_>) -> Option<Match> {
    if passage.audience() < Audience::Machine {
        return None;
    }
    let place = passage.first(Ai).or_else(|| passage.first(Reading)).or_else(|| passage.first(Assistant))?;
    let weight = if passage.near(&[Secrecy, Override]) {
        60
    } else if passage.near(&[NewTask, Prompt, Approved]) {
        48
    } else if passage.near(&[Send, Delete, Pay, Setting, Act, Reveal]) {
        34
    } else {
        20
    };
    Match::new("address.machine", weight, passage.span(place, &[Vocative, Ai, Reading, Secrecy, Override]))
}

/// An order to a machine, of the principal's things, where no person sees it: nobody hides an honest request.
pub(super) fn concealed(passage: &Passage<'_>) -> Option<Match> {
    const ORDERS: &[Concept] = &[Send, Delete, Pay, Setting, Reveal, Act];
    if !passage.concealed() || passage.audience() < Audience::Machine {
        return None;
    }
    let place = passage.pair(ORDERS, &[Mailbox, Files, Secret, Prompt, Destination, Pay, Setting], 120)?;
    let weight = if passage.audience() == Audience::Captured { 60 } else { 50 };
    Match::new("address.concealed", weight, passage.span(place, &[Destination, Secrecy, Owner]))
}
