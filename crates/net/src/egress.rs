//! The guard between us and a URL that a tenant chose (SSRF): judge the text, resolve once, dial exactly that.
//!
//! [`Egress::judge`] belongs at create and update, [`Egress::post`] repeats everything at each connect: a name that was
//! public an hour ago may point inside now. Nothing follows a redirect, keeps a connection or reads a proxy variable.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use ipnet::IpNet;
use rustls_pki_types::CertificateDer;
use tokio::time::Instant;

use crate::dns::{Dns, DnsError};
use crate::exchange::{self, Came, Wanted};
use crate::table::{Standing, Table};
use crate::target::{self, Peer, Target};

/// How long one POST may take from the first DNS question to the end of the answer.
///
/// As long as a hook of OpenClaw may take to admit an event.
pub const TOTAL: Duration = Duration::from_secs(20);

/// More addresses than this behind one name are refused: every one of them has to be judged.
const MAX_ADDRESSES: usize = 16;

/// What the operator decides; nothing of it can be set through the API.
#[derive(Clone, Debug, Default)]
pub struct EgressRules {
    /// Networks that are not public and may be reached all the same, then also over http, by address and on any port.
    /// Link-local and metadata addresses have to be listed one by one.
    pub allow_private: Vec<IpNet>,
    /// Our own mail domains: nothing is posted to them or below them.
    pub own_domains: Vec<String>,
    /// Networks that are refused whatever else is said: the public addresses of the NAT in front of us belong here.
    pub deny: Vec<IpNet>,
    /// Certificate authorities beside the built-in ones.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Names of private networks, and names without a dot, pass where the addresses behind them do. Only where the
    /// operator wrote the URL.
    pub inside_names: bool,
}

/// Why a URL is refused. The text is for whoever wrote the URL; it names no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Not a URL that a client would request as written.
    #[error("this is not a valid url: write it as https://host/path without spaces or backslashes")]
    Malformed,
    /// Over 2,048 bytes.
    #[error("the url is longer than 2048 bytes: shorten it")]
    TooLong,
    /// Neither https, nor http to an address that the operator opened.
    #[error("the url must begin with https://")]
    Scheme,
    /// User name or password.
    #[error("the url must not carry a user name or password: put the secret into the path or query")]
    Userinfo,
    /// A part after `#`.
    #[error("the url must not have a fragment: remove the part from # on")]
    Fragment,
    /// A port of the refused kind.
    #[error("this port is not allowed: use 443, 8443 or another port above 1023 that is no database's")]
    Port,
    /// An address instead of a name.
    #[error("the url must name a host, not an ip address")]
    IpLiteral,
    /// The host ends in a dot.
    #[error("the host must not end with a dot")]
    TrailingDot,
    /// A name without a dot.
    #[error("the host must be a full name such as hooks.example.org")]
    Dotless,
    /// A name of private networks.
    #[error("the host is a name of private networks: use a public name")]
    InsideName,
    /// One of our own mail domains.
    #[error("the host belongs to this mail service: use another one")]
    OwnDomain,
    /// At least one address behind the name is not allowed.
    #[error("the host must resolve to public addresses only")]
    Address,
    /// Too many addresses behind the name.
    #[error("the host has more than 16 addresses: use a name with fewer")]
    TooManyAddresses,
    /// The name could not be resolved.
    #[error("the host could not be resolved ({0}): check its dns records")]
    Unresolved(DnsError),
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code; a redirect is an answer like any other.
    pub status: u16,
    /// How long the other side asks us to wait.
    pub retry_after: Option<Duration>,
    /// The first bytes of the body, at most 256, with everything that is not printable ASCII replaced by `?`.
    pub body_start: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The URL, or an address behind it, is refused.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// The name could not be resolved.
    #[error("the host could not be resolved: {0}")]
    Dns(DnsError),
    /// No address accepted the connection.
    #[error("could not connect: {0}")]
    Connect(std::io::Error),
    /// No trusted, encrypted connection.
    #[error("could not agree on tls: {0}")]
    Tls(std::io::Error),
    /// One of the time limits passed before the head of an answer.
    #[error("no answer in time")]
    Timeout,
    /// What came was not HTTP/1.1, or the request cannot be written as it.
    #[error("no valid http answer: {0}")]
    Protocol(String),
    /// The head of the answer is over 16 KiB.
    #[error("the answer's headers are larger than 16 KiB")]
    TooLarge,
    /// The body of the answer is longer than it may be.
    #[error("the answer is longer than it may be")]
    LongBody,
}

/// An answer with all of its body, for us alone: it may hold anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code; a redirect is an answer like any other.
    pub status: u16,
    /// How long the other side asks us to wait.
    pub retry_after: Option<Duration>,
    /// Its media type, as the other side says.
    pub kind: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Method, URL, headers and body of a request.
type Asked<'a> = (Method, &'a str, &'a [(String, String)], Vec<u8>);

/// The guard. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    dns: Dns,
    table: Table,
    own_domains: Vec<String>,
    inside_names: bool,
    tls: Arc<rustls::ClientConfig>,
}

