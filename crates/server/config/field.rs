//! Values that TOML has no type for.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use zeroize::Zeroizing;

/// A text that may hold a password. Its `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// A key that the process was started with. Wiped when dropped; its `Debug` shows none of it.
#[derive(Clone)]
pub struct Given(Zeroizing<String>);

impl Given {
    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<Zeroizing<String>> for Given {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given(***)")
    }
}

/// Whom names are asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsServers {
    /// Whom the machine asks.
    System,
    /// Nobody: sender authentication is `none`.
    Off,
    /// These.
    List(Vec<SocketAddr>),
}

impl<'de> Deserialize<'de> for DnsServers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Word(String),
            List(Vec<String>),
        }
        const HOW: &str = r#"write "system", "off", or a list of addresses such as ["127.0.0.1:5353"]"#;
        match Written::deserialize(from).map_err(|_| D::Error::custom(HOW))? {
            Written::Word(word) if word == "system" => Ok(Self::System),
            Written::Word(word) if word == "off" => Ok(Self::Off),
            Written::List(list) if !list.is_empty() => {
                let servers: Option<Vec<SocketAddr>> = list.iter().map(|text| server(text)).collect();
                servers.map(Self::List).ok_or_else(|| D::Error::custom(HOW))
            }
            _ => Err(D::Error::custom(HOW)),
        }
    }
}

/// An address with a port, or without one for port 53.
fn server(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53)))
}

/// A text, or nothing where it is empty.
pub(super) fn optional<'de, D: Deserializer<'de>, T: From<String>>(from: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(if text.is_empty() { None } else { Some(T::from(text)) })
}

/// An address with a port, or nothing where it is empty.
pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| D::Error::custom("write an address and a port such as 0.0.0.0:80"))
}

/// Whole milliseconds.
pub(super) fn millis<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_millis)
}

/// Networks in CIDR notation; a bare address is a network of one.
pub(super) fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let network = |text: &String| {
        text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).ok_or_else(|| {
            D::Error::custom(format!("{text:?} is not a network: write one such as 127.0.0.0/8 or fd00::/8"))
        })
    };
    Vec::<String>::deserialize(from)?.iter().map(network).collect()
}
