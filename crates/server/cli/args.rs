//! The grammar of the command line. Says nothing about what a command does.

pub(super) mod agent;
pub(super) mod audit;
pub(super) mod backup;
pub(super) mod keys;
pub(super) mod life;
pub(super) mod policy;
pub(super) mod tenant;
pub(super) mod top;
pub(super) mod usage;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::Failure;
use crate::config::{self, Config, Layers, Sources};
use crate::roles::Roles;

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
    /// Prepare a PostgreSQL for the service
    #[command(
        subcommand,
        after_help = "Example:\n  mailward db init --owner-url postgres://postgres@db.internal/postgres"
    )]
    Db(Db),
    /// Make a data directory with its master key and operator key
    #[command(after_help = "Example:\n  mailward init --data-dir /var/lib/mailward --json")]
    Init(Init),
    /// Create, list and show tenants of a running server
    #[command(subcommand, after_help = "Example:\n  mailward tenant create acme --plan builder")]
    Tenant(tenant::Tenant),
    /// Create and list inboxes of a tenant of a running server
    #[command(
        subcommand,
        after_help = "Example:\n  mailward inbox create --tenant acme --local-part bookings"
    )]
    Inbox(Inbox),
    /// Invite people to the console of a running server
    #[command(subcommand, after_help = "Example:\n  mailward person invite ada@acme.example --tenant acme")]
    Person(Person),
    /// Read the audit log of a running server, and prove that no row of it was changed
    #[command(subcommand, after_help = "Example:\n  mailward audit verify --since checkpoints.log")]
    Audit(audit::Audit),
    /// List and rotate the keys of a running server
    #[command(subcommand, after_help = "Example:\n  mailward keys rotate --tenant acme")]
    Keys(keys::Keys),
    /// Check the receipt of a tenant's erasure, without a server; exit status 3 when it does not hold
    #[command(after_help = "Example:\n  mailward verify-receipt acme.receipt.json --key SHA256:...")]
    VerifyReceipt(life::VerifyReceipt),
    /// Show and choose what is held, of a tenant or one inbox of a running server
    #[command(subcommand, after_help = "Example:\n  mailward policy set --tenant acme --hold medium")]
    Policy(policy::Policy),
    /// List held mail of a running server, release it, reject it
    #[command(subcommand, after_help = "Example:\n  MAILWARD_KEY=mw_t_... mailward review list")]
    Review(policy::Review),
    /// Judge stored mail anew by the present model and policies, and tell what changes by level and sender
    #[command(after_help = "Example:\n  mailward rescore --dry-run\n\n\
        Who may see a mail never changes by this: delivered mail that would be held now is told, not taken back.")]
    Rescore(policy::Rescore),
    /// Judge mail files for prompt injection, without a server
    #[command(after_help = "Examples:\n  mailward score suspicious.eml\n  \
        echo '{\"id\":\"1\",\"text\":\"Hello\"}' | mailward score --jsonl")]
    Score(Score),
    /// Print the figures of the model card from folders of labelled mail
    #[command(after_help = "Example:\n  mailward eval crates/score/corpus")]
    Eval(Eval),
    /// Find codes, links, contacts, dates, amounts and events in a mail file, without a server
    #[command(
        after_help = "Examples:\n  mailward extract welcome.eml\n  mailward extract - --json < welcome.eml"
    )]
    Extract(Extract),
    /// Send mail files over SMTP, for trying things out
    #[command(after_help = "Example:\n  mailward deliver welcome.eml --to bookings@localhost.test")]
    Deliver(Deliver),
    /// Speak the Model Context Protocol on standard input and output, for a client that knows no HTTP
    #[command(
        after_help = "Example:\n  MAILWARD_KEY=mw_i_... mailward mcp --server https://mail.example.com"
    )]
    Mcp(agent::Mcp),
    /// Write what one OpenClaw cell needs: tools, hook, reader agent, skill
    #[command(after_help = "Example:\n  mailward openclaw --tenant acme --out ./cell")]
    Openclaw(agent::OpenClaw),
    /// Look for what is wrong or weak; with --isolation, try every door between two tenants of a running server; with
    /// --send, look why others may not take a domain's mail
    #[command(after_help = "Examples:\n  mailward doctor --data-dir /var/lib/mailward\n  \
        mailward doctor --isolation --data-dir /var/lib/mailward --json\n  \
        mailward doctor --send mail.example.com --ip 192.0.2.25 --config mailward.toml")]
    Doctor(Doctor),
    /// Print the DNS records that the domains of a running server need, as lines of a zone file
    #[command(after_help = "Examples:\n  mailward dns\n  mailward dns --tenant acme --json")]
    Dns(Dns),
    /// Show what tenants used, day by day
    #[command(
        after_help = "Examples:\n  mailward usage\n  mailward usage --tenant acme --from 2027-01-01 --to 2027-01-31 --csv"
    )]
    Usage(usage::Usage),
    /// Watch what a running node does: mail, steps, queues, the busiest tenants
    #[command(after_help = "Examples:\n  mailward top\n  mailward top --once --server http://127.0.0.1:8081")]
    Top(top::Top),
    /// List the processes that serve, and how each of them is
    #[command(after_help = "Example:\n  mailward nodes --json")]
    Nodes(top::Nodes),
    /// Play the world outside: take every mail for everybody on this machine, tell of it, keep none
    #[command(after_help = "Example:\n  mailward sandbox --listen 127.0.0.1:2526\n  \
        mailward serve --set outbound.mode=relay --set 'outbound.relay_url=smtp://127.0.0.1:2526?tls=none'")]
    Sandbox(Sandbox),
    /// Copy mail and keys while they are served, and prove that the copies open
    #[command(
        after_help = "Examples:\n  mailward backup --data-dir /var/lib/mailward --out /var/backups/mailward/2027-01-31\n  \
        mailward backup --keys-only --out /media/keys/2027-01-31\n\nThe master key is in neither; keep a copy of it elsewhere."
    )]
    Backup(backup::Backup),
    /// Bring a backup back; whoever left since it was taken stays erased
    #[command(after_help = "Examples:\n  \
        mailward restore --from /var/backups/mailward/2027-01-31 --receipts receipts.ndjson --data-dir /var/lib/mailward\n  \
        mailward restore --in-place --receipts receipts.ndjson --config /etc/mailward/mailward.toml")]
    Restore(backup::Restore),
    /// Bring the databases' schema to this version without serving
    #[command(after_help = "Example:\n  mailward migrate --config /etc/mailward/mailward.toml")]
    Migrate(backup::Migrate),
    /// Print the effective configuration, with the origin of each value
    #[command(after_help = "Example:\n  mailward config --set smtp.listen=0.0.0.0:25")]
    Config(ShowConfig),
    /// Print what a shell needs to complete commands
    #[command(after_help = "Example:\n  mailward completions bash > /etc/bash_completion.d/mailward")]
    Completions(backup::Completions),
    /// Write the manual, a page for each command
    #[command(after_help = "Example:\n  mailward man /usr/local/share/man/man1")]
    Man(backup::Man),
}

