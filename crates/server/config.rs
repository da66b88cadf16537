//! What the operator chose: defaults, then `mailward.toml`, then the environment, then `--set`; later wins.
//!
//! [`load`] reads all four and answers with a checked [`Config`], or says which key is wrong, where it came from and
//! what to write instead. [`KEYS`] is the one list of keys, defaults and their documentation. Nothing here opens a
//! socket or a database; no value is looked at again after it was checked.

mod check;
mod error;
mod field;
mod keys;
mod layers;
mod nearest;
pub(crate) mod relay;
mod text;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use mailward_mail::address::is_domain;
use mailward_mailroom::{Hold, JudgeFormat, Plan};
use mailward_smtp::SmtpConfig;
use serde::Deserialize;

use crate::roles::Roles;

pub use error::ConfigError;
pub use field::{DnsServers, Given, Secret};
pub use keys::{KEYS, Key};
pub(crate) use layers::machine_name;
pub use layers::{Layers, Origin, Setting, Sources};

/// The file that is read when it exists and no other is named.
pub const DEFAULT_FILE: &str = "mailward.toml";

/// The whole configuration, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which parts of the service this process runs. Chosen by the command line alone, for it differs among nodes.
    #[serde(skip)]
    pub roles: Roles,
    /// Where keys, databases and the lock are.
    pub data_dir: PathBuf,
    /// The domain of new addresses.
    pub domain: String,
    /// Further domains that inboxes may have.
    pub domains: Vec<String>,
    /// The region of new tenants, bound into their keys.
    pub region: String,
    /// Regions whose tenants are served; see [`Config::served_regions`].
    pub regions: Vec<String>,
    /// Whether a stranger may become a tenant.
    pub signup: Signup,
    /// The way in for mail.
    pub smtp: Smtp,
    /// The public HTTP listener.
    pub http: Http,
    /// The operator's HTTP listener.
    pub operator: Operator,
    /// How certificates are had from an authority.
    pub acme: Acme,
    /// The database of mail.
    pub store: Store,
    /// Where master key and wrapped tenant keys are.
    pub keys: Keys,
    /// How mail is judged and what is held.
    pub screening: Screening,
    /// Whom names are asked of.
    pub dns: Dns,
    /// Where webhooks may go.
    pub webhooks: Webhooks,
    /// Who may speak the Model Context Protocol.
    pub mcp: Mcp,
    /// Under whose name people see the service.
    pub brand: Brand,
    /// How mail leaves.
    pub outbound: Outbound,
    /// How tenants leave.
    pub offboarding: Offboarding,
    /// Bounds of the whole service.
    pub limits: Limits,
    /// What is taken for two machines that answer each other.
    pub loops: Loops,
    /// Plans by name; 0 is no limit.
    pub plans: BTreeMap<String, Plan>,
    /// What the service tries by itself.
    pub doctor: Doctor,
    /// What the service tells about itself.
    pub telemetry: Telemetry,
}

/// Whether a stranger may become a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signup {
    /// Only the operator makes tenants.
    Closed,
    /// Anyone may, as a tenant of plan `free`.
    Open,
}

/// Section `smtp`. Its unknown keys are refused by [`KEYS`], because two structs share the section.
#[derive(Clone, Debug, Deserialize)]
pub struct Smtp {
    /// Where mail comes in.
    pub listen: SocketAddr,
    /// The PEM certificate chain for STARTTLS.
    #[serde(deserialize_with = "field::optional")]
    pub tls_cert: Option<PathBuf>,
    /// Its key.
    #[serde(deserialize_with = "field::optional")]
    pub tls_key: Option<PathBuf>,
    /// The balancers that announce their clients.
    #[serde(deserialize_with = "field::networks")]
    pub proxy_protocol: Vec<IpNet>,
    /// The other keys of the section: name, bounds and deadlines of the listener.
    #[serde(skip)]
    pub bounds: SmtpConfig,
}

/// Section `http`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where the API is served.
    pub listen: SocketAddr,
    /// What URLs of this service begin with, without a slash at the end; see [`Config::public_url`].
    #[serde(deserialize_with = "field::optional")]
    pub public_url: Option<String>,
    /// A proxy in front of it brings TLS and tells the client's address.
    pub behind_proxy: bool,
    /// The PEM certificate chain.
    #[serde(deserialize_with = "field::optional")]
    pub tls_cert: Option<PathBuf>,
    /// Its key.
    #[serde(deserialize_with = "field::optional")]
    pub tls_key: Option<PathBuf>,
    /// Connections at once.
    pub max_connections: usize,
    /// After so much silence a socket's or stream's peer is pinged.
    #[serde(rename = "stream_ping_ms", deserialize_with = "field::millis")]
    pub stream_ping: Duration,
    /// After so much silence of its peer a socket is closed.
    #[serde(rename = "stream_idle_ms", deserialize_with = "field::millis")]
    pub stream_idle: Duration,
    /// How long a socket's peer may take for one event.
    #[serde(rename = "stream_patience_ms", deserialize_with = "field::millis")]
    pub stream_patience: Duration,
}

