//! What in a configuration and on its machine is wrong, or weaker than it could be.
//!
//! Reads files' modes, asks the resolver, and the judge about a mail of nobody's; changes nothing and opens no key.

pub(in crate::doctor) mod certificate;
mod judge;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use mailward_net::dns::Dns;
use serde::Serialize;

use crate::config::{Config, DnsServers, KeyProvider, Signup};

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Good,
    /// It works, and could be safer.
    Weak,
    /// It will not work, or is not safe.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What: a configuration key or a thing of the machine.
    pub what: String,
    /// How it stands.
    pub state: State,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty when nothing is.
    pub fix: String,
    /// What to publish in DNS, where that is what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish: Option<Publish>,
}

/// A record to be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Publish {
    /// Its type, such as `TXT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name it stands at.
    pub host: String,
    /// What it says.
    pub value: String,
}

impl Publish {
    /// As a line of a zone file (RFC 1035 5.1): a text in strings of at most 255 bytes.
    pub fn line(&self) -> String {
        let value = match self.kind.as_str() {
            "TXT" => {
                let strings: Vec<String> = self
                    .value
                    .as_bytes()
                    .chunks(255)
                    .map(|part| String::from_utf8_lossy(part).replace('\\', "\\\\").replace('"', "\\\""))
                    .map(|part| format!("\"{part}\""))
                    .collect();
                strings.join(" ")
            }
            _ => self.value.clone(),
        };
        format!("{}. IN {} {value}", self.host, self.kind)
    }
}

impl Check {
    /// With what to publish.
    pub(in crate::doctor) fn publish(self, kind: &str, host: &str, value: &str) -> Self {
        let [kind, host, value] = [kind, host, value].map(str::to_owned);
        Self { publish: Some(Publish { kind, host, value }), ..self }
    }
}

fn check(state: State, what: &str, seen: impl Into<String>, fix: impl Into<String>) -> Check {
    Check { what: what.to_owned(), state, seen: seen.into(), fix: fix.into(), publish: None }
}

pub(in crate::doctor) fn good(what: &str, seen: impl Into<String>) -> Check {
    check(State::Good, what, seen, "")
}

pub(in crate::doctor) fn weak(what: &str, seen: impl Into<String>, fix: impl Into<String>) -> Check {
    check(State::Weak, what, seen, fix)
}

pub(in crate::doctor) fn bad(what: &str, seen: impl Into<String>, fix: impl Into<String>) -> Check {
    check(State::Bad, what, seen, fix)
}

/// Looks at everything.
pub async fn all(config: &Config) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.extend(keys(config));
    checks.extend(disk(config));
    checks.extend(listeners(config));
    checks.extend(certificate::all(config));
    checks.extend(settings(config));
    checks.extend(dns(config).await);
    checks.extend(judge::all(config).await);
    checks
}

fn keys(config: &Config) -> Vec<Check> {
    let directory = &config.data_dir;
    let mut checks = Vec::new();
    if !directory.is_dir() {
        let fix = "`mailward init` makes it, or name another with --data-dir";
        return vec![bad("data_dir", format!("{} is not there", directory.display()), fix)];
    }
    checks.push(private("data_dir", directory, "chmod 700"));
    if config.keys.provider == KeyProvider::File {
        let key = crate::providers::key_file(config);
        checks.push(private("master key", &key, "chmod 400"));
        if key.exists() && key.parent() == Some(directory.as_path()) {
            let seen = "it lies beside the databases that it locks: one stolen disk or backup holds both";
            checks.push(weak(
                "master key",
                seen,
                "keep it elsewhere (keys.provider), and a copy of it offline",
            ));
        }
    }
    let operator = directory.join("operator.key");
    if operator.exists() {
        checks.push(private("operator key", &operator, "chmod 400"));
        let seen = "operator.key is still where the first start wrote it";
        checks.push(weak(
            "operator key",
            seen,
            "move it to whoever operates; MAILWARD_OPERATOR_KEY hands it over",
        ));
    }
    if nix::unistd::geteuid().is_root() {
        checks.push(weak("user", "this is root", "run the service as a user of its own"));
    }
    checks
}

/// Whether nobody but its owner may look at it.
fn private(what: &str, path: &Path, how: &str) -> Check {
    match std::fs::metadata(path) {
        Err(error) => bad(what, format!("{}: {error}", path.display()), "see docs/security.md on keys"),
        Ok(found) if found.mode() & 0o077 == 0 => {
            good(what, format!("{} is its owner's alone (mode {:o})", path.display(), found.mode() & 0o777))
        }
        Ok(found) => {
            let seen = format!("others may look at {} (mode {:o})", path.display(), found.mode() & 0o777);
            bad(what, seen, format!("{how} {}", path.display()))
        }
    }
}

fn disk(config: &Config) -> Vec<Check> {
    let Ok(found) = nix::sys::statvfs::statvfs(&config.data_dir) else { return Vec::new() };
    #[expect(
        clippy::useless_conversion,
        clippy::unnecessary_cast,
        reason = "its types differ between platforms"
    )]
    let free = u64::from(found.blocks_available() as u64).saturating_mul(found.fragment_size() as u64);
    let (least, mib) = (config.limits.disk_free_bytes, free >> 20);
    vec![match least {
        0 => weak("disk", format!("{mib} MiB are free, and nobody looks"), "set limits.disk_free_bytes"),
        least if free < least => {
            bad("disk", format!("{mib} MiB are free: no mail is taken below {}", least >> 20), "make room")
        }
        least if free < least * 4 => weak("disk", format!("{mib} MiB are free"), "make room soon"),
        _ => good("disk", format!("{mib} MiB are free")),
    }]
}

