//! A ring of master keys in memory, read from a file, a credential or the environment.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_mail::random::Random;
use mailward_mailroom::{Issued, KeyContext, Root, RootError};
use mailward_vault::{MasterKey, MasterRing};
use zeroize::Zeroizing;

use super::{credential, environment};
use crate::StartError;
use crate::config::Config;
use crate::data_dir::{DataDir, read_credential, read_secret, write_secret};

/// The name of the credential.
const CREDENTIAL: &str = "mailward-master-key";

/// A ring and where it came from.
pub(super) struct Ring {
    keys: RwLock<MasterRing>,
    source: Source,
    random: Random,
}

enum Source {
    /// Read again whenever something is missing, and rewritten by rotations.
    File(PathBuf),
    /// Read again, and never written.
    Credential(PathBuf),
    /// There once.
    Environment,
}

impl Ring {
    /// The ring in a file of its own; a fresh service makes one.
    pub(super) fn file(
        path: PathBuf,
        data: &DataDir,
        fresh: bool,
        random: &Random,
    ) -> Result<Self, StartError> {
        if !path.exists() {
            // A database whose key is gone must not get a new one: its mail would look lost for another reason.
            if !fresh {
                return Err(StartError::refused(format!(
                    "{} is missing, but there is a keystore that it locks; put it back from your backup, or copy it \
                     from another node",
                    path.display()
                )));
            }
            let key = MasterKey::generate(random);
            write_ring(&path, &MasterRing::new(key, Vec::new()))?;
        }
        let keys = read_ring(&path)?;
        warn_of_place(&path, data);
        Ok(Self { keys: RwLock::new(keys), source: Source::File(path), random: random.clone() })
    }

    /// The ring that the process was started with.
    pub(super) fn environment(config: &Config) -> Result<Self, StartError> {
        let given = config.keys.given.as_ref().ok_or_else(|| {
            StartError::refused(format!(
                "keys.provider is env, but {} is not set; set it to 64 hexadecimal digits (openssl rand -hex 32)",
                environment::VARIABLE
            ))
        })?;
        let keys = MasterRing::parse(given.expose())
            .map_err(|error| StartError::refused(format!("{}: {error}", environment::VARIABLE)))?;
        Ok(Self { keys: RwLock::new(keys), source: Source::Environment, random: Random::system() })
    }

    /// The ring that systemd hands over.
    pub(super) fn credential() -> Result<Self, StartError> {
        let path = credential(CREDENTIAL).ok_or_else(|| {
            StartError::refused(format!(
                "there is no credential {CREDENTIAL}; add LoadCredentialEncrypted={CREDENTIAL}:FILE to the unit"
            ))
        })?;
        let keys = parse(&path, read_credential(&path)?)?;
        Ok(Self { keys: RwLock::new(keys), source: Source::Credential(path), random: Random::system() })
    }

    fn look_again(&self) -> Result<(), RootError> {
        let fresh = match &self.source {
            Source::File(path) => read_ring(path),
            Source::Credential(path) => read_credential(path).and_then(|text| parse(path, text)),
            Source::Environment => return Ok(()),
        };
        let fresh = fresh.map_err(|error| RootError::Down(error.to_string()))?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The key of an id. One that is not known may have been added by the operator since.
    fn key(&self, id: &str) -> Result<MasterKey, RootError> {
        if let Ok(key) = self.loaded().key(id) {
            return Ok(key.clone());
        }
        self.look_again()?;
        self.loaded().key(id).cloned().map_err(|_| RootError::Unknown(id.to_owned()))
    }

    fn loaded(&self) -> std::sync::RwLockReadGuard<'_, MasterRing> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self) -> Result<Option<String>, RootError> {
        let Source::File(path) = &self.source else { return Ok(None) };
        let key = MasterKey::generate(&self.random);
        let id = key.id().to_owned();
        let ring = self.loaded().with(key, false);
        write_ring(path, &ring).map_err(|error| RootError::Refused(error.to_string()))?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(Some(id))
    }

    fn remove(&self, id: &str) -> Option<String> {
        let left = self.loaded().without(id)?;
        let is_gone = left.ids().len() == self.loaded().ids().len();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = left.clone();
        match &self.source {
            _ if is_gone => None,
            Source::File(path) => match wipe_and_write(path, &left) {
                Ok(()) => None,
                Err(error) => Some(format!("master key {id} is not used any more, but stays: {error}")),
            },
            Source::Credential(path) => {
                Some(format!("remove master key {id} from what fills {}", path.display()))
            }
            Source::Environment => Some(format!("remove master key {id} from {}", environment::VARIABLE)),
        }
    }
}

impl Root for Ring {
    fn ids(&self) -> BoxFuture<'_, Result<Vec<String>, RootError>> {
        async {
            self.look_again()?;
            Ok(self.loaded().ids().into_iter().map(str::to_owned).collect())
        }
        .boxed()
    }

    fn issue<'a>(&'a self, id: &'a str, _: &'a KeyContext<'a>) -> BoxFuture<'a, Result<Issued, RootError>> {
        async move { Ok(Issued { key: self.key(id)?, envelope: Vec::new() }) }.boxed()
    }

    fn recall<'a>(
        &'a self,
        id: &'a str,
        _: &'a KeyContext<'a>,
        envelope: &'a [u8],
    ) -> BoxFuture<'a, Result<MasterKey, RootError>> {
        async move {
            if !envelope.is_empty() {
                return Err(RootError::Refused("this was wrapped by an external program".into()));
            }
            self.key(id)
        }
        .boxed()
    }

    fn prepare(&self) -> BoxFuture<'_, Result<Option<String>, RootError>> {
        async { self.add() }.boxed()
    }

    fn destroy<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<String>, RootError>> {
        async move { Ok(self.remove(id)) }.boxed()
    }
}

