//! Attachments by signed URL: good for fifteen minutes, without a token, for one file. Each use asks again whether
//! the message is still there, still delivered, and the key that asked still valid.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};
use mailward_mail::parsed::{Attachment, TransferEncoding};
use mailward_store::{Message, Scope, Tenant};
use mailward_vault::PartKind;

use super::{open_with, parsed};
use crate::access::Principal;
use crate::keyring::TenantKeys;
use crate::{Error, Mailroom, Result};

/// How long a link is good for.
const LIFE: Duration = Duration::from_secs(900);

/// An attachment and where it can be fetched.
#[derive(Clone, Debug)]
pub struct AttachmentFile {
    /// The name the sender gave it.
    pub filename: String,
    /// `type/subtype`, as the sender claims.
    pub content_type: String,
    /// Bytes after decoding.
    pub size: u64,
    /// The signed part of the URL.
    pub link: String,
    /// When the link ends.
    pub expires_at: Timestamp,
}

impl Mailroom {
    /// A link to one attachment.
    pub async fn attachment(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &MessageId,
        index: usize,
    ) -> Result<Option<AttachmentFile>> {
        if !caller.reaches(inbox) {
            return Ok(None);
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        let Some(message) = scope.message(inbox, id).await? else { return Ok(None) };
        let snapshot = parsed(caller.tenant(), &mut scope, &keys, &message).await?;
        drop(scope);
        let Some(file) = snapshot.and_then(|mut parsed| {
            (index < parsed.attachments.len()).then(|| parsed.attachments.swap_remove(index))
        }) else {
            return Ok(None);
        };
        let expires_at = self.0.clock.now().plus(LIFE);
        let rest = format!("{inbox} {id} {index} {}", caller.keyid());
        let link = self.sign_link(caller.tenant().id(), &rest, expires_at).await?;
        Ok(Some(AttachmentFile {
            filename: file.filename,
            content_type: file.content_type,
            size: file.size,
            link,
            expires_at,
        }))
    }

    /// The file behind a signed link: its name and bytes.
    pub async fn file(&self, link: &str) -> Result<Option<(String, Vec<u8>)>> {
        let Some((tenant, rest)) = self.read_link(link).await? else { return Ok(None) };
        let mut words = rest.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let (Ok(inbox), Ok(id), Ok(index)) =
            (InboxId::parse(word()), MessageId::parse(word()), word().parse::<usize>())
        else {
            return Ok(None);
        };
        let keyid = word().to_owned();
        self.noting(&tenant, self.cut_out(&tenant, &inbox, &id, index, &keyid)).await
    }

    async fn cut_out(
        &self,
        tenant: &Tenant,
        inbox: &InboxId,
        id: &MessageId,
        index: usize,
        keyid: &str,
    ) -> Result<Option<(String, Vec<u8>)>> {
        let keys = self.0.keyring.tenant(tenant).await?;
        let mut scope = tenant.read().await?;
        let now = self.0.clock.now();
        let key = scope.key(keyid).await?;
        if key.is_none_or(|key| key.expires_at.is_some_and(|end| end <= now)) {
            return Ok(None);
        }
        let Some(message) = scope.message(inbox, id).await? else { return Ok(None) };
        let Some(snapshot) = parsed(tenant, &mut scope, &keys, &message).await? else { return Ok(None) };
        let Some(file) = snapshot.attachments.get(index) else { return Ok(None) };
        let content = file_of(tenant, &mut scope, &keys, &message, file).await?;
        Ok(Some((file.filename.clone(), content)))
    }
}

/// What is in an attachment. Only the chunks that hold it are opened, not the whole message.
pub(crate) async fn file_of(
    tenant: &Tenant,
    scope: &mut Scope,
    keys: &TenantKeys,
    message: &Message,
    file: &Attachment,
) -> Result<Vec<u8>> {
    let range = || file.offset..file.offset + file.length;
    let encoded = open_with(tenant, scope, keys, message, PartKind::Raw, |key, context, no, sealed| {
        key.open_range(context, PartKind::Raw, no, sealed, range())
    })
    .await?;
    decode(file, encoded)
}

fn decode(file: &Attachment, encoded: Vec<u8>) -> Result<Vec<u8>> {
    if file.encoding == TransferEncoding::Identity {
        return Ok(encoded);
    }
    file.decode(&encoded).ok_or(Error::Damaged("an attachment cannot be decoded"))
}
