//! Opened keys, for a while: the only place where wrapped keys become keys.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::TenantId;
use mailward_mail::random::Random;
use mailward_store::{Keystore, StoredServiceKey, StoredTenantKey, Tenant};
use mailward_vault::{MasterRing, Purpose, PurposeKey, ServiceKey, TenantKey};

use crate::{Error, Result};

/// How long an opened tenant key is kept.
const KEPT: Duration = Duration::from_secs(600);
/// How many tenants' keys are kept.
const MOST: usize = 1_024;

/// The keys of one tenant, opened.
pub(crate) struct TenantKeys {
    current: TenantKey,
    older: Vec<TenantKey>,
    pub(crate) dedup: PurposeKey,
    pub(crate) search: PurposeKey,
    pub(crate) webhook: PurposeKey,
}

impl TenantKeys {
    /// The key for new mail.
    pub(crate) fn current(&self) -> &TenantKey {
        &self.current
    }

    /// The key of a version.
    pub(crate) fn version(&self, version: u32) -> Result<&TenantKey> {
        std::iter::once(&self.current)
            .chain(&self.older)
            .find(|key| key.version() == version)
            .ok_or(Error::Damaged("a tenant key is missing"))
    }
}

/// Opens keys and keeps them for ten minutes.
pub struct Keyring {
    keystore: Keystore,
    ring: MasterRing,
    clock: Clock,
    random: Random,
    tenants: Mutex<HashMap<TenantId, (Timestamp, Arc<TenantKeys>)>>,
    service: Mutex<HashMap<String, Arc<ServiceKey>>>,
    /// Tenants whose keys were destroyed by this process: an opening that was under way then is not kept.
    destroyed: Mutex<HashSet<TenantId>>,
}

impl Keyring {
    /// A keyring over a key store and the master keys.
    pub fn new(keystore: Keystore, ring: MasterRing, clock: Clock, random: Random) -> Self {
        Self {
            keystore,
            ring,
            clock,
            random,
            tenants: Mutex::default(),
            service: Mutex::default(),
            destroyed: Mutex::default(),
        }
    }

    /// Closes the key store.
    pub async fn close(&self) {
        self.keystore.close().await;
    }

    /// Makes the first key of a new tenant. It is written before the tenant's row: a key without a tenant is
    /// nothing, a tenant without a key could never be written to.
    pub(crate) async fn create(&self, tenant: &TenantId, region: &str) -> Result<()> {
        let key = TenantKey::generate(1, &self.random);
        let stored = StoredTenantKey {
            version: 1,
            mk_id: self.ring.current_id().to_owned(),
            wrapped: self.ring.wrap_tenant_key(region, tenant, &key, &self.random),
        };
        self.keystore.insert_tenant_key(tenant, region, &stored, self.clock.now()).await?;
        Ok(())
    }

    /// What names the keys of a tenant, and what wraps each: `tenant/1` by a master key, purposes by a tenant key.
    pub(crate) async fn key_ids(&self, tenant: &TenantId) -> Result<Vec<(String, String)>> {
        let mut ids: Vec<(String, String)> = Vec::new();
        for key in self.keystore.tenant_keys(tenant).await? {
            ids.push((format!("tenant/{}", key.version), key.mk_id));
        }
        for (purpose, version) in self.keystore.purposes(tenant).await? {
            ids.push((purpose, format!("tenant/{version}")));
        }
        Ok(ids)
    }

    /// Destroys all keys of a tenant, in the key store, in its log and in this process. Other processes forget theirs
    /// when they would open them again, after ten minutes at the latest. Doing it twice is doing it once.
    pub(crate) async fn destroy(&self, tenant: &TenantId) -> Result<()> {
        self.destroyed().insert(tenant.clone());
        self.lock().remove(tenant);
        self.keystore.destroy_tenant(tenant).await?;
        Ok(())
    }

    /// A tenant of this name may have keys again: the one before was an import that was taken back.
    pub(crate) fn forgive(&self, tenant: &TenantId) {
        self.destroyed().remove(tenant);
    }

