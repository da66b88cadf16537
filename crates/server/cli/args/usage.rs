//! The grammar of `usage`.

use clap::Args;

use super::Server;

/// `usage`
#[derive(Debug, Args)]
pub struct Usage {
    /// This tenant, day by day [default: all, each in one line, the busiest first]
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// The first day (UTC) [default: 30 days with the last]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<String>,
    /// The last day, which is counted too [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<String>,
    /// Print a row for each tenant and day, as CSV
    #[arg(long)]
    pub csv: bool,
    /// The server to ask.
    #[command(flatten)]
    pub server: Server,
}
