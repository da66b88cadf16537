//! An automatic attacker against the scorer: mutates injections of a corpus, greedily against their score, and says
//! how many fall below medium and by what. Seeded, so that two runs are alike.
//!
//! `cargo run --release -p mailward-score --example evasion [fast|deep] [MAILS] [STEPS] [STEPS_ALONE] [MUTATION]`
//!
//! `fast`: rules and fast model alone, seconds; `deep`: as shipped, hours for all mails and steps on two cores (6 minutes for
//! `deep 20 200 0`). With the name of a mutation, what it alone brought down is printed too.
//!
//! Mutations change how the words are written and where they stand, not which words they are: a reader with patience
//! still understands each result.

#[path = "evasion/attacker.rs"]
mod attacker;
#[path = "evasion/judge.rs"]
mod judge;
#[path = "evasion/mail.rs"]
mod mail;
#[path = "evasion/mutations.rs"]
mod mutations;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use attacker::{Fall, attack_all};
use judge::Judge;
use mail::{Mail, load};
use mutations::MUTATIONS;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let judge = Judge::new(arguments.next().is_some_and(|which| which == "deep"));
    let mut number = |usual| arguments.next().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (mails, steps, alone): (usize, usize, usize) = (number(200), number(500), number(60));
    let shown = arguments.next();
    mailward_score::warm_up();
    let corpus = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"));
    let mut mail: Vec<Mail> = load(corpus)?.into_iter().filter(|mail| mail.score(&judge) >= 50).collect();
    // Every so many, so that all sittings are met.
    let step = (mail.len() / mails.max(1)).max(1);
    mail = mail.into_iter().step_by(step).take(mails).collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} injections at 50 and above, {steps} steps each", mail.len())?;

    let everything: Vec<usize> = (0..MUTATIONS.len()).collect();
    let falls = attack_all(&judge, &mail, &everything, steps);
    let fallen: Vec<&Fall> = falls.iter().filter(|fall| fall.score < 50).collect();
    writeln!(out, "all together: {} of {} fell below 50", fallen.len(), falls.len())?;
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for fall in &fallen {
        *last.entry(fall.by.map_or("", |at| MUTATIONS[at].0)).or_default() += 1;
    }
    for (name, count) in last {
        writeln!(out, "  the last blow by {name:14} {count:5}")?;
    }
    writeln!(out, "each mutation alone, {alone} steps:")?;
    for (at, (name, _)) in MUTATIONS.iter().enumerate() {
        let show = shown.as_deref().is_some_and(|wanted| *name == wanted);
        let mut fallen = 0;
        for fall in attack_all(&judge, &mail, &[at], alone).into_iter().filter(|fall| fall.score < 50) {
            fallen += 1;
            if show {
                writeln!(
                    out,
                    "{} {:?} {:?} {:?}",
                    fall.score, fall.mail.dress, fall.mail.moved, fall.mail.payload
                )?;
            }
        }
        writeln!(out, "  {name:20} {fallen:5} of {}", mail.len())?;
    }
    Ok(())
}
