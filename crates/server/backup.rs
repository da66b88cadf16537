//! Backups of a service that keeps its data in files, taken while it serves, and how one is brought back.
//!
//! A backup is two folders that belong apart: `mail` is ciphertext, `keys` the wrapped keys. The master key is in neither.
//! Databases on PostgreSQL are copied by PostgreSQL's own tools; what is to be done after they were brought back is done
//! here for them too.

mod ended;
mod manifest;
mod restore;
mod take;

pub use restore::{Ended, Restored, Source, restore};
pub use take::{Taken, Wanted, take};

use std::sync::Arc;

use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_mailroom::{Examined, Keyring};
use mailward_store::Keystore;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::{StartError, providers};

/// The folder of the mail, and its database.
const MAIL: (&str, &str) = ("mail", "mailward.db");
/// The folder of the keys, and their database.
const KEYS: (&str, &str) = ("keys", "keystore.db");

/// Why a backup was not taken, or not brought back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It cannot be done like this: what to do instead.
    #[error("{0}")]
    Refused(String),
    /// What was written, or found, is not whole.
    #[error("{0}")]
    Fault(String),
    /// Something did not work.
    #[error("{0}")]
    Failed(String),
}

impl BackupError {
    fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Failed(format!("{}: {error}", path.display()))
    }
}

impl From<StartError> for BackupError {
    fn from(error: StartError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<mailward_store::Error> for BackupError {
    fn from(error: mailward_store::Error) -> Self {
        StartError::store(error).into()
    }
}

impl From<mailward_mailroom::Error> for BackupError {
    fn from(error: mailward_mailroom::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self::Failed(text)
    }
}

/// The keys of a keystore, opened by whatever guards the master key of this configuration.
fn keyring(config: &Config, keystore: Keystore) -> Result<Keyring, BackupError> {
    let random = Random::system();
    // The service holds the directory; here is only read.
    let data = DataDir::beside(&config.data_dir);
    let root: Arc<dyn mailward_mailroom::Root> = providers::open(config, &data, false, &random)?;
    Ok(Keyring::new(keystore, root, config.served_regions(), Clock::system(), random))
}

/// What is wrong with a pair that was looked at; nothing when all of it opens.
fn wrong(found: &Examined) -> Option<String> {
    let (tenant, why) = found.closed.first()?;
    let more = match found.closed.len() {
        1 => String::new(),
        some => format!(" (and {} more)", some - 1),
    };
    Some(format!("mail of tenant {tenant} does not open: {why}{more}"))
}
