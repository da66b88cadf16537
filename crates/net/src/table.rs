//! Which addresses are public, and which of the others the operator opened.
//!
//! Allow minus deny: an address that no line speaks of is refused. Knows nothing of URLs and names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// What may be done with one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Anybody may be sent there.
    Public,
    /// Not public, but the operator opened it.
    Private,
    /// Nobody may be sent there.
    Refused,
}

/// The operator's networks, beside the built-in table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) allow_private: Vec<IpNet>,
    pub(crate) deny: Vec<IpNet>,
}

impl Table {
    /// Judges `ip`. The machine's own interface addresses are refused even where they are public: whoever dials them
    /// reaches services that were meant for the inside.
    pub(crate) fn standing(&self, ip: IpAddr) -> Standing {
        let (ip, inner) = (ip.to_canonical(), inner(ip));
        if self.deny.iter().any(|net| net.contains(&ip) || net.contains(&inner)) {
            Standing::Refused
        } else if self.opened(ip) {
            Standing::Private
        } else if is_public(ip) && !is_metadata(inner) && !own_addresses().contains(&inner) {
            Standing::Public
        } else {
            Standing::Refused
        }
    }

    /// A wide network opens neither link-local nor metadata addresses: credentials of the machine live there.
    fn opened(&self, ip: IpAddr) -> bool {
        let exact = is_link_local(ip) || is_metadata(ip);
        self.allow_private.iter().any(|net| if exact { *net == IpNet::from(ip) } else { net.contains(&ip) })
    }
}

/// Whether `ip` is an address of the public internet. IPv4 inside IPv6 is judged as what it is.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match inner(ip) {
        IpAddr::V4(ip) => !within(&V4_REFUSED, u32::from(ip), Ipv4Addr::to_bits),
        IpAddr::V6(ip) => {
            within(&[V6_GLOBAL], u128::from(ip), Ipv6Addr::to_bits)
                && !within(&V6_REFUSED, u128::from(ip), Ipv6Addr::to_bits)
        }
    }
}

/// IANA's IPv4 special-purpose registry (RFC 6890), with multicast, the reserved block and broadcast.
const V4_REFUSED: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only IPv6 block that is assigned for global use. fc00::/7, fe80::/10, fec0::/10, ff00::/8, 5f00::/16 and the
/// local NAT64 prefix 64:ff9b:1::/48 (where the IPv4 sits in it is the operator's choice) all lie outside.
const V6_GLOBAL: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What of it is refused: protocol assignments with Teredo and ORCHID, documentation, and 6to4, whose relays
/// unwrap to any IPv4.
const V6_REFUSED: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Where clouds hand out credentials: AWS and most others, Azure's wire server (a public address), Alibaba, Oracle, and
/// the IPv6 ones of AWS and Google.
const METADATA: [IpAddr; 6] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254)),
];

