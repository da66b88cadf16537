//! How much is asked of one destination at a time, and when it is left alone: a domain that is slow or gone keeps nobody
//! waiting but its own mail.
//!
//! Known within this process alone: another node finds out for itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use tokio::sync::Notify;

/// The first wait after a destination's hosts could not be talked to; it doubles.
const FIRST: Duration = Duration::from_secs(30);
/// The longest.
const LONGEST: Duration = Duration::from_secs(600);
/// Destinations that are remembered beyond those with conversations.
const MOST: usize = 20_000;

/// Whether a destination may be talked to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It may; the place is taken.
    Free,
    /// Enough is under way.
    Busy,
    /// It did not answer lately.
    Closed(Timestamp),
}

/// All destinations' places.
pub(crate) struct Places {
    at_once: usize,
    destinations: Mutex<HashMap<String, Destination>>,
    freed: Notify,
}

#[derive(Default)]
struct Destination {
    held: usize,
    by_tenant: HashMap<TenantId, usize>,
    failures: u32,
    closed_until: Option<Timestamp>,
}

/// A place that was taken; given back when dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    domain: String,
    tenant: TenantId,
}

impl Places {
    /// At most `at_once` conversations with one destination, of which one tenant has at most the half, rounded up.
    pub(crate) fn new(at_once: usize) -> Arc<Self> {
        Arc::new(Self { at_once: at_once.max(1), destinations: Mutex::default(), freed: Notify::new() })
    }

    /// Takes a place with a destination.
    pub(crate) fn enter(
        self: &Arc<Self>,
        domain: &str,
        tenant: &TenantId,
        now: Timestamp,
    ) -> (Entry, Option<Place>) {
        let mut all = self.lock();
        if all.len() >= MOST {
            all.retain(|_, one| one.held > 0 || one.closed_until.is_some_and(|until| until > now));
        }
        let one = all.entry(domain.to_owned()).or_default();
        if let Some(until) = one.closed_until.filter(|until| *until > now) {
            return (Entry::Closed(until), None);
        }
        // A destination that was closed is tried by one before many.
        let most = if one.failures > 0 { 1 } else { self.at_once };
        let of_tenant = one.by_tenant.entry(tenant.clone()).or_default();
        if one.held >= most || *of_tenant >= self.at_once.div_ceil(2) {
            return (Entry::Busy, None);
        }
        *of_tenant += 1;
        one.held += 1;
        let place = Place { places: Arc::clone(self), domain: domain.to_owned(), tenant: tenant.clone() };
        (Entry::Free, Some(place))
    }

    /// Its hosts could not be talked to: it is left alone for a while.
    pub(crate) fn failed(&self, domain: &str, now: Timestamp) {
        let mut all = self.lock();
        let one = all.entry(domain.to_owned()).or_default();
        // Those that were under way together fail together: that is once.
        if one.closed_until.is_some_and(|until| until > now) {
            return;
        }
        let wait = FIRST.saturating_mul(1 << one.failures.min(10)).min(LONGEST);
        one.failures += 1;
        one.closed_until = Some(now.plus(wait));
    }

    /// One of its hosts spoke.
    pub(crate) fn answered(&self, domain: &str) {
        if let Some(one) = self.lock().get_mut(domain) {
            (one.failures, one.closed_until) = (0, None);
        }
    }

    /// Waits until some place is given back, at most for so long.
    pub(crate) async fn wait(&self, longest: Duration) {
        tokio::select! {
            () = self.freed.notified() => {}
            () = tokio::time::sleep(longest) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Destination>> {
        self.destinations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.places.lock();
        if let Some(one) = all.get_mut(&self.domain) {
            one.held = one.held.saturating_sub(1);
            if let Some(held) = one.by_tenant.get_mut(&self.tenant) {
                *held = held.saturating_sub(1);
                if *held == 0 {
                    one.by_tenant.remove(&self.tenant);
                }
            }
            if one.held == 0 && one.failures == 0 {
                all.remove(&self.domain);
            }
        }
        drop(all);
        self.places.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).expect("a slug")
    }

    #[test]
    fn a_destination_has_its_places_and_no_tenant_all_of_them() {
        let places = Places::new(3);
        let enter = |domain: &str, name: &str| places.enter(domain, &tenant(name), Timestamp(0));
        let (first, second) = (enter("a.test", "ada"), enter("a.test", "ada"));
        assert_eq!((&first.0, &second.0), (&Entry::Free, &Entry::Free));
        assert_eq!(enter("a.test", "ada").0, Entry::Busy, "the half, rounded up");
        let third = enter("a.test", "bob");
        assert_eq!(third.0, Entry::Free);
        assert_eq!(enter("a.test", "eve").0, Entry::Busy);
        assert_eq!(enter("b.test", "ada").0, Entry::Free, "another destination is another matter");
        drop(first);
        assert_eq!(enter("a.test", "eve").0, Entry::Free);
    }

    #[test]
    fn a_destination_that_fails_is_left_alone_longer_and_longer_and_then_tried_by_one() {
        let places = Places::new(4);
        let at = |seconds: i64| Timestamp(seconds * 1_000);
        let enter = |now| places.enter("a.test", &tenant("ada"), now);
        places.failed("a.test", at(0));
        places.failed("a.test", at(1));
        assert_eq!(enter(at(29)).0, Entry::Closed(at(30)));
        let probe = enter(at(30));
        assert_eq!((&probe.0, enter(at(30)).0), (&Entry::Free, Entry::Busy));
        places.failed("a.test", at(31));
        drop(probe);
        assert_eq!(enter(at(60)).0, Entry::Closed(at(91)));
        for _ in 0..20 {
            let until = match enter(at(100_000)).0 {
                Entry::Closed(until) => until,
                _ => at(100_000),
            };
            places.failed("a.test", until);
        }
        places.answered("a.test");
        assert_eq!((enter(at(100_000)).0, enter(at(100_000)).0), (Entry::Free, Entry::Free));
    }
}
