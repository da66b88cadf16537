//! `keys`: what wraps what, and its rotation.

use clap::Subcommand;

use super::{ConfigArgs, Server};

/// `keys`
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// List master keys, service keys and tenants' keys: ids, versions, counts and ages
    #[command(after_help = "Example:\n  mailward keys list --json")]
    List {
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// Replace every tenant's key, or one tenant's, or the master key; resumed by the server if interrupted
    #[command(
        after_help = "Examples:\n  mailward keys rotate --tenant acme\n  mailward keys rotate --master"
    )]
    Rotate {
        /// The master key: everything is wrapped under a new one, and the old one is destroyed
        #[arg(long, conflicts_with = "tenant")]
        master: bool,
        /// This tenant's key alone
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// Write bodies anew too: after somebody may have seen the old key
        #[arg(long, conflicts_with = "master")]
        reencrypt: bool,
        /// Keep the old master key for now, to take a backup of the keystore first; rotate again to have it destroyed
        #[arg(long, requires = "master")]
        keep_old: bool,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// Add a master key to the key file without using it yet, to be copied to the other nodes
    #[command(after_help = "Example:\n  mailward keys prepare --data-dir /var/lib/mailward")]
    Prepare {
        /// Where the configuration comes from.
        #[command(flatten)]
        config: ConfigArgs,
    },
}