/// The IPv4 address inside a mapped (::ffff:0:0/96), compatible (::/96) or NAT64 (64:ff9b::/96, RFC 6052) address.
fn inner(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = ip.to_canonical() else { return ip.to_canonical() };
    match six.segments() {
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => ip,
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

fn is_metadata(ip: IpAddr) -> bool {
    METADATA.contains(&ip)
}

/// Asked anew each time: interfaces come and go while the server runs.
fn own_addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    interfaces
        .filter_map(|interface| {
            let address = interface.address?;
            let four = address.as_sockaddr_in().map(|four| IpAddr::V4(four.ip()));
            four.or_else(|| address.as_sockaddr_in6().map(|six| IpAddr::V6(six.ip())))
        })
        .collect()
}

/// Whether `bits` lies in one of `nets`; both families count bits from the left.
fn within<A: Copy, B>(nets: &[(A, u32)], bits: B, to_bits: impl Fn(A) -> B) -> bool
where
    B: Copy + PartialEq + std::ops::Shr<u32, Output = B>,
{
    let width = u32::try_from(size_of::<B>() * 8).expect("an address is at most 128 bits");
    nets.iter().any(|(net, length)| bits >> (width - length) == to_bits(*net) >> (width - length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().expect("a network")).collect()
    }

    #[test]
    fn the_first_and_last_address_of_every_special_block_is_refused_and_its_neighbours_are_public() {
        for (first, last, before, after) in [
            ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
            ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
            ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
            ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
            ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
            ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
            ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
            ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
            ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
            ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
            ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
            ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
            ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
            ("224.0.0.0", "255.255.255.255", Some("223.255.255.255"), None),
            ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Some("2000:ffff::"), Some("2001:200::")),
            ("2001:db8::", "2001:db8:ffff::1", Some("2001:db7:ffff::"), Some("2001:db9::")),
            ("2002::", "2002:ffff::1", Some("2001:ffff::1"), Some("2003::")),
            ("3fff::", "3fff:fff::1", Some("3ffe:ffff::"), Some("3fff:1000::")),
        ] {
            for refused in [first, last] {
                assert!(!is_public(ip(refused)), "{refused}");
            }
            for public in [before, after].into_iter().flatten() {
                assert!(is_public(ip(public)), "{public}");
            }
        }
    }

    #[test]
    fn ipv6_outside_the_global_block_is_refused() {
        for text in [
            "::",
            "::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
            "64:ff9b:1::808:808",
            "100::1",
            "4000::1",
            "1fff::1",
            "8000::1",
        ] {
            assert!(!is_public(ip(text)), "{text}");
        }
    }

    #[test]
    fn ipv4_inside_ipv6_is_judged_as_what_it_is() {
        for prefix in ["::ffff:", "::", "64:ff9b::"] {
            assert!(!is_public(ip(&format!("{prefix}127.0.0.1"))), "{prefix}");
            assert!(!is_public(ip(&format!("{prefix}169.254.169.254"))), "{prefix}");
            assert!(is_public(ip(&format!("{prefix}8.8.8.8"))), "{prefix}");
        }
    }

    #[test]
    fn a_private_network_counts_only_where_the_operator_opened_it() {
        let table = Table { allow_private: nets(&["127.0.0.0/8"]), deny: Vec::new() };
        assert_eq!(table.standing(ip("127.0.0.1")), Standing::Private);
        assert_eq!(table.standing(ip("::ffff:127.0.0.1")), Standing::Private);
        assert_eq!(table.standing(ip("::1")), Standing::Refused);
        assert_eq!(table.standing(ip("10.0.0.1")), Standing::Refused);
        assert_eq!(table.standing(ip("8.8.8.8")), Standing::Public);
    }

    #[test]
    fn link_local_and_metadata_are_opened_by_their_exact_address_alone() {
        let wide = nets(&["0.0.0.0/0", "::/0"]);
        let wide = Table { allow_private: wide, deny: Vec::new() };
        for text in
            ["169.254.169.254", "169.254.1.1", "fe80::1", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"]
        {
            assert_eq!(wide.standing(ip(text)), Standing::Refused, "{text}");
            let exact = Table { allow_private: vec![IpNet::from(ip(text))], deny: Vec::new() };
            assert_eq!(exact.standing(ip(text)), Standing::Private, "{text}");
        }
        assert_eq!(wide.standing(ip("100.100.100.201")), Standing::Private);
    }

    #[test]
    fn what_the_operator_denies_is_refused_in_every_spelling_and_before_anything_else() {
        let table =
            Table { allow_private: nets(&["10.0.0.0/8"]), deny: nets(&["10.1.0.0/16", "8.8.8.0/24"]) };
        for text in ["10.1.2.3", "8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808"] {
            assert_eq!(table.standing(ip(text)), Standing::Refused, "{text}");
        }
        assert_eq!(table.standing(ip("10.2.0.1")), Standing::Private);
        assert_eq!(table.standing(ip("8.8.4.4")), Standing::Public);
    }

    #[test]
    fn the_machine_s_own_interfaces_are_known() {
        assert!(own_addresses().contains(&ip("127.0.0.1")));
    }
}
