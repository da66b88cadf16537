//! An automatic attacker against the scorer: mutates injections of a corpus, greedily against their score, and says
//! how many fall below medium and by what. Seeded, so that two runs are alike.
//!
//! `cargo run --release -p mailward-score --example evasion [CORPUS_FOLDER] [MAILS] [STEPS] [MUTATION]`
//!
//! With the name of a mutation, what it alone brought down is printed too.
//!
//! Mutations change how the words are written and where they stand, not which words they are: a reader with patience
//! still understands each result.

#[path = "evasion/attacker.rs"]
mod attacker;
#[path = "evasion/mail.rs"]
mod mail;
#[path = "evasion/mutations.rs"]
mod mutations;

use std::collections::BTreeMap;
use std::io::Write;

use attacker::{Fall, attack};
use mail::load;
use mutations::MUTATIONS;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/corpus").to_owned());
    let mails: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(200);
    let steps: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(500);
    mailward_score::warm_up();
    let mut mail: Vec<_> =
        load(std::path::Path::new(&folder))?.into_iter().filter(|m| m.score() >= 50).collect();
    // Every so many, so that all sittings are met.
    let step = (mail.len() / mails.max(1)).max(1);
    mail = mail.into_iter().step_by(step).take(mails).collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} injections at 50 and above, {steps} steps each", mail.len())?;

    let everything: Vec<usize> = (0..MUTATIONS.len()).collect();
    let falls: Vec<Fall> =
        mail.iter().enumerate().map(|(seed, mail)| attack(mail, &everything, steps, seed as u64)).collect();
    let fallen: Vec<&Fall> = falls.iter().filter(|fall| fall.score < 50).collect();
    writeln!(out, "all together: {} of {} fell below 50", fallen.len(), falls.len())?;
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for fall in &fallen {
        *last.entry(fall.by.map_or("", |at| MUTATIONS[at].0)).or_default() += 1;
    }
    for (name, count) in last {
        writeln!(out, "  the last blow by {name:14} {count:5}")?;
    }
    writeln!(out, "each mutation alone, {} steps:", steps.min(60))?;
    for (at, (name, _)) in MUTATIONS.iter().enumerate() {
        let show = std::env::args().nth(4).is_some_and(|wanted| *name == wanted);
        let falls =
            mail.iter().enumerate().map(|(seed, mail)| attack(mail, &[at], steps.min(60), seed as u64));
        let mut fallen = 0;
        for fall in falls.filter(|fall| fall.score < 50) {
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
