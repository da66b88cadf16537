//! What is remembered of each network: open sessions, when it last came, unknown recipients, a ban.
//!
//! A network is an IPv4 address or an IPv6 /64. Memory is bounded: the longest unheard is forgotten first, those
//! with a session never, the banned last. Reads no clock.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use mailward_mail::clock::Timestamp;

use crate::budget::Budget;
use crate::config::SmtpConfig;

/// An IPv4 address, or the /64 of an IPv6 address: what one subscriber has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl Network {
    /// The network of a peer.
    pub(crate) fn of(peer: IpAddr) -> Self {
        Self(match peer.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
            address => address,
        })
    }
}

/// All that is remembered.
#[derive(Debug)]
pub(crate) struct Networks {
    known: HashMap<Network, Record>,
    most: usize,
}

/// What is remembered of one network.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) open: usize,
    pub(crate) inflight: Budget,
    heard: Timestamp,
    came: Option<Timestamp>,
    unknown: VecDeque<Timestamp>,
    banned_until: Option<Timestamp>,
}

impl Networks {
    /// Remembers at most `most` networks, besides those with a session.
    pub(crate) fn new(most: usize) -> Self {
        Self { known: HashMap::new(), most: most.max(1) }
    }

    /// The record of a network, a new one if need be.
    pub(crate) fn record(&mut self, network: Network, inflight: u64, now: Timestamp) -> &mut Record {
        if self.known.len() >= self.most && !self.known.contains_key(&network) {
            self.forget(now);
        }
        let record = self.known.entry(network).or_insert_with(|| Record {
            open: 0,
            inflight: Budget::new(inflight),
            heard: now,
            came: None,
            unknown: VecDeque::new(),
            banned_until: None,
        });
        record.heard = now;
        record
    }

    /// The record of a network, if it is remembered.
    pub(crate) fn known(&mut self, network: Network) -> Option<&mut Record> {
        self.known.get_mut(&network)
    }

    /// Forgets half of those that may be forgotten, so that the cost of it is spread over as many newcomers.
    fn forget(&mut self, now: Timestamp) {
        let mut idle: Vec<(bool, Timestamp, Network)> = self
            .known
            .iter()
            .filter(|(_, record)| record.open == 0)
            .map(|(network, record)| (record.banned(now), record.heard, *network))
            .collect();
        idle.sort_unstable_by_key(|(banned, heard, _)| (*banned, *heard));
        for (_, _, network) in &idle[..idle.len().div_ceil(2)] {
            self.known.remove(network);
        }
    }
}

impl Record {
    /// Whether the network is banned.
    pub(crate) fn banned(&self, now: Timestamp) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }

    /// Whether a session of it began in the last minute.
    pub(crate) fn came_lately(&self, now: Timestamp) -> bool {
        self.came.is_some_and(|came| now < came.plus(Duration::from_secs(60)))
    }

    /// A session begins.
    pub(crate) fn enter(&mut self, now: Timestamp) {
        self.open += 1;
        self.came = Some(now);
    }

    /// A session ends.
    pub(crate) fn leave(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Counts an unknown recipient; answers whether the network is banned now.
    pub(crate) fn unknown_recipient(&mut self, config: &SmtpConfig, now: Timestamp) -> bool {
        if config.ban_after_unknown == 0 {
            return false;
        }
        let since = now.minus(config.ban_window);
        while self.unknown.front().is_some_and(|at| *at <= since) {
            self.unknown.pop_front();
        }
        self.unknown.push_back(now);
        if self.unknown.len() >= config.ban_after_unknown {
            self.unknown.clear();
            self.banned_until = Some(now.plus(config.ban));
        }
        self.banned(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn at(minutes: i64) -> Timestamp {
        Timestamp(minutes * MINUTE)
    }

    fn peer(text: &str) -> Network {
        Network::of(text.parse().expect("an address"))
    }

    #[test]
    fn a_network_is_an_ipv4_address_or_an_ipv6_64() {
        assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
        assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
    }

    #[test]
    fn fifty_unknown_recipients_in_ten_minutes_ban_for_fifteen() {
        let config = SmtpConfig::default();
        let mut networks = Networks::new(10);
        let record = networks.record(peer("192.0.2.1"), 0, at(0));
        for _ in 0..49 {
            assert!(!record.unknown_recipient(&config, at(0)));
        }
        assert!(!record.unknown_recipient(&config, at(10)), "the first 49 are over");
        for _ in 0..48 {
            assert!(!record.unknown_recipient(&config, at(11)));
        }
        assert!(record.unknown_recipient(&config, at(11)));
        assert!(record.banned(at(25)) && !record.banned(at(26)));
    }

    #[test]
    fn memory_is_bounded_and_neither_a_session_nor_a_ban_is_the_first_to_be_forgotten() {
        let config = SmtpConfig { ban_after_unknown: 1, ..SmtpConfig::default() };
        let mut networks = Networks::new(100);
        networks.record(peer("192.0.2.1"), 0, at(0)).enter(at(0));
        networks.record(peer("192.0.2.2"), 0, at(0)).unknown_recipient(&config, at(0));
        for i in 0..10_000u32 {
            networks.record(Network::of(IpAddr::V4((0x0a00_0000 + i).into())), 0, at(1));
            assert!(networks.known.len() <= 100);
        }
        assert_eq!(networks.known(peer("192.0.2.1")).map(|record| record.open), Some(1));
        assert!(networks.known(peer("192.0.2.2")).is_some_and(|record| record.banned(at(1))));
    }
}
