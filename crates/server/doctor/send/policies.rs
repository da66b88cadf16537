//! What a domain asks of others: to refuse what is forged (DMARC, RFC 7489), and to send to it by TLS alone (MTA-STS,
//! RFC 8461).

use mailward_net::dns::{Dns, DnsError};
use mailward_net::mta_sts::{Mode, MtaSts};

use super::super::checks::{Check, bad, good, weak};
use super::{tag, unanswered};

/// The record of a domain, or of the one that it is registered under (RFC 7489 6.6.3).
pub(super) async fn dmarc(dns: &Dns, domain: &str) -> Check {
    const WHAT: &str = "DMARC";
    const WANTED: &str = "v=DMARC1; p=quarantine";
    let mut names = vec![domain, psl::domain_str(domain).unwrap_or(domain)];
    names.dedup();
    let own = format!("_dmarc.{domain}");
    for name in names {
        let at = format!("_dmarc.{name}");
        let found = match dns.txt(&at).await {
            Ok(found) => found,
            Err(DnsError::NoSuchName) => continue,
            Err(error) => return unanswered(WHAT, &at, error),
        };
        let records: Vec<&String> = found.iter().filter(|text| is_dmarc(text)).collect();
        let record = match records[..] {
            [] => continue,
            [record] => record,
            _ => {
                let seen = format!("{at} has {} records: receivers take none of them", records.len());
                return bad(WHAT, seen, "leave one of them");
            }
        };
        // What is below a domain may have a policy of its own in the domain's record.
        let below = if name == domain { None } else { tag(record, "sp") };
        let policy = below.or_else(|| tag(record, "p")).unwrap_or_default().to_ascii_lowercase();
        return match policy.as_str() {
            "quarantine" | "reject" => good(WHAT, format!("{at} asks others for {policy} of what is forged")),
            "none" => {
                let seen = format!("{at} has p=none: nobody refuses what others write in your name");
                weak(WHAT, seen, "when its reports show nothing of yours failing, ask for more")
                    .publish("TXT", &own, WANTED)
            }
            _ => bad(WHAT, format!("{at} has no policy that can be read: {record}"), "give it one")
                .publish("TXT", &own, WANTED),
        };
    }
    let seen = format!("{own} is missing: large receivers refuse, and anybody writes in your name");
    bad(WHAT, seen, "publish one").publish("TXT", &own, WANTED)
}

/// Whether others are told to send to the domain by TLS alone, and would still reach it.
pub(super) async fn mta_sts(known: &MtaSts, domain: &str, host: &str) -> Check {
    const WHAT: &str = "MTA-STS";
    let at = format!("_mta-sts.{domain}");
    let serve = format!(
        "serve https://mta-sts.{domain}/.well-known/mta-sts.txt as text/plain: `version: STSv1`, `mode: enforce`, `mx: {host}`, `max_age: 604800`, a line each"
    );
    if let Err(why) = known.id(domain).await {
        let fix = format!("{serve}; then publish the record, with another id after each change");
        return weak(WHAT, format!("{at}: {why}"), fix).publish("TXT", &at, "v=STSv1; id=1");
    }
    match known.fetch(domain).await {
        Err(why) => bad(WHAT, format!("{at} promises a policy that cannot be had: {why}"), serve),
        Ok(policy) if policy.mode != Mode::None && !policy.names(host) => {
            let seen = format!(
                "its policy names [{}] and not {host}: who keeps to it sends nothing here",
                policy.hosts.join(", ")
            );
            bad(WHAT, seen, serve)
        }
        Ok(policy) => match policy.mode {
            Mode::Enforce => good(WHAT, format!("others send to {host} by TLS alone")),
            Mode::Testing => {
                weak(WHAT, "its policy is being tested, and keeps nobody to it", "set mode: enforce")
            }
            Mode::None => weak(WHAT, "its policy has mode: none", "set mode: enforce"),
        },
    }
}

fn is_dmarc(text: &str) -> bool {
    let (tag, rest) = text.split_once('=').unwrap_or_default();
    tag.trim() == "v" && rest.split(';').next().unwrap_or_default().trim() == "DMARC1"
}
