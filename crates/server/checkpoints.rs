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

/// Writes checkpoints until told to stop, and a last one then.
pub(crate) async fn keep(room: Mailroom, file: PathBuf, stop: CancellationToken) {
    loop {
        let stopping = tokio::select! {
            () = tokio::time::sleep(EVERY) => false,
            () = stop.cancelled() => true,
        };
        match room.checkpoint().await {
            Ok(Some(checkpoint)) => {
                tracing::info!(target: "mailward::checkpoint", number = checkpoint.number, note = checkpoint.note, "checkpoint");
                if let Err(error) = append(&file, &checkpoint).await {
                    tracing::warn!(%error, "a checkpoint is in the database and the log, not in its file");
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "no checkpoint could be written"),
        }
        if stopping {
            return;
        }
    }
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

async fn append(file: &Path, checkpoint: &Checkpoint) -> std::io::Result<()> {
    let mut out = tokio::fs::OpenOptions::new().append(true).create(true).open(file).await?;
    out.write_all(format!("{}\n", line(checkpoint)).as_bytes()).await?;
    out.sync_data().await
}
