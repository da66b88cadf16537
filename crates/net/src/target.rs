//! Judges a URL that somebody else chose, without touching the network.
//!
//! What it lets pass is a claim still: the addresses behind the name are judged by [`crate::egress`], at each connect.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::egress::Blocked;
use crate::table::{Standing, Table};

/// The longest URL that is accepted, in bytes, as written and as normalised.
const MAX_URL: usize = 2048;

/// Ports above 1023 on which databases and cluster tools listen, which a POST could drive.
const REFUSED_PORTS: [u16; 12] = [2375, 2379, 3306, 5432, 5984, 6379, 6443, 8500, 9200, 10250, 11211, 27017];

/// Names that lead inside, with everything below them.
const INSIDE: [&str; 8] = [
    "localhost",
    "local",
    "internal",
    "lan",
    "home.arpa",
    "svc",
    "cluster.local",
    "metadata.google.internal",
];

/// A URL that may be dialled if its addresses allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: Url,
    peer: Peer,
    /// Why this is refused unless every address of it is one that the operator opened.
    unless_private: Option<Blocked>,
}

/// Whom the URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Name(String),
    /// `localhost` or an address: nobody has to be asked.
    Known(Vec<IpAddr>),
}

impl Target {
    /// The URL as it was normalised, which is what will be requested.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The host as it stands in the URL, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.url.host_str().expect("judged: an http URL has a host")
    }

    /// The port, written or implied.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().expect("judged: http and https have a default port")
    }

    /// Whether the way there is encrypted.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether it is an address, or `localhost`, that the operator opened by name.
    pub fn is_opened(&self) -> bool {
        matches!(self.peer, Peer::Known(_))
    }

    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    pub(crate) fn unless_private(&self) -> Option<&Blocked> {
        self.unless_private.as_ref()
    }

    /// Path and query, the request target of HTTP/1.1.
    pub(crate) fn path(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// The value of the Host header: the port only where it is not the scheme's own.
    pub(crate) fn authority(&self) -> &str {
        &self.url[url::Position::BeforeHost..url::Position::AfterPort]
    }
}

/// Judges `text`. Where the operator opened private networks, http and other ports pass here on the condition that
/// every address turns out to lie in one.
pub(crate) fn judge(
    text: &str,
    table: &Table,
    own_domains: &[String],
    inside_names: bool,
) -> Result<Target, Blocked> {
    // The URL standard drops tabs and line breaks anywhere; a URL that needs it was not written in good faith.
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'\\') {
        return Err(Blocked::Malformed);
    }
    if text.len() > MAX_URL {
        return Err(Blocked::TooLong);
    }
    let url = Url::parse(text).map_err(|_| Blocked::Malformed)?;
    if url.as_str().len() > MAX_URL {
        return Err(Blocked::TooLong);
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Blocked::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Blocked::Userinfo);
    }
    if url.fragment().is_some() {
        return Err(Blocked::Fragment);
    }
    let peer = match url.host() {
        None => return Err(Blocked::Malformed),
        Some(Host::Ipv4(ip)) => literal(IpAddr::V4(ip), table)?,
        Some(Host::Ipv6(ip)) => literal(IpAddr::V6(ip), table)?,
        Some(Host::Domain("localhost")) => localhost(table)?,
        Some(Host::Domain(name)) => Peer::Name(public_name(name, own_domains, inside_names)?),
    };
    let port = url.port_or_known_default().unwrap_or(0);
    let strict = if url.scheme() == "http" {
        Some(Blocked::Scheme)
    } else if !is_usual(port) {
        Some(Blocked::Port)
    } else {
        None
    };
    match (&peer, strict) {
        _ if port == 0 => Err(Blocked::Port),
        (Peer::Name(_), Some(reason)) if table.allow_private.is_empty() => Err(reason),
        (Peer::Name(_), strict) => Ok(Target { url, peer, unless_private: strict }),
        (Peer::Known(_), _) => Ok(Target { url, peer, unless_private: Some(Blocked::IpLiteral) }),
    }
}

fn literal(ip: IpAddr, table: &Table) -> Result<Peer, Blocked> {
    match table.standing(ip) {
        Standing::Private => Ok(Peer::Known(vec![ip.to_canonical()])),
        Standing::Public | Standing::Refused => Err(Blocked::IpLiteral),
    }
}

