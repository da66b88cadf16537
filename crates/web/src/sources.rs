//! How many connections each network has open, so that one cannot take them all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections of one IPv4 address or IPv6 /64. Loopback is a proxy, or the operator: it has no bound of its own.
const MOST: usize = 200;

/// The count of each network.
#[derive(Clone, Default)]
pub(crate) struct Sources(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection's place; given back when it is dropped.
pub(crate) struct Place(Option<(Sources, IpAddr)>);

impl Sources {
    /// A place for a connection from there; `None` when that network has its share.
    pub(crate) fn enter(&self, from: IpAddr) -> Option<Place> {
        let network = network(from);
        if network.is_loopback() {
            return Some(Place(None));
        }
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_default();
        if *count >= MOST {
            return None;
        }
        *count += 1;
        Some(Place(Some((self.clone(), network))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((sources, network)) = &self.0 else { return };
        let mut open = sources.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                open.remove(network);
            }
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) if v6.is_loopback() => v6.into(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_has_its_share_and_gives_it_back() {
        let sources = Sources::default();
        let from = |text: &str| sources.enter(text.parse().expect("an address"));
        let places: Vec<Place> = (0..MOST).filter_map(|_| from("192.0.2.7")).collect();
        assert_eq!(places.len(), MOST);
        assert!(from("192.0.2.7").is_none() && from("::ffff:192.0.2.7").is_none(), "however it is written");
        assert!(from("192.0.2.8").is_some() && from("127.0.0.1").is_some());
        drop(places);
        assert!(from("192.0.2.7").is_some());
        let places: Vec<Place> = (0..MOST).filter_map(|n| from(&format!("2001:db8::{n:x}"))).collect();
        assert!(
            from("2001:db8::ffff").is_none() && from("2001:db8:0:1::1").is_some(),
            "a /64 is one network"
        );
        drop(places);
    }
}
