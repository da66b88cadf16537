//! The grammar of `backup`, `restore`, `migrate`, `completions` and `man`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::ConfigArgs;

/// `backup`. Exit status 3: what was copied is not whole or does not open, and there is no backup.
#[derive(Debug, Args)]
pub struct Backup {
    /// Folder in which `mail` and `keys` are made; a new one for each backup
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Make `keys` in this folder instead: mail and keys belong apart
    #[arg(long, value_name = "DIR", conflicts_with_all = ["mail_only", "keys_only"])]
    pub keys_out: Option<PathBuf>,
    /// Only the mail
    #[arg(long, conflicts_with = "keys_only")]
    pub mail_only: bool,
    /// Only the keys: after a rotation, or where the mail is in PostgreSQL
    #[arg(long)]
    pub keys_only: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Print {"takenAt", "mail", "keys", "tenants", "messages", "opened"}
    #[arg(long)]
    pub json: bool,
}

/// `restore`. Exit status 3: the backup is damaged or does not open, and nothing was written.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["from", "in_place"])))]
#[command(group(ArgGroup::new("ended").required(true).multiple(true).args(["receipts", "previous", "nobody_left"])))]
pub struct Restore {
    /// The backup: a folder with `mail` and `keys`
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Take `keys` from this folder instead
    #[arg(long, value_name = "DIR", requires = "from")]
    pub keys_from: Option<PathBuf>,
    /// The databases were brought back by their own tools; make them fit to be served
    #[arg(long)]
    pub in_place: bool,
    /// Receipts of tenants that left, one a line, as `tenant receipts` prints them: whoever is named stays erased
    #[arg(long, value_name = "FILE")]
    pub receipts: Option<PathBuf>,
    /// Who must have signed them (base64, or SHA256:...) [default: the key in the keystore]
    #[arg(long, value_name = "PUBLICKEY", requires = "receipts")]
    pub signer: Option<String>,
    /// The data directory that is replaced, if it can be read: whoever left according to it stays erased
    #[arg(long, value_name = "DIR")]
    pub previous: Option<PathBuf>,
    /// Nobody left since the backup was taken
    #[arg(long, conflicts_with_all = ["receipts", "previous"])]
    pub nobody_left: bool,
    /// Where the configuration comes from; its data directory is filled.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Print {"takenAt", "tenants", "messages", "opened", "endedAgain", "waitingToLeave"}
    #[arg(long)]
    pub json: bool,
}

/// `migrate`
#[derive(Debug, Args)]
pub struct Migrate {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct Man {
    /// Folder to write into, one page for each command
    #[arg(value_name = "DIR")]
    pub out: PathBuf,
}
