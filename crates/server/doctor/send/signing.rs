//! Whether receivers find the keys that sign a domain's mail (RFC 6376 3.6).

use mailward_net::dns::{Dns, DnsError};

use super::super::checks::{Check, bad, good, weak};
use super::{SigningKey, tag, unanswered};

pub(super) async fn check(dns: &Dns, SigningKey { signs_now, record }: &SigningKey) -> Check {
    let selector = record.host.split("._domainkey").next().unwrap_or_default();
    let what = format!("DKIM {selector}");
    let wrong = |seen: String, fix: &str| {
        let check = match signs_now {
            true => bad(&what, seen, fix),
            // Nothing is signed with it before it is there.
            false => weak(&what, seen, "publish it, then verify the domain: it signs from then on"),
        };
        check.publish("TXT", &record.host, &record.value)
    };
    let found = match dns.txt(&record.host).await {
        Ok(found) => found,
        Err(DnsError::NoSuchName) => {
            return wrong(format!("there is no key at {}", record.host), "publish it");
        }
        Err(error) => return unanswered(&what, &record.host, error),
    };
    // RFC 6376 3.6.2.2: of several records receivers take any one.
    let [text] = &found[..] else {
        return wrong(format!("{} has {} records", record.host, found.len()), "leave the right one alone");
    };
    let (published, ours) = (tag(text, "p").unwrap_or_default(), tag(&record.value, "p").unwrap_or_default());
    let kind = tag(text, "k").unwrap_or_else(|| "rsa".to_owned());
    let flags = tag(text, "t").unwrap_or_default();
    match () {
        () if published.is_empty() => wrong(
            format!("the key at {} is revoked: its p= is empty", record.host),
            "publish the key, or sign with the next",
        ),
        () if published != ours => wrong(
            format!("another key stands at {} than the one that signs", record.host),
            "publish this one instead",
        ),
        () if Some(&kind) != tag(&record.value, "k").as_ref() => wrong(
            format!("the key at {} is said to be of kind {kind}", record.host),
            "publish it as it is shown",
        ),
        () if flags.split(':').any(|flag| flag == "y") => {
            let seen = format!("the key at {} says t=y: receivers treat signatures as none", record.host);
            weak(&what, seen, "take t=y out").publish("TXT", &record.host, &record.value)
        }
        () => good(&what, format!("{} has the key", record.host)),
    }
}