/// Section `operator`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Where the operator API is served.
    pub listen: SocketAddr,
    /// A proxy in front of it brings TLS.
    pub behind_proxy: bool,
    /// The PEM certificate chain.
    #[serde(deserialize_with = "field::optional")]
    pub tls_cert: Option<PathBuf>,
    /// Its key.
    #[serde(deserialize_with = "field::optional")]
    pub tls_key: Option<PathBuf>,
}

/// Section `acme`: certificates from an authority by RFC 8555, where `http_listen` is set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acme {
    /// Where the authority's challenges are answered; none: no certificates are ordered.
    #[serde(deserialize_with = "field::address")]
    pub http_listen: Option<SocketAddr>,
    /// The operator agrees to the authority's terms.
    pub agree_terms: bool,
    /// The URL of the authority's directory.
    pub directory: String,
    /// Where the authority may write to.
    #[serde(deserialize_with = "field::optional")]
    pub contact: Option<String>,
    /// The names of the certificate. Once the configuration is read, never empty where it is used.
    pub domains: Vec<String>,
    /// A file with certificate authorities beside the built-in ones, for the directory's own certificate.
    #[serde(deserialize_with = "field::optional")]
    pub ca_file: Option<PathBuf>,
    /// The id of an account that the operator has with the authority already (RFC 8555 7.3.4).
    #[serde(deserialize_with = "field::optional")]
    pub eab_id: Option<String>,
    /// The file with its key in base64url.
    #[serde(deserialize_with = "field::optional")]
    pub eab_key_file: Option<PathBuf>,
}

/// Section `store`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// `sqlite` (a file in the data directory) or the `postgres://` URL of the service's role.
    pub url: Secret,
    /// The `postgres://` URL of the role that owns the schema and runs migrations.
    #[serde(deserialize_with = "field::optional")]
    pub owner_url: Option<Secret>,
    /// How long a waiting poll goes without a look of its own at what other nodes may have written.
    #[serde(rename = "look_again_ms", deserialize_with = "field::millis")]
    pub look_again: Duration,
}

/// Section `keys`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Where the master key comes from.
    pub provider: KeyProvider,
    /// The file of the provider `file`.
    #[serde(deserialize_with = "field::optional")]
    pub file: Option<PathBuf>,
    /// The file with the passphrase of the provider `passphrase`.
    #[serde(deserialize_with = "field::optional")]
    pub passphrase_file: Option<PathBuf>,
    /// The program of the provider `command`, and its arguments.
    pub command: Vec<String>,
    /// How long it may take for one answer.
    pub command_timeout_ms: u64,
    /// Whether to keep keys out of swap.
    pub lock_memory: bool,
    /// What the provider `env` was started with; never a setting.
    #[serde(skip)]
    pub given: Option<Given>,
    /// The `postgres://` URL of the keystore; without it a file in the data directory.
    #[serde(deserialize_with = "field::optional")]
    pub store_url: Option<Secret>,
    /// The `postgres://` URL of the role that owns the keystore's schema and runs its migrations.
    #[serde(deserialize_with = "field::optional")]
    pub store_owner_url: Option<Secret>,
}

/// Where the master key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyProvider {
    /// A file, `master.key` in the data directory unless another is named.
    File,
    /// The environment variable `MAILWARD_MASTER_KEY`.
    Env,
    /// A credential that systemd hands over.
    SystemdCredential,
    /// A passphrase and the salts in the data directory.
    Passphrase,
    /// An external program.
    Command,
}

/// When the deep model is asked about mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeepUse {
    /// Where rules and fast model leave a doubt.
    Grey,
    /// About every mail.
    Always,
    /// Never.
    Off,
}

impl From<DeepUse> for mailward_score::Ask {
    fn from(when: DeepUse) -> Self {
        match when {
            DeepUse::Grey => Self::InDoubt,
            DeepUse::Always => Self::Always,
            DeepUse::Off => Self::Never,
        }
    }
}

