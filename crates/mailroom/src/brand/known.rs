//! Which tenants have a brand of their own and at which hosts, remembered for a moment as a whole: a request with a host that
//! nobody has costs a look into a table here, however many are invented. Opened brands are kept while they are what they were.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mailward_fair::Lru;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::Tenant;

use super::{Brand, Host};
use crate::{Mailroom, Result};

/// How long the whole is remembered. A change here is seen at once, one of another node when that node tells of it, or after
/// this.
const KEPT: Duration = Duration::from_secs(5);
/// Opened brands; each holds a logo.
const OPENED: usize = 256;

/// A tenant's brand, opened.
#[derive(Debug, PartialEq, Eq)]
pub struct OwnBrand {
    /// Whose.
    pub tenant: TenantId,
    /// What it says.
    pub brand: Brand,
    /// Where its people come in.
    pub host: Option<Host>,
}

/// See the module.
pub(crate) struct Known {
    seen: Mutex<Option<Arc<Seen>>>,
    /// One at a time: who waits finds what the first has read.
    looking: tokio::sync::Mutex<()>,
    /// Counts changes that are known of here.
    changes: AtomicU64,
    opened: Mutex<Lru<TenantId, (Timestamp, Arc<OwnBrand>)>>,
}

struct Seen {
    /// How many changes were known of when it was read.
    after: u64,
    until: Timestamp,
    hosts: HashMap<Host, TenantId>,
    tenants: HashMap<TenantId, (Tenant, Timestamp)>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            seen: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
            changes: AtomicU64::default(),
            opened: Mutex::new(Lru::new(OPENED)),
        }
    }
}

impl Known {
    /// What is remembered is old.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    fn remembered(&self) -> Option<Arc<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<Seen>> {
        self.remembered().filter(|seen| seen.after == self.changes.load(Ordering::SeqCst) && now < seen.until)
    }
}

impl Mailroom {
    /// Whose people come in at a host. `None`: it is no tenant's.
    ///
    /// # Errors
    /// When that was never known here and the store does not answer.
    pub async fn tenant_at(&self, host: &Host) -> Result<Option<TenantId>> {
        Ok(self.brands().await?.hosts.get(host).cloned())
    }

    /// What links for a tenant's people begin with: at its own host where it has one, else `base`.
    ///
    /// # Errors
    /// As [`Mailroom::tenant_at`].
    pub async fn door_of(&self, tenant: &TenantId, base: &str) -> Result<String> {
        let seen = self.brands().await?;
        let own = seen.hosts.iter().find(|(_, whose)| *whose == tenant);
        Ok(own.map_or_else(|| base.to_owned(), |(host, _)| host.base(base)))
    }

    /// A tenant's own brand. `None`: it has none.
    ///
    /// # Errors
    /// When the store or the tenant's key is not to be had.
    pub async fn own_brand(&self, id: &TenantId) -> Result<Option<Arc<OwnBrand>>> {
        let seen = self.brands().await?;
        let Some((tenant, changed_at)) = seen.tenants.get(id) else { return Ok(None) };
        if let Some((at, brand)) = self.0.brands.opened.lock().unwrap_or_else(PoisonError::into_inner).get(id)
            && at == changed_at
        {
            return Ok(Some(Arc::clone(brand)));
        }
        let Some(row) = tenant.read().await?.brand().await? else { return Ok(None) };
        let brand = Arc::new(self.open_brand(tenant, &row).await?);
        let mut opened = self.0.brands.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.put(id.clone(), (row.changed_at, Arc::clone(&brand)));
        Ok(Some(brand))
    }

    async fn brands(&self) -> Result<Arc<Seen>> {
        let known = &self.0.brands;
        if let Some(seen) = known.fresh(self.0.clock.now()) {
            return Ok(seen);
        }
        let _turn = known.looking.lock().await;
        let now = self.0.clock.now();
        if let Some(seen) = known.fresh(now) {
            return Ok(seen);
        }
        let after = known.changes.load(Ordering::SeqCst);
        let rows = match (self.0.store.brands().await, known.remembered()) {
            (Ok(rows), _) => rows,
            // Hosts keep their doors while the store is away.
            (Err(error), Some(seen)) => {
                tracing::warn!(%error, "could not look which tenants have a brand");
                return Ok(seen);
            }
            (Err(error), None) => return Err(error.into()),
        };
        let (mut hosts, mut tenants) = (HashMap::new(), HashMap::new());
        for row in rows {
            let host = row.host.as_deref().and_then(|host| Host::parse(host).ok());
            // The service's own host is everybody's door, whatever was chosen before it became that.
            if let Some(host) = host.filter(|host| self.0.config.own_host.as_ref() != Some(host)) {
                hosts.insert(host, row.tenant.id().clone());
            }
            tenants.insert(row.tenant.id().clone(), (row.tenant, row.changed_at));
        }
        if let Some(before) = known.remembered() {
            // Nothing of a brand that is gone stays in memory.
            let mut opened = known.opened.lock().unwrap_or_else(PoisonError::into_inner);
            before.tenants.keys().filter(|id| !tenants.contains_key(*id)).for_each(|id| opened.remove(id));
        }
        let seen = Arc::new(Seen { after, until: now.plus(KEPT), hosts, tenants });
        *known.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&seen));
        Ok(seen)
    }
}
