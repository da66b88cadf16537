//! Who held which token a moment ago, and who guessed wrong: both bounded in time and number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::Authenticated;

use super::Denied;

/// A revocation on another node is felt after this at the latest.
const KEPT: Duration = Duration::from_secs(5);
/// Tokens remembered at once.
const MOST: usize = 10_000;
/// Wrong tokens from one address within a minute before they are told to slow down.
const FAILURES: u32 = 30;

/// What becomes of a wrong token.
pub(super) struct Failed {
    /// What is answered.
    pub(super) denied: Denied,
    /// The network whose wrong tokens have just become too many.
    pub(super) burst: Option<String>,
}

#[derive(Default)]
pub(crate) struct Cache {
    held: Mutex<HashMap<[u8; 32], (Timestamp, Authenticated)>>,
    failures: Mutex<HashMap<IpAddr, (Timestamp, u32)>>,
}

impl Cache {
    pub(super) fn get(&self, token: &[u8; 32], now: Timestamp) -> Option<Authenticated> {
        let held = lock(&self.held);
        held.get(token).filter(|(since, _)| now.minus(KEPT) < *since).map(|(_, known)| known.clone())
    }

    pub(super) fn put(&self, token: [u8; 32], known: Authenticated, now: Timestamp) {
        let mut held = lock(&self.held);
        if held.len() >= MOST {
            held.retain(|_, (since, _)| now.minus(KEPT) < *since);
        }
        if held.len() < MOST {
            held.insert(token, (now, known));
        }
    }

    /// Forgets a key: it was revoked or changed here.
    pub(crate) fn forget(&self, keyid: &str) {
        lock(&self.held).retain(|_, (_, known)| known.keyid != keyid);
    }

    /// Forgets all keys of a tenant: its state was changed here.
    pub(crate) fn forget_tenant(&self, tenant: &TenantId) {
        lock(&self.held).retain(|_, (_, known)| known.tenant.id() != tenant);
    }

    /// Counts a wrong token. Valid ones always pass, so nobody can be locked out by a neighbour's guesses.
    pub(super) fn failed(&self, from: IpAddr, now: Timestamp) -> Failed {
        let mut failures = lock(&self.failures);
        let minute = Duration::from_secs(60);
        if failures.len() >= MOST {
            failures.retain(|_, (since, _)| now.minus(minute) < *since);
        }
        let (since, count) = failures.entry(network(from)).or_insert((now, 0));
        if now.minus(minute) >= *since {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        let denied = if *count > FAILURES { Denied::TooManyFailures } else { Denied::Unauthorized };
        // Once a minute and network, not once a token: the log is not theirs to fill.
        Failed { denied, burst: (*count == FAILURES + 1).then(|| network(from).to_string()) }
    }
}

/// One IPv4 address, or the /64 that one IPv6 customer has.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
