//! The Model Context Protocol: its tools, its walls, its bounds, over HTTP and with real mail over SMTP.

pub mod client;
mod clients;
mod openclaw;
mod protocol;
mod tools;
mod walls;
