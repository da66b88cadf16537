//! Keys replaced while mail goes on: asked for by an operator, done in the background, resumed by whoever is there.
//!
//! A rotation has no state of its own beside its row: what is left to do is what still lies under an old key. So a
//! process may die at any moment, and two may work on the same at once; each step changes a row only if it is as it
//! was read. What must not be overtaken by a slow writer is fenced off in the stores themselves.

mod master;
mod tenant;

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, TenantId};
use mailward_store::{
    Act, Action, ClaimedRotation, NewRotation, Operator, RotationKind, RotationRow, RotationState,
    StoredMaster, TenantKeyRow,
};

use crate::{Error, Mailroom, Result};

/// Rows that are wrapped anew in one transaction: short enough that nobody's mail waits for it.
const AT_ONCE: i64 = 500;
/// A process that does not come back within this has lost its rotation. Longer than any single step takes.
const LEASE: Duration = Duration::from_secs(60);
/// Rotations asked of another process are looked for this often.
const LOOK: Duration = Duration::from_secs(5);
/// A rotation that could not get on is tried again after this.
const AGAIN: Duration = Duration::from_secs(10);

/// What is to be rotated.
#[derive(Clone, Debug, Default)]
pub struct RotationRequest {
    /// The master key, instead of tenants' keys.
    pub master: bool,
    /// This tenant's key alone.
    pub tenant: Option<TenantId>,
    /// Write bodies anew under new message keys: after a tenant's key may have been seen by somebody.
    pub reencrypt: bool,
    /// Do not destroy the old master key yet.
    pub keep_old: bool,
}

/// The keys of this service by name.
pub struct KeyList {
    /// Master keys, the newest first.
    pub masters: Vec<StoredMaster>,
    /// The service's own: name, version, master key, age.
    pub service: Vec<(String, u32, String, Timestamp)>,
    /// Tenants', a page of them.
    pub tenants: Vec<TenantKeyRow>,
}

/// What was done since the last note: tenants, keys, messages.
type Done = [u64; 3];

/// Why a rotation does not go on in this process.
enum Stopped {
    /// It failed for good, and an operator is told why.
    Failed(String),
    /// It may work later.
    Later(Error),
    /// Another process has it.
    Lost,
}

impl<E: Into<Error>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Later(error.into())
    }
}

impl Mailroom {
    /// Notes that keys are to be rotated. The answer is the rotation, which may be one that runs already.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what makes no sense together, and for a tenant that has no keys.
    pub async fn begin_rotation(&self, operator: &Operator, request: RotationRequest) -> Result<RotationRow> {
        let kind = match (request.master, request.tenant) {
            (true, Some(_)) => return Err(Error::invalid("tenant", "the master key is no single tenant's")),
            (true, None) => RotationKind::Master,
            (false, Some(tenant)) => RotationKind::Tenant(tenant),
            (false, None) => RotationKind::Tenants,
        };
        if kind == RotationKind::Master && request.reencrypt {
            return Err(Error::invalid("reencrypt", "bodies lie under tenants' keys; rotate those"));
        }
        if kind != RotationKind::Master && request.keep_old {
            return Err(Error::invalid("keepOld", "only an old master key can be kept"));
        }
        let room = &self.0;
        if let RotationKind::Tenant(id) = &kind {
            let Some((_, tenant)) = operator.tenant(id).await? else {
                return Err(Error::invalid("tenant", "there is no such tenant"));
            };
            if !room.config.serves(tenant.region()) {
                return Err(Error::WrongRegion(tenant.region().to_owned()));
            }
        }
        let event = EventId::generate(&room.clock, &room.random);
        let new = NewRotation {
            id: event.as_str().replacen(EventId::PREFIX, "rot_", 1),
            kind,
            reencrypt: request.reencrypt,
            keep_old: request.keep_old,
            created_by: operator.keyid().to_owned(),
        };
        // Written down first: keys are not changed by anybody who is not in the log.
        let action = match new.kind {
            RotationKind::Master => Action::MasterKeyRotated,
            RotationKind::Tenant(_) | RotationKind::Tenants => Action::TenantKeyRotated,
        };
        operator.audit(Act::new(action).on(&new.id).word("step", "asked for"), room.clock.now()).await?;
        let row = room.keyring.keystore().begin_rotation(&new, room.clock.now()).await?;
        tracing::info!(
            rotation = row.id,
            kind = row.kind.as_str(),
            by = operator.keyid(),
            "keys are to be rotated"
        );
        room.rotations.notify_one();
        Ok(row)
    }

    /// How far a rotation is.
    pub async fn rotation(&self, _operator: &Operator, id: &str) -> Result<Option<RotationRow>> {
        Ok(self.0.keyring.keystore().rotation(id).await?)
    }

    /// The keys by name, tenants' by slug behind `after`.
    pub async fn key_list(
        &self,
        _operator: &Operator,
        after: Option<&TenantId>,
        limit: i64,
    ) -> Result<KeyList> {
        let keystore = self.0.keyring.keystore();
        Ok(KeyList {
            masters: keystore.masters().await?,
            service: keystore.service_keys().await?,
            tenants: keystore.list_tenants(after, limit).await?,
        })
    }

    /// Works on rotations, for ever. Dropping it at any moment leaves them to be resumed.
    pub async fn run_rotations(&self) {
        let room = &self.0;
        loop {
            match room.keyring.keystore().claim_rotation(room.clock.now(), LEASE).await {
                Ok(Some(claim)) => self.rotate_keys(&claim).await,
                Ok(None) => {
                    let _ = tokio::time::timeout(LOOK, room.rotations.notified()).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "could not look for rotations");
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    }

    async fn rotate_keys(&self, claim: &ClaimedRotation) {
        let room = &self.0;
        let kind = claim.row.kind.as_str();
        let outcome = match &claim.row.kind {
            RotationKind::Master => self.rotate_master(claim).await,
            RotationKind::Tenant(id) => self.rotate_tenant(claim, id).await.map(|()| String::new()),
            RotationKind::Tenants => self.rotate_tenants(claim).await,
        };
        let (keystore, now) = (room.keyring.keystore(), room.clock.now());
        let ended = match outcome {
            Ok(detail) => {
                tracing::info!(rotation = claim.row.id, kind, detail, "keys were rotated");
                keystore.end_rotation(claim, RotationState::Done, &detail, now).await
            }
            Err(Stopped::Failed(why)) => {
                tracing::error!(rotation = claim.row.id, kind, why, "a rotation was given up");
                keystore.end_rotation(claim, RotationState::Failed, &why, now).await
            }
            Err(Stopped::Later(error)) => {
                let why = causes(&error);
                tracing::warn!(
                    rotation = claim.row.id,
                    kind,
                    why,
                    "a rotation does not get on; it will be resumed"
                );
                keystore.delay_rotation(claim, &why, now.plus(AGAIN)).await.map(|()| true)
            }
            Err(Stopped::Lost) => Ok(false),
        };
        match ended {
            Ok(true) => {}
            Ok(false) => tracing::info!(rotation = claim.row.id, "another process has the rotation"),
            Err(error) => tracing::warn!(%error, "could not note how a rotation went; its lease will end"),
        }
    }

    /// Notes what was done, and makes sure that it is still this process's to go on.
    async fn note(&self, claim: &ClaimedRotation, done: Done) -> std::result::Result<(), Stopped> {
        let room = &self.0;
        let still = room.keyring.keystore().note_progress(claim, done, room.clock.now(), LEASE).await?;
        if still { Ok(()) } else { Err(Stopped::Lost) }
    }
}

/// An error with its causes, none of which holds a key.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