impl Egress {
    /// Builds the guard.
    ///
    /// # Errors
    /// When one of `extra_roots` is not a certificate authority.
    pub fn new(dns: Dns, rules: EgressRules) -> Result<Self, rustls::Error> {
        let EgressRules { allow_private, own_domains, deny, extra_roots, inside_names } = rules;
        let tls = exchange::tls(extra_roots)?;
        Ok(Self { dns, table: Table { allow_private, deny }, own_domains, inside_names, tls })
    }

    /// Judges the text of `url` without touching the network.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn judge(&self, url: &str) -> Result<Target, Blocked> {
        target::judge(url, &self.table, &self.own_domains, self.inside_names)
    }

    /// Judges `url` and every address behind it at this moment.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub async fn check(&self, url: &str) -> Result<Target, Blocked> {
        let target = self.judge(url)?;
        self.resolve(&target).await?;
        Ok(target)
    }

    /// Sends one POST and reads the start of the answer, within [`TOTAL`].
    ///
    /// # Errors
    /// See [`PostError`]. Any status is an answer, not an error.
    pub async fn post(
        &self,
        target_url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Answer, PostError> {
        let deadline = Instant::now() + TOTAL;
        let asked = (Method::POST, target_url, headers, body);
        self.send(asked, deadline, Wanted::Start).await.map(Came::answer)
    }

    /// Sends one POST and reads the whole answer, of a body of at most `most` bytes, within `total`.
    ///
    /// # Errors
    /// See [`PostError`]. Any status is an answer, not an error; half an answer is none.
    pub async fn ask(
        &self,
        target_url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
        total: Duration,
        most: usize,
    ) -> Result<Reply, PostError> {
        self.whole((Method::POST, target_url, headers, body), total, most).await
    }

    /// Fetches what is at a URL, at most `most` bytes, within `total`.
    ///
    /// # Errors
    /// As [`Egress::ask`].
    pub async fn fetch(&self, target_url: &str, total: Duration, most: usize) -> Result<Reply, PostError> {
        self.whole((Method::GET, target_url, &[], Vec::new()), total, most).await
    }

    /// Sends a request to the whole URL that it names, and hands on all of the answer, its headers too, of a body of at
    /// most `most` bytes, within `total`.
    ///
    /// # Errors
    /// As [`Egress::ask`].
    pub async fn exchange(
        &self,
        request: hyper::Request<Vec<u8>>,
        total: Duration,
        most: usize,
    ) -> Result<hyper::Response<Vec<u8>>, PostError> {
        let (head, body) = request.into_parts();
        let text =
            |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers: Vec<_> =
            head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let (url, deadline) = (head.uri.to_string(), Instant::now() + total);
        let came = self.send((head.method, &url, &headers, body), deadline, Wanted::All(most));
        let came = tokio::time::timeout_at(deadline, came).await.map_err(|_| PostError::Timeout)??;
        let mut answer = hyper::Response::new(came.body);
        *answer.status_mut() = hyper::StatusCode::from_u16(came.status)
            .map_err(|error| PostError::Protocol(error.to_string()))?;
        *answer.headers_mut() = came.headers;
        Ok(answer)
    }

    async fn whole(&self, asked: Asked<'_>, total: Duration, most: usize) -> Result<Reply, PostError> {
        let deadline = Instant::now() + total;
        // A name is asked for within the same time: the resolver's own may be longer.
        let came = self.send(asked, deadline, Wanted::All(most));
        let came = tokio::time::timeout_at(deadline, came).await.map_err(|_| PostError::Timeout)??;
        Ok(Reply { status: came.status, retry_after: came.retry_after, kind: came.kind, body: came.body })
    }

    async fn send(
        &self,
        (method, target_url, headers, body): Asked<'_>,
        deadline: Instant,
        wanted: Wanted,
    ) -> Result<Came, PostError> {
        let target = self.judge(target_url)?;
        let addresses = self.resolve(&target).await.map_err(|blocked| match blocked {
            Blocked::Unresolved(error) => PostError::Dns(error),
            other => PostError::Blocked(other),
        })?;
        let request = exchange::request(method, &target, headers, body)?;
        exchange::exchange(&target, &addresses, request, &self.tls, deadline, wanted).await
    }

    /// Asks once, and lets pass only what may be dialled: all public, or all opened by the operator.
    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, Blocked> {
        let addresses = match target.peer() {
            Peer::Known(addresses) => addresses.clone(),
            Peer::Name(name) => self.dns.addresses(name).await.map_err(Blocked::Unresolved)?,
        };
        if addresses.len() > MAX_ADDRESSES {
            return Err(Blocked::TooManyAddresses);
        }
        let all = |wanted| addresses.iter().all(|address| self.table.standing(*address) == wanted);
        match target.unless_private() {
            _ if all(Standing::Private) => {}
            None if all(Standing::Public) => {}
            Some(reason) if all(Standing::Public) => return Err(reason.clone()),
            _ => return Err(Blocked::Address),
        }
        Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip.to_canonical(), target.port())).collect())
    }
}
