//! How often one caller may ask. Counted per key once it is known to be valid, so nobody can use up another's share; and
//! per tenant over all of its keys, so that more keys buy nothing.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mailward_fair::{Interval, Lru};
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::TenantId;
use mailward_mailroom::{Limit, OverLimit};

use crate::WebConfig;
use crate::problem::Problem;

/// One network may sign up so often at once, and again after each period.
const SIGNUPS: u32 = 5;
const SIGNUP_PERIOD_MICROS: i64 = 600_000_000;
/// Callers remembered at once; the longest unheard is forgotten first.
const REMEMBERED: usize = 10_000;

pub(crate) struct Limits {
    each: Option<Interval>,
    keys: Buckets<String>,
    tenants: Buckets<TenantId>,
    signups: Buckets<IpAddr>,
    clock: Clock,
}

impl Limits {
    pub(crate) fn new(config: &WebConfig, clock: Clock) -> Self {
        let rate = i64::from(config.requests_per_second);
        let each = 1_000_000_i64.checked_div(rate).filter(|micros| *micros > 0);
        let each = each.map(|micros| Interval::each(micros, config.burst.max(1)));
        Self { each, keys: Buckets::new(), tenants: Buckets::new(), signups: Buckets::new(), clock }
    }

    /// Counts a request of a key.
    pub(crate) fn request(&self, keyid: &str) -> Result<(), Problem> {
        let Some(each) = self.each else { return Ok(()) };
        let wait = self.keys.take(keyid.to_owned(), each, self.clock.now());
        wait.map_err(|wait| refused("this token asks too often", each, wait))
    }

    /// Counts a request of a tenant that may make so many a second; 0 is no limit.
    pub(crate) fn tenant(&self, tenant: &TenantId, max: u64) -> Result<(), OverLimit> {
        let Some(each) = Interval::per_second(max) else { return Ok(()) };
        let now = self.clock.now();
        self.tenants.take(tenant.clone(), each, now).map_err(|wait| OverLimit {
            limit: Limit::RequestsPerSecond,
            max,
            used: each.burst().unsigned_abs(),
            resets_at: Some(now.plus(wait)),
        })
    }

    /// Counts an attempt to sign up.
    pub(crate) fn sign_up(&self, from: IpAddr) -> Result<(), Problem> {
        let each = Interval::each(SIGNUP_PERIOD_MICROS, SIGNUPS);
        let wait = self.signups.take(network(from), each, self.clock.now());
        wait.map_err(|wait| refused("too many sign-ups came from this network", each, wait))
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A token bucket for each caller.
struct Buckets<K>(Mutex<Lru<K, i64>>);

impl<K: Clone + Eq + Hash> Buckets<K> {
    fn new() -> Self {
        Self(Mutex::new(Lru::new(REMEMBERED)))
    }

    /// Takes one token, or says how long to wait for it.
    fn take(&self, key: K, each: Interval, now: Timestamp) -> Result<(), Duration> {
        let now = now.millis().saturating_mul(1_000);
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let arrival = buckets.get(&key).copied().unwrap_or_default();
        each.check(arrival, now).map_err(|wait| Duration::from_micros(wait.unsigned_abs()))?;
        buckets.put(key, each.count(arrival, now, 1));
        Ok(())
    }
}

fn refused(message: &'static str, each: Interval, wait: Duration) -> Problem {
    let wait = wait.max(Duration::from_millis(1));
    Problem::rate_limited(message, wait).rate(each.burst().unsigned_abs(), wait)
}

/// One IPv4 address, or the /64 that one IPv6 customer has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    use super::*;

    fn limits(config: &WebConfig) -> (Limits, Clock) {
        let clock = Clock::manual(Timestamp(1_795_341_600_000));
        (Limits::new(config, clock.clone()), clock)
    }

    #[test]
    fn a_key_has_its_burst_and_then_waits_while_another_does_not() {
        let (limits, clock) = limits(&WebConfig { requests_per_second: 1, burst: 3, ..WebConfig::default() });
        for _ in 0..3 {
            limits.request("ada").expect("within the burst");
        }
        let answer = limits.request("ada").expect_err("beyond the burst").render("req_1");
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(answer.headers()["ratelimit-limit"], "3");
        assert_eq!(answer.headers()["ratelimit-remaining"], "0");
        limits.request("bob").expect("another key");
        clock.advance(Duration::from_secs(1));
        limits.request("ada").expect("a second later");
    }

    #[test]
    fn no_rate_is_no_limit() {
        let (limits, _) = limits(&WebConfig { requests_per_second: 0, ..WebConfig::default() });
        assert!((0..1_000).all(|_| limits.request("ada").is_ok()));
    }

    #[test]
    fn all_keys_of_a_tenant_share_its_rate() {
        let (limits, clock) = limits(&WebConfig::default());
        let tenant = |name: &str| TenantId::parse(name).expect("a slug");
        assert!((0..20).all(|_| limits.tenant(&tenant("ada"), 10).is_ok()));
        let over = limits.tenant(&tenant("ada"), 10).expect_err("beyond the burst");
        assert_eq!((over.max, over.resets_at), (10, Some(limits.now().plus(Duration::from_millis(100)))));
        assert!(limits.tenant(&tenant("bob"), 10).is_ok());
        clock.advance(Duration::from_millis(100));
        assert!(limits.tenant(&tenant("ada"), 10).is_ok());
        assert!((0..1_000).all(|_| limits.tenant(&tenant("eve"), 0).is_ok()));
    }

    #[test]
    fn one_network_signs_up_five_times() {
        let (limits, _) = limits(&WebConfig::default());
        let neighbour = |n: u8| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, u16::from(n)]);
        assert!((0..5).all(|n| limits.sign_up(neighbour(n)).is_ok()));
        let refused = limits.sign_up(neighbour(9)).expect_err("the sixth").into_response();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        limits.sign_up(IpAddr::from([192, 0, 2, 1])).expect("another network");
    }
}
