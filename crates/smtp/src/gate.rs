//! Who may come in: caps on all sessions and on each network's, bans, and the patience left when it is nearly full.
//!
//! Decides at connect, in this order: the banned, the network with too many, the full house. Knows no protocol.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailward_mail::clock::{Clock, Timestamp};

use crate::abuse::{Network, Networks};
use crate::budget::{Budget, Lease};
use crate::config::{Patience, SmtpConfig};
use crate::reply::{self, Reply};

/// Stress begins above this share of all sessions and ends [`CALM`] below the other.
const STRESS_ABOVE_PERCENT: usize = 80;
const CALM_BELOW_PERCENT: usize = 60;
const CALM: Duration = Duration::from_secs(30);

/// The gate of one listener.
pub(crate) struct Gate {
    config: Arc<SmtpConfig>,
    clock: Clock,
    inflight: Budget,
    state: Mutex<State>,
}

struct State {
    open: usize,
    networks: Networks,
    stressed: bool,
    calm_since: Option<Timestamp>,
}

/// The right to one session; dropping it gives the place back.
pub(crate) struct Pass {
    gate: Arc<Gate>,
    network: Network,
    share: Budget,
}

impl Gate {
    pub(crate) fn new(config: Arc<SmtpConfig>, clock: Clock) -> Self {
        let networks = Networks::new(config.max_sources);
        let inflight = Budget::new(config.max_inflight_bytes);
        let state = Mutex::new(State { open: 0, networks, stressed: false, calm_since: None });
        Self { config, clock, inflight, state }
    }

    /// Sessions open now.
    pub(crate) fn open(&self) -> usize {
        self.state().open
    }

    /// Lets a peer in, or says why not.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Pass, Reply> {
        let (network, now) = (Network::of(peer), self.clock.now());
        let state = &mut *self.state();
        let record = state.networks.record(network, self.config.inflight_share(), now);
        if record.banned(now) {
            return Err(reply::banned());
        }
        let (most, each) = (self.config.max_connections, self.config.max_connections_per_ip);
        if each > 0 && record.open >= each {
            return Err(reply::too_many_from_you());
        }
        // The last tenth is for those who have not been here lately, so that a flood does not shut out everyone.
        let most_for_it = if record.came_lately(now) { most - most / 10 } else { most };
        if most > 0 && state.open >= most_for_it {
            return Err(reply::full());
        }
        record.enter(now);
        let share = record.inflight.clone();
        state.open += 1;
        state.weigh(most, now);
        Ok(Pass { gate: Arc::clone(self), network, share })
    }

    /// The patience to have with every session now.
    pub(crate) fn patience(&self) -> Patience {
        self.config.patience(self.stressed())
    }

    /// Whether the house is nearly full, or was half a minute ago.
    pub(crate) fn stressed(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        state.weigh(self.config.max_connections, now);
        state.stressed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn weigh(&mut self, most: usize, now: Timestamp) {
        let share = self.open.saturating_mul(100);
        if most == 0 || share > most.saturating_mul(STRESS_ABOVE_PERCENT) {
            (self.stressed, self.calm_since) = (most > 0, None);
        } else if share >= most.saturating_mul(CALM_BELOW_PERCENT) {
            self.calm_since = None;
        } else if self.stressed {
            let since = *self.calm_since.get_or_insert(now);
            self.stressed = now < since.plus(CALM);
        }
    }
}

impl Pass {
    /// Counts an unknown recipient; answers whether the network is banned now.
    pub(crate) fn unknown_recipient(&self) -> bool {
        let now = self.gate.clock.now();
        let mut state = self.gate.state();
        state
            .networks
            .known(self.network)
            .is_some_and(|record| record.unknown_recipient(&self.gate.config, now))
    }

    /// A lease on the memory for messages.
    pub(crate) fn lease(&self) -> Lease {
        self.gate.inflight.lease(&self.share)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let now = self.gate.clock.now();
        let mut state = self.gate.state();
        state.open = state.open.saturating_sub(1);
        if let Some(record) = state.networks.known(self.network) {
            record.leave();
        }
        state.weigh(self.gate.config.max_connections, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(config: SmtpConfig) -> (Arc<Gate>, Clock) {
        let clock = Clock::manual(Timestamp(0));
        (Arc::new(Gate::new(Arc::new(config), clock.clone())), clock)
    }

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_network_has_its_cap_and_gets_a_place_back() {
        let (gate, _) = gate(SmtpConfig::default());
        let mut passes: Vec<Pass> = (0..20).map(|_| gate.admit(peer(1)).expect("20 fit")).collect();
        assert_eq!(gate.admit(peer(1)).err(), Some(reply::too_many_from_you()));
        assert!(gate.admit(peer(2)).is_ok());
        passes.pop();
        assert!(gate.admit(peer(1)).is_ok());
    }

    #[test]
    fn the_last_tenth_is_for_networks_unseen_in_the_last_minute() {
        let (gate, clock) = gate(SmtpConfig { max_connections: 10, ..SmtpConfig::default() });
        let _held: Vec<Pass> = (0..9).map(|_| gate.admit(peer(1)).expect("nine fit")).collect();
        assert_eq!(gate.admit(peer(1)).err(), Some(reply::full()));
        clock.advance(Duration::from_secs(60));
        let last = gate.admit(peer(1)).expect("after a minute it is a newcomer");
        assert_eq!(gate.admit(peer(3)).err(), Some(reply::full()));
        drop(last);
        assert!(gate.admit(peer(2)).is_ok());
    }

    #[test]
    fn zero_is_no_limit() {
        let (gate, _) =
            gate(SmtpConfig { max_connections: 0, max_connections_per_ip: 0, ..SmtpConfig::default() });
        let held: Vec<Pass> = (0..3000).map(|_| gate.admit(peer(1)).expect("no limit")).collect();
        assert_eq!((gate.open(), held.len(), gate.stressed()), (3000, 3000, false));
    }

    #[test]
    fn stress_begins_above_four_fifths_and_ends_half_a_minute_below_three() {
        let (gate, clock) = gate(SmtpConfig { max_connections: 10, ..SmtpConfig::default() });
        let mut held: Vec<Pass> = (1..=8).map(|i| gate.admit(peer(i)).expect("fits")).collect();
        assert!(!gate.stressed());
        held.push(gate.admit(peer(9)).expect("fits"));
        assert!(gate.stressed());
        held.truncate(5);
        assert!(gate.stressed());
        clock.advance(Duration::from_secs(29));
        assert!(gate.stressed());
        clock.advance(Duration::from_secs(1));
        assert!(!gate.stressed());
    }

    #[test]
    fn a_banned_network_is_told_so_and_comes_back_after_the_ban() {
        let (gate, clock) = gate(SmtpConfig { ban_after_unknown: 2, ..SmtpConfig::default() });
        let pass = gate.admit(peer(1)).expect("fits");
        assert!(!pass.unknown_recipient() && pass.unknown_recipient());
        assert_eq!(gate.admit(peer(1)).err(), Some(reply::banned()));
        clock.advance(Duration::from_secs(15 * 60));
        assert!(gate.admit(peer(1)).is_ok());
    }
}
