//! Opened keys, for a while: the only place where wrapped keys become keys.
//!
//! Several processes share a keystore, so what is kept here may be old. Old is harmless: a version that is not known
//! yet is looked for, a version that is gone refuses to be written with (in the store, see `Scope::key_floor`), and
//! whatever opened a message when it was read still opens it.

mod root;
mod wrapping;

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::TenantId;
use mailward_mail::random::Random;
use mailward_store::{Keystore, Tenant};
use mailward_vault::{MessageContext, MessageKey, Purpose, PurposeKey, ServiceKey, TenantKey, WrappedDek};

pub use root::{Issued, KeyContext, Root, RootError};

use crate::{Error, Result};

/// How long an opened tenant key is kept.
const KEPT: Duration = Duration::from_secs(600);
/// How many tenants' keys are kept.
const MOST: usize = 1_024;
/// A provider that is down is asked again after this, for a tenant whose keys are known.
const AGAIN: Duration = Duration::from_secs(30);
/// Whether keys can be had is asked at most this often.
const PROBED: Duration = Duration::from_secs(5);
/// Openings of different tenants' keys at once; those of one tenant wait for each other and find what the first found.
const LANES: usize = 64;
/// Looks at a key store that is being changed.
const ATTEMPTS: usize = 4;

/// The keys of one tenant, opened.
pub(crate) struct TenantKeys {
    current: TenantKey,
    older: Vec<TenantKey>,
    pub(crate) dedup: PurposeKey,
    pub(crate) search: PurposeKey,
    pub(crate) webhook: PurposeKey,
    pub(crate) dkim: PurposeKey,
    tenant: Tenant,
    home: Weak<Shared>,
}

impl TenantKeys {
    /// The key for new mail.
    pub(crate) fn current(&self) -> &TenantKey {
        &self.current
    }

    /// Opens the key of a message. A version of the tenant's key that is not known here was made by a rotation
    /// since, and is fetched.
    pub(crate) async fn message_key(
        &self,
        context: &MessageContext<'_>,
        version: u32,
        dek: &[u8],
    ) -> Result<MessageKey> {
        let dek = WrappedDek::from_stored(dek.to_vec());
        if let Some(key) = self.version(version) {
            return Ok(key.open_message_key(context, &dek)?);
        }
        let home = self.home.upgrade().ok_or(Error::Damaged("the keyring is closed"))?;
        let fresh = Keyring(home).renew(&self.tenant).await?;
        let key = fresh.version(version).ok_or(Error::Damaged("a tenant key is missing"))?;
        Ok(key.open_message_key(context, &dek)?)
    }

    /// A version of the key, if it is known here.
    pub(crate) fn version(&self, version: u32) -> Option<&TenantKey> {
        std::iter::once(&self.current).chain(&self.older).find(|key| key.version() == version)
    }
}

/// Opens keys and keeps them for ten minutes. A cheap clone.
#[derive(Clone)]
pub struct Keyring(Arc<Shared>);

struct Shared {
    keystore: Keystore,
    root: Arc<dyn Root>,
    regions: Vec<String>,
    clock: Clock,
    random: Random,
    tenants: Mutex<HashMap<TenantId, Kept>>,
    service: Mutex<HashMap<String, Arc<ServiceKey>>>,
    lanes: [tokio::sync::Mutex<()>; LANES],
    probe: Mutex<Option<(Timestamp, bool)>>,
    /// Tenants whose keys were destroyed by this process: an opening that was under way then is not kept.
    destroyed: Mutex<HashSet<TenantId>>,
}

#[derive(Clone)]
struct Kept {
    until: Timestamp,
    keys: Arc<TenantKeys>,
}

impl Keyring {
    /// A keyring over a key store and what guards it, for tenants of these regions.
    pub fn new(
        keystore: Keystore,
        root: Arc<dyn Root>,
        regions: Vec<String>,
        clock: Clock,
        random: Random,
    ) -> Self {
        Self(Arc::new(Shared {
            keystore,
            root,
            regions,
            clock,
            random,
            tenants: Mutex::default(),
            service: Mutex::default(),
            lanes: [(); LANES].map(|()| tokio::sync::Mutex::default()),
            probe: Mutex::default(),
            destroyed: Mutex::default(),
        }))
    }

    /// Closes the key store.
    pub async fn close(&self) {
        self.0.keystore.close().await;
    }

    /// The wrapped keys.
    pub(crate) fn keystore(&self) -> &Keystore {
        &self.0.keystore
    }

    /// What guards them.
    pub(crate) fn root(&self) -> &dyn Root {
        self.0.root.as_ref()
    }

