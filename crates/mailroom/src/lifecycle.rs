//! What time does to tenants: grace that ends, keys that are destroyed, rows that go, imports that nobody finished.
//!
//! Keys first: from then on nothing that is left opens, here or in any copy. Rows go afterwards, a little at a time.
//! Several processes may do this beside each other; states are compared when they are changed, and each step may be
//! done twice.

mod renewal;

use std::future::Future;
use std::time::Duration;

use mailward_store::audit::link::hex;
use mailward_store::{Act, Action, Tenant, TenantState};

use crate::offboarding::{ChainEnd, Erased, ErasureReceipt, PURPOSE, backups_until};
use crate::signed::Signed;
use crate::{Error, Mailroom, Result};

/// How often is looked whether a time has come.
const EVERY: Duration = Duration::from_secs(30);
/// How soon is looked again when something was left to do.
const SOON: Duration = Duration::from_millis(500);
/// How soon is looked again when something stood in the way: a reader that held the log, a database that was away.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// An import that stored nothing for so long is not going on any more.
const STALE: Duration = Duration::from_secs(900);
/// Tenants that are looked at in one round.
const AT_ONCE: i64 = 100;

impl Mailroom {
    /// Ends what is to end until told to stop. Being stopped in the middle is no harm.
    pub async fn run_endings(self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let round = async {
                let again = match self.end_due().await {
                    Ok(again) => again,
                    Err(error) => {
                        tracing::warn!(%error, "could not look for tenants whose time has come");
                        EVERY
                    }
                };
                tokio::select! {
                    () = tokio::time::sleep(again) => {}
                    () = self.0.endings.notified() => {}
                }
            };
            tokio::select! {
                () = round => {}
                () = &mut stop => return,
            }
        }
    }

    /// One round, and when the next is due.
    async fn end_due(&self) -> Result<Duration> {
        let now = self.0.clock.now();
        let mut again = EVERY;
        for (tenant, state) in self.0.store.ending(now, now.minus(STALE), AT_ONCE).await? {
            let ended = match state {
                TenantState::Importing => self.discard_import(&tenant).await.map(|()| true),
                _ => self.end(&tenant, state).await,
            };
            match ended {
                Ok(true) => {}
                Ok(false) => again = again.min(SOON),
                // One tenant's trouble is no other's; the next round tries again.
                Err(error) => {
                    tracing::warn!(tenant_id = %tenant.id(), %error, "a tenant's end could not go on");
                    again = again.min(AFTER_TROUBLE);
                }
            }
        }
        Ok(again)
    }

    async fn end(&self, tenant: &Tenant, state: TenantState) -> Result<bool> {
        if state == TenantState::Grace && !self.shred(tenant).await? {
            return Ok(true);
        }
        self.erase(tenant).await
    }

    /// The point of no return: the state first, so that nobody opens a key any more, then the keys.
    async fn shred(&self, tenant: &Tenant) -> Result<bool> {
        let id = tenant.id();
        let now = self.0.clock.now();
        let keys_destroyed = self.key_names(id).await?;
        let mut scope = tenant.write().await?;
        // The state first, which locks the tenant's row: what is read after it nobody changes. It is dropped again if the
        // tenant was taken back or given more time meanwhile.
        if !scope.change_state(&[TenantState::Grace], TenantState::Shredded, now).await? {
            return Ok(false);
        }
        let Some(mut leaving) = scope.leaving().await? else {
            return Err(Error::Damaged("a tenant in grace is not known to leave"));
        };
        if leaving.grace_until.is_none_or(|end| end > now) {
            return Ok(false);
        }
        let had = scope.holdings().await?;
        scope.shut(now).await?;
        let receipt = ErasureReceipt {
            kind: PURPOSE.to_owned(),
            tenant: id.to_string(),
            region: tenant.region().to_owned(),
            deployment: self.0.config.hostname.clone(),
            offboarded_at: leaving.begun_at.to_string(),
            offboarded_by: leaving.begun_by.clone(),
            shredded_at: now.to_string(),
            erased_at: None,
            erased: Erased::from(had),
            keys_destroyed,
            master_keys_destroyed: Vec::new(),
            keystore_backups_until: Some(backups_until(now).to_string()),
            audit_chain: None,
        };
        leaving.draft = Some(serde_json::to_string(&receipt).map_err(|_| UNWRITABLE)?);
        scope.set_leaving(&leaving).await?;
        scope.audit(&Act::new(Action::TenantShredded).on(id.as_str()), now).await?;
        scope.audit_system(&Act::new(Action::TenantShredded).on(id.as_str()), now).await?;
        scope.commit().await?;
        self.0.sessions.forget_tenant(id);
        self.0.keyring.destroy(id).await?;
        tracing::info!(tenant_id = %id, "the keys of a tenant are destroyed");
        Ok(true)
    }

    /// Removes what is left of a shredded tenant; `false` when some of it is to be removed later.
    async fn erase(&self, tenant: &Tenant) -> Result<bool> {
        let id = tenant.id();
        // Again, for a process that died between the state and the keys.
        self.0.keyring.destroy(id).await?;
        self.erase_rows(tenant).await?;
        let Some(leaving) = tenant.read().await?.leaving().await? else {
            return Err(Error::Damaged("a shredded tenant is not known to leave"));
        };
        let draft = leaving.draft.as_deref().ok_or(UNWRITABLE)?;
        let mut receipt: ErasureReceipt = serde_json::from_str(draft).map_err(|_| UNWRITABLE)?;
        let shredded = mailward_mail::clock::Timestamp::parse(&receipt.shredded_at).ok_or(UNWRITABLE)?;
        let now = self.0.clock.now();
        // What was under way when the doors were shut may have written a row since.
        if now < shredded.plus(self.0.config.settle) {
            return Ok(false);
        }
        let renewed = !leaving.renew_master || !receipt.master_keys_destroyed.is_empty();
        if !renewed && !self.renew_master(id, &leaving.begun_by, shredded, &mut receipt).await? {
            return Ok(false);
        }
        // The rows are gone; what they left in the log must be, before anybody is told so.
        self.erase_rows(tenant).await?;
        self.0.store.forget_deleted().await?;
        let key = self.signing_key().await?;
        let mut scope = tenant.write().await?;
        if scope.erase_some().await? > 0 {
            scope.commit().await?;
            return Ok(false);
        }
        if !scope.change_state(&[TenantState::Shredded], TenantState::Purged, now).await? {
            return Ok(true);
        }
        scope.audit(&Act::new(Action::TenantPurged).on(id.as_str()), now).await?;
        scope.audit_system(&Act::new(Action::TenantPurged).on(id.as_str()), now).await?;
        let head = scope.audit_head().await?;
        receipt.erased_at = Some(now.to_string());
        receipt.audit_chain = head.map(|head| ChainEnd { rows: head.seq, hash: hex(&head.hash) });
        let document = serde_json::to_value(&receipt).map_err(|_| UNWRITABLE)?;
        let signed = Signed::new(&key, PURPOSE, document);
        let receipt = serde_json::to_string(&signed).map_err(|_| UNWRITABLE)?;
        scope
            .set_leaving(&mailward_store::Leaving { draft: None, receipt: Some(receipt), ..leaving })
            .await?;
        scope.commit().await?;
        tracing::info!(tenant_id = %id, "nothing of a tenant is left");
        Ok(true)
    }

    /// Takes back an import that did not come to its end: nothing stays, not even that its name and addresses were used.
    pub(crate) async fn discard_import(&self, tenant: &Tenant) -> Result<()> {
        let id = tenant.id();
        let addresses = tenant.read().await?.canonical_addresses().await?;
        let mut tombstones = Vec::with_capacity(addresses.len());
        for canonical in addresses {
            let tombstone = self.tombstone(&canonical).await?;
            tombstones.push((canonical, tombstone));
        }
        let now = self.0.clock.now();
        let mut scope = tenant.write().await?;
        if !scope.change_state(&[TenantState::Importing], TenantState::Importing, now).await? {
            return Ok(());
        }
        for (canonical, tombstone) in &tombstones {
            scope.release_address(canonical, tombstone).await?;
        }
        scope.commit().await?;
        self.0.keyring.destroy(id).await?;
        self.erase_rows(tenant).await?;
        let mut scope = tenant.write().await?;
        if scope.erase_some().await? == 0 && scope.unmake_tenant().await? {
            scope
                .audit_system(&Act::new(Action::TenantImported).on(id.as_str()).word("step", "undone"), now)
                .await?;
        }
        scope.commit().await?;
        self.0.keyring.forgive(id);
        self.0.store.forget_deleted().await?;
        Ok(())
    }

    async fn erase_rows(&self, tenant: &Tenant) -> Result<()> {
        loop {
            let mut scope = tenant.write().await?;
            let removed = scope.erase_some().await?;
            scope.commit().await?;
            if removed == 0 {
                return Ok(());
            }
            // Others first: the writer is everybody's.
            tokio::task::yield_now().await;
        }
    }
}

const UNWRITABLE: Error = Error::Damaged("a receipt cannot be written");
