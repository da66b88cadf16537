//! The memory that the mail of one tenant may take at a time, so that a flood to one leaves room for the others.
//!
//! Counted from the end of DATA to the commit. What a sender only announced, or sends slowly, is counted per network by
//! the listener: else whoever opens connections and says nothing could shut a tenant's inboxes.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use mailward_mail::id::TenantId;

/// Octets in flight by tenant; who has none is not remembered.
#[derive(Clone, Debug)]
pub(crate) struct Inflight {
    octets: Arc<Mutex<HashMap<TenantId, u64>>>,
    each: u64,
}

/// Octets held for some tenants, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    inflight: Inflight,
    tenants: BTreeSet<TenantId>,
    octets: u64,
}

impl Inflight {
    /// An eighth of `all` for each tenant.
    pub(crate) fn new(all: u64) -> Self {
        Self { octets: Arc::default(), each: (all / 8).max(1) }
    }

    /// Whether a tenant has its part in flight already.
    pub(crate) fn is_used_up(&self, tenant: &TenantId) -> bool {
        super::lock(&self.octets).get(tenant).is_some_and(|octets| *octets >= self.each)
    }

    /// Counts a message for the tenants it is for.
    pub(crate) fn hold(&self, tenants: BTreeSet<TenantId>, octets: usize) -> Held {
        let octets = octets as u64;
        let mut all = super::lock(&self.octets);
        for tenant in &tenants {
            *all.entry(tenant.clone()).or_default() += octets;
        }
        drop(all);
        Held { inflight: self.clone(), tenants, octets }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = super::lock(&self.inflight.octets);
        for tenant in &self.tenants {
            if let Some(octets) = all.get_mut(tenant) {
                *octets = octets.saturating_sub(self.octets);
                if *octets == 0 {
                    all.remove(tenant);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_has_an_eighth_and_nothing_of_it_is_remembered_afterwards() {
        let tenant = |name: &str| TenantId::parse(name).expect("a slug");
        let inflight = Inflight::new(800);
        let first = inflight.hold(BTreeSet::from([tenant("ada")]), 60);
        assert!(!inflight.is_used_up(&tenant("ada")));
        let second = inflight.hold(BTreeSet::from([tenant("ada"), tenant("bob")]), 60);
        assert!(inflight.is_used_up(&tenant("ada")) && !inflight.is_used_up(&tenant("bob")));
        drop(first);
        assert!(!inflight.is_used_up(&tenant("ada")));
        drop(second);
        assert!(inflight.octets.lock().expect("whole").is_empty());
    }
}
