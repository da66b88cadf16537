//! Whether a copy of the mail and a copy of the keys fit together and open, and what a restored pair must forget before
//! it is served.
//!
//! Works on stores that nobody serves. What opens is looked at and dropped; nothing of it is returned.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::{Act, Action, Idle, Leaving, Tenant, TenantState};
use mailward_vault::{PartKind, PublicKey, SigningKey, TenantKey, WrappedDek};

use crate::offboarding::{Erased, ErasureReceipt, PURPOSE, backups_until};
use crate::reading::context;
use crate::{Error, Keyring, Result};

/// Tenants that are looked at in one statement.
const PAGE: i64 = 200;
/// Messages of each tenant that are opened.
const OPENED: i64 = 3;
/// Tenants of whom messages are opened: with a program for a key provider each costs a call.
const TENANTS_OPENED: u64 = 1_000;
/// So much further on goes each numbering after a restore. More than any inbox gets between two backups, and nothing
/// beside 2^53, up to which JavaScript counts.
const GAP: i64 = 1_000_000;

/// What was found in a pair of copies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Tenants that are there.
    pub tenants: u64,
    /// Tenants that had ended before the copy was taken.
    pub ended: u64,
    /// Tenants without a key: shredded between the two copies, or after.
    pub keyless: Vec<TenantId>,
    /// Tenants of whom something does not open, and why.
    pub closed: Vec<(TenantId, String)>,
    /// Messages that are there.
    pub messages: i64,
    /// Messages that were opened, every part of them.
    pub opened: u64,
}