/// `db`
#[derive(Debug, Subcommand)]
pub enum Db {
    /// Make roles, databases and schema, or bring them to this version; prints the settings that nodes need
    #[command(
        after_help = "Example:\n  mailward db init --owner-url postgres://postgres@db.internal/postgres --json\n\n\
        Passwords are made up for new roles, or taken from MAILWARD_OWNER_PASSWORD and MAILWARD_SERVICE_PASSWORD."
    )]
    Init(DbInit),
}

/// `db init`
#[derive(Debug, Args)]
pub struct DbInit {
    /// Server and role that may create roles and databases
    #[arg(long, value_name = "URL", env = "MAILWARD_DB_OWNER_URL", hide_env_values = true)]
    pub owner_url: String,
    /// Database of mail
    #[arg(long, value_name = "NAME", default_value = "mailward")]
    pub database: String,
    /// Database of wrapped keys
    #[arg(long, value_name = "NAME", default_value = "mailward_keys")]
    pub keys_database: String,
    /// Another server for the keys, so that no backup holds both
    #[arg(long, value_name = "URL", env = "MAILWARD_DB_KEYS_OWNER_URL", hide_env_values = true)]
    pub keys_owner_url: Option<String>,
    /// Set new passwords for roles that exist
    #[arg(long)]
    pub new_passwords: bool,
    /// Print {"store.url", "keys.store_url", "store.owner_url", "keys.store_owner_url", "hasPasswords"}
    #[arg(long)]
    pub json: bool,
}

