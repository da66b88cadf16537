//! Where mail for a domain goes (RFC 5321 5.1), and only where it may: each address behind a mail exchanger passes the
//! same table as the host of a URL, for whoever has a domain writes what its records say.
//!
//! Asks and judges; who dials is somebody else, and dials what is named here.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::dns::{Dns, DnsError};
use crate::table::{Standing, Table};

/// Mail exchangers of one domain that are looked at, the best first.
const MOST_HOSTS: usize = 5;
/// Addresses of one domain that are dialled, over all its hosts.
const MOST_ADDRESSES: usize = 10;

/// A host that takes a domain's mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanger {
    /// Its name: what its certificate has to be for.
    pub host: String,
    /// Its addresses, judged, in the order in which they are tried.
    pub addresses: Vec<IpAddr>,
}

/// Why there is no host to take a domain's mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoExchanger {
    /// The domain does not exist, or has neither exchangers nor an address.
    #[error("the domain does not exist or takes no mail: it has neither MX nor address")]
    NoSuchDomain,
    /// RFC 7505: it says so itself.
    #[error("the domain takes no mail: it has a null MX")]
    Null,
    /// All addresses behind it are of networks that nobody may be sent to, or it points to this host.
    #[error("the domain's mail exchangers are not on the public internet, or are this service")]
    Refused,
    /// The name servers gave no answer.
    #[error("the name servers gave no answer about the domain's mail exchangers")]
    Temporary,
}

impl NoExchanger {
    /// Whether asking later may help.
    pub fn is_passing(self) -> bool {
        self == Self::Temporary
    }
}

/// Ports on which servers take mail from who logs in, or from each other.
const MAIL_PORTS: [u16; 5] = [25, 465, 587, 2525, 2587];

/// Why mail is not handed to a server that a tenant named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRelay {
    /// At least one address behind it is not allowed, or it is this host.
    #[error("the relay is not on the public internet, or is this service")]
    Refused,
    /// No port of mail.
    #[error("the relay's port is none of 25, 465, 587, 2525 and 2587")]
    Port,
    /// There is no such host.
    #[error("the relay's host does not exist or has no address")]
    NoSuchHost,
    /// The name servers gave no answer.
    #[error("the name servers gave no answer about the relay")]
    Temporary,
}

/// Finds the hosts that take mail. Cheap to clone.
#[derive(Clone)]
pub struct Exchangers {
    dns: Dns,
    table: Table,
    own: String,
}

impl Exchangers {
    /// Networks of `allow_private` are dialled although they are not public; `own` is the name of this host, to which
    /// nothing is sent: it would come back.
    pub fn new(dns: Dns, allow_private: Vec<IpNet>, own: &str) -> Self {
        let own = own.to_ascii_lowercase();
        Self { dns, table: Table { allow_private, deny: Vec::new() }, own }
    }

    /// The hosts that take mail for `domain`, best first; those of one preference as `shuffle` puts them (RFC 5321 5.1
    /// wants chance there).
    ///
    /// # Errors
    /// See [`NoExchanger`].
    pub async fn of(
        &self,
        domain: &str,
        mut shuffle: impl FnMut() -> u64,
    ) -> Result<Vec<Exchanger>, NoExchanger> {
        let found = match self.dns.mx(domain).await {
            Ok(found) => found,
            // RFC 5321 5.1: without an MX the domain is its own exchanger.
            Err(DnsError::NoSuchName) => vec![(0, domain.to_ascii_lowercase())],
            Err(DnsError::Temporary | DnsError::Off) => return Err(NoExchanger::Temporary),
        };
        if found.iter().all(|(_, host)| host.is_empty()) {
            return Err(NoExchanger::Null);
        }
        let mut drawn: Vec<(u16, u64, String)> = found
            .into_iter()
            .filter(|(_, host)| !host.is_empty())
            .map(|(preference, host)| (preference, shuffle(), host))
            .collect();
        drawn.sort();
        drawn.truncate(MOST_HOSTS);
        // RFC 5321 5.1: whoever is an exchanger itself hands mail to better ones alone.
        let own = drawn.iter().find(|(_, _, host)| *host == self.own).map(|(preference, ..)| *preference);
        drawn.retain(|(preference, ..)| own.is_none_or(|own| *preference < own));
        if drawn.is_empty() {
            return Err(NoExchanger::Refused);
        }
        self.resolve(drawn.into_iter().map(|(_, _, host)| host)).await
    }

    /// The addresses of a server that a tenant named: all of them public, or all of them opened by the operator, who
    /// then opened every port too.
    ///
    /// # Errors
    /// See [`NoRelay`].
    pub async fn relay(&self, host: &str, port: u16) -> Result<Vec<IpAddr>, NoRelay> {
        if host.eq_ignore_ascii_case(&self.own) {
            return Err(NoRelay::Refused);
        }
        let mut addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.dns.addresses(host).await.map_err(|error| match error {
                DnsError::NoSuchName => NoRelay::NoSuchHost,
                DnsError::Temporary | DnsError::Off => NoRelay::Temporary,
            })?,
        };
        let all = |wanted| addresses.iter().all(|address| self.table.standing(*address) == wanted);
        match (all(Standing::Private), all(Standing::Public)) {
            (true, _) => {}
            (_, true) if MAIL_PORTS.contains(&port) => {}
            (_, true) => return Err(NoRelay::Port),
            _ => return Err(NoRelay::Refused),
        }
        addresses.truncate(MOST_ADDRESSES);
        Ok(addresses)
    }

    async fn resolve(&self, hosts: impl Iterator<Item = String>) -> Result<Vec<Exchanger>, NoExchanger> {
        let (mut all, mut left, mut silent, mut refused) = (Vec::new(), MOST_ADDRESSES, false, false);
        for host in hosts {
            let mut addresses = match self.dns.addresses(&host).await {
                Ok(addresses) => addresses,
                Err(DnsError::NoSuchName) => continue,
                Err(DnsError::Temporary | DnsError::Off) => {
                    silent = true;
                    continue;
                }
            };
            let known = addresses.len();
            addresses.retain(|address| self.table.standing(*address) != Standing::Refused);
            refused |= addresses.len() < known || known == 0;
            addresses.truncate(left);
            left -= addresses.len();
            if !addresses.is_empty() {
                all.push(Exchanger { host, addresses });
            }
        }
        match (all.is_empty(), silent, refused) {
            (false, ..) => Ok(all),
            (true, true, _) => Err(NoExchanger::Temporary),
            (true, false, true) => Err(NoExchanger::Refused),
            (true, false, false) => Err(NoExchanger::NoSuchDomain),
        }
    }
}
