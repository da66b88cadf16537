//! Family `exfiltration`: the principal's data is to leave.
//!
//! People ask each other for data all day; what counts is that a machine is asked, behind its principal's back.

use std::sync::LazyLock;

use regex::Regex;

use super::{Match, to_machine};
use crate::lexicon::Concept::*;
use crate::passages::{Audience, Passage};
use crate::views::Sight;

/// "Send the verification code to": a secret on its way.
pub(super) fn secret(passage: &Passage<'_>) -> Option<Match> {
    let place = passage.pair(&[Send, Reveal], &[Secret], 90)?;
    if passage.advised_against(&place) {
        // "Never share your code with anyone."
        return None;
    }
    let mut weight = 20 + to_machine(passage);
    weight += if passage.has(Destination) { 12 } else { 0 };
    weight += if passage.has(Secrecy) { 8 } else { 0 };
    weight += if passage.has(Approved) { 8 } else { 0 };
    weight += concealed(passage);
    let weight = if passage.has(Destination) && passage.any(&[Ai, Assistant]) {
        // "Have your assistant paste the reset link into": a secret to a third party, whoever is asked.
        weight.max(54)
    } else {
        below_medium(passage, weight)
    };
    Match::new("exfiltration.secret", weight, passage.span(place, &[Destination, Secrecy, Owner]))
}

/// "Forward the last emails to": correspondence on its way.
pub(super) fn mail(passage: &Passage<'_>) -> Option<Match> {
    // Whatever it is that "it" stands for: what leaves behind the principal's back is theirs.
    let captured = passage.audience() == Audience::Captured;
    let place = passage.pair(&[Send, Reveal], &[Mailbox], 90).or_else(|| {
        passage
            .pair(&[Send], &[Destination], 60)
            .filter(|_| captured && !passage.any(&[Secret, Files]) && passage.near(&[Secrecy]))
    })?;
    let mut weight = 8 + to_machine(passage);
    weight += if passage.has(Quantity) { 8 } else { 0 };
    weight += if passage.has(Destination) { 12 } else { 0 };
    weight += if passage.has(Secrecy) { 8 } else { 0 };
    weight += concealed(passage);
    let weight = below_medium(passage, weight);
    Match::new("exfiltration.mail", weight, passage.span(place, &[Destination, Secrecy, Owner]))
}

/// "Send the contract to": documents, which honest mail asks a machine for as well.
pub(super) fn files(passage: &Passage<'_>) -> Option<Match> {
    if passage.pair(&[Send, Reveal], &[Secret, Mailbox], 90).is_some() {
        return None;
    }
    let place = passage.pair(&[Send], &[Files], 90)?;
    let mut weight = 4 + to_machine(passage) * 2 / 3;
    weight += if passage.has(Destination) { 12 } else { 0 };
    weight += if passage.has(Secrecy) { 10 } else { 0 };
    let weight = below_medium(passage, weight);
    Match::new("exfiltration.files", weight, passage.span(place, &[Destination, Secrecy, Owner]))
}

/// A Markdown image whose address has room for data: showing it sends it.
pub(super) fn image(passage: &Passage<'_>) -> Option<Match> {
    static IMAGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"!\[[^\]\n]{0,80}\]\(https?://[^\s)]{1,300}[?&/#=][^\s)]{0,200}?(?:[{\[<]|=[a-z_]{3,20}\b|%7b)",
        )
        .expect("the pattern is valid")
    });
    let link = passage.first(Destination)?;
    let text = &passage.view().folded.mapped.text;
    let from = (0..=link.start.saturating_sub(90)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let to = (0..=(link.start + 300).min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(link.end);
    memchr::memmem::find(&text.as_bytes()[from..link.start], b"](")?;
    let found = IMAGE.find(&text[from..to])?;
    let weight = if passage.near(&[Steer, Ai, Secret, Mailbox, Send, Reveal]) { 70 } else { 56 };
    Match::new("exfiltration.image", weight, from + found.start()..from + found.end())
}

/// Text that no person sees and that asks for data with a place to send it.
fn concealed(passage: &Passage<'_>) -> u32 {
    if passage.concealed() && passage.has(Destination) { 8 } else { 0 }
}

/// Between people the same words are a request, however urgent.
fn below_medium(passage: &Passage<'_>, weight: u32) -> u32 {
    if passage.audience() < Audience::Machine && passage.view().sight == Sight::Open {
        weight.min(44)
    } else {
        weight
    }
}
