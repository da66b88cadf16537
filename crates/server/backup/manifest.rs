//! What stands beside a copied database: what it is, from when, and a digest of it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BackupError;

/// The name of the file.
const NAME: &str = "manifest.json";
/// The form of what is written here.
const FORMAT: u32 = 1;

/// One copied database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Manifest {
    format: u32,
    /// `mail` or `keys`.
    pub(super) what: String,
    /// When its copying began.
    pub(super) taken_at: String,
    /// The version of the program that took it.
    version: String,
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// Describes a database that was just copied into a folder.
    pub(super) fn of(
        folder: &Path,
        (what, file): (&str, &str),
        taken_at: String,
    ) -> Result<Self, BackupError> {
        let (bytes, sha256) = digest(&folder.join(file))?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Self { format: FORMAT, what: what.to_owned(), taken_at, version, bytes, sha256 })
    }

    /// Writes it, so that it is on the disk when this returns.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(NAME);
        let failed = |error: std::io::Error| BackupError::io(&path, &error);
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        let mut file = File::create_new(&path).map_err(failed)?;
        writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(failed)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// Reads it from a folder, and believes it if the database beside it is the one that it describes; the database's
    /// path comes along.
    pub(super) fn read(folder: &Path, (what, file): (&str, &str)) -> Result<(Self, PathBuf), BackupError> {
        let path = folder.join(NAME);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            BackupError::Fault(format!("{} is no backup: {}: {error}", folder.display(), path.display()))
        })?;
        let fault = |why: String| BackupError::Fault(format!("{}: {why}", path.display()));
        let read: Self = serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
        if read.format != FORMAT {
            return Err(fault(format!("its format is {}, and this program knows {FORMAT}", read.format)));
        }
        if read.what != what {
            return Err(fault(format!("it is of {}, not of {what}", read.what)));
        }
        let database = folder.join(file);
        let (bytes, sha256) = digest(&database)?;
        if (bytes, &sha256) != (read.bytes, &read.sha256) {
            let name = database.display();
            return Err(BackupError::Fault(format!("{name} is damaged: it is not what the manifest says")));
        }
        Ok((read, database))
    }
}

fn digest(path: &Path) -> Result<(u64, String), BackupError> {
    let failed = |error: std::io::Error| BackupError::Fault(format!("{}: {error}", path.display()));
    let mut file = File::open(path).map_err(failed)?;
    let (mut digest, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut piece).map_err(failed)?;
        if read == 0 {
            break;
        }
        digest.update(&piece[..read]);
        bytes += read as u64;
    }
    let hex = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: (&str, &str) = ("mail", "a.db");

    #[test]
    fn a_database_that_is_not_the_one_described_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.db");
        std::fs::write(&file, b"database").expect("written");
        let made = Manifest::of(folder.path(), KIND, "2026-11-23T00:00:00.000Z".into()).expect("described");
        made.write(folder.path()).expect("written");
        assert!(made.write(folder.path()).is_err(), "never written over");
        assert_eq!(Manifest::read(folder.path(), KIND).expect("believed").0, made);
        assert!(matches!(Manifest::read(folder.path(), ("keys", "a.db")), Err(BackupError::Fault(_))));
        for damaged in [&b"databasf"[..], b"databas", b"database!", b""] {
            std::fs::write(&file, damaged).expect("written");
            let refused = Manifest::read(folder.path(), KIND).expect_err("damaged");
            assert!(matches!(&refused, BackupError::Fault(why) if why.contains("is damaged")), "{refused}");
        }
        std::fs::remove_file(&file).expect("removed");
        assert!(matches!(Manifest::read(folder.path(), KIND), Err(BackupError::Fault(_))));
    }
}