    /// The opened keys of a tenant.
    pub(crate) async fn tenant(&self, tenant: &Tenant) -> Result<Arc<TenantKeys>> {
        let now = self.clock.now();
        if let Some((opened, keys)) = self.lock().get(tenant.id())
            && now.minus(KEPT) < *opened
        {
            return Ok(Arc::clone(keys));
        }
        let keys = Arc::new(self.open(tenant).await?);
        let mut kept = self.lock();
        if self.destroyed().contains(tenant.id()) {
            return Err(Error::Damaged("the tenant's keys are destroyed"));
        }
        if kept.len() >= MOST {
            kept.retain(|_, (opened, _)| now.minus(KEPT) < *opened);
        }
        if kept.len() >= MOST {
            // Whoever goes is opened again at the next use: a cache, not a register.
            let oldest = kept.iter().min_by_key(|(_, (opened, _))| *opened).map(|(id, _)| id.clone());
            oldest.map(|id| kept.remove(&id));
        }
        kept.insert(tenant.id().clone(), (now, Arc::clone(&keys)));
        Ok(keys)
    }

    /// One of the service's own keys; made at its first use.
    pub async fn service(&self, name: &str) -> Result<Arc<ServiceKey>> {
        if let Some(key) = self.service.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(Arc::clone(key));
        }
        let key = match self.keystore.service_key(name).await? {
            Some(stored) => self.ring.unwrap_service_key(&stored.mk_id, name, &stored.wrapped)?,
            None => self.create_service(name).await?,
        };
        let key = Arc::new(key);
        let mut kept = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(kept.entry(name.to_owned()).or_insert(key)))
    }

    async fn create_service(&self, name: &str) -> Result<ServiceKey> {
        let key = ServiceKey::generate(&self.random);
        let stored = StoredServiceKey {
            version: 1,
            mk_id: self.ring.current_id().to_owned(),
            wrapped: self.ring.wrap_service_key(name, &key, &self.random),
        };
        if self.keystore.insert_service_key(name, &stored, self.clock.now()).await? {
            return Ok(key);
        }
        // Another process was first: its key is the key.
        let stored =
            self.keystore.service_key(name).await?.ok_or(Error::Damaged("a service key vanished"))?;
        Ok(self.ring.unwrap_service_key(&stored.mk_id, name, &stored.wrapped)?)
    }

    async fn open(&self, tenant: &Tenant) -> Result<TenantKeys> {
        let stored = self.keystore.tenant_keys(tenant.id()).await?;
        let mut keys = Vec::with_capacity(stored.len());
        for one in stored {
            keys.push(self.ring.unwrap_tenant_key(
                &one.mk_id,
                tenant.region(),
                tenant.id(),
                one.version,
                &one.wrapped,
            )?);
        }
        let mut keys = keys.into_iter();
        let current = keys.next().ok_or(Error::Damaged("the tenant has no key"))?;
        let older: Vec<TenantKey> = keys.collect();
        Ok(TenantKeys {
            dedup: self.purpose(tenant.id(), &current, &older, Purpose::Dedup).await?,
            search: self.purpose(tenant.id(), &current, &older, Purpose::Search).await?,
            webhook: self.purpose(tenant.id(), &current, &older, Purpose::Webhook).await?,
            current,
            older,
        })
    }

    async fn purpose(
        &self,
        tenant: &TenantId,
        current: &TenantKey,
        older: &[TenantKey],
        purpose: Purpose,
    ) -> Result<PurposeKey> {
        if self.keystore.purpose_key(tenant, purpose.as_str()).await?.is_none() {
            let key = PurposeKey::generate(&self.random);
            let wrapped = current.wrap_purpose(purpose, &key, &self.random);
            self.keystore.insert_purpose_key(tenant, purpose.as_str(), current.version(), &wrapped).await?;
        }
        let (version, wrapped) = self
            .keystore
            .purpose_key(tenant, purpose.as_str())
            .await?
            .ok_or(Error::Damaged("a purpose key vanished"))?;
        let key = std::iter::once(current).chain(older).find(|key| key.version() == version);
        Ok(key.ok_or(Error::Damaged("a tenant key is missing"))?.unwrap_purpose(purpose, &wrapped)?)
    }

    fn destroyed(&self) -> std::sync::MutexGuard<'_, HashSet<TenantId>> {
        self.destroyed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TenantId, (Timestamp, Arc<TenantKeys>)>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