/// Section `screening`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screening {
    /// From which level on mail is held.
    pub hold: Hold,
    /// Days after which held mail that nobody decided on is rejected; 0 never. See [`Screening::held`].
    pub held_days: u32,
    /// When the deep model is asked.
    pub deep: DeepUse,
    /// Threads that parse and score; 0 is one per core. See [`Screening::threads`].
    pub threads: usize,
    /// The judge's endpoint; none: no mail leaves this machine to be judged.
    #[serde(deserialize_with = "field::optional")]
    pub judge_url: Option<String>,
    /// The model's name there.
    pub judge_model: String,
    /// The judge's key.
    #[serde(deserialize_with = "field::optional")]
    pub judge_key: Option<Secret>,
    /// The file it is in instead.
    #[serde(deserialize_with = "field::optional")]
    pub judge_key_file: Option<PathBuf>,
    /// How JSON is asked for.
    pub judge_format: JudgeFormat,
    /// How long one answer may take.
    #[serde(rename = "judge_deadline_ms", deserialize_with = "field::millis")]
    pub judge_deadline: Duration,
    /// How long a mail waits for the judge in all.
    #[serde(rename = "judge_patience_ms", deserialize_with = "field::millis")]
    pub judge_patience: Duration,
    /// The lowest score that is in doubt.
    pub judge_grey_from: u8,
    /// The highest.
    pub judge_grey_to: u8,
    /// Bytes of one mail's text that are sent.
    pub judge_max_bytes: usize,
    /// Questions that this process asks at once.
    pub judge_concurrency: usize,
    /// Whose mail the judge is asked about; none: everybody's.
    pub judge_tenants: Vec<String>,
    /// Networks that are not public in which the judge may be.
    #[serde(deserialize_with = "field::networks")]
    pub judge_allow_private: Vec<IpNet>,
}

impl Screening {
    /// How long held mail waits for a person.
    #[must_use]
    pub fn held(&self) -> Option<Duration> {
        (self.held_days > 0).then(|| Duration::from_secs(u64::from(self.held_days) * 86_400))
    }

    /// How many threads to start.
    #[must_use]
    pub fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            chosen => chosen,
        }
    }
}

/// Section `dns`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// Whom names are asked of.
    pub servers: DnsServers,
}

/// Section `webhooks`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Networks where http, IP literals and any port are allowed.
    #[serde(deserialize_with = "field::networks")]
    pub allow_private: Vec<IpNet>,
}

/// Section `mcp`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mcp {
    /// Origins of pages that may speak it, besides the service's own.
    pub allowed_origins: Vec<String>,
}

/// Section `brand`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// What the service is called on its pages.
    pub name: String,
    /// Its logo.
    #[serde(deserialize_with = "field::optional")]
    pub logo_file: Option<PathBuf>,
    /// The colour of links and buttons on light grounds.
    #[serde(deserialize_with = "field::optional")]
    pub accent: Option<String>,
    /// On dark ones.
    #[serde(deserialize_with = "field::optional")]
    pub accent_dark: Option<String>,
    /// Where people find help.
    #[serde(deserialize_with = "field::optional")]
    pub support_url: Option<String>,
}

/// How mail leaves for addresses elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutboundMode {
    /// Not at all: a server on this machine plays the world outside.
    Sandbox,
    /// By one server that takes everything.
    Relay,
    /// To the hosts that take it, by their domains' DNS.
    Direct,
}

/// Section `outbound`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// How mail leaves for addresses elsewhere.
    pub mode: OutboundMode,
    /// The relay; see [`relay`].
    #[serde(deserialize_with = "field::optional")]
    pub relay_url: Option<String>,
    /// The name to log in with.
    #[serde(deserialize_with = "field::optional")]
    pub relay_user: Option<String>,
    /// The password.
    #[serde(deserialize_with = "field::optional")]
    pub relay_password: Option<Secret>,
    /// The file it is in instead.
    #[serde(deserialize_with = "field::optional")]
    pub relay_password_file: Option<PathBuf>,
    /// The number of the keys that sign for the service's own domains.
    pub dkim_key: u32,
    /// Recipients of an inbox on its first day; twice as many on each further one.
    pub ramp_first: u64,
    /// Networks that are dialled in mode direct although they are not public.
    pub allow_private: Vec<IpNet>,
    /// The port of mail exchangers.
    pub port: u16,
    /// Conversations with one destination at once.
    pub per_destination: usize,
    /// Seconds that an answer may take.
    pub timeout_seconds: u16,
    /// Nothing leaves in clear.
    pub require_tls: bool,
    /// Whether certificates that signed DNS names are insisted on.
    pub dane: bool,
    /// The port of the web servers that have MTA-STS policies.
    pub policy_port: u16,
    /// A file with certificate authorities beside the built-in ones.
    #[serde(deserialize_with = "field::optional")]
    pub tls_roots: Option<PathBuf>,
}

/// Section `offboarding`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offboarding {
    /// Days in which a tenant that leaves may be taken back, unless others are named.
    pub grace_days: u32,
    /// Seconds after which whatever was under way when a tenant's keys were destroyed has ended.
    pub settle_seconds: u32,
}

/// Section `loops`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loops {
    /// Seconds that are looked back.
    pub window_seconds: u32,
    /// Points of one author's mails to one inbox; 0 = no limit.
    pub pair_points: u32,
    /// Points of a mail that a machine sent by itself.
    pub automated_points: u32,
    /// Mails each way in one conversation; 0 = no limit.
    pub thread_exchanges: u32,
}