/// `extract`
#[derive(Debug, Args)]
pub struct Extract {
    /// Mail file; `-` for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
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
    /// Run only these parts: smtp, web, dispatch; other nodes on the same PostgreSQL run the rest
    #[arg(long, value_name = "ROLES")]
    pub only: Option<Roles>,
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

/// `doctor`. Exit status 3: something is bad, or a door between tenants leaks.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Make two tenants on the running server, try every door from one to the other, remove them
    #[arg(long)]
    pub isolation: bool,
    /// With --isolation: the API of tenants [default: what the server says]
    #[arg(long, value_name = "URL", requires = "isolation")]
    pub http: Option<String>,
    /// With --isolation: where mail comes in [default: what the server says]
    #[arg(long, value_name = "HOST:PORT", requires = "isolation")]
    pub smtp: Option<String>,
    /// Look at SPF, DKIM, DMARC, MX, PTR, TLS and MTA-STS of a domain that mail is sent from, and say what to publish
    #[arg(long, value_name = "DOMAIN", conflicts_with = "isolation")]
    pub send: Option<String>,
    /// With --send: whose domain it is [default: the service's own]
    #[arg(long, value_name = "ID", requires = "send")]
    pub tenant: Option<String>,
    /// With --send: an address that mail leaves by; may be repeated [default: those of smtp.hostname]
    #[arg(long, value_name = "ADDRESS", requires = "send")]
    pub ip: Vec<IpAddr>,
    /// Configuration file [default: mailward.toml in the current directory, if there]
    #[arg(long, value_name = "FILE", conflicts_with = "isolation")]
    pub config: Option<PathBuf>,
    /// Set one configuration key; may be repeated
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "isolation")]
    pub set: Vec<String>,
    /// The server to ask.
    #[command(flatten)]
    pub server: Server,
}

impl Doctor {
    /// The configuration that is looked at.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let directory = self.server.data_dir.clone();
        Ok(config::load(&Sources::of_process(self.config.clone(), directory, self.set.clone()))?)
    }
}

