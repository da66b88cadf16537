//! Which tenants have ended since a backup was taken: the backup itself cannot know.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mailward_mail::id::TenantId;
use mailward_mailroom::offboarding::{ErasureReceipt, PURPOSE};
use mailward_mailroom::signed::{Signed, fingerprint};
use mailward_mailroom::{Keyring, receipt_key};
use mailward_store::Idle;

use super::{BackupError, MAIL};

/// Where it is written who has ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// Receipts, one a line.
    pub receipts: Option<PathBuf>,
    /// Who must have signed them; none: the key of the restored keystore.
    pub signer: Option<String>,
    /// The data directory that is replaced.
    pub previous: Option<PathBuf>,
}

/// Tenants that have ended, each with its receipt where there is one.
pub(super) type Names = BTreeMap<TenantId, Option<ErasureReceipt>>;

/// Reads all of it.
pub(super) async fn names(ended: &Ended, keyring: &Keyring) -> Result<Names, BackupError> {
    let mut names = Names::new();
    if let Some(previous) = &ended.previous {
        for tenant in of_previous(previous).await? {
            names.insert(tenant, None);
        }
    }
    if let Some(file) = &ended.receipts {
        for receipt in of_receipts(file, ended.signer.as_deref(), keyring).await? {
            let tenant = TenantId::parse(&receipt.tenant)
                .map_err(|error| BackupError::Fault(format!("{}: {error}", file.display())))?;
            names.insert(tenant, Some(receipt));
        }
    }
    Ok(names)
}

async fn of_previous(directory: &Path) -> Result<Vec<TenantId>, BackupError> {
    let path = directory.join(MAIL.1);
    let unread = |error: BackupError| {
        BackupError::Refused(format!("{} cannot be read: {error}; give --receipts instead", path.display()))
    };
    let mail = Idle::look(&path).await.map_err(|error| unread(error.into()))?;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = mail.tenants(after.as_ref(), 500).await.map_err(|error| unread(error.into()))?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.id.clone());
        found.extend(page.into_iter().filter(|(row, _)| row.state.is_gone()).map(|(row, _)| row.id));
    }
    mail.close().await;
    Ok(found)
}

async fn of_receipts(
    file: &Path,
    signer: Option<&str>,
    keyring: &Keyring,
) -> Result<Vec<ErasureReceipt>, BackupError> {
    let text = std::fs::read_to_string(file).map_err(|error| BackupError::io(file, &error))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let expected = match (signer, receipt_key(keyring).await?) {
        (Some(signer), _) => signer.to_owned(),
        (None, Some(key)) => fingerprint(&key),
        (None, None) => {
            return Err(BackupError::Refused(
                "the restored keystore is older than the first receipt and cannot tell whether these are genuine: name \
                 the key that signed them with --signer SHA256:..."
                    .into(),
            ));
        }
    };
    let mut receipts = Vec::with_capacity(lines.len());
    for (no, line) in lines.iter().enumerate() {
        let fault =
            |why: &dyn std::fmt::Display| BackupError::Fault(format!("{}:{}: {why}", file.display(), no + 1));
        let signed = Signed::verify(line.as_bytes(), PURPOSE, Some(&expected)).map_err(|why| fault(&why))?;
        receipts.push(signed.read::<ErasureReceipt>().map_err(|why| fault(&why))?);
    }
    Ok(receipts)
}
