//! Another master key: switched to, everything wrapped anew under it, the old one destroyed.

use std::collections::HashSet;

use mailward_store::{Act, Action, Actor, ClaimedRotation, MasterState, Rewrapped};

use super::{AT_ONCE, Stopped};
use crate::keyring::KeyContext;
use crate::{Error, Mailroom};

impl Mailroom {
    /// What an operator still has to do comes back as a text.
    pub(super) async fn rotate_master(&self, claim: &ClaimedRotation) -> Result<String, Stopped> {
        let keystore = self.0.keyring.keystore();
        let masters = keystore.masters().await?;
        // One that was left unfinished, or whose old key was kept, is finished first; then nothing is switched.
        let is_unfinished = masters.iter().any(|master| master.state == MasterState::Retiring);
        if claim.row.target.is_none() && !is_unfinished {
            self.switch_master(claim).await?;
        }
        self.rewrap_service_keys(claim).await?;
        self.rewrap_tenant_keys(claim).await?;
        if claim.row.keep_old {
            return Ok("the old master key was kept; rotate again to have it destroyed".into());
        }
        self.destroy_retired().await
    }

    async fn switch_master(&self, claim: &ClaimedRotation) -> Result<(), Stopped> {
        let room = &self.0;
        let keystore = room.keyring.keystore();
        let current = keystore.current_master().await?.ok_or(Error::Damaged("no master key is current"))?;
        let known = keystore.masters().await?;
        let is_new = |id: &String| known.iter().all(|master| master.id != *id);
        let ready = room.keyring.root().ids().await.map_err(Error::from)?.into_iter().find(is_new);
        let next = match ready {
            Some(id) => id,
            // A key that one node made for itself would shut all others out.
            None if keystore.is_shared() => {
                return Err(Stopped::Failed(
                    "other nodes may share this key store: put a new master key beside the old one on each of them \
                     (`mailward keys prepare`, then copy the file), and rotate again"
                        .into(),
                ));
            }
            None => {
                let made = room.keyring.root().prepare().await.map_err(Error::from)?.filter(is_new);
                made.ok_or_else(|| {
                    Stopped::Failed(
                        "there is no other master key: give the provider a new one beside the old, then rotate".into(),
                    )
                })?
            }
        };
        // Proved before anything depends on it: what was given is found again.
        let context = KeyContext { region: "service", owner: "rotation", version: 1 };
        let issued = room.keyring.root().issue(&next, &context).await.map_err(Error::from)?;
        let found =
            room.keyring.root().recall(&next, &context, &issued.envelope).await.map_err(Error::from)?;
        if *found.to_hex() != *issued.key.to_hex() {
            return Err(Stopped::Failed(format!("master key {next} does not open what it wrapped")));
        }
        if !keystore.switch_master(claim, &current, &next, room.clock.now()).await? {
            return Err(Stopped::Lost);
        }
        let act = Act::new(Action::MasterKeyRotated).by(Actor::Service).on(&next);
        self.note_act(&act.word("step", "switched to")).await?;
        tracing::info!(from = current, to = next, "switched to another master key");
        Ok(())
    }

    async fn rewrap_service_keys(&self, claim: &ClaimedRotation) -> Result<(), Stopped> {
        let keyring = &self.0.keyring;
        for (name, stored) in keyring.keystore().service_keys_behind().await? {
            let key = keyring.unwrap_service(&name, &stored).await?;
            let new = keyring.wrap_service(&name, stored.version, &key).await?;
            let wraps =
                Rewrapped { old: stored.wrapped.as_bytes().to_vec(), new: new.wrapped.as_bytes().to_vec() };
            let done =
                keyring.keystore().rewrap_service_key(&name, stored.version, &wraps, &new.mk_id).await?;
            self.note(claim, [0, done, 0]).await?;
        }
        Ok(())
    }

    async fn rewrap_tenant_keys(&self, claim: &ClaimedRotation) -> Result<(), Stopped> {
        let keyring = &self.0.keyring;
        let mut damaged = HashSet::new();
        loop {
            let mut behind = keyring.keystore().tenant_keys_behind(AT_ONCE).await?;
            behind.retain(|(tenant, _, stored)| !damaged.contains(&(tenant.clone(), stored.version)));
            if behind.is_empty() {
                return Ok(());
            }
            let mut wraps = Vec::with_capacity(behind.len());
            for (tenant, region, stored) in behind {
                let key = match keyring.unwrap_tenant(&region, &tenant, &stored).await {
                    // One tenant's damage is no reason to leave the others under the old key, which stays for it.
                    Err(error @ Error::Keys(_)) => {
                        tracing::error!(tenant_id = %tenant, %error, "a tenant's key does not open");
                        damaged.insert((tenant, stored.version));
                        continue;
                    }
                    key => key?,
                };
                let (new, _) = keyring.wrap_tenant(&region, &tenant, &key, stored.created_at).await?;
                wraps.push((tenant, stored.wrapped, new));
            }
            let done = keyring.keystore().rewrap_tenant_keys(&wraps).await?;
            self.note(claim, [0, done, 0]).await?;
        }
    }

    /// A provider forgets a key first and the row says so then: a key is never called destroyed while it is there.
    async fn destroy_retired(&self) -> Result<String, Stopped> {
        let keyring = &self.0.keyring;
        let mut left = Vec::new();
        for master in keyring.keystore().masters().await? {
            if master.state != MasterState::Retiring || master.tenant_keys + master.service_keys > 0 {
                continue;
            }
            if let Some(how) = keyring.root().destroy(&master.id).await.map_err(Error::from)? {
                left.push(how);
            }
            if keyring.keystore().note_destroyed(&master.id).await? {
                let act = Act::new(Action::MasterKeyRotated).by(Actor::Service).on(&master.id);
                self.note_act(&act.word("step", "destroyed")).await?;
            }
        }
        Ok(left.join("; "))
    }
}
