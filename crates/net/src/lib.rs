//! The way out to the network: the one resolver, and the guard in front of every address that somebody else chose.
//!
//! [`dns`] asks; [`egress`] judges a URL, resolves it once, and dials exactly what it judged; [`exchangers`] finds who takes
//! a domain's mail. Nothing here knows of messages, tenants or the store, and nothing here reads a proxy from the environment.

pub mod dns;
pub mod egress;
mod exchange;
pub mod exchangers;
mod table;
mod target;

pub use target::Target;
