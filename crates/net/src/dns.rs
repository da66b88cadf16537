//! The one resolver: the system's servers, the configured ones, or none at all.
//!
//! Every question is bounded, asked as an absolute name (no search list) and never answered from the hosts file. What an
//! answer may be used for is not judged here: see [`crate::egress`].

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData};
use hickory_resolver::system_conf::read_system_conf;

/// How long one question may take, whatever the servers do.
pub const BOUND: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// The name does not exist, or has no record of the type that was asked for.
    #[error("no such name or record")]
    NoSuchName,
    /// No server answered in time, or it answered with a failure: asking later may help.
    #[error("the name servers gave no answer")]
    Temporary,
    /// The operator switched DNS off.
    #[error("dns is switched off")]
    Off,
}

/// The resolver. Cheap to clone; clones share one cache.
#[derive(Clone)]
pub struct Dns(Option<Resolvers>);

#[derive(Clone)]
struct Resolvers {
    cached: TokioResolver,
    uncached: TokioResolver,
}

impl Dns {
    /// Asks the servers of the machine's own configuration.
    ///
    /// # Errors
    /// When that configuration cannot be read.
    pub fn system() -> std::io::Result<Self> {
        let (config, options) = read_system_conf().map_err(std::io::Error::other)?;
        Ok(Self(Some(Resolvers::new(config, options))))
    }

    /// Asks these servers, over UDP and, where an answer does not fit, TCP.
    pub fn servers(servers: Vec<SocketAddr>) -> Self {
        let servers = servers.into_iter().map(name_server).collect();
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        Self(Some(Resolvers::new(config, ResolverOpts::default())))
    }

    /// Asks nobody: every question fails with [`DnsError::Off`].
    pub fn off() -> Self {
        Self(None)
    }

    /// Whether this is [`Dns::off`].
    pub fn is_off(&self) -> bool {
        self.0.is_none()
    }

    /// The resolver itself, for libraries that ask on their own; `None` when DNS is off.
    pub fn resolver(&self) -> Option<&TokioResolver> {
        self.0.as_ref().map(|resolvers| &resolvers.cached)
    }

    /// The same servers, asked anew each time: for who looks whether a record has changed since.
    pub fn uncached(&self) -> Self {
        let uncached = |resolvers: &Resolvers| Resolvers {
            cached: resolvers.uncached.clone(),
            uncached: resolvers.uncached.clone(),
        };
        Self(self.0.as_ref().map(uncached))
    }

    /// All IPv4 and IPv6 addresses of `host`. An answer for one family is enough.
    ///
    /// # Errors
    /// [`DnsError::Temporary`] when neither family has an answer and either question failed.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        let resolver = self.resolver().ok_or(DnsError::Off)?;
        let name = absolute(host)?;
        let (four, six) = tokio::join!(
            bounded(resolver.ipv4_lookup(name.clone())),
            bounded(resolver.ipv6_lookup(name.clone())),
        );
        let failed = [&four, &six].iter().any(|answer| matches!(answer, Err(DnsError::Temporary)));
        let found: Vec<IpAddr> = [four, six]
            .into_iter()
            .flatten()
            .flat_map(|lookup| {
                collect(&lookup, |data| match data {
                    RData::A(a) => Some(IpAddr::V4(a.0)),
                    RData::AAAA(a) => Some(IpAddr::V6(a.0)),
                    _ => None,
                })
            })
            .collect();
        match (found.is_empty(), failed) {
            (false, _) => Ok(found),
            (true, true) => Err(DnsError::Temporary),
            (true, false) => Err(DnsError::NoSuchName),
        }
    }

    /// The mail exchangers of `domain` as preference and host, best first. A null MX (RFC 7505) is an empty host.
    ///
    /// # Errors
    /// See [`DnsError`].
    pub async fn mx(&self, domain: &str) -> Result<Vec<(u16, String)>, DnsError> {
        let resolver = self.resolver().ok_or(DnsError::Off)?;
        let lookup = bounded(resolver.mx_lookup(absolute(domain)?)).await?;
        let mut found = collect(&lookup, |data| match data {
            RData::MX(mx) => Some((mx.preference, relative(&mx.exchange))),
            _ => None,
        });
        found.sort();
        some(found)
    }

    /// The TXT records of `name`, each with its strings joined (RFC 7208 3.3, RFC 6376 3.6.2.2). Bytes that are not
    /// UTF-8 are replaced.
    ///
    /// # Errors
    /// See [`DnsError`].
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let resolver = self.resolver().ok_or(DnsError::Off)?;
        let lookup = bounded(resolver.txt_lookup(absolute(name)?)).await?;
        some(collect(&lookup, |data| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        }))
    }

    /// The names that `ip` points back to. They are claims of whoever runs the address, until resolved again.
    ///
    /// # Errors
    /// See [`DnsError`].
    pub async fn ptr(&self, ip: IpAddr) -> Result<Vec<String>, DnsError> {
        let resolver = self.resolver().ok_or(DnsError::Off)?;
        let lookup = bounded(resolver.reverse_lookup(ip)).await?;
        some(collect(&lookup, |data| match data {
            RData::PTR(ptr) => Some(relative(ptr)),
            _ => None,
        }))
    }
}

impl Resolvers {
    fn new(config: ResolverConfig, options: ResolverOpts) -> Self {
        let mut without = options.clone();
        without.cache_size = 0;
        Self { cached: resolver(config.clone(), options), uncached: resolver(config, without) }
    }
}

fn resolver(config: ResolverConfig, mut options: ResolverOpts) -> TokioResolver {
    options.use_hosts_file = ResolveHosts::Never;
    // Two tries fit into the bound of one question.
    options.timeout = Duration::from_secs(2);
    options.attempts = 1;
    // Questions travel in the clear, so no root is ever consulted.
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_options(options)
        .with_tls_config(tls)
        .build()
        .expect("building reads nothing once TLS is given")
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    NameServerConfig::new(server.ip(), true, connections.into())
}

fn absolute(name: &str) -> Result<Name, DnsError> {
    let mut name = Name::from_utf8(name).map_err(|_| DnsError::NoSuchName)?;
    name.set_fqdn(true);
    Ok(name)
}

fn relative(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

async fn bounded(question: impl Future<Output = Result<Lookup, NetError>>) -> Result<Lookup, DnsError> {
    match tokio::time::timeout(BOUND, question).await {
        Ok(Ok(lookup)) => Ok(lookup),
        Ok(Err(error)) if error.is_no_records_found() => Err(DnsError::NoSuchName),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a dns question failed");
            Err(DnsError::Temporary)
        }
        Err(_) => Err(DnsError::Temporary),
    }
}

fn collect<T>(lookup: &Lookup, pick: impl Fn(&RData) -> Option<T>) -> Vec<T> {
    lookup.answers().iter().filter_map(|record| pick(&record.data)).collect()
}

fn some<T>(found: Vec<T>) -> Result<Vec<T>, DnsError> {
    if found.is_empty() { Err(DnsError::NoSuchName) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_asked_for_as_it_stands_and_never_below_a_search_domain() {
        assert!(absolute("hooks.example.org").is_ok_and(|name| name.is_fqdn()));
        assert!(absolute("a..b").is_err());
    }
}
