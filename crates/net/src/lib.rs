//! The way out to the network: the one resolver, and the guard in front of every address that somebody else chose.
//!
//! [`dns`] asks; [`egress`] judges a URL, resolves it once, and dials exactly what it judged. Nothing here knows of
//! mail, tenants or the store, and nothing here reads a proxy from the environment.

pub mod dns;
pub mod egress;
mod exchange;
mod table;
mod target;

pub use target::Target;
