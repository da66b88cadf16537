//! Ships checkpoints of the audit log out: to a file beside the data and to the log, once a minute while something
//! happens. A copy kept elsewhere is what shows that the end of a chain was cut off.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mailward_mailroom::Mailroom;
use mailward_store::audit::checkpoint::Checkpoint;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

/// How often.
const EVERY: Duration = Duration::from_secs(60);

/// Checkpoints that are read at once.
const PAGE: i64 = 100;

/// Writes checkpoints until told to stop, and a last one then. The file gets every one, whichever node wrote it, so that
/// any node's file is whole by itself.
pub(crate) async fn keep(room: Mailroom, file: PathBuf, stop: CancellationToken) {
    let mut last = last_in(&file).await;
    loop {
        let stopping = tokio::select! {
            () = tokio::time::sleep(EVERY) => false,
            () = stop.cancelled() => true,
        };
        if let Err(error) = room.checkpoint().await {
            tracing::warn!(%error, "no checkpoint could be written");
        }
        loop {
            let page = match room.checkpoints_after(last, PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, "checkpoints could not be read");
                    break;
                }
            };
            let Some(newest) = page.last().map(|checkpoint| checkpoint.number) else { break };
            for checkpoint in &page {
                tracing::info!(target: "mailward::checkpoint", number = checkpoint.number, note = checkpoint.note, "checkpoint");
            }
            if let Err(error) = append(&file, &page).await {
                // What was not written is tried again at the next look.
                tracing::warn!(%error, "checkpoints are in the database and the log, not in their file");
                break;
            }
            last = newest;
        }
        if stopping {
            return;
        }
    }
}

/// The number of the last checkpoint in a file; 0 for none. A line that was cut off does not count.
async fn last_in(file: &Path) -> i64 {
    let text = tokio::fs::read_to_string(file).await.unwrap_or_default();
    let number = |line: &str| serde_json::from_str::<Value>(line).ok()?["number"].as_i64();
    text.lines().rev().find_map(number).unwrap_or(0)
}

/// A checkpoint as a line of a file.
pub(crate) fn line(checkpoint: &Checkpoint) -> Value {
    json!({
        "number": checkpoint.number,
        "createdAt": checkpoint.created_at.to_string(),
        "leaves": checkpoint.leaves.lines().collect::<Vec<_>>(),
        "note": checkpoint.note,
    })
}

async fn append(file: &Path, page: &[Checkpoint]) -> std::io::Result<()> {
    let mut out = tokio::fs::OpenOptions::new().append(true).create(true).open(file).await?;
    let lines: String = page.iter().map(|checkpoint| format!("{}\n", line(checkpoint))).collect();
    out.write_all(lines.as_bytes()).await?;
    out.sync_data().await
}
