//! `audit`: the log of who did what.

use std::path::PathBuf;

use clap::Subcommand;

use super::Server;

/// `audit`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Walk the chains; exit status 3 with the first row that does not hold
    #[command(after_help = "Examples:\n  mailward audit verify\n  \
        mailward audit verify --tenant acme --since checkpoints.log\n  mailward audit verify --file acme.ndjson --tenant acme")]
    Verify {
        /// Only this tenant's chain; `~system` is the service's own
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// Checkpoints kept outside of the server: what they name must still be there
        #[arg(long, value_name = "FILE", conflicts_with = "file")]
        since: Option<PathBuf>,
        /// The key that signs checkpoints, kept outside of the server [default: asked of the server]
        #[arg(long, value_name = "VERIFIER", requires = "since")]
        key: Option<String>,
        /// Walk an exported chain without a server
        #[arg(long, value_name = "FILE", requires = "tenant")]
        file: Option<PathBuf>,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// List the newest rows of a chain
    #[command(after_help = "Example:\n  mailward audit list --tenant acme --limit 50")]
    List {
        /// A tenant's chain [default: the service's own]
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// How many rows, at most 100
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// Write a whole chain as NDJSON to standard output, oldest first
    #[command(after_help = "Example:\n  mailward audit export --tenant acme > acme.ndjson")]
    Export {
        /// A tenant's chain [default: the service's own]
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
}
