//! The grammar of `top` and `nodes`.

use clap::Args;

use super::Server;

/// `top`
#[derive(Debug, Args)]
pub struct Top {
    /// Print one picture and end, as it does where nobody watches
    #[arg(long)]
    pub once: bool,
    /// Seconds from one picture to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub every: u64,
    /// The server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// `nodes`
#[derive(Debug, Args)]
pub struct Nodes {
    /// The server to ask.
    #[command(flatten)]
    pub server: Server,
}
