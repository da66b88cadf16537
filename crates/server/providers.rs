//! Where the master key comes from: one of five providers, chosen by `keys.provider`.
//!
//! A provider gives keys and guards them; it never sees what they wrap. What is asked of one is in
//! [`mailward_mailroom::Root`]. `docs/keys.md` is written for the operator.

pub(crate) mod command;
pub(crate) mod environment;
mod passphrase;
mod ring;

use std::path::PathBuf;
use std::sync::Arc;

use mailward_mail::random::Random;
use mailward_mailroom::Root;

use crate::StartError;
use crate::config::{Config, KeyProvider};
use crate::data_dir::DataDir;

pub use ring::prepare;

/// Opens the provider that the configuration names. `fresh`: there is nothing yet that a key was used for, so one may
/// be made.
///
/// # Errors
/// [`StartError`] says what is missing and where.
pub fn open(
    config: &Config,
    data: &DataDir,
    fresh: bool,
    random: &Random,
) -> Result<Arc<dyn Root>, StartError> {
    Ok(match config.keys.provider {
        KeyProvider::File => {
            let path = key_file(config);
            Arc::new(ring::Ring::file(path, data, fresh, random)?)
        }
        KeyProvider::Env => Arc::new(ring::Ring::environment(config)?),
        KeyProvider::SystemdCredential => Arc::new(ring::Ring::credential()?),
        KeyProvider::Passphrase => Arc::new(passphrase::Passphrase::open(config, data, fresh, random)?),
        KeyProvider::Command => Arc::new(command::Command::new(&config.keys, random.clone())?),
    })
}

/// The file of the provider `file`.
pub fn key_file(config: &Config) -> PathBuf {
    config.keys.file.clone().unwrap_or_else(|| config.data_dir.join("master.key"))
}

/// A file in systemd's directory of credentials, readable by this service alone.
fn credential(name: &str) -> Option<PathBuf> {
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    Some(PathBuf::from(directory).join(name)).filter(|path| path.exists())
}
