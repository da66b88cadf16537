//! Whether a domain lets the addresses send that its mail leaves by (RFC 7208), judged as receivers judge it.

use std::net::IpAddr;

use mailward_mail::clock::Clock;
use mailward_mailroom::sender_auth::{AuthResult, authenticate};
use mailward_net::dns::{Dns, DnsError};

use super::super::checks::{Check, bad, good, weak};
use super::unanswered;

const WHAT: &str = "SPF";

/// `own` are the addresses of `host`, which a record can name by its name.
pub(super) async fn check(
    dns: &Dns,
    domain: &str,
    host: &str,
    own: &[IpAddr],
    addresses: &[IpAddr],
) -> Check {
    let found = match dns.txt(domain).await {
        Ok(found) => found,
        Err(DnsError::NoSuchName) => Vec::new(),
        Err(error) => return unanswered(WHAT, domain, error),
    };
    let records: Vec<&str> = found.iter().map(String::as_str).filter(|text| is_spf(text)).collect();
    let record = match records[..] {
        [] => {
            let terms = terms(host, own, addresses);
            let fix = "publish one; who relays your mail says what else it has to include";
            return bad(WHAT, format!("{domain} has no SPF record"), fix).publish(
                "TXT",
                domain,
                &format!("v=spf1 {terms} ~all"),
            );
        }
        [record] => record,
        _ => {
            let seen = format!("{domain} has {} SPF records: receivers take none of them", records.len());
            return bad(WHAT, seen, "make one of them (RFC 7208 4.5)");
        }
    };
    if record
        .split_ascii_whitespace()
        .any(|term| matches!(term.to_ascii_lowercase().as_str(), "all" | "+all"))
    {
        let fix = "end it with ~all or -all";
        return bad(WHAT, format!("{domain} lets everybody send for it: {record}"), fix).publish(
            "TXT",
            domain,
            &replace_all(record),
        );
    }
    if addresses.is_empty() {
        let fix = "name them with --ip; the relay's provider says what the record has to include";
        return weak(
            WHAT,
            format!("the addresses that mail leaves by are not known; {domain} has: {record}"),
            fix,
        );
    }
    let mut refused = Vec::new();
    for address in addresses {
        let from = format!("postmaster@{domain}");
        let now = Clock::system().now();
        let judged = authenticate(dns, Some(&from), host, *address, b"\r\n", Some(&from), now).await;
        match judged.spf {
            AuthResult::Pass => {}
            AuthResult::TempError => return unanswered(WHAT, domain, DnsError::Temporary),
            AuthResult::PermError => {
                let seen = format!("{domain} has a record that receivers cannot read to its end: {record}");
                return bad(WHAT, seen, "at most ten lookups, two of them empty (RFC 7208 4.6.4)");
            }
            other => refused.push((*address, other)),
        }
    }
    match refused.first() {
        None => good(WHAT, format!("{domain} lets {} send", listed(addresses))),
        Some((_, result)) => {
            let refused: Vec<IpAddr> = refused.iter().map(|(address, _)| *address).collect();
            let seen =
                format!("{domain} does not let {} send ({}): {record}", listed(&refused), result.as_str());
            let added = terms(host, own, &refused);
            let (version, rest) = record.split_once(' ').unwrap_or((record, ""));
            bad(WHAT, seen, "add them to the record").publish(
                "TXT",
                domain,
                format!("{version} {added} {rest}").trim_end(),
            )
        }
    }
}

/// The terms that let these addresses send.
fn terms(host: &str, own: &[IpAddr], addresses: &[IpAddr]) -> String {
    let mut terms: Vec<String> = addresses
        .iter()
        .map(|address| match address {
            address if own.contains(address) => format!("a:{host}"),
            IpAddr::V4(address) => format!("ip4:{address}"),
            IpAddr::V6(address) => format!("ip6:{address}"),
        })
        .collect();
    terms.dedup();
    if terms.is_empty() { format!("a:{host}") } else { terms.join(" ") }
}

fn replace_all(record: &str) -> String {
    let terms = record.split_ascii_whitespace().map(|term| match term.to_ascii_lowercase().as_str() {
        "all" | "+all" => "~all",
        _ => term,
    });
    terms.collect::<Vec<_>>().join(" ")
}

fn listed(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn is_spf(text: &str) -> bool {
    let (version, rest) = text.split_at_checked(6).unwrap_or(("", ""));
    version.eq_ignore_ascii_case("v=spf1") && (rest.is_empty() || rest.starts_with(' '))
}