/// `dns`
#[derive(Debug, Args)]
pub struct Dns {
    /// Whose domains [default: the service's own]
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// The server to ask.
    #[command(flatten)]
    pub server: Server,
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

/// `person`
#[derive(Debug, Subcommand)]
pub enum Person {
    /// Invite somebody; prints a link that is good once and for 48 hours
    #[command(after_help = "Examples:\n  mailward person invite you@example.com --role admin\n  \
        mailward person invite ada@acme.example --tenant acme --role admin --json")]
    Invite {
        /// The address to sign in with
        email: String,
        /// Whose person it is [default: the operator's own staff]
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// What the person may do: viewer, reviewer or admin
        #[arg(long, default_value = "admin", value_parser = ["viewer", "reviewer", "admin"])]
        role: String,
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

/// `eval`
#[derive(Debug, Args)]
pub struct Eval {
    /// Folders of JSON lines; one with a split.json is read as the project's own corpus, and only what was left out
    /// of training is measured
    #[arg(required = true)]
    pub folders: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `sandbox`
#[derive(Debug, Args)]
pub struct Sandbox {
    /// Where to listen; on this machine alone
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2526")]
    pub listen: std::net::SocketAddr,
    /// Print one JSON object a line
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
            "mailward serve --only smtp,dispatch",
            "mailward init --data-dir d --json",
            "mailward db init --owner-url postgres://a@b/c --database m --keys-database k --new-passwords --json",
            "mailward tenant create acme --plan free --region eu --json",
            "mailward tenant list --all --server http://127.0.0.1:1",
            "mailward tenant show acme",
            "mailward tenant suspend acme --reason unpaid",
            "mailward tenant resume acme",
            "mailward tenant key acme --reviewer --json",
            "mailward audit verify --tenant acme --since c.log --key k",
            "mailward audit list --tenant acme --limit 5",
            "mailward audit export --tenant acme",
            "mailward tenant set-quota acme plan=builder max_inboxes=7 --json",
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
            "mailward keys list --json",
            "mailward keys rotate",
            "mailward keys rotate --master --keep-old",
            "mailward keys rotate --tenant acme --reencrypt",
            "mailward keys prepare --data-dir d",
            "mailward policy show --tenant acme --inbox ibx_1 --json",
            "mailward policy set --tenant acme --hold medium",
            "mailward policy set --tenant acme --inbox ibx_1 --file p.json",
            "mailward rescore --dry-run --json",
            "mailward rescore --from acme:eml_1",
            "mailward review list --key k --json",
            "mailward review release eml_1 --key k --reason why --allow-until 2027-01-31T00:00:00Z --all-inboxes",
            "mailward review reject eml_1 --key k --server https://h",
            "mailward score a.eml b.eml --json",
            "mailward score --jsonl",
            "mailward deliver a.eml b.eml --to a@b.test --server h:25 --from c@d.test",
            "mailward config --json",
            "mailward mcp --server https://h --key k",
            "mailward mcp --key-file f",
            "mailward openclaw --tenant acme --out d --inbox a@b.test --gateway http://127.0.0.1:1 --force",
            "mailward openclaw --tenant acme --out d --key k --http https://h --may-send --json",
            "mailward usage --tenant acme --from 2027-01-01 --to 2027-01-31 --csv",
            "mailward usage --json",
            "mailward sandbox --listen 127.0.0.1:1 --json",
            "mailward backup --out d --keys-out e --data-dir f --json",
            "mailward backup --out d --mail-only",
            "mailward backup --out d --keys-only --config f.toml",
            "mailward restore --from d --keys-from e --receipts r --signer s --data-dir f --json",
            "mailward restore --from d --receipts r --previous p",
            "mailward restore --in-place --nobody-left",
            "mailward migrate --set a=b",
            "mailward completions zsh",
            "mailward man d",
            "mailward doctor --config f.toml --set a=b --json",
            "mailward doctor --send a.example --tenant acme --ip 192.0.2.1 --ip 2001:db8::1 --config f.toml",
            "mailward dns --tenant acme --json",
            "mailward doctor --isolation --server https://h:1 --http https://h --smtp h:25 --data-dir d",
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
            "mailward tenant set-quota acme",
            "mailward serve --only imap",
            "mailward serve --only smtp,",
            "mailward keys rotate --master --tenant acme",
            "mailward keys rotate --keep-old",
            "mailward policy set --tenant acme",
            "mailward policy set --tenant acme --hold low",
            "mailward policy set --tenant acme --hold high --file p.json",
            "mailward rescore --tenant acme --from acme",
            "mailward review release eml_1 --key k --all-inboxes",
            "mailward backup",
            "mailward backup --out d --mail-only --keys-only",
            "mailward restore --from d",
            "mailward restore --nobody-left",
            "mailward restore --from d --in-place --nobody-left",
            "mailward restore --from d --nobody-left --receipts r",
            "mailward completions tcsh",
        ] {
            assert_eq!(parses(line).map(|_| ()), Err(2), "{line}");
        }
        assert_eq!(parses("mailward score --help").map(|_| ()), Err(0));
    }
}