/// RFC 6761 6.3: `localhost` is loopback and nobody is asked. Only what the operator opened of it is dialled.
fn localhost(table: &Table) -> Result<Peer, Blocked> {
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let opened: Vec<IpAddr> =
        loopback.into_iter().filter(|ip| table.standing(*ip) == Standing::Private).collect();
    if opened.is_empty() { Err(Blocked::InsideName) } else { Ok(Peer::Known(opened)) }
}

/// `name` comes from the URL parser: lower case, IDNA done, and no spelling of an IPv4 address.
fn public_name(name: &str, own_domains: &[String], inside_names: bool) -> Result<String, Blocked> {
    if name.ends_with('.') {
        return Err(Blocked::TrailingDot);
    }
    let labels_fit = name.split('.').all(|label| (1..=63).contains(&label.len()));
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if name.len() > 253 || !labels_fit || !plain {
        return Err(Blocked::Malformed);
    }
    if !inside_names && INSIDE.iter().any(|inside| is_under(name, inside)) {
        return Err(Blocked::InsideName);
    }
    if !inside_names && !name.contains('.') {
        return Err(Blocked::Dotless);
    }
    if own_domains.iter().any(|own| is_under(name, own.trim_end_matches('.'))) {
        return Err(Blocked::OwnDomain);
    }
    Ok(name.to_owned())
}

fn is_under(name: &str, parent: &str) -> bool {
    let Some(cut) = name.len().checked_sub(parent.len()) else { return false };
    name[cut..].eq_ignore_ascii_case(parent) && (cut == 0 || name[..cut].ends_with('.'))
}

