//! Master keys from a passphrase: the salts lie in the data directory, the passphrase nowhere.
//!
//! A rotation adds a salt and later removes the old one, which destroys the key that was made with it: the passphrase
//! alone makes no key.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_mail::random::Random;
use mailward_mailroom::{Issued, KeyContext, Root, RootError};
use mailward_vault::{MasterKey, MasterRing, passphrase};
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::credential;
use crate::StartError;
use crate::config::Config;
use crate::data_dir::{DataDir, read_secret, write_secret};

const CREDENTIAL: &str = "mailward-passphrase";
/// Fewer characters are found by trying, whatever each trial costs.
const FEWEST: usize = 12;

/// The passphrase and the keys it makes.
pub(super) struct Passphrase {
    words: Zeroizing<String>,
    path: PathBuf,
    random: Random,
    made: Mutex<Made>,
}

struct Made {
    salts: Salts,
    ring: MasterRing,
}

/// What lies in the data directory; nothing of it is secret, and without it the passphrase opens nothing.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Salts {
    kdf: String,
    keys: Vec<Salt>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Salt {
    id: String,
    salt: String,
}

impl Passphrase {
    pub(super) fn open(
        config: &Config,
        data: &DataDir,
        fresh: bool,
        random: &Random,
    ) -> Result<Self, StartError> {
        let path = data.file("master.salt");
        let is_new = !path.exists();
        if is_new && !fresh {
            return Err(StartError::refused(format!(
                "{} is missing, and the passphrase alone makes no key; put it back from your backup, or copy it from \
                 another node",
                path.display()
            )));
        }
        let words = ask(config, is_new)?;
        if is_new {
            if words.chars().count() < FEWEST {
                return Err(StartError::refused(format!(
                    "the passphrase is shorter than {FEWEST} characters"
                )));
            }
            let (salt, key) = another(&words, random);
            let salts = Salts { kdf: passphrase::KDF.to_owned(), keys: vec![salt] };
            write(&path, &salts)?;
            let made = Mutex::new(Made { salts, ring: MasterRing::new(key, Vec::new()) });
            return Ok(Self { words, path, random: random.clone(), made });
        }
        let made = Mutex::new(read(&path, &words)?);
        Ok(Self { words, path, random: random.clone(), made })
    }

    fn lock(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, id: &str) -> Result<MasterKey, RootError> {
        if let Ok(key) = self.lock().ring.key(id) {
            return Ok(key.clone());
        }
        // Another node may have added a salt; its file is copied here by the operator.
        let names = |salts: &Salts| salts.keys.iter().any(|one| one.id == id);
        let salts = salts(&self.path).map_err(|error| RootError::Down(error.to_string()))?;
        if names(&salts) {
            *self.lock() =
                read(&self.path, &self.words).map_err(|error| RootError::Refused(error.to_string()))?;
        }
        self.lock().ring.key(id).cloned().map_err(|_| RootError::Unknown(id.to_owned()))
    }

    fn add(&self) -> Result<Option<String>, RootError> {
        let (salt, key) = another(&self.words, &self.random);
        let mut made = self.lock();
        let mut salts = made.salts.clone();
        salts.keys.push(salt);
        write(&self.path, &salts).map_err(|error| RootError::Refused(error.to_string()))?;
        let id = key.id().to_owned();
        *made = Made { salts, ring: made.ring.with(key, false) };
        Ok(Some(id))
    }

    fn remove(&self, id: &str) -> Result<(), RootError> {
        let mut made = self.lock();
        let Some(ring) = made.ring.without(id) else { return Ok(()) };
        let mut salts = made.salts.clone();
        salts.keys.retain(|one| one.id != id);
        write(&self.path, &salts).map_err(|error| RootError::Refused(error.to_string()))?;
        *made = Made { salts, ring };
        Ok(())
    }
}

impl Root for Passphrase {
    fn ids(&self) -> BoxFuture<'_, Result<Vec<String>, RootError>> {
        async { Ok(self.lock().ring.ids().into_iter().map(str::to_owned).collect()) }.boxed()
    }

    fn issue<'a>(&'a self, id: &'a str, _: &'a KeyContext<'a>) -> BoxFuture<'a, Result<Issued, RootError>> {
        async move { Ok(Issued { key: tokio::task::block_in_place(|| self.key(id))?, envelope: Vec::new() }) }
            .boxed()
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
            tokio::task::block_in_place(|| self.key(id))
        }
        .boxed()
    }

    fn prepare(&self) -> BoxFuture<'_, Result<Option<String>, RootError>> {
        async { tokio::task::block_in_place(|| self.add()) }.boxed()
    }

    fn destroy<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<String>, RootError>> {
        async move { self.remove(id).map(|()| None) }.boxed()
    }
}

fn another(words: &str, random: &Random) -> (Salt, MasterKey) {
    let salt: [u8; 16] = random.bytes();
    let key = passphrase::derive(words, &salt);
    let hex: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
    (Salt { id: key.id().to_owned(), salt: hex }, key)
}

