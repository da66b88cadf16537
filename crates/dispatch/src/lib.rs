//! What leaves the house: claims jobs from the store and runs each with the handler for its kind.
//!
//! Knows nothing of how mail is read: what a webhook is told, and what is to be sent, comes from what the server fills in.

mod backoff;
mod direct;
mod pace;
mod sender;
mod signature;
mod sink;
mod sweep;
mod verdict;
mod webhook;
mod worker;

pub use direct::DirectSettings;
pub use sender::{Carried, Load, Outbox, Relay, Said, Security, Sender, Taken, Trouble};
pub use signature::verify;
pub use sink::{Sink, Sunk};
pub use sweep::{Terms, sweep};
pub use webhook::{Call, Source, SourceError, Step, Webhooks};
pub use worker::{Handler, Handlers, Lane, Outcome, Worker};
