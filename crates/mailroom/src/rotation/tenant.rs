//! Another key for a tenant: used for writing at once, then everything wrapped anew under it, the old one dropped.

use std::time::Duration;

use mailward_mail::id::{MessageId, TenantId};
use mailward_store::{
    Act, Action, Actor, ClaimedRotation, Message, Rewrapped, RewrappedDek, StoredTenantKey, Tenant,
};
use mailward_vault::{PartKind, Purpose, TenantKey};

use super::{AT_ONCE, Stopped};
use crate::keyring::TenantKeys;
use crate::reading::context;
use crate::{Error, Mailroom};

/// Bodies are written anew at most so fast, in bytes a second: others want the disk too.
const BODIES_A_SECOND: usize = 5 << 20;

impl Mailroom {
    pub(super) async fn rotate_tenants(&self, claim: &ClaimedRotation) -> Result<String, Stopped> {
        let keystore = self.0.keyring.keystore();
        let (mut after, mut foreign) = (None, 0);
        let mut damaged = None;
        loop {
            let page = keystore.list_tenants(after.as_ref(), AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.tenant.clone());
            for row in page {
                let is_done = row.versions.len() == 1
                    && row.versions.iter().all(|one| one.created_at > claim.row.created_at);
                if is_done {
                    continue;
                }
                if !self.0.config.serves(&row.region) {
                    foreign += 1;
                    continue;
                }
                match self.rotate_tenant(claim, &row.tenant).await {
                    // One tenant's damage is no reason to leave the others under their old keys.
                    Err(Stopped::Later(error)) if !matches!(error, Error::Store(_) | Error::Root(_)) => {
                        tracing::error!(tenant_id = %row.tenant, %error, "a tenant's key could not be rotated");
                        damaged = Some(error);
                    }
                    done => done?,
                }
            }
        }
        if let Some(error) = damaged {
            return Err(Stopped::Later(error));
        }
        Ok(match foreign {
            0 => String::new(),
            some => format!("{some} tenants of regions that are not served here were left out"),
        })
    }

    pub(super) async fn rotate_tenant(&self, claim: &ClaimedRotation, id: &TenantId) -> Result<(), Stopped> {
        let keyring = &self.0.keyring;
        let Some(tenant) = self.0.store.tenant_of_rotation(claim, id).await? else {
            // A key whose tenant was never made, or is gone.
            return self.note(claim, [0, 0, 0]).await;
        };
        let Some(newest) = self.newest_version(claim, &tenant).await? else {
            // Shredded meanwhile: nothing is left to be rotated, and nothing may come back.
            return self.note(claim, [0, 0, 0]).await;
        };
        // Before the floor: who is turned away by it finds the new version here.
        let keys = keyring.renew(&tenant).await?;
        let mut scope = tenant.write().await?;
        if scope.raise_key_floor(newest).await? {
            let act = Act::new(Action::TenantKeyRotated).by(Actor::Operator(&claim.row.created_by));
            let act = act.on(&claim.row.id).number("version", i64::from(newest));
            scope.audit(&act, self.0.clock.now()).await?;
        }
        scope.commit().await?;
        // Until nothing is found: what was on its way when the floor rose is there at a second look, and the floor lets
        // nothing follow.
        while self.rewrap_messages(claim, &tenant, &keys, newest).await? > 0 {}
        loop {
            self.rewrap_purposes(claim, &tenant, newest).await?;
            keyring.keystore().drop_tenant_versions(id, newest).await?;
            // An old version stays as long as somebody has just made a purpose key under it.
            if keyring.keystore().tenant_keys(id).await?.len() <= 1 {
                break;
            }
        }
        keyring.forget(id);
        self.note(claim, [1, 0, 0]).await
    }

    /// The version to rotate to: one that was made for this rotation, now or before it was interrupted.
    async fn newest_version(&self, claim: &ClaimedRotation, tenant: &Tenant) -> Result<Option<u32>, Stopped> {
        let keyring = &self.0.keyring;
        loop {
            let stored = keyring.keystore().tenant_keys(tenant.id()).await?;
            let Some(newest) = stored.first() else { return Ok(None) };
            if newest.created_at > claim.row.created_at {
                return Ok(Some(newest.version));
            }
            let key = TenantKey::generate(newest.version + 1, &self.0.random);
            // Later than the rotation even where the clock stands still or goes back: so it is known again.
            let now = self.0.clock.now().max(claim.row.created_at.plus(Duration::from_millis(1)));
            let (new, _) = keyring.wrap_tenant(tenant.region(), tenant.id(), &key, now).await?;
            let new = StoredTenantKey { created_at: now, ..new };
            if keyring.keystore().add_tenant_version(tenant.id(), newest.version, &new).await? {
                self.note(claim, [0, 1, 0]).await?;
            }
        }
    }

