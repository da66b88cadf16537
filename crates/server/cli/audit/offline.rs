//! Files that were kept outside: exported chains and checkpoints, read without a server.

use std::path::Path;

use mailward_mail::clock::Timestamp;
use mailward_store::audit::checkpoint::Checkpoint;
use mailward_store::audit::link::{Row, hex};
use mailward_store::audit::rows::Entry;
use mailward_store::audit::verify::Walk;
use serde_json::{Value, json};

use super::Failure;

/// Walks an exported chain; the outcome reads as the server's own.
pub(super) fn walk(file: &Path, chain: &str) -> Result<Value, Failure> {
    let mut walk = Walk::new(chain);
    for (number, row) in lines(file)?.into_iter().enumerate() {
        let entry = entry(&row).ok_or_else(|| no_row(file, number))?;
        if let Err(fault) = walk.step(&entry) {
            return Ok(json!({ "chain": chain, "rows": walk.seq(), "head": hex(&walk.head()), "ok": false,
                "firstBad": fault.seq, "problem": fault.what }));
        }
    }
    Ok(json!({ "chain": chain, "rows": walk.seq(), "head": hex(&walk.head()), "ok": true }))
}

/// Reads a file of checkpoints.
pub(super) fn checkpoints(file: &Path) -> Result<Vec<Checkpoint>, Failure> {
    lines(file)?
        .iter()
        .enumerate()
        .map(|(number, row)| checkpoint(row).ok_or_else(|| no_row(file, number)))
        .collect()
}

fn checkpoint(row: &Value) -> Option<Checkpoint> {
    let leaves = row["leaves"].as_array()?.iter().map(|leaf| Some(format!("{}\n", leaf.as_str()?)));
    Some(Checkpoint {
        number: row["number"].as_i64()?,
        created_at: Timestamp::parse(row["createdAt"].as_str()?)?,
        leaves: leaves.collect::<Option<String>>()?,
        note: row["note"].as_str()?.to_owned(),
    })
}

fn entry(row: &Value) -> Option<Entry> {
    let text = |name: &str| row[name].as_str().map(str::to_owned);
    Some(Entry {
        seq: row["seq"].as_i64()?,
        prev: unhex(row["prev"].as_str()?)?,
        hash: unhex(row["hash"].as_str()?)?,
        sealed: None,
        row: Row {
            at: Timestamp::parse(row["at"].as_str()?)?.millis(),
            actor_kind: text("actorKind")?,
            actor: text("actor"),
            action: text("action")?,
            object: text("object"),
            outcome: text("outcome")?,
            request_id: text("requestId"),
            network: text("network"),
            detail: row["detail"].to_string(),
            sealed: text("sealed"),
        },
    })
}

fn lines(file: &Path) -> Result<Vec<Value>, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::failed(format!("{} cannot be read: {error}", file.display()), ""))?;
    text.lines()
        .enumerate()
        .map(|(number, line)| serde_json::from_str(line).map_err(|_| no_row(file, number)))
        .collect()
}

fn no_row(file: &Path, number: usize) -> Failure {
    Failure::fault(format!("{}: line {} is not what was exported", file.display(), number + 1), "")
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