/// Opens the newest messages of tenants, and makes sure that no message needs a key that is not there.
///
/// # Errors
/// When a copy cannot be read, or the provider of the master key does not answer. What does not fit is in the answer.
pub async fn examine(mail: &Idle, keyring: &Keyring) -> Result<Examined> {
    let mut found = Examined::default();
    let mut after = None;
    loop {
        let page = mail.tenants(after.as_ref(), PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = Some(last.id.clone());
        for (row, tenant) in &page {
            if row.state.is_gone() {
                found.ended += 1;
                continue;
            }
            found.tenants += 1;
            let messages = tenant.read().await?.message_count().await?;
            found.messages += messages;
            if keyring.keystore().tenant_keys(&row.id).await?.is_empty() {
                found.keyless.push(row.id.clone());
                continue;
            }
            let is_opened = found.tenants <= TENANTS_OPENED;
            match one(tenant, keyring, is_opened).await {
                Ok(opened) => found.opened += opened,
                // The copies are there; what they hold does not fit.
                Err(error @ (Error::Keys(_) | Error::Damaged(_) | Error::Unreadable { .. })) => {
                    found.closed.push((row.id.clone(), error.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// The key that receipts of this service are signed with; `None` when it never signed any.
pub async fn receipt_key(keyring: &Keyring) -> Result<Option<PublicKey>> {
    let Some(stored) = keyring.keystore().service_key("receipts").await? else { return Ok(None) };
    let key = keyring.unwrap_service("receipts", &stored).await?;
    Ok(Some(SigningKey::derive(&key, "receipts").public()))
}

/// Ends a tenant of a restored pair that had ended after the backup was taken: its keys are destroyed here too, and the
/// service removes its rows when it starts. `false`: it had ended before.
pub async fn end_again(
    tenant: &Tenant,
    keyring: &Keyring,
    before: Option<&ErasureReceipt>,
    deployment: &str,
    now: Timestamp,
) -> Result<bool> {
    const ANY: &[TenantState] = &[
        TenantState::Active,
        TenantState::Suspended,
        TenantState::Importing,
        TenantState::Exporting,
        TenantState::Grace,
    ];
    let id = tenant.id();
    let mut scope = tenant.write().await?;
    if !scope.change_state(ANY, TenantState::Shredded, now).await? {
        return Ok(false);
    }
    let had = scope.holdings().await?;
    scope.shut(now).await?;
    let receipt = ErasureReceipt {
        kind: PURPOSE.to_owned(),
        tenant: id.to_string(),
        region: tenant.region().to_owned(),
        deployment: before.map_or(deployment, |one| &one.deployment).to_owned(),
        offboarded_at: before.map_or_else(|| now.to_string(), |one| one.offboarded_at.clone()),
        offboarded_by: before.map_or_else(|| "restore".to_owned(), |one| one.offboarded_by.clone()),
        // When the copy's keys ended, which is later than what the first receipt says: that is the truth of this one.
        shredded_at: now.to_string(),
        erased_at: None,
        erased: Erased::from(had),
        keys_destroyed: Vec::new(),
        master_keys_destroyed: Vec::new(),
        keystore_backups_until: Some(backups_until(now).to_string()),
        audit_chain: None,
    };
    let draft = serde_json::to_string(&receipt).map_err(|_| Error::Damaged("a receipt cannot be written"))?;
    let leaving = Leaving {
        begun_at: now,
        begun_by: "restore".to_owned(),
        was_suspended: false,
        grace_days: 0,
        grace_until: Some(now),
        renew_master: false,
        draft: Some(draft),
        receipt: None,
    };
    scope.set_leaving(&leaving).await?;
    let act = Act::new(Action::TenantShredded).on(id.as_str()).word("by", "restore");
    scope.audit(&act, now).await?;
    scope.audit_system(&act, now).await?;
    scope.commit().await?;
    keyring.destroy(id).await?;
    Ok(true)
}

/// Makes a restored store go on behind everything that may have been handed out since the backup. How many mails wait
/// to leave, which may have left since.
pub async fn go_on(mail: &Idle, taken_at: Option<&str>, now: Timestamp) -> Result<i64> {
    let (mut after, mut waiting) = (None, 0);
    loop {
        let page = mail.tenants(after.as_ref(), PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.id.clone());
        for (row, tenant) in &page {
            if row.state.is_gone() {
                continue;
            }
            let mut scope = tenant.write().await?;
            scope.leave_gap(GAP).await?;
            waiting += scope.waiting_to_leave().await?;
            scope.commit().await?;
        }
    }
    let act = Act::new(Action::BackupRestored);
    let act = taken_at.map_or(act.clone(), |at| act.word("takenAt", at));
    mail.note(&act, now).await?;
    mail.forget_deleted().await?;
    Ok(waiting)
}

async fn one(tenant: &Tenant, keyring: &Keyring, is_opened: bool) -> Result<u64> {
    let stored = keyring.keystore().tenant_keys(tenant.id()).await?;
    let mut scope = tenant.read().await?;
    let needed = scope.key_versions().await?;
    if needed.iter().any(|version| stored.iter().all(|one| one.version != *version)) {
        return Err(Error::Damaged("its mail needs a version of its key that is not in the keystore"));
    }
    if !is_opened {
        return Ok(0);
    }
    let mut keys: Vec<TenantKey> = Vec::with_capacity(stored.len());
    for one in &stored {
        keys.push(keyring.unwrap_tenant(tenant.region(), tenant.id(), one).await?);
    }
    let mut opened = 0;
    for message in scope.newest_messages(OPENED).await? {
        let key = keys.iter().find(|key| key.version() == message.key_version);
        let key = key.ok_or(Error::Damaged("a tenant key is missing"))?;
        let context = context(tenant, &message);
        let key = key.open_message_key(&context, &WrappedDek::from_stored(message.dek.clone()))?;
        for (kind, no, sealed) in scope.parts(&message.id).await? {
            let kind = PartKind::ALL.into_iter().find(|one| one.as_str() == kind);
            let kind = kind.ok_or(Error::Damaged("a part is of no kind that is known"))?;
            key.open(&context, kind, no, &sealed)?;
        }
        opened += 1;
    }
    Ok(opened)
}
