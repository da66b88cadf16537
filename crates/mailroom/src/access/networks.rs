//! From where a key may be used: networks in CIDR form. A key's networks only ever narrow.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{Error, Result};

/// Networks that one key may name.
const MOST: usize = 20;

/// Networks; none at all means anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads what a caller asks for; a single address is a network of one.
    pub(crate) fn ask(texts: &[String]) -> Result<Self> {
        if texts.len() > MOST {
            return Err(Error::invalid("allowedCidrs", format!("at most {MOST}")));
        }
        let one = |text: &String| {
            let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            net.map(|net| net.trunc()).ok_or_else(|| {
                Error::invalid(
                    "allowedCidrs",
                    format!("`{}` is no network, such as 192.0.2.0/24", text.escape_default()),
                )
            })
        };
        texts.iter().map(one).collect::<Result<_>>().map(Self)
    }

    /// Reads what is stored. What cannot be read allows nothing.
    pub(crate) fn stored(text: Option<&str>) -> Option<Self> {
        let Some(text) = text else { return Some(Self::default()) };
        text.split(' ').map(|net| net.parse().ok()).collect::<Option<_>>().map(Self)
    }

    /// As stored; `None` is anywhere.
    pub(crate) fn to_store(&self) -> Option<String> {
        let texts: Vec<String> = self.0.iter().map(IpNet::to_string).collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    /// Whether a client at this address may use the key. An IPv4 address that came in IPv6's clothes is IPv4.
    pub(crate) fn allow(&self, from: IpAddr) -> bool {
        self.0.is_empty() || self.0.iter().any(|net| net.contains(&from.to_canonical()))
    }

    /// What a key with these networks may give away of what is asked for: the same when nothing is asked.
    pub(crate) fn narrowed(&self, wanted: Option<Self>) -> Result<Self> {
        match wanted {
            None => Ok(self.clone()),
            Some(wanted) if self.0.is_empty() => Ok(wanted),
            Some(wanted) => {
                let within = |net: &IpNet| self.0.iter().any(|own| own.contains(net));
                if !wanted.0.is_empty() && wanted.0.iter().all(within) {
                    Ok(wanted)
                } else {
                    Err(Error::invalid(
                        "allowedCidrs",
                        "a key cannot make one for networks it may not be used from itself",
                    ))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(texts: &[&str]) -> Networks {
        Networks::ask(&texts.iter().map(ToString::to_string).collect::<Vec<_>>()).expect("networks")
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_key_is_used_from_its_networks_alone_and_without_any_from_anywhere() {
        let office = nets(&["192.0.2.7/24", "2001:db8::/32"]);
        assert!(office.allow(ip("192.0.2.200")) && office.allow(ip("::ffff:192.0.2.9")));
        assert!(office.allow(ip("2001:db8::1")) && !office.allow(ip("192.0.3.1")));
        assert!(Networks::default().allow(ip("203.0.113.1")));
        assert_eq!(Networks::stored(office.to_store().as_deref()), Some(office));
        assert_eq!(Networks::stored(Some("garbage")), None, "what cannot be read allows nothing");
    }

    #[test]
    fn networks_only_ever_narrow() {
        let office = nets(&["192.0.2.0/24"]);
        assert_eq!(office.narrowed(None).expect("the same"), office);
        assert_eq!(office.narrowed(Some(nets(&["192.0.2.8"]))).expect("narrower"), nets(&["192.0.2.8/32"]));
        for wider in [nets(&["192.0.0.0/16"]), nets(&["192.0.2.0/24", "10.0.0.0/8"]), Networks::default()] {
            assert!(office.narrowed(Some(wider)).is_err());
        }
        assert!(Networks::default().narrowed(Some(office)).is_ok());
        assert!(Networks::ask(&["300.0.0.0/8".into()]).is_err());
    }
}