fn listeners(config: &Config) -> Vec<Check> {
    let mut checks = Vec::new();
    let is_open = |address: std::net::SocketAddr| !address.ip().to_canonical().is_loopback();
    if is_open(config.smtp.listen) && config.smtp.tls().is_none() {
        let seen = "mail comes in without TLS: whoever is on the way reads it";
        checks.push(weak("smtp.listen", seen, "set smtp.tls_cert and smtp.tls_key"));
    }
    if is_open(config.operator.listen) {
        let seen = format!("operators' keys are taken from anywhere at {}", config.operator.listen);
        checks.push(weak("operator.listen", seen, "listen on 127.0.0.1 or a network of operators alone"));
    }
    for (what, listen, is_proxied) in [
        ("http.behind_proxy", config.http.listen, config.http.behind_proxy),
        ("operator.behind_proxy", config.operator.listen, config.operator.behind_proxy),
    ] {
        if is_proxied && is_open(listen) {
            let seen = format!("whoever reaches {listen} past the proxy names any client address, in clear");
            checks.push(weak(what, seen, "listen where the proxy alone can reach it"));
        }
    }
    if checks.is_empty() {
        checks.push(good("listeners", "nothing is reachable that should not be"));
    }
    checks
}

fn settings(config: &Config) -> Vec<Check> {
    let mut checks = Vec::new();
    if config.screening.hold == mailward_mailroom::Hold::Never {
        let seen = "mail that tries to inject prompts reaches its agent";
        checks.push(weak("screening.hold", seen, "set it to high or medium"));
    }
    if config.signup == Signup::Open {
        checks.push(weak("signup", "anyone may become a tenant", "close it unless that is meant"));
    }
    if !config.webhooks.allow_private.is_empty() {
        let networks: Vec<String> = config.webhooks.allow_private.iter().map(ToString::to_string).collect();
        let seen = format!("tenants may have calls made into {}", networks.join(", "));
        checks.push(weak("webhooks.allow_private", seen, "name no network that holds anything of yours"));
    }
    if config.store.owner_url.is_some() {
        let seen = "the service knows the password of the role that owns the schema";
        checks.push(weak("store.owner_url", seen, "set it for `mailward migrate` or the first start alone"));
    }
    if config.store.url.expose() == "sqlite" {
        let seen = "SQLite has no row-level security: the database is no second lock between tenants";
        checks.push(weak("store.url", seen, "PostgreSQL, where a second lock or several nodes are wanted"));
    }
    if config.domain.ends_with(".test") || config.domain == "localhost" {
        let seen = format!("nobody outside can send to {}", config.domain);
        checks.push(weak("domain", seen, "set it to a domain of yours, and point its MX record here"));
    }
    checks
}

async fn dns(config: &Config) -> Vec<Check> {
    let dns = match &config.dns.servers {
        DnsServers::Off => {
            let seen = "senders cannot be authenticated: SPF, DKIM and DMARC are none";
            return vec![weak("dns.servers", seen, "set it to system or to resolvers of yours")];
        }
        DnsServers::List(servers) => Dns::servers(servers.clone()),
        DnsServers::System => match Dns::system() {
            Ok(dns) => dns,
            Err(error) => {
                return vec![bad("dns.servers", error.to_string(), "set it to a list of resolvers")];
            }
        },
    };
    let mut checks = Vec::new();
    let host = config.smtp.bounds.hostname.as_str();
    for domain in config.all_domains() {
        checks.push(exchanger(&dns, &domain, host).await);
    }
    checks.push(hostname(&dns, host).await);
    checks
}

/// Whether mail for a domain comes here.
pub(in crate::doctor) async fn exchanger(dns: &Dns, domain: &str, host: &str) -> Check {
    let check = match dns.mx(domain).await {
        Ok(found) if found.iter().any(|(_, name)| name.trim_end_matches('.').eq_ignore_ascii_case(host)) => {
            return good("MX", format!("{domain} sends its mail to {host}"));
        }
        Ok(found) => {
            let names: Vec<String> = found.into_iter().map(|(_, name)| name).collect();
            let seen = format!("{domain} sends its mail to [{}], not to {host}", names.join(", "));
            weak("MX", seen, format!("add `{domain}. MX 10 {host}.`, or set smtp.hostname"))
        }
        Err(error) => weak("MX", format!("{domain}: {error}"), format!("add `{domain}. MX 10 {host}.`")),
    };
    check.publish("MX", domain, &format!("10 {host}."))
}

/// Whether this host's name leads anywhere.
pub(in crate::doctor) async fn hostname(dns: &Dns, host: &str) -> Check {
    match dns.addresses(host).await {
        Ok(found) if !found.is_empty() => {
            good("smtp.hostname", format!("{host} has {} addresses", found.len()))
        }
        Ok(_) => weak("smtp.hostname", format!("{host} has no address"), "add an A or AAAA record"),
        Err(error) => weak("smtp.hostname", format!("{host}: {error}"), "add an A or AAAA record"),
    }
}