    async fn rewrap_purposes(
        &self,
        claim: &ClaimedRotation,
        tenant: &Tenant,
        newest: u32,
    ) -> Result<(), Stopped> {
        let keyring = &self.0.keyring;
        let behind = keyring.keystore().purpose_keys_below(tenant.id(), newest).await?;
        if behind.is_empty() {
            return Ok(());
        }
        let keys = keyring.renew(tenant).await?;
        let to = keys.version(newest).ok_or(Error::Damaged("a tenant key is missing"))?;
        let mut done = 0;
        for (name, version, wrapped) in behind {
            let purpose = Purpose::ALL.into_iter().find(|one| one.as_str() == name);
            let purpose = purpose.ok_or(Error::Damaged("a purpose key is for nothing that is known"))?;
            let from = keys.version(version).ok_or(Error::Damaged("a tenant key is missing"))?;
            let key = from.unwrap_purpose(purpose, &wrapped).map_err(Error::from)?;
            let new = to.wrap_purpose(purpose, &key, &self.0.random);
            let wraps = Rewrapped { old: wrapped.as_bytes().to_vec(), new: new.as_bytes().to_vec() };
            let is_done = keyring.keystore().rewrap_purpose_key(tenant.id(), &name, newest, &wraps).await?;
            done += u64::from(is_done);
        }
        self.note(claim, [0, done, 0]).await
    }

    /// Goes once through the messages that an older version wraps; how many there were.
    async fn rewrap_messages(
        &self,
        claim: &ClaimedRotation,
        tenant: &Tenant,
        keys: &TenantKeys,
        newest: u32,
    ) -> Result<usize, Stopped> {
        let mut after: Option<MessageId> = None;
        let mut seen = 0;
        loop {
            let behind = tenant.read().await?.messages_below(newest, after.as_ref(), AT_ONCE).await?;
            let Some(last) = behind.last() else { return Ok(seen) };
            after = Some(last.id.clone());
            seen += behind.len();
            if claim.row.reencrypt {
                for message in &behind {
                    let done = self.reencrypt(tenant, keys, message, newest).await?;
                    self.note(claim, [0, 0, done]).await?;
                }
            } else {
                let mut wraps = Vec::with_capacity(behind.len());
                for message in &behind {
                    wraps.push(self.rewrap(tenant, keys, message, newest).await?);
                }
                let mut scope = tenant.write().await?;
                let done = scope.rewrap_messages(&wraps, newest).await?;
                scope.commit().await?;
                self.note(claim, [0, 0, done]).await?;
            }
        }
    }

    async fn rewrap(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
        message: &Message,
        newest: u32,
    ) -> Result<RewrappedDek, Stopped> {
        let context = context(tenant, message);
        let key = keys.message_key(&context, message.key_version, &message.dek).await?;
        let to = keys.version(newest).ok_or(Error::Damaged("a tenant key is missing"))?;
        let new = to.wrap_message_key(&context, &key, &self.0.random).as_bytes().to_vec();
        Ok(RewrappedDek { id: message.id.clone(), old: message.dek.clone(), new })
    }

    /// Gives a message a new key and seals its parts with it: who has seen the old key can read none of them.
    async fn reencrypt(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
        message: &Message,
        newest: u32,
    ) -> Result<u64, Stopped> {
        let context = context(tenant, message);
        let old = keys.message_key(&context, message.key_version, &message.dek).await?;
        let to = keys.version(newest).ok_or(Error::Damaged("a tenant key is missing"))?;
        let (key, dek) = to.new_message_key(&context, &self.0.random);
        let mut parts = tenant.read().await?.parts(&message.id).await?;
        let mut bytes = 0;
        for (kind, no, sealed) in &mut parts {
            let kind = PartKind::ALL.into_iter().find(|one| one.as_str() == kind);
            let kind = kind.ok_or(Error::Damaged("a part is of no kind that is known"))?;
            let plain = match old.open(&context, kind, *no, sealed) {
                Ok(plain) => zeroize::Zeroizing::new(plain),
                // Another process was faster with this message; or it was damaged, and would be for ever.
                Err(mailward_vault::Error::Mismatch) => {
                    let now = tenant.read().await?.message_dek(&message.id).await?;
                    return match now {
                        Some((_, dek)) if dek == message.dek => {
                            let error = Error::from(mailward_vault::Error::Mismatch);
                            Err(Error::unreadable(message.id.as_str(), error).into())
                        }
                        _ => Ok(0),
                    };
                }
                Err(error) => return Err(Error::from(error).into()),
            };
            *sealed = key.seal(&context, kind, *no, &plain).into_bytes();
            bytes += sealed.len();
        }
        let wraps =
            RewrappedDek { id: message.id.clone(), old: message.dek.clone(), new: dek.as_bytes().to_vec() };
        let mut scope = tenant.write().await?;
        let done = scope.reencrypt_message(&wraps, newest, &parts).await?;
        if done {
            scope.commit().await?;
        }
        tokio::time::sleep(Duration::from_secs_f64(bytes as f64 / BODIES_A_SECOND as f64)).await;
        Ok(u64::from(done))
    }
}
