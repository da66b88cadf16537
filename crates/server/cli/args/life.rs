//! The grammar of a tenant's coming and going: `tenant export`, `import`, `offboard`, `restore`, `receipts`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Server;

/// What concerns the whole of a tenant.
#[derive(Debug, Subcommand)]
pub enum Life {
    /// Write everything of a tenant to one file that only the holder of an age identity can read
    #[command(after_help = "Example:\n  age-keygen -o acme.key\n  \
        mailward tenant export acme --out acme.tar.age --recipient age1...")]
    Export(Export),
    /// Take up a tenant from an archive; prints its new keys, which are shown this once
    #[command(
        after_help = "Examples:\n  mailward tenant import --from acme.tar.age --identity acme.key --dry-run\n  \
        mailward tenant import --from acme.tar.age --identity acme.key --tenant acme-eu"
    )]
    Import(Import),
    /// Let a tenant leave: suspend it, give it time to come back, then destroy its keys and erase it
    #[command(after_help = "Examples:\n  mailward tenant offboard acme --dry-run\n  \
        mailward tenant offboard acme --grace-period-days 14\n  mailward tenant offboard acme --shred-now --confirm acme")]
    Offboard(Offboard),
    /// Take a leaving tenant back, while its keys exist
    #[command(after_help = "Example:\n  mailward tenant restore acme")]
    Restore {
        /// The tenant
        id: String,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// List the signed receipts of tenants that left, one JSON object a line
    #[command(after_help = "Example:\n  mailward tenant receipts > receipts.ndjson")]
    Receipts {
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
}

/// `tenant export`
#[derive(Debug, Args)]
pub struct Export {
    /// The tenant
    pub id: String,
    /// The file to write; must not exist
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// For whom: an age recipient (age1...)
    #[arg(long, value_name = "AGE1...")]
    pub recipient: String,
    /// The server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// `tenant import`
#[derive(Debug, Args)]
pub struct Import {
    /// The archive
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// File with the age identity (AGE-SECRET-KEY-1...) it was packed for; it is not sent anywhere
    #[arg(long, value_name = "FILE")]
    pub identity: PathBuf,
    /// Under this id [default: the one it had]
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// On this plan [default: the one it had]
    #[arg(long)]
    pub plan: Option<String>,
    /// Refuse the archive unless this key signed it (base64, or SHA256:...)
    #[arg(long, value_name = "PUBLICKEY")]
    pub signer: Option<String>,
    /// Check everything, print what would be done and what stands in the way, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// `tenant offboard`
#[derive(Debug, Args)]
pub struct Offboard {
    /// The tenant
    pub id: String,
    /// Change nothing; print what there is
    #[arg(long, conflicts_with_all = ["shred_now", "export"])]
    pub dry_run: bool,
    /// How long it may be taken back [default: offboarding.grace_days of the server]
    #[arg(long, value_name = "N", conflicts_with = "shred_now")]
    pub grace_period_days: Option<u32>,
    /// No time to come back: destroy its keys now, wait for the end and print the receipt
    #[arg(long)]
    pub shred_now: bool,
    /// First write its archive to this file; its time to come back begins then
    #[arg(long, value_name = "FILE", requires = "recipient", conflicts_with = "shred_now")]
    pub export: Option<PathBuf>,
    /// For whom the archive is: an age recipient (age1...)
    #[arg(long, value_name = "AGE1...", requires = "export")]
    pub recipient: Option<String>,
    /// The tenant's id once more [default: asked on the terminal]
    #[arg(long, value_name = "ID")]
    pub confirm: Option<String>,
    /// The server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// `verify-receipt`
#[derive(Debug, Args)]
pub struct VerifyReceipt {
    /// The receipt; - is standard input
    pub file: PathBuf,
    /// The key it must be signed by: base64, or SHA256:... [default: any, and its fingerprint is printed]
    #[arg(long, value_name = "PUBLICKEY")]
    pub key: Option<String>,
    /// Print the receipt as JSON
    #[arg(long)]
    pub json: bool,
}
