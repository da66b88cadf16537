//! The commands that bring an agent to its mail.

use std::path::PathBuf;

use clap::Args;

use super::Server;

/// `mcp`
#[derive(Debug, Args)]
pub struct Mcp {
    /// API of tenants
    #[arg(long, value_name = "URL", env = "MAILWARD_URL", default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// Key of an inbox or a tenant; the environment keeps it out of lists of processes
    #[arg(long, env = "MAILWARD_KEY", hide_env_values = true, conflicts_with = "key_file")]
    pub key: Option<String>,
    /// File that holds the key and that only its owner may read
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// PEM file of certificates to trust beside the usual ones
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
}

/// `openclaw`
#[derive(Debug, Args)]
pub struct OpenClaw {
    /// Whose cell it is
    #[arg(long, value_name = "ID")]
    pub tenant: String,
    /// Directory to write to
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Address of an inbox that exists [default: a new one]
    #[arg(long, value_name = "ADDRESS")]
    pub inbox: Option<String>,
    /// Where the cell's gateway listens, as the mail server reaches it
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:18789")]
    pub gateway: String,
    /// API of tenants, as the cell reaches it
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub http: String,
    /// Key of the tenant [default: one that the operator's key issues, and that is revoked at the end]
    #[arg(long, env = "MAILWARD_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// The cell may also send mail; its reader still may not
    #[arg(long)]
    pub may_send: bool,
    /// Overwrite files that exist
    #[arg(long)]
    pub force: bool,
    /// The operator API, for the key.
    #[command(flatten)]
    pub server: Server,
}
