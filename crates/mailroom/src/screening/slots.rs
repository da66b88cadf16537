//! Which message each thread is reading, written down so that it survives the process.
//!
//! No fsync: the page cache outlives a process that dies, and a machine that loses power did not die of a message.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// What was being read when the last process ended.
pub(super) struct Slots {
    directory: PathBuf,
    condemned: HashSet<[u8; 32]>,
}

/// One thread's note.
pub(super) struct Slot(PathBuf);

const CONDEMNED: &str = "condemned";

impl Slots {
    /// Opens the directory and condemns what is still noted there.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let mut condemned = HashSet::new();
        let book = directory.join(CONDEMNED);
        let mut read = |path: &Path| -> io::Result<()> {
            let bytes = fs::read(path)?;
            condemned.extend(bytes.chunks_exact(32).map(|digest| {
                let mut one = [0; 32];
                one.copy_from_slice(digest);
                one
            }));
            Ok(())
        };
        for entry in fs::read_dir(directory)? {
            read(&entry?.path())?;
        }
        // The book first, then the notes go: a crash between leaves both, never neither.
        fs::write(&book, condemned.iter().flatten().copied().collect::<Vec<u8>>())?;
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path != book {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { directory: directory.to_owned(), condemned })
    }

    /// Whether reading this message ended a process before.
    pub(super) fn is_condemned(&self, raw: &[u8]) -> bool {
        !self.condemned.is_empty() && self.condemned.contains(&digest(raw))
    }

    pub(super) fn slot(&self, number: usize) -> io::Result<Slot> {
        let path = self.directory.join(format!("reading-{number}"));
        fs::write(&path, [])?;
        Ok(Slot(path))
    }
}

impl Slot {
    /// Notes that this message is being read.
    pub(super) fn write(&self, raw: &[u8]) {
        if let Err(error) = fs::write(&self.0, digest(raw)) {
            tracing::warn!(%error, "could not note which message is being read");
        }
    }

    /// Notes that it was read.
    pub(super) fn clear(&self) {
        if let Err(error) = fs::write(&self.0, []) {
            tracing::warn!(%error, "could not note that a message was read");
        }
    }
}

fn digest(raw: &[u8]) -> [u8; 32] {
    Sha256::digest(raw).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_being_read_when_the_process_ended_is_never_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let slots = Slots::open(directory.path()).unwrap();
        let slot = slots.slot(0).unwrap();
        slot.write(b"harmless");
        slot.clear();
        slot.write(b"deadly");
        // No clear: the process is gone.
        let slots = Slots::open(directory.path()).unwrap();
        assert!(slots.is_condemned(b"deadly") && !slots.is_condemned(b"harmless"));
        let slots = Slots::open(directory.path()).unwrap();
        assert!(slots.is_condemned(b"deadly"), "the second start must not forget");
    }
}