impl Loops {
    /// As the store counts.
    #[must_use]
    pub fn budget(&self) -> mailward_store::LoopBudget {
        mailward_store::LoopBudget {
            window: Duration::from_secs(self.window_seconds.into()),
            pair_points: self.pair_points.into(),
            automated_points: self.automated_points.into(),
            thread_exchanges: self.thread_exchanges.into(),
        }
    }
}

/// Section `limits`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Below this many free bytes on the data directory's disk no mail is taken; 0 never looks.
    pub disk_free_bytes: u64,
    /// How long it is remembered who holds a token.
    #[serde(rename = "token_cache_ms", deserialize_with = "field::millis")]
    pub token_cache: Duration,
    /// Days for which the mail of an inbox whose time is over can still be read; 0 until it is deleted. See
    /// [`Limits::expired`].
    pub expired_days: u32,
}

impl Limits {
    /// How long an inbox is kept after its time.
    #[must_use]
    pub fn expired(&self) -> Option<Duration> {
        (self.expired_days > 0).then(|| Duration::from_secs(u64::from(self.expired_days) * 86_400))
    }
}

/// Section `doctor`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doctor {
    /// How often the doors between tenants are tried, in minutes; 0 never.
    pub isolation_every_minutes: u64,
}

/// Section `telemetry`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// What is logged: a level, or `target=level` pairs with commas between.
    pub log: String,
    /// One JSON object a line instead of text.
    pub json: bool,
    /// The collector of traces; none: nothing is traced.
    #[serde(deserialize_with = "field::optional")]
    pub otlp_endpoint: Option<String>,
    /// What it wants to read in `Authorization`.
    #[serde(deserialize_with = "field::optional")]
    pub otlp_authorization: Option<Secret>,
}

/// Reads all sources and checks what they say.
///
/// # Errors
/// [`ConfigError`], which names the key, its value and where it came from; the program then ends with 78.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    Layers::read(sources)?.config()
}

impl Config {
    /// What URLs of this service begin with when the listener is bound to `bound` (`http.listen` may say port 0).
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        if let Some(chosen) = &self.http.public_url {
            return chosen.trim_end_matches('/').to_owned();
        }
        let scheme = if self.http.tls().is_some() { "https" } else { "http" };
        if bound.ip().is_unspecified() {
            return format!("{scheme}://{}:{}", self.smtp.bounds.hostname, bound.port());
        }
        format!("{scheme}://{bound}")
    }

    /// Gives listeners that have no certificate of their own the one that is ordered, and that certificate their names.
    fn certify(&mut self) {
        if self.acme.http_listen.is_none() {
            return;
        }
        let file = crate::acme::certificate_file(&self.data_dir);
        let mut names = Vec::new();
        if !self.http.behind_proxy && self.http.tls_cert.is_none() && self.http.tls_key.is_none() {
            (self.http.tls_cert, self.http.tls_key) = (Some(file.clone()), Some(file.clone()));
            let url = self.http.public_url.as_deref().and_then(|url| url.parse::<hyper::Uri>().ok());
            names.extend(url.and_then(|url| url.host().map(str::to_ascii_lowercase)));
        }
        if self.smtp.tls_cert.is_none() && self.smtp.tls_key.is_none() {
            (self.smtp.tls_cert, self.smtp.tls_key) = (Some(file.clone()), Some(file));
            names.push(self.smtp.bounds.hostname.to_ascii_lowercase());
        }
        names.retain(|name| is_name(name));
        names.dedup();
        if self.acme.domains.is_empty() {
            self.acme.domains = names;
        }
    }

    /// The regions whose tenants are served here.
    #[must_use]
    pub fn served_regions(&self) -> Vec<String> {
        if self.regions.is_empty() { vec![self.region.clone()] } else { self.regions.clone() }
    }

    /// The domains that inboxes may have, the default one first.
    #[must_use]
    pub fn all_domains(&self) -> Vec<String> {
        let mut all = vec![self.domain.clone()];
        all.extend(self.domains.iter().filter(|further| **further != self.domain).cloned());
        all
    }
}

/// A domain, and no address: both are digits and dots to who reads a domain.
fn is_name(text: &str) -> bool {
    is_domain(text) && text.parse::<std::net::IpAddr>().is_err()
}

macro_rules! tls_files {
    ($($section:ty),*) => {$(
        impl $section {
            /// Certificate chain and key, both PEM; the check let no one come without the other.
            #[must_use]
            pub fn tls(&self) -> Option<(&Path, &Path)> {
                self.tls_cert.as_deref().zip(self.tls_key.as_deref())
            }
        }
    )*};
}
tls_files!(Smtp, Http, Operator);

#[cfg(test)]
mod tests;
