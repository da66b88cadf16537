//! `eval`: the figures of the model card, from folders of labelled mail.
//!
//! It judges with what this program ships, and prints tables in Markdown, so that a card is what the program said.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use mailward_mailroom::sender_auth::SenderAuth;
use mailward_score::{Sample, Verdict};
use mailward_score_eval::report::{self, Report};
use mailward_score_eval::rows::{self, Row};
use serde_json::json;

use super::args::Eval;
use super::score::judge;
use super::{Failure, terminal};

pub(super) fn run(arguments: &Eval) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let mut answer = serde_json::Map::new();
    for folder in &arguments.folders {
        let own = folder.join("split.json").is_file();
        let rows = if own { rows::own(folder) } else { rows::foreign(folder) };
        let name = folder.to_string_lossy();
        let rows = rows.map_err(|error| Failure::failed(format!("{name} cannot be read: {error}"), ""))?;
        let scored = judged(rows)?;
        let report = if own { report::own(&scored) } else { report::foreign(&scored) };
        if arguments.json {
            answer.insert(name.into_owned(), json!(report));
        } else {
            print(&mut out, &name, &scored, &report)?;
        }
    }
    if arguments.json {
        writeln!(out, "{}", terminal::json(&answer.into()))?;
    }
    Ok(())
}

fn print(out: &mut impl Write, name: &str, scored: &[(Row, f32)], report: &Report) -> std::io::Result<()> {
    writeln!(out, "## {}: {} mails\n\n{report}", terminal::visible(name), scored.len())
}

/// Scores on all cores, in the order of the rows.
fn judged(rows: Vec<Row>) -> Result<Vec<(Row, f32)>, Failure> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((at, row)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            rows.get(at).map(|row| (at, row))
        } {
            done.push((at, f32::from(verdict(row).score)));
        }
        done
    };
    let mut scores = vec![0.0; rows.len()];
    std::thread::scope(|scope| -> Result<(), Failure> {
        let running = (0..threads).map(|_| judge::spawn(scope, work)).collect::<Result<Vec<_>, _>>()?;
        for thread in running {
            let done = thread.join().map_err(|_| Failure::failed("a thread that judges ended early", ""))?;
            for (at, score) in done {
                scores[at] = score;
            }
        }
        Ok(())
    })?;
    Ok(rows.into_iter().zip(scores).collect())
}

fn verdict(row: &Row) -> Verdict {
    let auth = SenderAuth::default();
    if !row.eml.is_empty() {
        return judge::mail(row.eml.as_bytes(), &auth).verdict;
    }
    let (from_name, from_address) = row.author();
    let sample = Sample {
        subject: &row.subject,
        from_name,
        from_address,
        text: &row.text,
        html: &row.html,
        ..Sample::default()
    };
    judge::texts(&sample, &auth).verdict
}
