//! The bounds of the listener, each with its default.
//!
//! Knows neither files nor the environment; whoever starts the server reads those and fills this in. Durations are
//! read as whole milliseconds under a key that ends in `_ms`.

use std::time::Duration;

use ipnet::IpNet;
use mailward_mail::address::Address;
use serde::Deserialize;

/// What the listener says of itself and how much it bears.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct SmtpConfig {
    /// The name in the greeting, the reply to EHLO and the domain of a bare `postmaster`.
    pub hostname: String,
    /// The inbox of `postmaster` without a domain and of `postmaster@hostname`; without it both are ordinary addresses.
    pub postmaster: Option<String>,
    /// The networks of TCP balancers: who comes from there must say with PROXY protocol 2 for whom, nobody else may.
    #[serde(skip)]
    pub proxies: Vec<IpNet>,
    /// Octets of one message, as announced by SIZE and as counted.
    pub max_message_bytes: u64,
    /// Octets of all messages being collected at a moment; beyond them 452 4.3.1.
    pub max_inflight_bytes: u64,
    /// The part of it that one IPv4 address or IPv6 /64 may hold; 0 is no limit.
    pub max_inflight_bytes_per_ip: u64,
    /// Open sessions; 0 is no limit. The last tenth is kept for networks unseen in the last minute.
    pub max_connections: usize,
    /// Open sessions of one IPv4 address or IPv6 /64; 0 is no limit.
    pub max_connections_per_ip: usize,
    /// Messages on one connection; 0 is no limit.
    pub messages_per_connection: u32,
    /// Recipients of one message; beyond them 452 4.5.3.
    pub max_recipients: usize,
    /// Octets of a command line with its CRLF.
    pub max_line_bytes: usize,
    /// The overlong command line at which the session is closed.
    pub max_overlong_lines: u32,
    /// The unknown recipient at which the session is closed.
    pub max_unknown_recipients: u32,
    /// The protocol error at which the session is closed.
    pub max_errors: u32,
    /// The idle command (NOOP, RSET, VRFY, EXPN, HELP, EHLO) since the last message at which the session is closed.
    pub max_junk: u32,
    /// Networks remembered; the longest unheard is forgotten first.
    pub max_sources: usize,
    /// Unknown recipients of one network within [`Self::ban_window`] that ban it; 0 is never.
    pub ban_after_unknown: usize,
    /// How long an unknown recipient counts towards a ban.
    #[serde(rename = "ban_window_ms", with = "millis")]
    pub ban_window: Duration,
    /// How long a ban lasts.
    #[serde(rename = "ban_ms", with = "millis")]
    pub ban: Duration,
    /// The wait before the reply to an unknown recipient.
    #[serde(rename = "tarpit_ms", with = "millis")]
    pub tarpit: Duration,
    /// The wait before the greeting; whoever speaks in it is no mail server.
    #[serde(rename = "greeting_delay_ms", with = "millis")]
    pub greeting_delay: Duration,
    /// From the greeting to the first whole command.
    #[serde(rename = "first_command_timeout_ms", with = "millis")]
    pub first_command_timeout: Duration,
    /// From a reply to the next whole command, and for the peer to read a reply.
    #[serde(rename = "command_timeout_ms", with = "millis")]
    pub command_timeout: Duration,
    /// For one read within a message.
    #[serde(rename = "data_timeout_ms", with = "millis")]
    pub data_timeout: Duration,
    /// From MAIL to the end of the message.
    #[serde(rename = "transaction_timeout_ms", with = "millis")]
    pub transaction_timeout: Duration,
    /// Octets a second a message must bring, on average, once [`Self::min_rate_grace`] is over; 0 is any.
    pub min_rate: u64,
    /// From the first octet of a message until [`Self::min_rate`] holds.
    #[serde(rename = "min_rate_grace_ms", with = "millis")]
    pub min_rate_grace: Duration,
    /// How long sessions may go on after a soft shutdown.
    #[serde(rename = "drain_ms", with = "millis")]
    pub drain: Duration,
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            hostname: "localhost".to_owned(),
            postmaster: None,
            proxies: Vec::new(),
            max_message_bytes: 25 * 1024 * 1024,
            max_inflight_bytes: 256 * 1024 * 1024,
            max_inflight_bytes_per_ip: 64 * 1024 * 1024,
            max_connections: 1000,
            max_connections_per_ip: 20,
            messages_per_connection: 100,
            max_recipients: 100,
            max_line_bytes: 1024,
            max_overlong_lines: 3,
            max_unknown_recipients: 10,
            max_errors: 20,
            max_junk: 50,
            max_sources: 10_000,
            ban_after_unknown: 50,
            ban_window: Duration::from_secs(10 * 60),
            ban: Duration::from_secs(15 * 60),
            tarpit: Duration::from_secs(1),
            greeting_delay: Duration::from_millis(100),
            first_command_timeout: Duration::from_secs(10),
            command_timeout: Duration::from_secs(60),
            data_timeout: Duration::from_secs(120),
            transaction_timeout: Duration::from_secs(300),
            min_rate: 500,
            min_rate_grace: Duration::from_secs(10),
            drain: Duration::from_secs(20),
        }
    }
}

impl SmtpConfig {
    /// The patience to have with a session now.
    pub(crate) fn patience(&self, stressed: bool) -> Patience {
        if stressed {
            let command_timeout = self.command_timeout.min(Duration::from_secs(10));
            Patience { command_timeout, max_errors: 1, max_junk: 1, tarpit: Duration::ZERO }
        } else {
            let Self { command_timeout, max_errors, max_junk, tarpit, .. } = *self;
            Patience { command_timeout, max_errors, max_junk, tarpit }
        }
    }

    /// The octets in flight that one network may have.
    pub(crate) fn inflight_share(&self) -> u64 {
        if self.max_inflight_bytes_per_ip == 0 { u64::MAX } else { self.max_inflight_bytes_per_ip }
    }

    /// The address that stands for a bare `postmaster` or for `postmaster@hostname`, where one is configured.
    pub(crate) fn postmaster(&self) -> Option<Address> {
        self.postmaster.as_deref().and_then(|text| Address::parse(text).ok())
    }
}

/// What shrinks when the listener is nearly full, so that those who behave still get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    pub(crate) command_timeout: Duration,
    pub(crate) max_errors: u32,
    pub(crate) max_junk: u32,
    pub(crate) tarpit: Duration,
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_left_out_keeps_its_default_and_a_duration_is_read_in_milliseconds() {
        let config: SmtpConfig = serde_json::from_str(r#"{"command_timeout_ms": 250, "max_connections": 0}"#)
            .expect("both keys exist");
        assert_eq!(config.command_timeout, Duration::from_millis(250));
        assert_eq!((config.max_connections, config.max_connections_per_ip), (0, 20));
    }

    #[test]
    fn stress_shortens_patience_and_never_lengthens_it() {
        let config = SmtpConfig { command_timeout: Duration::from_millis(200), ..SmtpConfig::default() };
        assert_eq!(config.patience(true).command_timeout, Duration::from_millis(200));
        assert_eq!(SmtpConfig::default().patience(true).command_timeout, Duration::from_secs(10));
        assert_eq!(config.patience(false).max_errors, 20);
    }
}
