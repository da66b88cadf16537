//! Whether a deployment keeps what it promises: asked of the running service, through the doors that everybody uses.
//!
//! [`trial`] makes two tenants and tries to get from one to the other; [`doors`] lists what is tried, on what they own ([`belongings`]). [`boundaries`] says
//! what tenants share anyway, [`checks`] what in a configuration is weak, [`job`] repeats the trial in production.

mod belongings;
pub mod boundaries;
mod canary;
pub mod checks;
mod doors;
pub mod job;
pub mod lane;
mod letter;
pub mod send;
pub mod stage;
pub mod trial;

pub use canary::Canary;

/// Why something could not be tried.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(pub String);
