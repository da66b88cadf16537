//! The grammar of the command line. Says nothing about what a command does.

pub(super) mod life;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::Failure;
use crate::config::{self, Config, Layers, Sources};

/// Self-hosted e-mail for AI agents: isolated, screened and sealed per tenant.
#[derive(Debug, Parser)]
#[command(name = "mailward", version, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch the whole way of real mail in a temporary directory
    #[command(after_help = "Example:\n  mailward demo --exit")]
    Demo(Demo),
    /// Run the service; an empty data directory is initialised first
    #[command(
        after_help = "Example:\n  mailward serve --data-dir /var/lib/mailward --set domain=mail.example.com"
    )]
    Serve(Serve),
    /// Make a data directory with its master key and operator key
    #[command(after_help = "Example:\n  mailward init --data-dir /var/lib/mailward --json")]
    Init(Init),
    /// Create, list and show tenants of a running server
    #[command(subcommand, after_help = "Example:\n  mailward tenant create acme --plan builder")]
    Tenant(Tenant),
    /// Create and list inboxes of a tenant of a running server
    #[command(
        subcommand,
        after_help = "Example:\n  mailward inbox create --tenant acme --local-part bookings"
    )]
    Inbox(Inbox),
    /// Read the audit log of a running server, and prove that no row of it was changed
    #[command(subcommand, after_help = "Example:\n  mailward audit verify --since checkpoints.log")]
    Audit(Audit),
    /// Check the receipt of a tenant's erasure, without a server; exit status 3 when it does not hold
    #[command(after_help = "Example:\n  mailward verify-receipt acme.receipt.json --key SHA256:...")]
    VerifyReceipt(life::VerifyReceipt),
    /// Judge mail files for prompt injection, without a server
    #[command(after_help = "Examples:\n  mailward score suspicious.eml\n  \
        echo '{\"id\":\"1\",\"text\":\"Hello\"}' | mailward score --jsonl")]
    Score(Score),
    /// Send mail files over SMTP, for trying things out
    #[command(after_help = "Example:\n  mailward deliver welcome.eml --to bookings@localhost.test")]
    Deliver(Deliver),
    /// Print the effective configuration, with the origin of each value
    #[command(after_help = "Example:\n  mailward config --set smtp.listen=0.0.0.0:25")]
    Config(ShowConfig),
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// End after the report instead of serving on; 0 only if everything happened as expected
    #[arg(long)]
    pub exit: bool,
}

/// `serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Print {"operatorKey": ...}
    #[arg(long)]
    pub json: bool,
}

