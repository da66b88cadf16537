//! `doctor --send`: asks a running server which keys sign for a domain, and DNS what the world knows of it.

use mailward_net::dns::Dns;

use super::super::args::Doctor;
use super::super::operator::Client;
use super::super::{Failure, dns};
use crate::config::{Config, DnsServers};
use crate::doctor::checks::Check;
use crate::doctor::send::{self, Asked, SigningKey};
use crate::sending;

/// The keys of a domain, as they are to be published.
pub(super) fn keys(arguments: &Doctor, domain: &str) -> Result<Vec<SigningKey>, Failure> {
    let tenant = arguments.tenant.as_deref();
    let found = dns::domains(&Client::new(&arguments.server)?, tenant)?;
    let mut all = found["data"].as_array().into_iter().flatten();
    let Some(known) =
        all.find(|one| one["domain"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(domain)))
    else {
        let (whose, how) = match tenant {
            None => (
                "this service's own",
                "--tenant ID for a domain that a tenant brought; `mailward dns` lists them",
            ),
            Some(_) => ("this tenant's", "`mailward dns --tenant ID` lists them"),
        };
        return Err(Failure::usage(format!("{domain} is no domain of {whose}"), how));
    };
    let records = known["dnsRecords"].as_array().into_iter().flatten();
    let keys = records.filter(|record| record["purpose"].as_str().is_some_and(|it| it.starts_with("dkim")));
    Ok(keys
        .map(|record| SigningKey { signs_now: record["purpose"] == "dkim", record: dns::read(record) })
        .collect())
}

/// Looks at everything.
pub(super) async fn checks(
    arguments: &Doctor,
    config: &Config,
    domain: &str,
    keys: Vec<SigningKey>,
) -> Result<Vec<Check>, Failure> {
    let how = "set dns.servers to system or to a list of resolvers";
    let resolver = match &config.dns.servers {
        DnsServers::Off => return Err(Failure::failed("dns.servers is off: nobody can be asked", how)),
        DnsServers::List(servers) => Dns::servers(servers.clone()),
        DnsServers::System => Dns::system().map_err(|error| Failure::failed(error, how))?,
    };
    // Who has just published a record asks again at once.
    let resolver = resolver.uncached();
    let mta_sts = sending::mta_sts(config, resolver.clone()).map_err(|error| Failure::failed(error, ""))?;
    let asked = Asked { domain: domain.to_ascii_lowercase(), keys, addresses: arguments.ip.clone() };
    Ok(send::all(config, &resolver, &mta_sts, &asked).await)
}
