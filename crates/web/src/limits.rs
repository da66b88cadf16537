//! How often one caller may ask. Counted per key once it is known to be valid, so nobody can use up another's share.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::WebConfig;
use crate::problem::{Problem, whole_seconds};

/// One network may sign up so often at once, and again after each period.
const SIGNUPS: NonZeroU32 = NonZeroU32::new(5).expect("five is not zero");
const SIGNUP_PERIOD: Duration = Duration::from_secs(600);
/// Callers remembered before those whose bucket is full again are forgotten.
const REMEMBERED: usize = 10_000;

pub(crate) struct Limits {
    keys: Option<DefaultKeyedRateLimiter<String>>,
    signups: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl Limits {
    pub(crate) fn new(config: &WebConfig) -> Self {
        let rate = NonZeroU32::new(config.requests_per_second);
        let keys = rate.map(|rate| {
            let burst = NonZeroU32::new(config.burst).unwrap_or(rate);
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        });
        let signups = Quota::with_period(SIGNUP_PERIOD).expect("the period is not zero").allow_burst(SIGNUPS);
        Self { keys, signups: RateLimiter::keyed(signups), clock: DefaultClock::default() }
    }

    /// Counts a request of a key.
    pub(crate) fn request(&self, keyid: &str) -> Result<(), Problem> {
        let Some(keys) = &self.keys else { return Ok(()) };
        self.check(keys, &keyid.to_owned(), "this token asks too often")
    }

    /// Counts an attempt to sign up.
    pub(crate) fn sign_up(&self, from: IpAddr) -> Result<(), Problem> {
        self.check(&self.signups, &network(from), "too many sign-ups came from this network")
    }

    fn check<K>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
        message: &'static str,
    ) -> Result<(), Problem>
    where
        K: Clone + std::hash::Hash + Eq,
    {
        if limiter.len() > REMEMBERED {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            let number = |n: u64| HeaderValue::from(n);
            Problem::rate_limited(message, wait.max(Duration::from_millis(1)))
                .header(
                    HeaderName::from_static("ratelimit-limit"),
                    number(until.quota().burst_size().get().into()),
                )
                .header(HeaderName::from_static("ratelimit-remaining"), number(0))
                .header(HeaderName::from_static("ratelimit-reset"), number(whole_seconds(wait)))
        })
    }
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

    #[test]
    fn a_key_has_its_burst_and_then_waits_while_another_does_not() {
        let limits = Limits::new(&WebConfig { requests_per_second: 1, burst: 3, ..WebConfig::default() });
        for _ in 0..3 {
            limits.request("ada").expect("within the burst");
        }
        let answer = limits.request("ada").expect_err("beyond the burst").render("req_1");
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(answer.headers()["ratelimit-limit"], "3");
        assert_eq!(answer.headers()["ratelimit-remaining"], "0");
        limits.request("bob").expect("another key");
    }

    #[test]
    fn no_rate_is_no_limit() {
        let limits = Limits::new(&WebConfig { requests_per_second: 0, ..WebConfig::default() });
        assert!((0..1_000).all(|_| limits.request("ada").is_ok()));
    }

    #[test]
    fn one_network_signs_up_five_times() {
        let limits = Limits::new(&WebConfig::default());
        let neighbour = |n: u8| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, u16::from(n)]);
        assert!((0..5).all(|n| limits.sign_up(neighbour(n)).is_ok()));
        let refused = limits.sign_up(neighbour(9)).expect_err("the sixth").into_response();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        limits.sign_up(IpAddr::from([192, 0, 2, 1])).expect("another network");
    }
}
