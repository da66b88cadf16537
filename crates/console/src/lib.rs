//! The pages where people work: a tenant's own review held mail and look after their service, the operator's staff look
//! after tenants.
//!
//! HTML from the server, one style sheet, one small script that nothing depends on. Decides nothing: every page asks the
//! [`Mailroom`] for what the API would say. [`routes`] lists every page; start there. A page reaches a tenant, or an operator's
//! powers, through [`door::Seat`] alone.
//!
//! A tenant's people come in at the public listener, the operator's staff at the private one, and neither at the other's.

mod asked;
mod assets;
mod campaigns;
mod door;
mod fields;
mod figures;
pub mod formatted;
mod headers;
mod look;
mod notice;
mod pages;
mod reasons;
mod routes;
mod setbacks;
mod shell;
mod text;
mod trouble;
mod words;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use mailward_mailroom::Mailroom;
use mailward_mailroom::brand::Brand;

/// What an operator chose about the console.
#[derive(Clone, Debug)]
pub struct ConsoleConfig {
    /// What URLs of this listener begin with, without a slash at the end.
    pub public_url: String,
    /// Likewise those for the people of tenants, who come in at the public listener whichever one makes the link.
    pub people_url: String,
    /// Whether the peer is a proxy of the operator's, whose last `X-Forwarded-For` entry names the client.
    pub behind_proxy: bool,
    /// Whether browsers reach this listener by TLS.
    pub tls: bool,
    /// What pages wear.
    pub brand: Brand,
    /// How long held mail waits for a person; none: for ever.
    pub held_for: Option<Duration>,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".into(),
            people_url: "http://127.0.0.1:8080".into(),
            behind_proxy: false,
            tls: false,
            brand: Brand::default(),
            held_for: None,
        }
    }
}

/// Whose people a listener lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// Tenants'.
    Public,
    /// The operator's staff.
    Private,
}

/// What every page works with. A cheap clone.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) room: Mailroom,
    pub(crate) config: ConsoleConfig,
    pub(crate) listener: Listener,
    pub(crate) looks: look::Looks,
}

impl std::ops::Deref for Desk {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// `/console` for the people of tenants.
pub fn tenants_console(room: Mailroom, config: ConsoleConfig) -> Router {
    build(room, config, Listener::Public)
}

/// `/console` for the operator's staff, on the private listener.
pub fn staff_console(room: Mailroom, config: ConsoleConfig) -> Router {
    build(room, config, Listener::Private)
}

fn build(room: Mailroom, config: ConsoleConfig, listener: Listener) -> Router {
    let looks = look::Looks::new(config.brand.clone());
    let desk = Desk(Arc::new(Inner { room, config, listener, looks }));
    let pages = match listener {
        Listener::Public => routes::of_tenants(),
        Listener::Private => routes::of_staff(),
    };
    let pages = pages
        .fallback(trouble::no_such_page)
        .method_not_allowed_fallback(trouble::no_such_page)
        .layer(from_fn_with_state(desk.clone(), headers::dress))
        .with_state(desk);
    // `/console` itself too, without a second slash.
    Router::new().nest("/console", pages)
}
