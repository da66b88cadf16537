//! What makes a sentence an injection: one file for each family of rules.
//!
//! A rule is a structure, not a phrase: who is addressed, what is asked, of whose data, to whom, with what secrecy.
//! Each says what it would be worth alone; here that is set against where it stands: concealed and disguised text
//! weighs more, talk about attacks less.

mod address;
mod exfiltration;
mod overriding;
mod posing;
mod role;
mod secrecy;
mod tools;

use std::ops::Range;

use crate::lexicon::Concept;
use crate::passages::{Audience, Passage, Reading};
use crate::verdict::{Finding, excerpt};
use crate::views::{Sight, View};

/// A structure that was found in a sentence.
#[derive(Debug)]
pub(crate) struct Match {
    rule: &'static str,
    /// What it is worth alone in plain text, 0 to 100.
    weight: u32,
    /// Where, in the folded text.
    place: Range<usize>,
}

impl Match {
    fn new(rule: &'static str, weight: u32, place: Range<usize>) -> Option<Self> {
        Some(Self { rule, weight, place })
    }
}

/// A finding, and whether it may lift others: talk about attacks says the same thing many times.
#[derive(Clone, Debug)]
pub(crate) struct Weighed {
    pub(crate) finding: Finding,
    pub(crate) talk: bool,
}

type Rule = fn(&Passage<'_>) -> Option<Match>;

const RULES: &[Rule] = &[
    overriding::instructions,
    overriding::everything,
    overriding::new_task,
    role::persona,
    role::unbound,
    role::prompt,
    exfiltration::secret,
    exfiltration::mail,
    exfiltration::files,
    exfiltration::image,
    tools::destroy,
    tools::pay,
    tools::setting,
    tools::act,
    address::steer,
    address::memory,
    address::command,
    address::concealed,
    secrecy::behind_the_owner,
    secrecy::consent,
    secrecy::urgent_command,
    posing::token,
    posing::role_line,
];

/// No view yields more findings than this; the strongest of them decide.
const MOST_PER_VIEW: usize = 200;

/// Everything the rules find in a view that was read.
pub(crate) fn findings(reading: &Reading<'_>) -> Vec<Weighed> {
    let mut out = Vec::new();
    for passage in reading.passages() {
        for found in RULES.iter().filter_map(|rule| rule(&passage)) {
            weigh(&passage, found, &mut out);
        }
        if out.len() >= MOST_PER_VIEW {
            break;
        }
    }
    out
}

/// Below this a match is no finding: too many ordinary sentences have it.
const LEAST: u32 = 15;

fn weigh(passage: &Passage<'_>, found: Match, out: &mut Vec<Weighed>) {
    let view = passage.view();
    let Match { rule, mut weight, place } = found;
    if weight < LEAST {
        return;
    }
    let disguised = disguises(view, &place) >= 2;
    let plain = view.sight == Sight::Open && !disguised;
    let mut talk = false;
    if plain {
        let quoted = passage.quoted(&place);
        let cap = match (passage.talks(), passage.talk_of_all()) {
            (true, _) if quoted => Some(44),
            (true, 3..) => Some(46),
            (false, 6..) => Some(48),
            (true, _) => Some(62),
            (false, 3..) if quoted => Some(46),
            (false, 3..) => Some(64),
            _ => None,
        };
        if let Some(cap) = cap {
            talk = true;
            weight = weight.min(cap);
        }
    }
    // Most of what is hidden is a newsletter's padding; nobody disguises that.
    let least = if view.sight == Sight::Concealed && !disguised { 46 } else { 30 };
    if weight >= least {
        weight += match view.sight {
            Sight::Open => 0,
            Sight::Name => 10,
            Sight::Concealed if passage.has(Concept::Destination) => 22,
            Sight::Concealed => 12,
            Sight::Encoded => 22,
        };
        weight += if disguised { 18 } else { 0 };
    }
    let weight = weight.min(99) as u8;
    out.push(Weighed { finding: finding(view, rule.to_owned(), weight, &place), talk });
    if weight >= 50 && !talk {
        let family = match view.sight {
            Sight::Concealed => Some("hidden.instruction"),
            Sight::Encoded => Some("encoded.instruction"),
            _ if disguised => Some("disguised.words"),
            _ => None,
        };
        if let Some(family) = family {
            out.push(Weighed { finding: finding(view, family.to_owned(), weight - 5, &place), talk });
        }
    }
}

/// How many tricks were undone within a place.
fn disguises(view: &View<'_>, place: &Range<usize>) -> usize {
    let tricks = &view.folded.tricks;
    tricks.partition_point(|at| *at <= place.end) - tricks.partition_point(|at| *at < place.start)
}

pub(crate) fn finding(view: &View<'_>, rule: String, weight: u8, place: &Range<usize>) -> Finding {
    let origin = view.origin(place.clone());
    Finding {
        rule,
        weight,
        view: view.name_at(place),
        start: origin.start,
        end: origin.end,
        excerpt: excerpt(view.original(origin)),
    }
}

/// What it adds to a command that it is given to a machine.
fn to_machine(passage: &Passage<'_>) -> u32 {
    match passage.audience() {
        Audience::Person => 0,
        Audience::Assistant => 12,
        Audience::Machine => 50,
        Audience::Captured => 56,
    }
}
