//! Who asks: the extractors that every handler with something to protect begins with.
//!
//! A [`Caller`] gives its principal away only to who names the scope that is needed, so a route can forget neither to
//! authenticate nor to authorise.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use mailward_mailroom::access::{Denied, Principal};
use mailward_store::{Origin, Scopes};

use crate::edge::{Acting, RequestId};
use crate::problem::Problem;
use crate::server::{Peer, Shutdown};
use crate::{Web, WebConfig};

/// The longest header value that is looked at.
const MOST_BYTES: usize = 256;

/// A tenant's key, valid now.
pub(crate) struct Caller {
    principal: Principal,
    token: String,
    from: IpAddr,
}

/// The same for the one route where the token may stand in the query instead.
pub(crate) struct SocketCaller(pub(crate) Caller);

/// An operator's key, valid now.
pub(crate) struct Operator(pub(crate) mailward_store::Operator);

/// Where a request comes from.
pub(crate) struct Client(pub(crate) IpAddr);

impl Caller {
    /// The principal, for a route that needs these scopes.
    pub(crate) fn need(&self, scopes: Scopes) -> Result<&Principal, Problem> {
        let held = self.principal.scopes();
        match scopes.names().into_iter().find(|name| !held.names().contains(name)) {
            None => Ok(&self.principal),
            Some(missing) => Err(Problem::insufficient_scope(missing)),
        }
    }

    /// The principal, for a route that any valid key may use.
    pub(crate) fn anyone(&self) -> &Principal {
        &self.principal
    }

    /// The caller for the tools of MCP, whose waits end at a shutdown.
    pub(crate) fn for_tools(self, shutdown: &Shutdown) -> mailward_mcp::Caller {
        mailward_mcp::Caller::new(self.principal, self.token, self.from, shutdown.token())
    }

    /// Why the key may act no more, if so; for who holds a connection for long.
    pub(crate) async fn denied(&self, web: &Web) -> Option<Denied> {
        web.room.principal(&self.token, self.from).await.err()
    }

    /// Asks again, after a long wait: the key may have been revoked meanwhile.
    pub(crate) async fn still(&self, web: &Web) -> Result<(), Problem> {
        web.room.principal(&self.token, self.from).await?;
        Ok(())
    }
}

impl FromRequestParts<Web> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let token = bearer(parts)?.to_owned();
        Self::admit(token, parts, web).await
    }
}

impl Caller {
    async fn admit(token: String, parts: &Parts, web: &Web) -> Result<Self, Problem> {
        let from = client(parts, &web.config);
        let principal = web.room.principal(&token, from).await?.from(origin(parts, from));
        if let Some(acting) = parts.extensions.get::<Acting>() {
            acting.is(&principal);
        }
        web.limits.request(principal.keyid())?;
        let tenant = principal.tenant();
        let max = web.room.limits(tenant).await?.requests_per_second;
        web.limits.tenant(tenant.id(), max).map_err(|over| {
            web.room.tell_refused(tenant, None, &over);
            Problem::limit(&over, web.limits.now())
        })?;
        Ok(Self { principal, token, from })
    }
}

impl FromRequestParts<Web> for SocketCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let token = match (query_token(parts), parts.headers.contains_key(AUTHORIZATION)) {
            (Ok(Some(token)), false) => token,
            (Ok(None), true) => bearer(parts)?.to_owned(),
            _ => return Err(Problem::unauthorized()),
        };
        Caller::admit(token, parts, web).await.map(Self)
    }
}

impl FromRequestParts<Web> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let from = client(parts, &web.config);
        let operator = web.room.operator(bearer(parts)?, from).await?.from(origin(parts, from));
        web.limits.request(operator.keyid())?;
        Ok(Self(operator))
    }
}

impl FromRequestParts<Web> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        Ok(Self(client(parts, &web.config)))
    }
}

/// Where a request comes from, as the audit log keeps it: the network, never the host.
fn origin(parts: &Parts, from: IpAddr) -> Origin {
    let network = match from.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    };
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
    Origin { request_id, network: Some(network) }
}

/// The token of exactly one `Authorization: Bearer` header (RFC 6750 2.1).
fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Problem::unauthorized()) };
    let text = value.to_str().ok().filter(|text| text.len() <= MOST_BYTES);
    let (scheme, token) = text.and_then(|text| text.split_once(' ')).ok_or_else(Problem::unauthorized)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(Problem::unauthorized()) }
}

/// The token of the query, of which it must be all; none where there is no query.
fn query_token(parts: &Parts) -> Result<Option<String>, ()> {
    let Some(query) = parts.uri.query().filter(|query| !query.is_empty()) else { return Ok(None) };
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    match (pairs.next(), pairs.next()) {
        (Some((name, token)), None) if name == "token" && token.len() <= MOST_BYTES => {
            Ok(Some(token.into_owned()))
        }
        _ => Err(()),
    }
}

/// The client's address. Behind a proxy, the last entry of `X-Forwarded-For` is the proxy's own word; what stands
/// before it anybody may have written.
fn client(parts: &Parts, config: &WebConfig) -> IpAddr {
    let peer = parts.extensions.get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip());
    if !config.behind_proxy {
        return peer;
    }
    let header = parts.headers.get_all("x-forwarded-for").iter().next_back();
    let last = header.and_then(|value| value.to_str().ok()).and_then(|list| list.rsplit(',').next());
    last.and_then(|text| text.trim().parse().ok()).unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let builder =
            headers.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
        let mut parts = builder.body(()).expect("a request").into_parts().0;
        parts.extensions.insert(Peer(([192, 0, 2, 1], 4000).into()));
        parts
    }

    #[test]
    fn a_token_comes_in_exactly_one_bearer_header() {
        let read = |headers: &[(&str, &str)]| bearer(&parts(headers)).ok().map(str::to_owned);
        assert_eq!(read(&[("authorization", "Bearer x")]), Some("x".into()));
        assert_eq!(read(&[("authorization", "bearer x")]), Some("x".into()));
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("authorization", "Basic x")]), None);
        assert_eq!(read(&[("authorization", "Bearer")]), None);
        assert_eq!(read(&[("authorization", "Bearer x"), ("authorization", "Bearer x")]), None);
        assert_eq!(read(&[("authorization", &format!("Bearer {}", "x".repeat(300)))]), None);
    }

    #[test]
    fn only_the_proxy_s_own_word_is_believed_and_only_behind_one() {
        let forwarded =
            [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7, 203.0.113.5")];
        let direct = WebConfig::default();
        let proxied = WebConfig { behind_proxy: true, ..WebConfig::default() };
        assert_eq!(client(&parts(&forwarded), &direct), IpAddr::from([192, 0, 2, 1]));
        assert_eq!(client(&parts(&forwarded), &proxied), IpAddr::from([203, 0, 113, 5]));
        assert_eq!(client(&parts(&[("x-forwarded-for", "unknown")]), &proxied), IpAddr::from([192, 0, 2, 1]));
    }
}
