//! The HTTP contract: translates requests into calls of the [`Mailroom`] and its answers into JSON.
//!
//! Decides nothing about mail and never sees a key or a sealed byte. [`routes`](mod@routes) lists every route; start
//! there. A route reaches a tenant through [`caller::Caller`] alone, and errors get their body in [`problem`] alone.

mod audit;
mod body;
mod caller;
mod certificate;
mod challenges;
mod cursor;
mod docs;
mod edge;
pub mod file;
mod headers;
mod health;
mod isolation;
mod leak;
mod limits;
mod mcp;
mod metrics;
mod openapi;
mod operator;
mod problem;
mod query;
mod requests;
mod restarts;
mod routes;
mod server;
pub mod sheet;
mod sources;
mod standing;
#[cfg(doctest)]
mod unforgeable;
mod v1;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::middleware::from_fn_with_state;
use mailward_mail::random::Random;
use mailward_mailroom::Mailroom;
use mailward_mcp::{Mcp, McpConfig};

pub use certificate::Certificate;
pub use challenges::{Challenges, Open, challenge_router};
pub use isolation::{Boundary, Isolation, Trial, Tried, Verdict};
pub use requests::Requests;
pub use restarts::Restarts;
pub use server::{Peer, ServeOptions, serve};

use crate::limits::Limits;

/// What an operator chose about HTTP.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// The largest body of a request, in bytes.
    pub body_limit: usize,
    /// The largest body that may carry files, in bytes.
    pub large_body_limit: usize,
    /// Whether the peer is a proxy of the operator's, whose last `X-Forwarded-For` entry names the client.
    pub behind_proxy: bool,
    /// Requests a second of one token, on the long run; 0 is no limit.
    pub requests_per_second: u32,
    /// Requests of one token at once.
    pub burst: u32,
    /// What URLs of this service begin with, without a slash at the end. Never taken from a request.
    pub public_url: String,
    /// What links for the people of tenants begin with: the public listener's URL, whichever listener makes the link.
    pub people_url: Option<String>,
    /// Pages of these origins may speak MCP, besides those of `public_url`.
    pub mcp_origins: Vec<String>,
    /// Whether this listener speaks TLS, so that browsers may be told to insist on it.
    pub tls: bool,
    /// How long sockets and streams wait for their peers.
    pub streams: StreamTimes,
    /// What the operator's API tells of the walls between tenants.
    pub isolation: Isolation,
    /// What is counted for monitors; the listeners of a process share it.
    pub requests: Requests,
    /// Likewise, of the tasks of the process.
    pub restarts: Restarts,
    /// Likewise, of the certificate that it orders.
    pub certificate: Certificate,
}

/// How long sockets and streams wait for their peers.
#[derive(Clone, Copy, Debug)]
pub struct StreamTimes {
    /// After so much silence the peer is asked whether it is there, or told that we are.
    pub ping: Duration,
    /// After so much silence of its peer a socket is closed.
    pub idle: Duration,
    /// How long a peer may take for what it is sent.
    pub patience: Duration,
    /// How often it is looked whether the key still lives.
    pub look: Duration,
}

impl Default for StreamTimes {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(25),
            idle: Duration::from_secs(75),
            patience: Duration::from_secs(15),
            look: Duration::from_secs(1),
        }
    }
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            large_body_limit: 25 * 1024 * 1024,
            behind_proxy: false,
            requests_per_second: 20,
            burst: 40,
            public_url: "http://127.0.0.1:8080".into(),
            people_url: None,
            mcp_origins: Vec::new(),
            tls: false,
            streams: StreamTimes::default(),
            isolation: Isolation::default(),
            requests: Requests::default(),
            restarts: Restarts::default(),
            certificate: Certificate::default(),
        }
    }
}

/// The routes of tenants and agents: `/v1`, `/mcp`, `/openapi.json`, `/healthz`, `/readyz`.
pub fn public_router(room: Mailroom, config: WebConfig) -> Router {
    build(routes::public(), "Mailward", room, config)
}

/// The routes of operators: `/operator/v1`, `/openapi.json`, `/healthz`, `/readyz`. For a private listener.
pub fn operator_router(room: Mailroom, config: WebConfig) -> Router {
    build(routes::operator(), "Mailward operator API", room, config)
}

/// `/healthz`, `/readyz` and `/metrics`, for a process that serves no API. For a private listener.
pub fn health_router(room: Mailroom, config: WebConfig) -> Router {
    build(routes::health(), "Mailward health", room, config)
}

/// What [`public_router`] serves, as OpenAPI 3.1 in JSON, without a place where it is served.
pub fn description() -> Bytes {
    openapi::document(routes::public().split_for_parts().1, "Mailward", "")
}

/// What every handler works with. A cheap clone.
#[derive(Clone)]
pub(crate) struct Web(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) room: Mailroom,
    pub(crate) config: WebConfig,
    pub(crate) limits: Limits,
    pub(crate) random: Random,
    pub(crate) openapi: Bytes,
    pub(crate) docs: Bytes,
    pub(crate) mcp: Mcp,
}

impl std::ops::Deref for Web {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

fn build(routes: routes::Routes, title: &str, room: Mailroom, config: WebConfig) -> Router {
    let (router, described) = routes.split_for_parts();
    let openapi = openapi::document(described, title, &config.public_url);
    let docs = docs::page(&openapi).into();
    let limits = Limits::new(&config, room.clock().clone());
    let mcp = McpConfig { public_url: config.public_url.clone(), origins: config.mcp_origins.clone() };
    let mcp = Mcp::new(room.clone(), Random::system(), mcp);
    let web = Web(Arc::new(Inner { room, limits, random: Random::system(), openapi, docs, mcp, config }));
    router
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(from_fn_with_state(web.clone(), edge::edge))
        .with_state(web)
}
