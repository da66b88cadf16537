//! Who held which token a moment ago, and who guessed wrong: both bounded in time and number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::Authenticated;

use super::Denied;

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

pub(crate) struct Cache {
    kept: Duration,
    /// Grows whenever something is forgotten, so that what was looked up before is not remembered after.
    forgotten: AtomicU64,
    held: Mutex<HashMap<[u8; 32], (Timestamp, Authenticated)>>,
    failures: Mutex<HashMap<IpAddr, (Timestamp, u32)>>,
}

impl Cache {
    pub(crate) fn new(kept: Duration) -> Self {
        Self { kept, forgotten: AtomicU64::new(0), held: Mutex::default(), failures: Mutex::default() }
    }

    pub(super) fn get(&self, token: &[u8; 32], now: Timestamp) -> Option<Authenticated> {
        let held = lock(&self.held);
        held.get(token).filter(|(since, _)| now.minus(self.kept) < *since).map(|(_, known)| known.clone())
    }

    /// To be asked before a token is looked up, and handed to [`Cache::put`].
    pub(super) fn generation(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    pub(super) fn put(&self, token: [u8; 32], known: Authenticated, now: Timestamp, generation: u64) {
        let mut held = lock(&self.held);
        if generation != self.generation() {
            return;
        }
        if held.len() >= MOST {
            held.retain(|_, (since, _)| now.minus(self.kept) < *since);
        }
        if held.len() < MOST {
            held.insert(token, (now, known));
        }
    }

    /// Notes that a token was used; it is not remembered any longer for it.
    pub(super) fn used(&self, token: &[u8; 32], now: Timestamp) {
        if let Some((_, known)) = lock(&self.held).get_mut(token) {
            known.last_used_at = Some(now);
        }
    }

    /// Forgets a key: it was revoked or changed.
    pub(crate) fn forget(&self, keyid: &str) {
        self.retain(|known| known.keyid != keyid);
    }

    /// Forgets all keys of a tenant: its state changed.
    pub(crate) fn forget_tenant(&self, tenant: &TenantId) {
        self.retain(|known| known.tenant.id() != tenant);
    }

    /// Forgets all keys: nobody knows what happened.
    pub(crate) fn forget_all(&self) {
        self.retain(|_| false);
    }

    fn retain(&self, keeps: impl Fn(&Authenticated) -> bool) {
        let mut held = lock(&self.held);
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        held.retain(|_, (_, known)| keeps(known));
    }

    /// Counts a wrong token. Valid ones always pass, so nobody can be locked out by a neighbour's guesses.
    pub(super) fn failed(&self, from: IpAddr, now: Timestamp) -> Failed {
        let mut failures = lock(&self.failures);
        let minute = Duration::from_secs(60);
        if failures.len() >= MOST {
            failures.retain(|_, (since, _)| now.minus(minute) < *since);
            // So many networks at once are one that has many: counting them would cost more than it saves.
            if failures.len() >= MOST {
                failures.clear();
            }
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
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
