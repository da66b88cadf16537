//! Another master key after a shredding, where it was asked for: so that copies of the key store from before open
//! nothing of the tenant either.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::{MasterState, NewRotation, RotationKind, RotationState};

use crate::offboarding::ErasureReceipt;
use crate::{Mailroom, Result};

impl Mailroom {
    /// Has the master key replaced and notes in the receipt which ones are gone; `false` while that goes on. Where the
    /// provider cannot do it by itself, the receipt goes on to name the day until which backups may hold the keys.
    pub(super) async fn renew_master(
        &self,
        tenant: &TenantId,
        asked_by: &str,
        shredded: Timestamp,
        receipt: &mut ErasureReceipt,
    ) -> Result<bool> {
        let keystore = self.0.keyring.keystore();
        let gone = || async {
            let masters = keystore.masters().await?.into_iter().filter(|master| {
                master.state == MasterState::Destroyed && master.retired_at.is_some_and(|at| at >= shredded)
            });
            crate::Result::Ok(masters.map(|master| master.id).collect::<Vec<_>>())
        };
        // One may only finish what an older rotation left; the next one then replaces the key.
        for attempt in 1..=2 {
            // Named by the tenant: a process that takes over finds the rotation of the one before.
            let id = format!("rot_end{attempt}_{tenant}");
            let Some(rotation) = keystore.rotation(&id).await? else {
                let new = NewRotation {
                    id,
                    kind: RotationKind::Master,
                    reencrypt: false,
                    keep_old: false,
                    created_by: asked_by.to_owned(),
                };
                // One that runs already may have wrapped this tenant's key before it was destroyed: ours comes after it.
                keystore.begin_rotation(&new, self.0.clock.now()).await?;
                self.0.rotations.notify_one();
                return Ok(false);
            };
            match rotation.state {
                RotationState::Running => return Ok(false),
                RotationState::Failed => {
                    tracing::warn!(tenant_id = %tenant, why = rotation.detail, "the master key could not be replaced");
                    return Ok(true);
                }
                RotationState::Done => {}
            }
            // What an operator still has to remove by hand is not gone, nor is what lies in other nodes' files.
            if !rotation.detail.is_empty() || keystore.is_shared() {
                return Ok(true);
            }
            receipt.master_keys_destroyed = gone().await?;
            if !receipt.master_keys_destroyed.is_empty() {
                receipt.keystore_backups_until = None;
                return Ok(true);
            }
        }
        Ok(true)
    }
}
