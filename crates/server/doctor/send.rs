//! Why others may not take a domain's mail, or take it for spam: what the world finds of it in DNS, held against what this
//! service signs with, and where its mail leaves.
//!
//! Asks like any receiver would; knows public halves of keys alone. What is missing is said as the record to be published.

mod host;
mod policies;
mod signing;
mod spf;

use std::net::IpAddr;

use mailward_net::dns::{Dns, DnsError};
use mailward_net::mta_sts::MtaSts;

use super::checks::{self, Check, Publish, certificate, good, weak};
use crate::config::{Config, OutboundMode};

/// What is looked at.
pub struct Asked {
    /// The domain, in lower case.
    pub domain: String,
    /// The keys that sign for it.
    pub keys: Vec<SigningKey>,
    /// The addresses that its mail leaves by; none: those of this host, where it delivers by itself.
    pub addresses: Vec<IpAddr>,
}

/// A key that signs, or is to sign once it is published.
pub struct SigningKey {
    /// Whether it signs already.
    pub signs_now: bool,
    /// Its public half.
    pub record: Publish,
}

/// Looks at everything.
pub async fn all(config: &Config, dns: &Dns, mta_sts: &MtaSts, asked: &Asked) -> Vec<Check> {
    let (host, domain) = (config.smtp.bounds.hostname.to_ascii_lowercase(), asked.domain.as_str());
    let own = dns.addresses(&host).await.unwrap_or_default();
    let mut checks = vec![mode(config)];
    let addresses = match (asked.addresses.is_empty(), config.outbound.mode) {
        (false, _) => asked.addresses.clone(),
        (true, OutboundMode::Relay) => Vec::new(),
        (true, _) => own.clone(),
    };
    checks.push(spf::check(dns, domain, &host, &own, &addresses).await);
    for key in &asked.keys {
        checks.push(signing::check(dns, key).await);
    }
    checks.push(policies::dmarc(dns, domain).await);
    checks.push(checks::exchanger(dns, domain, &host).await);
    checks.push(checks::hostname(dns, &host).await);
    for address in &addresses {
        checks.push(host::pointer(dns, *address, &host).await);
    }
    checks.push(certificate::of_mail(config));
    checks.push(policies::mta_sts(mta_sts, domain, &host).await);
    checks
}

fn mode(config: &Config) -> Check {
    match config.outbound.mode {
        OutboundMode::Sandbox => {
            weak("outbound.mode", "sandbox: nothing leaves this machine", "set it to direct or relay")
        }
        OutboundMode::Relay => good("outbound.mode", "relay: what it says of senders counts too"),
        OutboundMode::Direct => good("outbound.mode", "direct"),
    }
}

/// What is said where DNS says nothing.
fn unanswered(what: &str, name: &str, error: DnsError) -> Check {
    weak(what, format!("{name}: {error}"), "nothing is known of it: ask again")
}

/// The value of a tag in a list such as DKIM's (RFC 6376 3.2), without white space.
fn tag(text: &str, name: &str) -> Option<String> {
    let (_, value) =
        text.split(';').filter_map(|tag| tag.split_once('=')).find(|(tag, _)| tag.trim() == name)?;
    Some(value.split_ascii_whitespace().collect())
}
