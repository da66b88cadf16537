//! `score`: judges mail without a server, file by file or line by line.
//!
//! It judges exactly what the service would: same parser, same bounds, same scorer. What cannot be read is `unknown`,
//! which is an answer and no error.

pub(super) mod judge;
mod lines;

use std::io::{Read, Write};
use std::path::Path;

use judge::Judged;
use mailward_mailroom::sender_auth::SenderAuth;
use mailward_phishing::Flag;
use serde_json::json;

use super::args::Score;
use super::{Failure, terminal};

pub(super) fn run(arguments: &Score) -> Result<(), Failure> {
    if arguments.jsonl {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let bad = lines::judge_lines(std::io::stdin().lock(), std::io::stdout(), threads)?;
        return match bad {
            0 => Ok(()),
            bad => Err(Failure::failed(
                format!("{bad} of the lines could not be judged"),
                "their errors stand in the output",
            )),
        };
    }
    let mut unread = 0_usize;
    for path in &arguments.files {
        match read(path) {
            Ok(raw) => print(
                path,
                &judge::on_own_thread(move || judge::mail(&raw, &SenderAuth::default()))?,
                arguments.json,
            )?,
            Err(error) => {
                unread += 1;
                let path = path.to_string_lossy();
                writeln!(std::io::stderr().lock(), "mailward: {}: {error}", terminal::visible(&path))?;
            }
        }
    }
    match unread {
        0 => Ok(()),
        unread => {
            Err(Failure::failed(format!("{unread} of {} files could not be read", arguments.files.len()), ""))
        }
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut raw = Vec::new();
        std::io::stdin().lock().read_to_end(&mut raw)?;
        return Ok(raw);
    }
    std::fs::read(path)
}

fn print(path: &Path, Judged { verdict, people }: &Judged, as_json: bool) -> Result<(), Failure> {
    let name = path.to_string_lossy();
    let mut out = std::io::stdout().lock();
    if as_json {
        let mut row = json!(verdict);
        row["file"] = name.into();
        row["flags"] = people.flags().map(Flag::as_str).collect();
        row["reasons"] = json!(people.reasons);
        writeln!(out, "{}", terminal::json(&row))?;
        return Ok(());
    }
    writeln!(out, "{:<7} {:>3}  {}", verdict.level.as_str(), verdict.score, terminal::visible(&name))?;
    let rows: Vec<Vec<String>> = verdict.findings.iter().map(row).collect();
    if !rows.is_empty() {
        let table = terminal::table(&["WEIGHT", "RULE", "IN", "BYTES", "EXCERPT"], &rows);
        table.lines().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    for flag in people.flags() {
        let reasons = people.reasons.iter().filter(|reason| reason.flag == flag).map(|reason| {
            let detail = terminal::visible(&reason.detail);
            if detail.is_empty() { reason.sign.clone() } else { format!("{} ({detail})", reason.sign) }
        });
        writeln!(out, "  flag {}: {}", flag.as_str(), reasons.collect::<Vec<_>>().join(", "))?;
    }
    Ok(())
}

fn row(finding: &mailward_score::Finding) -> Vec<String> {
    let place = if finding.end > finding.start {
        format!("{}..{}", finding.start, finding.end)
    } else {
        "-".to_owned()
    };
    vec![
        finding.weight.to_string(),
        finding.rule.clone(),
        finding.view.clone(),
        place,
        finding.excerpt.clone(),
    ]
}
