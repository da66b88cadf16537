//! The tests of the whole service, as one program: each test starts the real thing on its own data.

#![expect(unreachable_pub, reason = "the harness is shared by modules that use different parts of it")]

mod world;

mod api;
mod archive;
mod audit;
mod cli;
mod crash;
mod demo;
mod findings;
mod harness;
mod inbound;
mod isolation;
mod leaving;
mod smtp;
mod store;
mod verdicts;
mod webhooks;