/// `config`
#[derive(Debug, Args)]
pub struct ShowConfig {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Print a list of {"key", "value", "origin", "doc"}; the value is TOML
    #[arg(long)]
    pub json: bool,
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct ConfigArgs {
    /// Configuration file [default: mailward.toml in the current directory, if there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory, as data_dir in the configuration
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Set one configuration key; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl ConfigArgs {
    /// All sources laid over each other, not yet checked.
    pub(super) fn layers(&self) -> Result<Layers, Failure> {
        Ok(Layers::read(&self.sources())?)
    }

    /// The checked configuration.
    pub(super) fn load(&self) -> Result<Config, Failure> {
        Ok(config::load(&self.sources())?)
    }

    fn sources(&self) -> Sources {
        Sources::of_process(self.config.clone(), self.data_dir.clone(), self.set.clone())
    }
}

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
    /// List all tenants
    #[command(after_help = "Example:\n  mailward tenant list --json")]
    List {
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// What concerns the whole of a tenant.
    #[command(flatten)]
    Life(life::Life),
    /// Show one tenant
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

/// `inbox`
#[derive(Debug, Subcommand)]
pub enum Inbox {
    /// Create an inbox; prints its address and its key, which is shown this once
    #[command(after_help = "Example:\n  mailward inbox create --tenant acme --local-part bookings --json")]
    Create {
        /// Whose inbox it is
        #[arg(long, value_name = "ID")]
        tenant: String,
        /// What stands before the @ [default: made up]
        #[arg(long)]
        local_part: Option<String>,
        /// Name shown to people
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
    /// List a tenant's inboxes
    #[command(after_help = "Example:\n  mailward inbox list --tenant acme")]
    List {
        /// Whose inboxes
        #[arg(long, value_name = "ID")]
        tenant: String,
        /// The server to ask.
        #[command(flatten)]
        server: Server,
    },
}

/// The server whose operator API is asked.
#[derive(Clone, Debug, Args)]
pub struct Server {
    /// Operator API
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081")]
    pub server: String,
    /// Data directory with operator.key; MAILWARD_OPERATOR_KEY wins over it
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Trust the certificates in this PEM file, besides the public authorities
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `score`
#[derive(Debug, Args)]
pub struct Score {
    /// Mail files (.eml); - is standard input
    #[arg(required_unless_present = "jsonl", conflicts_with = "jsonl")]
    pub files: Vec<PathBuf>,
    /// Read {"id", "eml" or "text", "html", "subject", "from"} a line from standard input, write a verdict a line
    #[arg(long)]
    pub jsonl: bool,
    /// Print one JSON object a file
    #[arg(long)]
    pub json: bool,
}

/// `deliver`
#[derive(Debug, Args)]
pub struct Deliver {
    /// Mail files (.eml)
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Recipient
    #[arg(long, value_name = "ADDRESS")]
    pub to: String,
    /// SMTP server
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2525")]
    pub server: String,
    /// Envelope sender; empty for none, as a bounce has it [default: the mail's Return-Path, else its From]
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
    /// Print one JSON object a file
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parses(line: &str) -> Result<Command, i32> {
        Arguments::try_parse_from(line.split(' ')).map(|all| all.command).map_err(|error| error.exit_code())
    }

    #[test]
    fn the_grammar_is_sound_and_every_command_shows_an_example() {
        fn walk(command: &clap::Command, depth: usize) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let name = command.get_name();
            assert!(depth == 0 || name == "help" || help.contains("mailward"), "{name} lacks an example");
            command.get_subcommands().for_each(|inner| walk(inner, depth + 1));
        }
        Arguments::command().debug_assert();
        walk(&Arguments::command(), 0);
    }

    #[test]
    fn what_the_contract_names_parses() {
        for line in [
            "mailward demo --exit",
            "mailward serve --config f.toml --data-dir d --set a=b --set c.d=[1]",
            "mailward init --data-dir d --json",
            "mailward tenant create acme --plan free --region eu --json",
            "mailward tenant list --server http://127.0.0.1:1",
            "mailward tenant show acme",
            "mailward tenant suspend acme --reason unpaid",
            "mailward tenant resume acme",
            "mailward tenant key acme --reviewer --json",
            "mailward audit verify --tenant acme --since c.log --key k",
            "mailward audit list --tenant acme --limit 5",
            "mailward audit export --tenant acme",
            "mailward tenant export acme --out f --recipient age1x",
            "mailward tenant import --from f --identity k --tenant b --plan p --signer s --dry-run",
            "mailward tenant offboard acme --dry-run --json",
            "mailward tenant offboard acme --grace-period-days 3 --export f --recipient age1x --confirm acme",
            "mailward tenant offboard acme --shred-now",
            "mailward tenant restore acme",
            "mailward tenant receipts",
            "mailward verify-receipt r.json --key SHA256:x --json",
            "mailward inbox create --tenant acme --local-part l --display-name n --json",
            "mailward inbox list --tenant acme",
            "mailward score a.eml b.eml --json",
            "mailward score --jsonl",
            "mailward deliver a.eml b.eml --to a@b.test --server h:25 --from c@d.test",
            "mailward config --json",
        ] {
            assert!(parses(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn a_misused_command_is_a_usage_error_and_help_is_not() {
        for line in [
            "mailward",
            "mailward bogus",
            "mailward score",
            "mailward score a.eml --jsonl",
            "mailward deliver a.eml",
            "mailward inbox create",
            "mailward tenant create",
        ] {
            assert_eq!(parses(line).map(|_| ()), Err(2), "{line}");
        }
        assert_eq!(parses("mailward score --help").map(|_| ()), Err(0));
    }
}
