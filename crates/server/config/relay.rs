//! The URL of the server that takes all mail: `smtp://host:587` speaks STARTTLS or says nothing, `smtps://host:465`
//! speaks TLS from the first byte, and `smtp://127.0.0.1:25?tls=none` is for a server on this machine.

use std::net::IpAddr;

use mailward_dispatch::Security;
use url::{Host, Url};

/// A relay's URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RelayUrl {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
}

impl RelayUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let form = "write smtp://host:587 (STARTTLS) or smtps://host:465 (TLS)";
        let url = Url::parse(text).map_err(|_| form)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "holds a password that would be shown: set outbound.relay_user and outbound.relay_password_file",
            );
        }
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(form);
        }
        // A scheme that the URL standard does not know leaves addresses unread.
        let host = match url.host().ok_or(form)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let (security, port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Security::Tls, 465),
            ("smtp", None) => (Security::StartTls, 587),
            ("smtp", Some("tls=none")) if is_here(&host) => (Security::None, 25),
            ("smtp", Some("tls=none")) => {
                return Err(
                    "would send mail, and a password, in clear over the network: leave `?tls=none` out",
                );
            }
            _ => return Err(form),
        };
        Ok(Self { host, port: url.port().unwrap_or(port), security })
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, u16, Security)> {
        RelayUrl::parse(text).ok().map(|url| (url.host, url.port, url.security))
    }

    #[test]
    fn a_relay_is_reached_by_tls_unless_it_is_on_this_machine() {
        assert_eq!(
            read("smtp://mail.example.com"),
            Some(("mail.example.com".into(), 587, Security::StartTls))
        );
        assert_eq!(
            read("smtps://mail.example.com:4650/"),
            Some(("mail.example.com".into(), 4650, Security::Tls))
        );
        assert_eq!(read("smtp://127.0.0.1:2526?tls=none"), Some(("127.0.0.1".into(), 2526, Security::None)));
        assert_eq!(read("smtp://[::1]:2526?tls=none"), Some(("::1".into(), 2526, Security::None)));
        for bad in [
            "",
            "mail.example.com",
            "http://mail.example.com",
            "smtp://user:secret@mail.example.com",
            "smtp://mail.example.com?tls=none",
            "smtp://192.0.2.1?tls=none",
            "smtps://mail.example.com?tls=none",
            "smtp://mail.example.com/path",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
