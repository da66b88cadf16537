//! The audit log for those who read it: a tenant its own chain, an operator the service's, and the checkpoints that
//! leave the house.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailward_mail::id::TenantId;
use mailward_store::audit::checkpoint::Checkpoint;
use mailward_store::audit::rows::Entry;
use mailward_store::audit::tree::Edge;
use mailward_store::audit::verify::Walked;
use mailward_store::{Act, Operator, Tenant};
use mailward_vault::SigningKey;
use mailward_vault::note::{self, Verifier};

use crate::access::Principal;
use crate::{Mailroom, Result};

/// The service key whose seed signs checkpoints.
const NOTE_KEY: &str = "checkpoints";

/// Why a list of checkpoints proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// The signature is not this key's, or the text was changed.
    #[error("checkpoint {0} is not signed by this key")]
    Signature(i64),
    /// Size or root differ from what its leaves give.
    #[error("checkpoint {0} does not name the tree of its leaves")]
    Tree(i64),
    /// A number is missing.
    #[error("checkpoint {0} is missing")]
    Missing(i64),
}

impl Mailroom {
    /// The newest rows of the caller's chain before one, newest first, with what was sealed in them opened.
    pub async fn audit_log(
        &self,
        caller: &Principal,
        before: i64,
        limit: i64,
    ) -> Result<Vec<(Entry, Option<String>)>> {
        let entries = caller.tenant().read().await?.audit_newest(before, limit).await?;
        let mut opened = Vec::with_capacity(entries.len());
        for entry in entries {
            let said = match (&entry.sealed, &entry.row.object) {
                (Some(sealed), Some(object)) => Some(self.open_small(caller.tenant(), object, sealed).await?),
                _ => None,
            };
            opened.push((entry, said));
        }
        Ok(opened)
    }

    /// The newest rows before one, newest first, of a tenant's chain or the service's, as an operator. `None`: no such
    /// tenant.
    pub async fn audit_before(
        &self,
        operator: &Operator,
        tenant: Option<&str>,
        before: i64,
        limit: i64,
    ) -> Result<Option<Vec<Entry>>> {
        let Some(name) = tenant else { return Ok(Some(operator.audit_newest(before, limit).await?)) };
        let Some(tenant) = chain_owner(operator, name).await? else { return Ok(None) };
        Ok(Some(tenant.read().await?.audit_newest(before, limit).await?))
    }

    /// Rows after one, in order, of a tenant's chain or the service's, as an operator. `None`: no such tenant.
    pub async fn audit_after(
        &self,
        operator: &Operator,
        tenant: Option<&str>,
        after: i64,
        limit: i64,
    ) -> Result<Option<Vec<Entry>>> {
        let Some(name) = tenant else { return Ok(Some(operator.audit_entries(after, limit).await?)) };
        let Some(tenant) = chain_owner(operator, name).await? else { return Ok(None) };
        Ok(Some(tenant.read().await?.audit_entries(after, limit).await?))
    }

    /// Walks the caller's chain.
    pub async fn verify_own_audit(&self, caller: &Principal) -> Result<Walked> {
        Ok(caller.tenant().read().await?.verify_audit().await?)
    }

    /// Walks one chain, as an operator: a tenant's, or the service's. `None`: no such chain.
    pub async fn verify_chain(&self, operator: &Operator, chain: &str) -> Result<Option<Walked>> {
        if chain == mailward_store::audit::SYSTEM {
            return Ok(Some(operator.verify_service_audit().await?));
        }
        let Some(tenant) = chain_owner(operator, chain).await? else { return Ok(None) };
        Ok(Some(tenant.read().await?.verify_audit().await?))
    }

    /// Notes an act of the service itself.
    pub async fn note_act(&self, act: &Act<'_>) -> Result<()> {
        Ok(self.0.store.audit_service(act, self.0.clock.now()).await?)
    }

    /// Writes the next checkpoint; `None` when nothing happened since the last one.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let key = self.note_key().await?;
        let name = self.deployment().to_owned();
        let sign = |size: u64, root: &[u8; 32]| note::sign(&tree_text(&name, size, root), &name, &key);
        Ok(self.0.store.checkpoint(self.0.clock.now(), sign).await?)
    }

    /// Checkpoints after one, in order: whichever node wrote them.
    pub async fn checkpoints_after(&self, number: i64, limit: i64) -> Result<Vec<Checkpoint>> {
        Ok(self.0.store.checkpoints(number, limit).await?)
    }

    /// What names this deployment on all its nodes: its first domain.
    fn deployment(&self) -> &str {
        self.0.config.domains.first().map_or("mailward", String::as_str)
    }

    /// Who signs checkpoints, in the one-line form of signed notes.
    pub async fn checkpoint_verifier(&self) -> Result<Verifier> {
        Ok(Verifier::new(self.deployment(), self.note_key().await?.public()))
    }

    async fn note_key(&self) -> Result<SigningKey> {
        Ok(SigningKey::derive(self.0.keyring.service(NOTE_KEY).await?.as_ref(), NOTE_KEY))
    }
}

/// Checks a list of checkpoints from the first on: signatures, numbers, trees. Needs nothing but the list.
///
/// # Errors
/// The first [`CheckpointFault`].
pub fn check_list(list: &[Checkpoint], verifier: &Verifier) -> std::result::Result<(), CheckpointFault> {
    let mut edge = Edge::default();
    for (number, checkpoint) in (1..).zip(list) {
        if checkpoint.number != number {
            return Err(CheckpointFault::Missing(number));
        }
        for leaf in checkpoint.leaves.lines() {
            edge.push(leaf.as_bytes());
        }
        let text = note::open(&checkpoint.note, verifier).ok_or(CheckpointFault::Signature(number))?;
        let origin = text.lines().next().and_then(|line| line.strip_suffix("/audit")).unwrap_or_default();
        if text != tree_text(origin, edge.size(), &edge.root()) {
            return Err(CheckpointFault::Tree(number));
        }
    }
    Ok(())
}

async fn chain_owner(operator: &Operator, name: &str) -> Result<Option<Tenant>> {
    let Ok(id) = TenantId::parse(name) else { return Ok(None) };
    Ok(operator.tenant(&id).await?.map(|(_, tenant)| tenant))
}

/// C2SP `tlog-checkpoint`: origin, size, root.
fn tree_text(name: &str, size: u64, root: &[u8; 32]) -> String {
    format!("{name}/audit\n{size}\n{}\n", STANDARD.encode(root))
}