fn write(path: &std::path::Path, salts: &Salts) -> Result<(), StartError> {
    let failed =
        |error: std::io::Error| StartError::refused(format!("cannot write {}: {error}", path.display()));
    let json = serde_json::to_string(salts).map_err(std::io::Error::from).map_err(failed)?;
    write_secret(path, &json).map_err(failed)
}

fn salts(path: &std::path::Path) -> Result<Salts, StartError> {
    let refused = |why: String| StartError::refused(format!("{}: {why}", path.display()));
    let salts: Salts =
        serde_json::from_str(&read_secret(path)?).map_err(|error| refused(error.to_string()))?;
    if salts.kdf != passphrase::KDF {
        return Err(refused(format!("made with {}, which this version does not know", salts.kdf)));
    }
    Ok(salts)
}

fn read(path: &std::path::Path, words: &str) -> Result<Made, StartError> {
    let salts = salts(path)?;
    let refused = |why: &str| StartError::refused(format!("{}: {why}", path.display()));
    let mut keys = Vec::with_capacity(salts.keys.len());
    for one in &salts.keys {
        let salt = unhex(&one.salt).ok_or_else(|| refused("a salt is not 32 hexadecimal digits"))?;
        let key = passphrase::derive(words, &salt);
        if key.id() != one.id {
            return Err(StartError::refused("the passphrase is not the one of this data directory"));
        }
        keys.push(key);
    }
    let mut keys = keys.into_iter();
    let first = keys.next().ok_or_else(|| refused("it holds no salt"))?;
    Ok(Made { salts, ring: MasterRing::new(first, keys.collect()) })
}

fn unhex(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// From a file, a credential or a person; never from an argument, which every user of the machine can read.
fn ask(config: &Config, twice: bool) -> Result<Zeroizing<String>, StartError> {
    if let Some(path) = config.keys.passphrase_file.clone().or_else(|| credential(CREDENTIAL)) {
        let words = Zeroizing::new(read_secret(&path)?);
        let line = words.lines().next().unwrap_or_default().trim();
        return Ok(Zeroizing::new(line.to_owned()));
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(StartError::refused(format!(
            "there is nobody to ask for the passphrase: set keys.passphrase_file, or add \
             LoadCredentialEncrypted={CREDENTIAL}:FILE to the unit, or start it on a terminal"
        )));
    }
    let words = prompt("passphrase: ")?;
    if twice && *prompt("the same again: ")? != *words {
        return Err(StartError::refused("the two passphrases differ"));
    }
    Ok(words)
}

fn prompt(question: &str) -> Result<Zeroizing<String>, StartError> {
    let failed =
        |error: std::io::Error| StartError::failed(format!("cannot ask for the passphrase: {error}"));
    let stdin = std::io::stdin();
    let _ = write!(std::io::stderr(), "{question}");
    let shown = tcgetattr(&stdin).map_err(std::io::Error::from).map_err(failed)?;
    let mut hidden = shown.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &hidden).map_err(std::io::Error::from).map_err(failed)?;
    let mut line = Zeroizing::new(String::with_capacity(1024));
    let read = stdin.lock().read_line(&mut line);
    let _ = tcsetattr(&stdin, SetArg::TCSAFLUSH, &shown);
    let _ = writeln!(std::io::stderr());
    read.map_err(failed)?;
    Ok(Zeroizing::new(line.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_passphrase_makes_the_same_key_again_another_none_and_a_rotation_a_new_one() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::open(&parent.path().join("data")).unwrap();
        let file = parent.path().join("passphrase");
        let open = |words: &str, fresh| {
            let _ = fs::remove_file(&file);
            fs::write(&file, format!("{words}\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
            let set = vec![format!("keys.passphrase_file={}", file.display())];
            let config = crate::config::load(&crate::config::Sources { set, ..Default::default() }).unwrap();
            Passphrase::open(&config, &data, fresh, &Random::system())
        };
        let refused = |outcome: Result<Passphrase, StartError>| outcome.map(|_| ()).unwrap_err().to_string();
        assert!(refused(open("too short", true)).contains("12 characters"));
        assert!(refused(open("correct horse battery", false)).contains("backup"));
        let made = open("correct horse battery", true).unwrap();
        let [old] = &made.ids().await.unwrap()[..] else { panic!("one key") };
        let new = made.prepare().await.unwrap().expect("a new salt");
        let again = open("correct horse battery", false).unwrap();
        assert_eq!(again.ids().await.unwrap(), [old.clone(), new.clone()]);
        assert!(refused(open("correct horse batterz", false)).contains("not the one"));
        assert_eq!(again.destroy(old).await.unwrap(), None);
        // The other node's copy of the file is this one here.
        let after = open("correct horse battery", false).unwrap();
        assert_eq!(after.ids().await.unwrap(), [new]);
    }
}
