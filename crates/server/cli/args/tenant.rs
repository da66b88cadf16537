//! `tenant`: the tenants of a running server.

use clap::{Args, Subcommand};

use super::{Server, life};

/// `tenant`
#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Create a tenant; prints its keys, which are shown this once
    #[command(after_help = "Example:\n  mailward tenant create acme --plan builder --json")]
    Create {
        /// Lower-case letters, digits and inner hyphens, at most 40; never used again
        id: String,
        /// Plan of the tenant
        #[arg(long, default_value = "scale")]
        plan: String,
        /// Region of the tenant; fixed for ever [default: the server's]
        #[arg(long)]
        region: Option<String>,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// List tenants
    #[command(after_help = "Example:\n  mailward tenant list --json")]
    List {
        /// Those too of which nothing is left but the name
        #[arg(long)]
        all: bool,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// Change what a tenant may use; acts at once
    #[command(
        name = "set-quota",
        after_help = "Examples:\n  mailward tenant set-quota acme plan=builder max_inboxes=25\n  \
            mailward tenant set-quota acme stored_bytes=10GiB monthly_mails=default"
    )]
    SetQuota {
        /// The tenant
        id: String,
        /// plan=NAME, or LIMIT=NUMBER: 0 for no limit, `default` for the plan's own value, KiB, MiB and GiB for bytes
        #[arg(required = true, value_name = "KEY=VALUE")]
        quotas: Vec<String>,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// Show or choose under whose name a tenant's people see the service
    Brand(Brand),
    /// What concerns the whole of a tenant.
    #[command(flatten)]
    Life(life::Life),
    /// Show one tenant, its limits and its use
    #[command(after_help = "Example:\n  mailward tenant show acme")]
    Show {
        /// The tenant
        id: String,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// Make a tenant another key: it lost its own
    #[command(after_help = "Example:\n  mailward tenant key acme --reviewer")]
    Key {
        /// The tenant
        id: String,
        /// A key for its reviewers [default: for its agents' programs]
        #[arg(long)]
        reviewer: bool,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// Stop a tenant for now: its keys are refused, its mail is deferred
    #[command(after_help = "Example:\n  mailward tenant suspend acme --reason 'unpaid since May'")]
    Suspend {
        /// The tenant
        id: String,
        /// Why, for the tenant's audit log
        #[arg(long)]
        reason: Option<String>,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// Let a suspended tenant act again
    #[command(after_help = "Example:\n  mailward tenant resume acme")]
    Resume {
        /// The tenant
        id: String,
        /// Why, for the tenant's audit log
        #[arg(long)]
        reason: Option<String>,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
}

/// `tenant brand`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mailward tenant brand acme --name 'Acme Mail' --logo acme.png --accent '#065f46' --accent-dark '#6ee7b7'\n  \
    mailward tenant brand acme --host mail.acme.example\n  mailward tenant brand acme --logo ''\n  mailward tenant brand acme --clear"
)]
pub struct Brand {
    /// The tenant
    pub id: String,
    /// What the service is called; empty, here and below, for the service's own
    #[arg(long)]
    pub name: Option<String>,
    /// PNG or WebP file of at most 64 KiB
    #[arg(long, value_name = "FILE")]
    pub logo: Option<String>,
    /// Colour of links and buttons on light grounds
    #[arg(long, value_name = "#RRGGBB")]
    pub accent: Option<String>,
    /// Likewise on dark grounds
    #[arg(long, value_name = "#RRGGBB")]
    pub accent_dark: Option<String>,
    /// https://... or mailto:... where people find help
    #[arg(long, value_name = "URL")]
    pub support_url: Option<String>,
    /// Name of the host at which its people, and nobody else, sign in
    #[arg(long)]
    pub host: Option<String>,
    /// Take all of it away
    #[arg(long, conflicts_with_all = ["name", "logo", "accent", "accent_dark", "support_url", "host"])]
    pub clear: bool,
    /// The server to ask.
    #[command(flatten)]
    pub server: Server,
}
