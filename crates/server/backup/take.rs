//! Takes a backup: copies, then proves that what was copied opens, then gives it its name.
//!
//! The mail is copied before the keys: a key is made before anything is sealed with it, so what is needed is in the later
//! copy, unless a rotation dropped it in between. That is found when the pair is looked at, and the copies are taken again.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use mailward_mail::clock::Clock;
use mailward_mailroom::{Examined, examine};
use mailward_store::{Act, Action, Idle, Keystore, backup};

use super::manifest::Manifest;
use super::{BackupError, KEYS, MAIL, keyring, wrong};
use crate::config::Config;

/// A rotation may drop a key between the two copies; twice in a row it hardly does.
const ATTEMPTS: usize = 3;

/// What is to be copied, and where to.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The folder in which `mail` is made.
    pub mail: Option<PathBuf>,
    /// The folder in which `keys` is made.
    pub keys: Option<PathBuf>,
}

/// What was taken.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// When copying began: what was acknowledged before is in it.
    pub taken_at: String,
    /// The folder of the mail.
    pub mail: Option<PathBuf>,
    /// The folder of the keys.
    pub keys: Option<PathBuf>,
    /// What was found in the pair; nothing where only one of them was taken.
    pub examined: Option<Examined>,
}

/// A folder in the making. Removed unless it gets its name.
struct Draft {
    draft: PathBuf,
    folder: PathBuf,
    is_named: bool,
}

/// Takes a backup of the data directory, whether it is being served or not.
///
/// # Errors
/// [`BackupError::Fault`] when what was copied is not whole or does not open: there is no backup then.
pub async fn take(config: &Config, wanted: &Wanted) -> Result<Taken, BackupError> {
    refuse_postgres(config, wanted)?;
    for (_, file) in
        [wanted.mail.as_ref().map(|_| MAIL), wanted.keys.as_ref().map(|_| KEYS)].into_iter().flatten()
    {
        owned(&config.data_dir.join(file))?;
    }
    let mut attempt = 1;
    loop {
        match once(config, wanted).await {
            Err(BackupError::Fault(why)) if attempt < ATTEMPTS && why.contains("does not open") => {
                attempt += 1
            }
            done => return done,
        }
    }
}

async fn once(config: &Config, wanted: &Wanted) -> Result<Taken, BackupError> {
    let clock = Clock::system();
    let taken_at = clock.now().to_string();
    let mail = match &wanted.mail {
        Some(parent) => Some(Draft::copied(&config.data_dir, parent, MAIL, &taken_at).await?),
        None => None,
    };
    let keys = match &wanted.keys {
        Some(parent) => Some(Draft::copied(&config.data_dir, parent, KEYS, &clock.now().to_string()).await?),
        None => None,
    };
    let examined = match (&mail, &keys) {
        (Some(mail), Some(keys)) => Some(look(config, &mail.draft, &keys.draft).await?),
        _ => None,
    };
    let name = |draft: Option<Draft>| draft.map(Draft::name).transpose();
    let taken = Taken { mail: name(mail)?, keys: name(keys)?, taken_at, examined };
    if taken.mail.is_some() {
        let act = Act::new(Action::BackedUp).word("takenAt", &taken.taken_at);
        backup::note(&config.data_dir.join(MAIL.1), &act, clock.now()).await?;
    }
    Ok(taken)
}

async fn look(config: &Config, mail: &Path, keys: &Path) -> Result<Examined, BackupError> {
    let mail = Idle::look(&mail.join(MAIL.1)).await?;
    let keyring = keyring(config, Keystore::look(&keys.join(KEYS.1)).await?)?;
    let found = examine(&mail, &keyring).await;
    mail.close().await;
    keyring.close().await;
    let found = found?;
    match wrong(&found) {
        None => Ok(found),
        Some(why) => Err(BackupError::Fault(why)),
    }
}

impl Draft {
    async fn copied(
        data_dir: &Path,
        parent: &Path,
        (what, file): (&'static str, &'static str),
        taken_at: &str,
    ) -> Result<Self, BackupError> {
        let folder = parent.join(what);
        if folder.exists() {
            let name = folder.display();
            return Err(BackupError::Refused(format!(
                "{name} is there already: name a new folder for each backup"
            )));
        }
        let draft = parent.join(format!("{what}.unfinished"));
        if draft.exists() {
            // Of a backup that was killed: nobody takes it for one.
            fs::remove_dir_all(&draft).map_err(|error| BackupError::io(&draft, &error))?;
        }
        let failed = |error: std::io::Error| BackupError::io(&draft, &error);
        DirBuilder::new().recursive(true).mode(0o700).create(&draft).map_err(failed)?;
        let made = Self { draft, folder, is_named: false };
        let copy = made.draft.join(file);
        backup::copy(&data_dir.join(file), &copy).await?;
        let found = backup::faults(&copy).await?;
        if let Some(fault) = found.first() {
            let name = data_dir.join(file);
            return Err(BackupError::Fault(format!("the copy of {} is damaged: {fault}", name.display())));
        }
        Manifest::of(&made.draft, (what, file), taken_at.to_owned())?.write(&made.draft)?;
        Ok(made)
    }

    /// Gives it the name under which it is found: from here on it is a backup.
    fn name(mut self) -> Result<PathBuf, BackupError> {
        let failed = |error: std::io::Error| BackupError::io(&self.folder, &error);
        fs::rename(&self.draft, &self.folder).map_err(failed)?;
        if let Some(parent) = self.folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)?;
        }
        self.is_named = true;
        Ok(self.folder.clone())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_named {
            let _ = fs::remove_dir_all(&self.draft);
        }
    }
}

fn refuse_postgres(config: &Config, wanted: &Wanted) -> Result<(), BackupError> {
    let mail = wanted.mail.is_some() && config.store.url.expose() != "sqlite";
    let keys = wanted.keys.is_some() && config.keys.store_url.is_some();
    let what = match (mail, keys) {
        (false, false) => return Ok(()),
        (true, false) => "the mail is in PostgreSQL: copy it with pg_dump and the keys with --keys-only",
        (false, true) => "the keys are in PostgreSQL: copy them with pg_dump and the mail with --mail-only",
        (true, true) => "mail and keys are in PostgreSQL: copy each with pg_dump, apart from each other",
    };
    Err(BackupError::Refused(format!("{what}; docs/backup.md has the commands")))
}

/// Whoever reads a database beside its service makes files beside it, which the service must be able to write to.
fn owned(database: &Path) -> Result<(), BackupError> {
    let found = fs::metadata(database).map_err(|error| {
        BackupError::Refused(format!(
            "{}: {error}; name the data directory with --data-dir",
            database.display()
        ))
    })?;
    if found.uid() == nix::unistd::geteuid().as_raw() {
        return Ok(());
    }
    Err(BackupError::Refused(format!(
        "{} belongs to another user, under whom the service runs: run this as that user (runuser -u NAME -- mailward \
         backup ...)",
        database.display()
    )))
}
