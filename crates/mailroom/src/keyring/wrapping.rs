//! Wraps and unwraps the rows of the keystore with whatever guards it.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::{StoredServiceKey, StoredTenantKey};
use mailward_vault::{ServiceKey, TenantKey};

use super::{Issued, KeyContext, Keyring};
use crate::{Error, Result};

impl Keyring {
    /// Wraps a tenant's key under the current master key, whose id comes along.
    pub(crate) async fn wrap_tenant(
        &self,
        region: &str,
        tenant: &TenantId,
        key: &TenantKey,
        now: Timestamp,
    ) -> Result<(StoredTenantKey, String)> {
        let master = self.current_master().await?;
        let context = KeyContext { region, owner: tenant.as_str(), version: key.version() };
        let Issued { key: with, envelope } = self.root().issue(&master, &context).await?;
        let wrapped = with.wrap_tenant_key(region, tenant, key, &self.0.random).with_envelope(&envelope);
        let stored =
            StoredTenantKey { version: key.version(), mk_id: master.clone(), wrapped, created_at: now };
        Ok((stored, master))
    }

    /// Opens a tenant's key.
    pub(crate) async fn unwrap_tenant(
        &self,
        region: &str,
        tenant: &TenantId,
        stored: &StoredTenantKey,
    ) -> Result<TenantKey> {
        let context = KeyContext { region, owner: tenant.as_str(), version: stored.version };
        let with = self.root().recall(&stored.mk_id, &context, stored.wrapped.envelope()).await?;
        Ok(with.unwrap_tenant_key(region, tenant, stored.version, &stored.wrapped)?)
    }

    /// Wraps a key of the service under the current master key.
    pub(crate) async fn wrap_service(
        &self,
        name: &str,
        version: u32,
        key: &ServiceKey,
    ) -> Result<StoredServiceKey> {
        let master = self.current_master().await?;
        let context = KeyContext { region: "service", owner: name, version };
        let Issued { key: with, envelope } = self.root().issue(&master, &context).await?;
        let wrapped = with.wrap_service_key(name, key, &self.0.random).with_envelope(&envelope);
        Ok(StoredServiceKey { version, mk_id: master, wrapped })
    }

    /// Opens a key of the service.
    pub(crate) async fn unwrap_service(&self, name: &str, stored: &StoredServiceKey) -> Result<ServiceKey> {
        let context = KeyContext { region: "service", owner: name, version: stored.version };
        let with = self.root().recall(&stored.mk_id, &context, stored.wrapped.envelope()).await?;
        Ok(with.unwrap_service_key(name, &stored.wrapped)?)
    }

    /// Asked of the keystore each time: another process may have switched.
    async fn current_master(&self) -> Result<String> {
        self.keystore().current_master().await?.ok_or(Error::Damaged("no master key is current"))
    }
}
