//! The data directory: made with the right permissions, held by one process, and the keys that lie in it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use mailward_vault::Token;
use nix::fcntl::{Flock, FlockArg};
use zeroize::Zeroizing;

use crate::StartError;

/// There while a backup is brought back.
const RESTORING: &str = "restoring";

/// A data directory that this process alone uses, as long as the value lives.
pub struct DataDir {
    path: PathBuf,
    _lock: Option<Flock<File>>,
}

impl DataDir {
    /// Opens a directory, makes it if it is missing, and locks it.
    ///
    /// # Errors
    /// [`StartError`] when it cannot be used, another process uses it, or a restore did not come to its end.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let data = Self::open_to_restore(path)?;
        if data.file(RESTORING).exists() {
            return Err(StartError::refused(format!(
                "a restore into {} did not come to its end: run `mailward restore` again",
                path.display()
            )));
        }
        Ok(data)
    }

    /// The same, whatever a restore left behind.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_to_restore(path: &Path) -> Result<Self, StartError> {
        let failed = |error: io::Error| {
            StartError::refused(format!("cannot use the data directory {}: {error}", path.display()))
        };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed)?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| {
            StartError::refused(format!(
                "another process uses the data directory {}; stop it, or choose another with --data-dir",
                path.display()
            ))
        })?;
        Ok(Self { path: path.to_owned(), _lock: Some(lock) })
    }

    /// A directory that another process may be using, for who only reads in it.
    pub fn beside(path: &Path) -> Self {
        Self { path: path.to_owned(), _lock: None }
    }

    /// Notes that what lies here is not whole until [`Self::end_restore`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin_restore(&self) -> Result<(), StartError> {
        let note = File::create(self.file(RESTORING)).and_then(|note| note.sync_all());
        note.and_then(|()| File::open(&self.path)?.sync_all()).map_err(|error| self.unwritable(&error))
    }

    /// Notes that what lies here is whole.
    ///
    /// # Errors
    /// When the note cannot be removed.
    pub fn end_restore(&self) -> Result<(), StartError> {
        match fs::remove_file(self.file(RESTORING)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.unwritable(&error)),
            _ => Ok(()),
        }
    }

    fn unwritable(&self, error: &io::Error) -> StartError {
        StartError::failed(format!("cannot write to {}: {error}", self.path.display()))
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes that the service runs; whether it was noted already, because the last one did not stop in order.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(&self) -> io::Result<bool> {
        let note = self.file("running");
        let unclean = note.exists();
        fs::write(note, [])?;
        Ok(unclean)
    }

    /// Notes that the service has stopped in order.
    ///
    /// # Errors
    /// When the note cannot be removed.
    pub fn end(&self) -> io::Result<()> {
        fs::remove_file(self.file("running"))
    }

    /// Whether a directory was used before: something lies in it that only a start makes.
    pub fn is_initialised(path: &Path) -> bool {
        ["master.key", "master.salt", "keystore.db", "operator.key"]
            .iter()
            .any(|name| path.join(name).exists())
    }

    /// The operator's key, if it was written.
    ///
    /// # Errors
    /// When the file is there and cannot be used.
    pub fn operator_key(&self) -> Result<Option<Token>, StartError> {
        let path = self.file("operator.key");
        if !path.exists() {
            return Ok(None);
        }
        let token = Token::parse(&read_secret(&path)?);
        token.map(Some).ok_or_else(|| StartError::refused(format!("{} holds no token", path.display())))
    }

    /// Writes the operator's key where the command line looks for it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_operator_key(&self, token: &Token) -> Result<PathBuf, StartError> {
        let path = self.file("operator.key");
        write_secret(&path, token.expose())
            .map_err(|error| StartError::refused(format!("cannot write {}: {error}", path.display())))?;
        Ok(path)
    }
}

/// Reads a file that only its owner may read.
///
/// # Errors
/// When it cannot be read, or others can read it too.
pub fn read_secret(path: &Path) -> Result<String, StartError> {
    read_closed(path, 0o077)
}

/// Reads a file that systemd, or a volume of secrets, handed over. Where it grants the right in an access list, or to a
/// group that nobody else is of, the mode shows bits of a group.
///
/// # Errors
/// When it cannot be read, or everybody can read it too.
pub(crate) fn read_credential(path: &Path) -> Result<String, StartError> {
    read_closed(path, 0o037)
}

fn read_closed(path: &Path, closed: u32) -> Result<String, StartError> {
    let refused = |why: String| StartError::refused(format!("{}: {why}", path.display()));
    let mode = fs::metadata(path).map_err(|error| refused(error.to_string()))?.mode();
    if mode & closed != 0 {
        return Err(refused(format!("others may read it (mode {:o}); run chmod 400 on it", mode & 0o777)));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| refused(error.to_string()))?);
    Ok(text.trim().to_owned())
}

/// Writes a secret so that it is there whole or not at all, readable by its owner alone.
pub(crate) fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o400).open(&draft)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_refused_and_the_directory_is_private() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let first = DataDir::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        let refused = DataDir::open(&path).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains("another process"), "{refused}");
        drop(first);
        assert!(DataDir::open(&path).is_ok());
    }
}
