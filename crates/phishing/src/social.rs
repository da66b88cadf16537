//! Texts that press a person: what is asked, with what threat, haste or lure. Structure, not phrases: a sign is some
//! words of different kinds close together, in whatever order and language.

use crate::links::Page;
use crate::sender::Author;
use crate::words::{Hit, Kind, fold, hits};
use crate::{Circumstances, Flag, Letter, Outcome, Signs, TEXT_LIMIT, head};

/// Bytes within which words belong together: two or three sentences.
const REACH: usize = 280;

/// One structure that was found.
#[derive(Clone, Debug)]
pub(crate) struct Appeal {
    structure: &'static Structure,
    excerpt: String,
}

/// Kinds of words that press a person when they stand together.
#[derive(Debug)]
pub(crate) struct Structure {
    sign: &'static str,
    weight: u8,
    /// One of each of these; what is named twice has to stand there twice.
    all: &'static [&'static [Kind]],
    /// What an institution writes as well: it counts less where the mail is the institution's.
    is_ordinary: bool,
}

const fn lure(sign: &'static str, weight: u8, all: &'static [&'static [Kind]]) -> Structure {
    Structure { sign, weight, all, is_ordinary: false }
}

const fn ordinary(sign: &'static str, weight: u8, all: &'static [&'static [Kind]]) -> Structure {
    Structure { sign, weight, all, is_ordinary: true }
}

use Kind::{
    Account, Answer, Bank, Change, Click, Coin, Fee, Fund, GiftCard, Haste, Money, Parcel, Pay, Prize, Quiet,
    Recorded, Refund, Threat, Verify,
};

const STRUCTURES: &[Structure] = &[
    ordinary("account_threat", 55, &[&[Verify, Click], &[Account], &[Threat]]),
    ordinary("account_haste", 40, &[&[Verify], &[Account], &[Haste]]),
    ordinary("credentials", 30, &[&[Verify], &[Account], &[Click]]),
    lure("prize", 55, &[&[Prize], &[Prize], &[Click, Verify, Answer], &[Money, GiftCard]]),
    lure("advance_fee", 60, &[&[Fund], &[Money], &[Answer, Quiet]]),
    lure("advance_fee", 60, &[&[Fund], &[Fund], &[Money]]),
    lure("advance_fee", 50, &[&[Fund], &[Quiet], &[Answer]]),
    lure("extortion", 65, &[&[Recorded], &[Coin, Pay]]),
    lure("gift_cards", 55, &[&[GiftCard], &[Pay], &[Haste, Quiet]]),
    ordinary("bank_change", 50, &[&[Bank], &[Change], &[Pay]]),
    ordinary("delivery_fee", 50, &[&[Parcel], &[Fee], &[Click]]),
    ordinary("delivery_threat", 40, &[&[Parcel], &[Threat], &[Click, Verify]]),
    ordinary("refund", 50, &[&[Refund], &[Click, Verify], &[Account, Bank, Haste]]),
    lure("coins", 50, &[&[Coin], &[Prize, Threat, Haste], &[Click, Verify]]),
];

/// The structures of a letter's subject and texts, each once.
pub(crate) fn appeals(letter: &Letter<'_>, page: &Page) -> Vec<Appeal> {
    let mut out: Vec<Appeal> = Vec::new();
    for body in [letter.text, &page.text] {
        if body.trim().is_empty() && !(letter.text.trim().is_empty() && page.text.trim().is_empty()) {
            continue;
        }
        let text = fold(&format!("{}\n{}", head(letter.subject, 1000), head(body, TEXT_LIMIT)));
        let hits = hits(&text);
        for structure in STRUCTURES {
            if out.iter().any(|known| known.structure.sign == structure.sign) {
                continue;
            }
            if let Some((start, end)) = together(&hits, structure.all) {
                out.push(Appeal { structure, excerpt: excerpt(&text, start, end) });
            }
        }
    }
    out
}

/// Weighs what presses.
pub(crate) fn weigh(
    appeals: &[Appeal],
    page: &Page,
    author: &Author,
    around: &Circumstances<'_>,
    signs: &mut Signs,
) {
    let flag = Flag::SocialEngineering;
    let proven = around.auth.is_proven || around.auth.dmarc == Outcome::Pass;
    let leads_home =
        |link: &crate::links::Link| link.organisation().is_some_and(|place| author.is_of(&place));
    let links = page
        .links
        .iter()
        .filter(|link| link.url.as_ref().is_some_and(|url| url.scheme().starts_with("http")));
    let (home, away) = links.partition::<Vec<_>, _>(|link| leads_home(link));
    // A bank's own notice asks for the same things, and leads to the bank.
    let is_own = around.auth.dmarc != Outcome::Fail
        && (proven && (away.is_empty() || !home.is_empty())
            || !proven && away.is_empty() && !home.is_empty());
    for appeal in appeals {
        let structure = appeal.structure;
        let weight = if structure.is_ordinary && is_own { structure.weight / 3 } else { structure.weight };
        signs.add(flag, structure.sign, weight, &appeal.excerpt);
    }
    // What presses, or comes from somebody else than it says, and leads away from its author: the link is the point of
    // it. Behind a borrowed name the author's own place is no better.
    let pressed = signs.sum(flag) >= crate::Report::THRESHOLD && !proven;
    let spoofed = signs.sum(Flag::SpoofedSender) >= crate::Report::THRESHOLD;
    let borrowed = signs.has(Flag::SpoofedSender, "brand_in_name");
    let led = if borrowed { home.first().or(away.first()) } else { away.first().filter(|_| home.is_empty()) };
    if let Some(link) = led.filter(|_| pressed || spoofed) {
        signs.add(Flag::PhishingUrl, "leads_elsewhere", 50, &link.target);
    }
    if appeals.is_empty() {
        return;
    }
    // The same words weigh more where the mail is not what it says.
    if signs.sum(Flag::PhishingUrl) >= crate::Report::THRESHOLD {
        signs.add(flag, "false_link", 20, "");
    }
    if signs.sum(Flag::SpoofedSender) >= crate::Report::THRESHOLD {
        signs.add(flag, "false_sender", 20, "");
    }
}

/// The first place where one word of each kind stands within reach. Linear: a window slides over the words.
fn together(hits: &[Hit], all: &[&[Kind]]) -> Option<(usize, usize)> {
    let mut counts = vec![0_usize; all.len()];
    let wanted: Vec<usize> =
        all.iter().map(|kinds| all.iter().filter(|other| other == &kinds).count()).collect();
    let mut first = 0;
    for hit in hits {
        for (count, kinds) in counts.iter_mut().zip(all) {
            *count += usize::from(kinds.contains(&hit.kind));
        }
        while hit.end - hits[first].start > REACH {
            for (count, kinds) in counts.iter_mut().zip(all) {
                *count -= usize::from(kinds.contains(&hits[first].kind));
            }
            first += 1;
        }
        if counts.iter().zip(&wanted).all(|(count, wanted)| count >= wanted) {
            return Some((hits[first].start, hit.end));
        }
    }
    None
}

fn excerpt(text: &str, start: usize, end: usize) -> String {
    head(text.get(start..end).unwrap_or_default(), 400).to_owned()
}

#[cfg(test)]
#[path = "social_tests.rs"]
mod tests;
