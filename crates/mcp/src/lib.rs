//! The Model Context Protocol: an agent's mail as tools that a language model calls.
//!
//! Decides nothing about mail: every tool calls the [`Mailroom`], for the principal of the very request that asked, with
//! the scopes and the tenant of its key. Whoever serves HTTP authenticates, bounds the body and hands over a [`Caller`];
//! [`Mcp::answer`] does the rest. [`tools`] lists every tool; start there.
//!
//! **Invariant:** what a sender wrote appears in the one field `text` of a result, within a frame that the sender cannot
//! foresee ([`frame`]); never in a description, an error, or a field of its own.

mod budget;
mod caller;
mod frame;
mod refusal;
mod rpc;
mod server;
mod sessions;
mod slots;
mod tools;

use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use mailward_mail::random::Random;
use mailward_mailroom::Mailroom;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

pub use caller::Caller;
pub use rpc::RpcError;

use server::Server;
use sessions::Sessions;
use slots::Slots;

/// The answer of the protocol.
pub type Answer = Response<BoxBody<Bytes, std::convert::Infallible>>;

/// Names the session of a request (MCP 2025-11-25, streamable HTTP).
const SESSION: &str = "mcp-session-id";

/// What an operator chose about MCP.
#[derive(Clone, Debug, Default)]
pub struct McpConfig {
    /// What URLs of this service begin with.
    pub public_url: String,
    /// Pages of these origins may ask, besides those of `public_url`. Who sends no `Origin` is no page.
    pub origins: Vec<String>,
}

/// The protocol's server. A cheap clone.
#[derive(Clone)]
pub struct Mcp(Arc<Inner>);

struct Inner {
    service: StreamableHttpService<Server, sessions::Local>,
    sessions: Sessions,
}

impl Mcp {
    /// A server over a mailroom.
    pub fn new(room: Mailroom, random: Random, config: McpConfig) -> Self {
        let sessions = Sessions::new(room.clock().clone());
        let server = Server::new(room, random, &config, Slots::default());
        // With their ports: one without would stand for any.
        let all = config.origins.iter().chain([&config.public_url]);
        let origins: Vec<String> = all.filter_map(|url| origin(url)).collect();
        let rules = StreamableHttpServerConfig::default()
            // Who reaches this knows a key: a name that was bound anew to this address carries none with it.
            .disable_allowed_hosts()
            .with_allowed_origins(origins)
            .enforce_origin_validation()
            // A stream that breaks is not resumed: the answers that it would need are mail, and are kept nowhere.
            .with_sse_retry(None)
            .with_max_request_body_bytes(usize::MAX);
        let service = StreamableHttpService::new(move || Ok(server.clone()), sessions.local(), rules);
        Self(Arc::new(Inner { service, sessions }))
    }

    /// Answers one request. The body is whole, and within the bounds that the listener has for bodies.
    ///
    /// A session belongs to the key that began it; for every other key there is no such session.
    pub async fn answer(&self, caller: Caller, mut parts: Parts, body: Bytes) -> Answer {
        let keyid = caller.keyid().to_owned();
        if parts.method == Method::POST
            && let Err(refused) = rpc::check(&body)
        {
            return refused.answer();
        }
        let named = match sessions::named(&parts.headers) {
            Ok(named) => named,
            Err(refused) => return refused.answer(),
        };
        if let Some(session) = &named
            && !self.0.sessions.is_of(session, &keyid)
        {
            return rpc::NO_SESSION.answer();
        }
        let ends = parts.method == Method::DELETE;
        parts.extensions.insert(caller);
        let answer = self.0.service.handle(Request::from_parts(parts, Full::new(body))).await;
        let begun = answer.headers().get(SESSION).and_then(|value| value.to_str().ok());
        if let Some(session) = begun {
            self.0.sessions.began(session, &keyid).await;
        }
        if let Some(session) = named.filter(|_| ends) {
            self.0.sessions.forget(&session);
        }
        rpc::in_json(answer).await
    }
}

/// The origin of a URL, as browsers write it (RFC 6454 6.2).
fn origin(url: &str) -> Option<String> {
    let uri: hyper::Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?;
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some(format!("{scheme}://{}:{port}", uri.host()?))
}

/// A whole body.
fn whole(bytes: impl Into<Bytes>) -> BoxBody<Bytes, std::convert::Infallible> {
    Full::new(bytes.into()).boxed()
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let of = |url: &str| origin(url).unwrap_or_default();
        assert_eq!(of("https://mail.test/base"), "https://mail.test:443");
        assert_eq!(of("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(of("mail.test"), "");
    }
}
