//! Whether an address that mail leaves by has a name, and that name the address: many receivers refuse mail from others.

use std::net::IpAddr;

use mailward_net::dns::{Dns, DnsError};

use super::super::checks::{Check, bad, good, weak};
use super::unanswered;

pub(super) async fn pointer(dns: &Dns, address: IpAddr, host: &str) -> Check {
    let what = format!("PTR {address}");
    let at = reversed(address);
    let names = match dns.ptr(address).await {
        Ok(names) => names,
        Err(DnsError::NoSuchName) => {
            let fix = "ask whoever gave you the address to publish it";
            return bad(&what, format!("{address} has no name"), fix).publish(
                "PTR",
                &at,
                &format!("{host}."),
            );
        }
        Err(error) => return unanswered(&what, &at, error),
    };
    let mut confirmed = Vec::new();
    for name in names.iter().take(5) {
        if dns.addresses(name).await.is_ok_and(|found| found.contains(&address)) {
            confirmed.push(name.as_str());
        }
    }
    match confirmed[..] {
        [] => {
            let seen = format!("{address} is called {}, which leads elsewhere", names.join(", "));
            bad(&what, seen, format!("have it called {host}, and let {host} lead to it")).publish(
                "PTR",
                &at,
                &format!("{host}."),
            )
        }
        _ if confirmed.contains(&host) => {
            good(&what, format!("{address} is {host}, and {host} is {address}"))
        }
        _ => {
            let seen = format!("{address} is called {}, and says that it is {host}", confirmed.join(", "));
            weak(&what, seen, "use one name for both: smtp.hostname is said in EHLO").publish(
                "PTR",
                &at,
                &format!("{host}."),
            )
        }
    }
}

/// The name at which an address' own name stands (RFC 1035 3.5, RFC 3596 2.5).
fn reversed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let digits = address.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            let digits: Vec<String> = digits.map(|digit| format!("{digit:x}")).collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_turned_round_as_dns_has_it() {
        let at = |text: &str| reversed(text.parse().expect("an address"));
        assert_eq!(at("192.0.2.25"), "25.2.0.192.in-addr.arpa");
        assert_eq!(
            at("2001:db8::1"),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        );
    }
}
