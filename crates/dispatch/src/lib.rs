//! What leaves the house: claims jobs from the store and runs each with the handler for its kind.
//!
//! Knows nothing of how mail is read: what a webhook is told comes from a function that the server fills in.

mod backoff;
mod signature;
mod sweep;
mod webhook;
mod worker;

pub use signature::verify;
pub use sweep::{Terms, sweep};
pub use webhook::{Call, Calls, Webhooks};
pub use worker::{Handler, Handlers, Lane, Outcome, Worker};
