//! Programs of others against the real service: client libraries as their users have them, in the languages they are
//! written in, started from here so that one command runs all tests.

mod agents;
mod contract;
mod drop_in;
pub mod program;
mod sdk;