/// Adds a key to the file without using it, for a service of several nodes: they must all have it before any of them
/// wraps with it. Its id.
///
/// # Errors
/// When there is no such file, or it cannot be written.
pub fn prepare(path: &Path, random: &Random) -> Result<String, StartError> {
    let key = MasterKey::generate(random);
    let id = key.id().to_owned();
    write_ring(path, &read_ring(path)?.with(key, false))?;
    Ok(id)
}

fn read_ring(path: &Path) -> Result<MasterRing, StartError> {
    parse(path, read_secret(path)?)
}

fn parse(path: &Path, text: String) -> Result<MasterRing, StartError> {
    let text = Zeroizing::new(text);
    MasterRing::parse(&text).map_err(|error| StartError::refused(format!("{}: {error}", path.display())))
}

fn write_ring(path: &Path, ring: &MasterRing) -> Result<(), StartError> {
    write_secret(path, ring.to_text().trim_end())
        .map_err(|error| StartError::refused(format!("cannot write {}: {error}", path.display())))
}

/// Replaces the file, then overwrites what it was: a key that is destroyed shall not lie on in a free block. Where the
/// file system or the disk copies on write, that is beyond us.
fn wipe_and_write(path: &Path, ring: &MasterRing) -> Result<(), StartError> {
    let failed =
        |error: std::io::Error| StartError::refused(format!("cannot rewrite {}: {error}", path.display()));
    let length = fs::metadata(path).map_err(failed)?.len();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    let mut old = OpenOptions::new().write(true).open(path).map_err(failed)?;
    write_ring(path, ring)?;
    old.seek(SeekFrom::Start(0)).map_err(failed)?;
    old.write_all(&vec![0; usize::try_from(length).unwrap_or_default()]).map_err(failed)?;
    old.sync_all().map_err(failed)
}

/// Whoever takes the disk, or a copy of the directory, should not have the key with it.
fn warn_of_place(path: &Path, data: &DataDir) {
    let volume = |path: &Path| fs::metadata(path).map(|meta| meta.dev()).ok();
    let is_inside =
        path.parent().and_then(|parent| parent.canonicalize().ok()) == data.path().canonicalize().ok();
    let what = if is_inside {
        "the master key lies in the data directory: a copy of the directory opens everything"
    } else if volume(path) == volume(data.path()) {
        "the master key lies on the volume of the data directory: a copy of the volume opens everything"
    } else {
        return;
    };
    tracing::warn!(path = %path.display(), "{what}; set keys.file, or another keys.provider");
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: KeyContext<'static> = KeyContext { region: "local", owner: "ada", version: 1 };

    fn directory() -> (tempfile::TempDir, DataDir) {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::open(&parent.path().join("data")).unwrap();
        (parent, data)
    }

    fn file(data: &DataDir, fresh: bool) -> Result<Ring, StartError> {
        Ring::file(data.file("master.key"), data, fresh, &Random::system())
    }

    #[test]
    fn the_master_key_is_made_once_and_refused_when_others_may_read_it() {
        let (_parent, data) = directory();
        let made = file(&data, true).unwrap();
        let path = data.file("master.key");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o400);
        assert_eq!(file(&data, false).unwrap().loaded().ids(), made.loaded().ids());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        assert!(file(&data, false).map(|_| ()).unwrap_err().to_string().contains("chmod 400"));
    }

    #[test]
    fn a_keystore_without_its_master_key_is_not_given_a_new_one() {
        let (_parent, data) = directory();
        assert!(file(&data, false).map(|_| ()).unwrap_err().to_string().contains("backup"));
        assert!(!data.file("master.key").exists());
    }

    #[tokio::test]
    async fn a_key_that_was_added_to_the_file_is_found_when_it_is_met() {
        let (_parent, data) = directory();
        let ring = file(&data, true).unwrap();
        let added = prepare(&data.file("master.key"), &Random::system()).unwrap();
        assert_eq!(ring.loaded().ids().len(), 1, "not yet");
        assert_eq!(ring.recall(&added, &HERE, b"").await.unwrap().id(), added);
        assert_eq!(ring.ids().await.unwrap().len(), 2);
        assert_eq!(
            ring.recall("00000000", &HERE, b"").await.unwrap_err(),
            RootError::Unknown("00000000".into())
        );
        assert!(matches!(ring.recall(&added, &HERE, b"blob").await, Err(RootError::Refused(_))));
    }

    #[tokio::test]
    async fn a_destroyed_key_is_in_no_file_and_in_no_block_of_the_old_one() {
        let (_parent, data) = directory();
        let ring = file(&data, true).unwrap();
        let path = data.file("master.key");
        let old = ring.loaded().first().clone();
        let new = ring.prepare().await.unwrap().expect("a file can be added to");
        // Another name of the same file shows what became of its bytes.
        let witness = data.file("witness");
        fs::hard_link(&path, &witness).unwrap();
        assert!(fs::read_to_string(&witness).unwrap().contains(old.to_hex().as_str()));
        assert_eq!(ring.destroy(old.id()).await.unwrap(), None);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o400);
        assert_eq!(read_ring(&path).unwrap().ids(), [new.as_str()]);
        assert!(fs::read(&witness).unwrap().iter().all(|byte| *byte == 0));
        assert!(ring.issue(old.id(), &HERE).await.is_err());
        assert_eq!(ring.destroy(old.id()).await.unwrap(), None, "once more does nothing");
        assert_eq!(ring.destroy(&new).await.unwrap(), None);
        assert_eq!(read_ring(&path).unwrap().ids(), [new.as_str()], "the last key stays");
    }
}