fn is_usual(port: u16) -> bool {
    port == 443 || (port > 1023 && !REFUSED_PORTS.contains(&port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(allow_private: &[&str], url: &str) -> Result<Target, Blocked> {
        let allow_private = allow_private.iter().map(|net| net.parse().expect("a network")).collect();
        judge(url, &Table { allow_private, deny: Vec::new() }, &["mail.example".to_owned()], false)
    }

    fn refused(url: &str) -> Blocked {
        match with(&[], url) {
            Err(blocked) => blocked,
            Ok(target) => panic!("{url} passed as {target:?}"),
        }
    }

    #[test]
    fn every_spelling_of_an_address_is_seen_as_an_address() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "0",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "8.8.8.8",
            "１２７.０.０.１",
            "127。0。0。1",
            "①②⑦.⓪.⓪.①",
            "%31%32%37.0.0.1",
            "127%2e0.0.1",
            "[2606:4700::1111]",
        ] {
            assert_eq!(refused(&format!("https://{host}/")), Blocked::IpLiteral, "{host}");
        }
    }

    #[test]
    fn names_that_lead_inside_are_refused_in_every_spelling() {
        for host in [
            "localhost",
            "LOCALHOST",
            "ｌｏｃａｌｈｏｓｔ",
            "loc%61lhost",
            "a.localhost",
            "printer.local",
            "vault.internal",
            "nas.lan",
            "router.home.arpa",
            "api.default.svc",
            "x.svc.cluster.local",
            "metadata.google.internal",
            "lan",
            "ⓛocal",
        ] {
            assert_eq!(refused(&format!("https://{host}/")), Blocked::InsideName, "{host}");
        }
        assert_eq!(refused("https://intranet/"), Blocked::Dotless);
        assert_eq!(refused("https://localhost./"), Blocked::TrailingDot);
        assert_eq!(refused("https://hooks.example.org./"), Blocked::TrailingDot);
        for host in ["mail.example", "MX.mail.example", "a.b.mail.example"] {
            assert_eq!(refused(&format!("https://{host}/")), Blocked::OwnDomain, "{host}");
        }
        assert!(with(&[], "https://notmail.example/").is_ok());
        assert!(with(&[], "https://atlocal.example/").is_ok());
    }

    #[test]
    fn a_url_says_only_where_to_go() {
        for (url, why) in [
            ("https://user@hooks.example.org/", Blocked::Userinfo),
            ("https://hooks.example.org:x@10.0.0.1/", Blocked::Userinfo),
            ("https://:secret@hooks.example.org/", Blocked::Userinfo),
            ("https://hooks.example.org/#part", Blocked::Fragment),
            ("https://hooks.example.org/#", Blocked::Fragment),
            ("ftp://hooks.example.org/", Blocked::Scheme),
            ("file:///etc/passwd", Blocked::Scheme),
            ("http://hooks.example.org/", Blocked::Scheme),
            ("https://hooks.exa\nmple.org/", Blocked::Malformed),
            (" https://hooks.example.org/", Blocked::Malformed),
            ("https:\\\\hooks.example.org/", Blocked::Malformed),
            ("https://", Blocked::Malformed),
            ("hooks.example.org", Blocked::Malformed),
            ("https://hooks..example.org/", Blocked::Malformed),
            ("https://hooks.exa!mple.org/", Blocked::Malformed),
            ("https://1.2.3.4.5/", Blocked::Malformed),
        ] {
            assert_eq!(refused(url), why, "{url}");
        }
        let room = MAX_URL - "https://hooks.example.org/".len();
        let long = |more: usize| format!("https://hooks.example.org/{}", "a".repeat(room + more));
        assert!(with(&[], &long(0)).is_ok());
        assert_eq!(refused(&long(1)), Blocked::TooLong);
        // 3 bytes as written are 9 as requested.
        assert_eq!(refused(&format!("https://hooks.example.org/{}", "漢".repeat(600))), Blocked::TooLong);
    }

    #[test]
    fn only_usual_ports_pass() {
        for port in [443, 1024, 8080, 8443, 65535] {
            assert!(with(&[], &format!("https://hooks.example.org:{port}/")).is_ok(), "{port}");
        }
        for port in [0, 1, 22, 25, 80, 1023].into_iter().chain(REFUSED_PORTS) {
            assert_eq!(refused(&format!("https://hooks.example.org:{port}/")), Blocked::Port, "{port}");
        }
    }

    #[test]
    fn a_name_is_kept_in_its_ascii_form() {
        let target = with(&[], "https://BÜCHER.example.org:8443/a?b=c").expect("a public name");
        assert_eq!(target.peer(), &Peer::Name("xn--bcher-kva.example.org".to_owned()));
        assert_eq!((target.host(), target.port()), ("xn--bcher-kva.example.org", 8443));
        assert_eq!((target.path(), target.authority()), ("/a?b=c", "xn--bcher-kva.example.org:8443"));
        assert_eq!(target.unless_private(), None);
    }

    #[test]
    fn where_the_operator_opened_a_network_http_and_any_port_pass_on_condition() {
        let loopback = ["127.0.0.0/8"];
        for url in
            ["http://127.0.0.1:80/", "http://127.1:22/", "http://[::ffff:127.0.0.1]:9/", "https://127.0.0.1/"]
        {
            let target = with(&loopback, url).expect(url);
            assert_eq!(target.peer(), &Peer::Known(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]), "{url}");
        }
        let target = with(&loopback, "http://localhost:7000/").expect("loopback is open");
        assert_eq!(target.peer(), &Peer::Known(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]));
        let target = with(&loopback, "http://cell.example.org/").expect("judged at the connect");
        assert_eq!(target.unless_private(), Some(&Blocked::Scheme));
        assert_eq!(with(&loopback, "http://10.0.0.1/"), Err(Blocked::IpLiteral));
        assert_eq!(with(&loopback, "http://[::1]/"), Err(Blocked::IpLiteral));
        assert_eq!(with(&loopback, "http://nas.lan/"), Err(Blocked::InsideName));
        assert_eq!(with(&["10.0.0.0/8"], "http://localhost/"), Err(Blocked::InsideName));
        assert_eq!(with(&["0.0.0.0/0"], "http://169.254.169.254/"), Err(Blocked::IpLiteral));
        assert!(with(&["169.254.169.254/32"], "http://169.254.169.254/").is_ok());
    }

    #[test]
    fn an_operator_may_name_the_inside_and_still_not_in_clear_to_the_outside() {
        let own = |allow: &[&str], url: &str| {
            let allow_private = allow.iter().map(|net| net.parse().expect("a network")).collect();
            judge(url, &Table { allow_private, deny: Vec::new() }, &[], true)
        };
        for url in ["http://ollama:11434/v1", "http://llm.default.svc.cluster.local/v1", "http://nas.lan/"] {
            let target = own(&["10.0.0.0/8"], url).expect(url);
            assert_eq!(target.unless_private(), Some(&Blocked::Scheme), "{url}");
            assert_eq!(own(&[], url), Err(Blocked::Scheme), "{url}");
        }
        assert_eq!(own(&["10.0.0.0/8"], "http://127.0.0.1/"), Err(Blocked::IpLiteral));
    }
}
