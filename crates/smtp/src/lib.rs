//! The SMTP listener: the way in for mail from anyone.
//!
//! It translates and decides nothing about mail: which address is whose, what a quota allows and what is stored are
//! the mailroom's affair; this crate turns its answers into replies. What it does decide is how long, how much and
//! how often a stranger may speak. Nothing is ever sent back by mail: after a `250` there is silence.
//!
//! Read in this order: [`config`] the bounds, `line` and `data` the framing, `command` what a line means, `session`
//! the protocol without I/O, `reply` the table of codes, `connection` the driver, `gate` and `abuse` who may
//! come in, `proxy` for whom a balancer comes, `listener` the door.

mod abuse;
mod budget;
mod command;
pub mod config;
mod connection;
mod data;
mod gate;
mod line;
mod listener;
mod proxy;
mod reply;
mod session;

pub use config::SmtpConfig;
pub use listener::{Server, Shutdown, bind};