    /// Finds out which master key new wraps are made with, at a start.
    ///
    /// # Errors
    /// [`Error::Root`] when that key is not to be had: nothing could be opened, so nothing is begun.
    pub async fn unlock(&self) -> Result<()> {
        let ids = self.root().ids().await?;
        let first = ids.first().ok_or_else(|| RootError::Refused("it has no key".into()))?;
        let known = match self.keystore().current_master().await? {
            Some(current) => current,
            None => {
                let used = self.keystore().master_in_use().await?;
                self.keystore().install_master(used.as_ref().unwrap_or(first), self.0.clock.now()).await?;
                self.keystore().current_master().await?.ok_or(Error::Damaged("no master key is current"))?
            }
        };
        if ids.contains(&known) { Ok(()) } else { Err(RootError::Unknown(known).into()) }
    }

    /// Whether keys can be had: by opening one, not from memory.
    pub async fn is_ready(&self) -> bool {
        let now = self.0.clock.now();
        let probed = *self.0.probe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, is_ready)) = probed
            && now.minus(PROBED) < at
        {
            return is_ready;
        }
        let is_ready = match self.keystore().service_key("pepper").await {
            Ok(Some(stored)) => self.unwrap_service("pepper", &stored).await.is_ok(),
            Ok(None) => self.service("pepper").await.is_ok(),
            Err(_) => false,
        };
        *self.0.probe.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, is_ready));
        is_ready
    }

    /// Makes the first key of a new tenant. It is written before the tenant's row: a key without a tenant is
    /// nothing, a tenant without a key could never be written to.
    pub(crate) async fn create(&self, tenant: &TenantId, region: &str) -> Result<()> {
        let key = TenantKey::generate(1, &self.0.random);
        loop {
            let (stored, master) = self.wrap_tenant(region, tenant, &key, self.0.clock.now()).await?;
            let done = self.keystore().insert_tenant_key(tenant, region, &stored).await?;
            // It is there already, from an attempt before: that one is as good. Or the master key was switched.
            if done || self.keystore().current_master().await?.as_ref() == Some(&master) {
                return Ok(());
            }
        }
    }

    /// What names the keys of a tenant, and what wraps each: `tenant/1` by a master key, purposes by a tenant key.
    pub(crate) async fn key_ids(&self, tenant: &TenantId) -> Result<Vec<(String, String)>> {
        let mut ids: Vec<(String, String)> = Vec::new();
        for key in self.keystore().tenant_keys(tenant).await? {
            ids.push((format!("tenant/{}", key.version), key.mk_id));
        }
        for (purpose, version) in self.keystore().purposes(tenant).await? {
            ids.push((purpose, format!("tenant/{version}")));
        }
        Ok(ids)
    }

    /// Destroys all keys of a tenant, in the key store, in its log and in this process. Other processes forget theirs
    /// when they would open them again, after ten minutes at the latest. Doing it twice is doing it once.
    pub(crate) async fn destroy(&self, tenant: &TenantId) -> Result<()> {
        self.destroyed().insert(tenant.clone());
        self.lock().remove(tenant);
        self.keystore().destroy_tenant(tenant).await?;
        Ok(())
    }

    /// A tenant of this name may have keys again: the one before was an import that was taken back.
    pub(crate) fn forgive(&self, tenant: &TenantId) {
        self.destroyed().remove(tenant);
    }

    /// The opened keys of a tenant.
    ///
    /// # Errors
    /// [`Error::WrongRegion`] for a tenant that is not served here; [`Error::Root`] when its keys are not known here and
    /// the provider does not give them.
    pub(crate) async fn tenant(&self, tenant: &Tenant) -> Result<Arc<TenantKeys>> {
        match self.kept(tenant.id()) {
            Some(kept) if self.0.clock.now() < kept.until => Ok(kept.keys),
            _ => self.fetch(tenant, false).await,
        }
    }

    /// The keys of a tenant as the key store has them now.
    pub(crate) async fn renew(&self, tenant: &Tenant) -> Result<Arc<TenantKeys>> {
        self.fetch(tenant, true).await
    }

    /// Forgets a tenant's keys; what holds them at the moment keeps them to its end.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        self.lock().remove(tenant);
    }

    /// One of the service's own keys; made at its first use.
    pub async fn service(&self, name: &str) -> Result<Arc<ServiceKey>> {
        if let Some(key) = self.0.service.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(Arc::clone(key));
        }
        let key = loop {
            if let Some(stored) = self.keystore().service_key(name).await? {
                break self.unwrap_service(name, &stored).await?;
            }
            let key = ServiceKey::generate(&self.0.random);
            let stored = self.wrap_service(name, 1, &key).await?;
            if self.keystore().insert_service_key(name, &stored, self.0.clock.now()).await? {
                break key;
            }
            // Another process was first, and its key is the key; or the master key was switched meanwhile.
        };
        let key = Arc::new(key);
        let mut kept = self.0.service.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(kept.entry(name.to_owned()).or_insert(key)))
    }

    async fn fetch(&self, tenant: &Tenant, anew: bool) -> Result<Arc<TenantKeys>> {
        if !self.0.regions.iter().any(|served| served == tenant.region()) {
            return Err(Error::WrongRegion(tenant.region().to_owned()));
        }
        let before = self.kept(tenant.id());
        let _lane = self.lane(tenant.id()).lock().await;
        let now = self.0.clock.now();
        let kept = self.kept(tenant.id());
        let is_newer = match (&before, &kept) {
            (Some(before), Some(kept)) => !Arc::ptr_eq(&before.keys, &kept.keys),
            (None, Some(_)) => true,
            _ => false,
        };
        if let Some(kept) = &kept
            && now < kept.until
            && (is_newer || !anew)
        {
            return Ok(Arc::clone(&kept.keys));
        }
        match self.open(tenant).await {
            // Destroyed while it was being opened: what was read before is not kept after.
            Ok(_) if self.destroyed().contains(tenant.id()) => {
                Err(Error::Damaged("the tenant's keys are destroyed"))
            }
            Ok(keys) => {
                let keys = Arc::new(keys);
                self.keep(tenant.id(), Kept { until: now.plus(KEPT), keys: Arc::clone(&keys) }, now);
                Ok(keys)
            }
            // Who has its keys goes on while the provider is down. Not when it refuses: that is somebody's will.
            Err(Error::Root(RootError::Down(why))) if kept.is_some() && !anew => {
                tracing::warn!(why, "the key provider is down; known keys are used on");
                let kept = Kept { until: now.plus(AGAIN), ..kept.expect("it was looked at") };
                let keys = Arc::clone(&kept.keys);
                self.keep(tenant.id(), kept, now);
                Ok(keys)
            }
            Err(error) => {
                if !matches!(error, Error::Root(RootError::Down(_)) | Error::Store(_)) {
                    self.forget(tenant.id());
                }
                Err(error)
            }
        }
    }

    fn keep(&self, tenant: &TenantId, new: Kept, now: Timestamp) {
        let mut kept = self.lock();
        if kept.len() >= MOST && !kept.contains_key(tenant) {
            kept.retain(|_, one| now < one.until);
        }
        if kept.len() >= MOST && !kept.contains_key(tenant) {
            // Whoever goes is opened again at the next use: a cache, not a register.
            let oldest = kept.iter().min_by_key(|(_, one)| one.until).map(|(id, _)| id.clone());
            oldest.map(|id| kept.remove(&id));
        }
        kept.insert(tenant.clone(), new);
    }

    /// Opens all keys of a tenant. A rotation may replace what one look at the key store found before the next look:
    /// then all is looked at again.
    async fn open(&self, tenant: &Tenant) -> Result<TenantKeys> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.open_once(tenant).await {
                Err(Error::Damaged(_) | Error::Root(RootError::Unknown(_))) if attempts < ATTEMPTS => {}
                done => return done,
            }
        }
    }

    async fn open_once(&self, tenant: &Tenant) -> Result<TenantKeys> {
        let stored = self.keystore().tenant_keys(tenant.id()).await?;
        let mut keys = Vec::with_capacity(stored.len());
        for one in &stored {
            keys.push(self.unwrap_tenant(tenant.region(), tenant.id(), one).await?);
        }
        let mut keys = keys.into_iter();
        let current = keys.next().ok_or(Error::Damaged("the tenant has no key"))?;
        let older: Vec<TenantKey> = keys.collect();
        Ok(TenantKeys {
            dedup: self.purpose(tenant.id(), &current, &older, Purpose::Dedup).await?,
            search: self.purpose(tenant.id(), &current, &older, Purpose::Search).await?,
            webhook: self.purpose(tenant.id(), &current, &older, Purpose::Webhook).await?,
            dkim: self.purpose(tenant.id(), &current, &older, Purpose::Dkim).await?,
            current,
            older,
            tenant: tenant.clone(),
            home: Arc::downgrade(&self.0),
        })
    }

    async fn purpose(
        &self,
        tenant: &TenantId,
        current: &TenantKey,
        older: &[TenantKey],
        purpose: Purpose,
    ) -> Result<PurposeKey> {
        if self.keystore().purpose_key(tenant, purpose.as_str()).await?.is_none() {
            let key = PurposeKey::generate(&self.0.random);
            let wrapped = current.wrap_purpose(purpose, &key, &self.0.random);
            self.keystore().insert_purpose_key(tenant, purpose.as_str(), current.version(), &wrapped).await?;
        }
        let (version, wrapped) = self
            .keystore()
            .purpose_key(tenant, purpose.as_str())
            .await?
            .ok_or(Error::Damaged("a purpose key vanished"))?;
        let key = std::iter::once(current).chain(older).find(|key| key.version() == version);
        Ok(key.ok_or(Error::Damaged("a tenant key is missing"))?.unwrap_purpose(purpose, &wrapped)?)
    }

    fn kept(&self, tenant: &TenantId) -> Option<Kept> {
        self.lock().get(tenant).cloned()
    }

    fn destroyed(&self) -> MutexGuard<'_, HashSet<TenantId>> {
        self.0.destroyed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(&self, tenant: &TenantId) -> &tokio::sync::Mutex<()> {
        let mut hasher = DefaultHasher::new();
        tenant.hash(&mut hasher);
        &self.0.lanes[usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default()]
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Kept>> {
        self.0.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
