//! Brings a backup back: what is damaged is refused before anything is written, and what had ended since stays ended.
//!
//! The databases get their names at the very end; until then a file in the data directory keeps the service from starting
//! on half of it.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mailward_mail::clock::Clock;
use mailward_mail::id::TenantId;
use mailward_mailroom::{Examined, Keyring, end_again, examine, go_on};
use mailward_store::{Idle, Keystore, Location, backup};

use super::ended::names;
use super::manifest::Manifest;
use super::{BackupError, KEYS, MAIL, keyring, wrong};
use crate::app::{keystore_location, store_location};
use crate::config::Config;
use crate::data_dir::DataDir;

pub use super::ended::Ended;

/// What is brought back.
#[derive(Clone, Debug)]
pub enum Source {
    /// The folders of a backup.
    Folders {
        /// That of the mail.
        mail: PathBuf,
        /// That of the keys.
        keys: PathBuf,
    },
    /// The databases of the configuration, which their own tools have brought back already.
    InPlace,
}

/// What was brought back.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// When the backup was taken, where that is known.
    pub taken_at: Option<String>,
    /// What is in it.
    pub examined: Examined,
    /// Tenants that had ended since, and ended again.
    pub ended: Vec<TenantId>,
    /// Mails that wait to leave, and may have left since.
    pub waiting: i64,
}

/// Brings a backup back into the data directory of the configuration, or makes restored databases fit to be served.
///
/// # Errors
/// [`BackupError::Fault`] when the backup is damaged or does not open; nothing is written then.
pub async fn restore(config: &Config, source: &Source, ended: &Ended) -> Result<Restored, BackupError> {
    let data = DataDir::open_to_restore(&config.data_dir)?;
    match source {
        Source::InPlace => {
            let (mail, keys) = (store_location(config, &data), keystore_location(config, &data));
            let restored = settle(config, &mail, &keys, ended, None).await?;
            data.end_restore()?;
            Ok(restored)
        }
        Source::Folders { mail, keys } => {
            refuse_postgres(config)?;
            let (said, mail) = Manifest::read(mail, MAIL)?;
            let (_, keys) = Manifest::read(keys, KEYS)?;
            for path in [&mail, &keys] {
                let found = backup::faults(path).await?;
                if let Some(fault) = found.first() {
                    return Err(BackupError::Fault(format!("{} is damaged: {fault}", path.display())));
                }
            }
            for (_, file) in [MAIL, KEYS] {
                let path = data.file(file);
                if path.exists() {
                    return Err(BackupError::Refused(format!(
                        "{} is there: a backup is never written over a database; move the old directory away and name it \
                         with --previous",
                        path.display()
                    )));
                }
            }
            // Looked at where they lie: a backup that does not open, or a list that is not believed, changes nothing.
            let pair = (Idle::look(&mail).await?, keyring(config, Keystore::look(&keys).await?)?);
            let looked = check(&pair.0, &pair.1, ended).await;
            pair.0.close().await;
            pair.1.close().await;
            looked?;
            data.begin_restore()?;
            let drafts = [(&mail, draft(&data, MAIL.1)), (&keys, draft(&data, KEYS.1))];
            for (from, to) in &drafts {
                copied(from, to)?;
            }
            let [(_, mail), (_, keys)] = &drafts;
            let locations = (Location::Sqlite(mail.clone()), Location::Sqlite(keys.clone()));
            let restored = settle(config, &locations.0, &locations.1, ended, Some(said.taken_at)).await?;
            for (draft, (_, file)) in [(keys, KEYS), (mail, MAIL)] {
                let to = data.file(file);
                fs::rename(draft, &to).map_err(|error| BackupError::io(&to, &error))?;
            }
            File::open(data.path())
                .and_then(|folder| folder.sync_all())
                .map_err(|error| BackupError::io(data.path(), &error))?;
            data.end_restore()?;
            Ok(restored)
        }
    }
}

/// Everything that may be refused, without a change.
async fn check(mail: &Idle, keyring: &Keyring, ended: &Ended) -> Result<(), BackupError> {
    names(ended, keyring).await?;
    match wrong(&examine(mail, keyring).await?) {
        None => Ok(()),
        Some(why) => Err(BackupError::Fault(format!(
            "{why}. Are mail and keys of one backup, and is the master key of that time there?"
        ))),
    }
}

/// Ends what has ended, and lets the rest go on behind what was handed out since.
async fn settle(
    config: &Config,
    mail: &Location,
    keys: &Location,
    ended: &Ended,
    taken_at: Option<String>,
) -> Result<Restored, BackupError> {
    let clock = Clock::system();
    let keyring = keyring(config, Keystore::open(keys).await?)?;
    let mail = Idle::open(mail).await?;
    let examined = examine(&mail, &keyring).await?;
    if let Some(why) = wrong(&examined) {
        return Err(BackupError::Fault(why));
    }
    let mut names = names(ended, &keyring).await?;
    // Whoever has no key any more was shredded after the mail was copied.
    for tenant in &examined.keyless {
        names.entry(tenant.clone()).or_insert(None);
    }
    let mut done = Vec::new();
    let mut after = None;
    loop {
        let page = mail.tenants(after.as_ref(), 500).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.id.clone());
        for (row, tenant) in &page {
            let Some(receipt) = names.get(&row.id) else { continue };
            let host = &config.smtp.bounds.hostname;
            if end_again(tenant, &keyring, receipt.as_ref(), host, clock.now()).await? {
                done.push(row.id.clone());
            }
        }
    }
    let waiting = go_on(&mail, taken_at.as_deref(), clock.now()).await?;
    mail.close().await;
    keyring.close().await;
    Ok(Restored { taken_at, examined, ended: done, waiting })
}

fn draft(data: &DataDir, file: &str) -> PathBuf {
    data.file(&format!("{file}.restored"))
}

fn copied(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |error: std::io::Error| BackupError::io(to, &error);
    // Of a restore that was killed, with what SQLite made beside them.
    for end in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(format!("{}{end}", to.display()));
    }
    fs::copy(from, to).map_err(failed)?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    File::open(to).and_then(|file| file.sync_all()).map_err(failed)
}

fn refuse_postgres(config: &Config) -> Result<(), BackupError> {
    if config.store.url.expose() == "sqlite" && config.keys.store_url.is_none() {
        return Ok(());
    }
    Err(BackupError::Refused(
        "the configuration names a PostgreSQL: bring its databases back with pg_restore, then run this with --in-place; \
         docs/backup.md has the commands"
            .into(),
    ))
}
