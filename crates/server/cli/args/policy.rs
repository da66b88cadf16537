//! `policy`, `rescore` and `review`: what is held, and what people decide on it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Server;

/// `policy`
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Show what a tenant, or one inbox of it, chose, and what rules
    #[command(after_help = "Example:\n  mailward policy show --tenant acme")]
    Show {
        /// Whose policy
        #[arg(long, value_name = "ID")]
        tenant: String,
        /// Of this inbox
        #[arg(long, value_name = "ID")]
        inbox: Option<String>,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// Choose from which level on mail is held, or the whole policy from a file
    #[command(after_help = "Examples:\n  mailward policy set --tenant acme --hold medium\n  \
            mailward policy set --tenant acme --inbox ibx_... --file policy.json\n\n\
            The file: {\"hold\": \"high\", \"trustedSenders\": [\"example.com\"], \
            \"rules\": [{\"phrase\": \"wire transfer\", \"weight\": 60}]}")]
    Set {
        /// Whose policy
        #[arg(long, value_name = "ID")]
        tenant: String,
        /// Of this inbox
        #[arg(long, value_name = "ID")]
        inbox: Option<String>,
        /// Hold mail from this level on; the rest of the policy stays
        #[arg(long, value_name = "LEVEL", required_unless_present_any = ["file", "codes_while_held", "four_eyes"], conflicts_with = "file")]
        hold: Option<Level>,
        /// Whether a sign-in code may be handed out while its mail is held, where DMARC passed
        #[arg(long, value_name = "BOOL", conflicts_with = "file")]
        codes_while_held: Option<bool>,
        /// Which held mail two different people must release; of the whole tenant
        #[arg(long, value_name = "WHICH", conflicts_with_all = ["file", "inbox"])]
        four_eyes: Option<FourEyes>,
        /// JSON that replaces the policy; what it does not name is as the next wider policy says
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
}

/// From which level on mail is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Medium and above.
    Medium,
    /// High.
    High,
    /// Nothing that could be judged.
    Never,
}

/// Which held mail two must release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FourEyes {
    /// None: one is enough.
    Off,
    /// What is high or could not be judged, and what goes.
    High,
    /// All of it.
    All,
}

/// `rescore`
#[derive(Debug, Args)]
pub struct Rescore {
    /// Tell what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// This tenant's mail alone
    #[arg(long, value_name = "ID", conflicts_with = "from")]
    pub tenant: Option<String>,
    /// Go on here: a tenant, or TENANT:EMAIL as an interrupted run named it
    #[arg(long, value_name = "PLACE")]
    pub from: Option<String>,
    /// The server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// `review`
#[derive(Debug, Subcommand)]
pub enum Review {
    /// List held mail, newest first
    #[command(after_help = "Example:\n  MAILWARD_KEY=mw_t_... mailward review list")]
    List {
        /// The server to ask.
        #[command(flatten)]
        server: Reviewer,
    },
    /// Show one held mail; the audit log says that it was shown
    #[command(after_help = "Example:\n  mailward review show eml_...")]
    Show {
        /// The mail
        email: String,
        /// The server to ask.
        #[command(flatten)]
        server: Reviewer,
    },
    /// Hand a held mail to its agent
    #[command(after_help = "Example:\n  mailward review release eml_... --allow-until 2027-01-31T00:00:00Z")]
    Release {
        /// The mail
        email: String,
        /// Why; kept sealed in the audit log
        #[arg(long)]
        reason: Option<String>,
        /// Let its sender through until then, where DMARC passes and nothing would hand data on
        #[arg(long, value_name = "TIME")]
        allow_until: Option<String>,
        /// To all inboxes, not to the mail's alone
        #[arg(long, requires = "allow_until")]
        all_inboxes: bool,
        /// The server to ask.
        #[command(flatten)]
        server: Reviewer,
    },
    /// Keep a held mail from its agent for ever
    #[command(after_help = "Example:\n  mailward review reject eml_... --reason 'poses as the bank'")]
    Reject {
        /// The mail
        email: String,
        /// Why; kept sealed in the audit log
        #[arg(long)]
        reason: Option<String>,
        /// The server to ask.
        #[command(flatten)]
        server: Reviewer,
    },
}

/// The server whose API is asked, with a reviewer's key.
#[derive(Clone, Debug, Args)]
pub struct Reviewer {
    /// API of tenants
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// Reviewer key; the environment keeps it out of lists of processes
    #[arg(long, env = "MAILWARD_KEY", hide_env_values = true)]
    pub key: String,
    /// PEM file of certificates to trust beside the usual ones
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Level {
    /// As the API names it.
    pub(in crate::cli) fn as_str(self) -> &'static str {
        match self {
            Self::Medium => "medium",
            Self::High => "high",
            Self::Never => "never",
        }
    }
}

impl FourEyes {
    /// As the API names it.
    pub(in crate::cli) fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::High => "high",
            Self::All => "all",
        }
    }
}
