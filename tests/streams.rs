//! Streams and pulls: the log, sockets, server-sent events and leases, on real connections.

mod client;
mod leases;
mod log;
mod nodes;
mod sockets;
mod sse;
