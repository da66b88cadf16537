//! The way out to the network: the one resolver, and the guard in front of every address that somebody else chose.
//!
//! [`dns`] asks; [`egress`] judges a URL, resolves it once, and dials exactly what it judged; [`exchangers`] finds who takes
//! a domain's mail, [`mta_sts`] how well that has to be protected. Nothing here knows of messages, tenants or the store, and nothing here reads a proxy from the environment.

pub mod dane;
pub mod dns;
pub mod egress;
mod exchange;
pub mod exchangers;
pub mod mta_sts;
mod table;
mod target;

pub use target::Target;
