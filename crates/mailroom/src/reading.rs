//! Opens delivered mail for those who may read it. Held mail does not exist here: the store's statements leave it out.

pub(crate) mod files;
mod safe;
mod search;
mod threads;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};
use mailward_mail::parsed::Parsed;
use mailward_store::{Action, Direction, Filter, Message, Scope, Tenant};
use mailward_vault::{Error as VaultError, MessageContext, MessageKey, PartKind};

pub use files::AttachmentFile;
pub(crate) use files::file_of;
pub(crate) use safe::render;
pub use safe::{SafeMail, SafeRequest, safe_line, tokens};
pub(crate) use search::Searches;
pub use search::{SearchPage, SearchRequest};
pub use threads::{Joined, OpenThread, Outgoing, ThreadPage, ThreadPlace, ThreadView};

use crate::access::Principal;
use crate::inbound::author_digest;
use crate::keyring::TenantKeys;
use crate::snapshot::{Meta, body_text};
use crate::{Error, Mailroom, Result};

/// How long a note that may be lost waits for the writer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// A mail, opened.
#[derive(Clone, Debug)]
pub struct Mail {
    /// What the store knows of it.
    pub message: Message,
    /// What a list shows.
    pub meta: Meta,
    /// The snapshot, when one mail was asked for.
    pub parsed: Option<Parsed>,
}

impl Mail {
    /// The text an agent reads.
    pub fn body(&self) -> Option<String> {
        self.parsed.as_ref().map(body_text)
    }
}

/// Which mails of an inbox.
#[derive(Clone, Debug, Default)]
pub struct ListRequest {
    /// At most so many.
    pub limit: u32,
    /// Only those before this place.
    pub before: Option<i64>,
    /// Only those after this place.
    pub after: Option<i64>,
    /// Only those available later than this.
    pub since: Option<Timestamp>,
    /// Only inbound or outbound.
    pub direction: Option<Direction>,
    /// Only from this author.
    pub from: Option<String>,
    /// Only of this level: `low`, `medium`, `high`, `unknown`.
    pub risk: Option<&'static str>,
    /// Only those not fetched yet.
    pub unread: bool,
    /// Oldest first, for who reads on from a place; else newest first.
    pub onward: bool,
}

/// Some mails, and where the next ones begin.
#[derive(Clone, Debug)]
pub struct Page {
    /// In the order that was asked for.
    pub mails: Vec<Mail>,
    /// Ask for those behind this place next; none: these were the last.
    pub next: Option<i64>,
}

impl Mailroom {
    /// Mails of an inbox, newest first. `None`: the caller has no such inbox.
    pub async fn list(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        request: &ListRequest,
    ) -> Result<Option<Page>> {
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        if !caller.reaches(inbox) || scope.inbox(inbox).await?.is_none() {
            return Ok(None);
        }
        let filter = Filter {
            before: request.before,
            after: request.after,
            since: request.since,
            direction: request.direction,
            from: request.from.as_ref().map(|address| author_digest(&keys, address)),
            level: request.risk,
            unread: request.unread,
            // One more than wanted tells whether there is a next page.
            limit: i64::from(request.limit) + 1,
        };
        let mut found = match request.onward {
            true => scope.messages_onward(inbox, &filter).await?,
            false => scope.messages(inbox, &filter).await?,
        };
        let more = found.len() > request.limit as usize;
        found.truncate(request.limit as usize);
        let next = found.last().and_then(|message| message.seq).filter(|_| more);
        let mut mails = Vec::with_capacity(found.len());
        for message in found {
            let meta = meta(caller.tenant(), &mut scope, &keys, &message).await?;
            mails.push(Mail { message, meta, parsed: None });
        }
        Ok(Some(Page { mails, next }))
    }

    /// One mail with its text, marked as read. Held, deleted and foreign ones are simply not there.
    pub async fn open(&self, caller: &Principal, inbox: &InboxId, id: &MessageId) -> Result<Option<Mail>> {
        if !caller.reaches(inbox) {
            return Ok(None);
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        let Some(message) = scope.message(inbox, id).await? else { return Ok(None) };
        let meta = meta(caller.tenant(), &mut scope, &keys, &message).await?;
        let parsed = parsed(caller.tenant(), &mut scope, &keys, &message).await?;
        drop(scope);
        if !message.is_read {
            self.note_read(caller, id).await;
        }
        Ok(Some(Mail { message: Message { is_read: true, ..message }, meta, parsed }))
    }

    /// Notes that a mail was fetched. Reading goes on when nothing can be written: on a full disk, say.
    async fn note_read(&self, caller: &Principal, id: &MessageId) {
        let note = async {
            let mut scope = caller.tenant().write().await?;
            scope.mark_read(id).await?;
            scope.commit().await
        };
        match tokio::time::timeout(PATIENCE, note).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not note that a mail was read"),
            Err(_) => tracing::warn!("could not note in time that a mail was read"),
        }
    }

    /// The message as it came from the wire.
    pub async fn raw(&self, caller: &Principal, inbox: &InboxId, id: &MessageId) -> Result<Option<Vec<u8>>> {
        if !caller.reaches(inbox) {
            return Ok(None);
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        let Some(message) = scope.message(inbox, id).await? else { return Ok(None) };
        let raw = open_part(caller.tenant(), &mut scope, &keys, &message, PartKind::Raw).await?;
        drop(scope);
        let mut scope = caller.tenant().write().await?;
        scope.audit(&caller.act(Action::RawDownloaded).on(id.as_str()), self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(Some(raw))
    }
}

/// Opens what a list shows of a message.
pub(crate) async fn meta(
    tenant: &Tenant,
    scope: &mut Scope,
    keys: &TenantKeys,
    message: &Message,
) -> Result<Meta> {
    let json = open_part(tenant, scope, keys, message, PartKind::Meta).await?;
    let damaged = |_| Error::unreadable(message.id.as_str(), Error::Damaged("a summary cannot be read"));
    serde_json::from_slice(&json).map_err(damaged)
}

/// Opens the snapshot of a message; `None` when it could not be parsed.
pub(crate) async fn parsed(
    tenant: &Tenant,
    scope: &mut Scope,
    keys: &TenantKeys,
    message: &Message,
) -> Result<Option<Parsed>> {
    let json = open_part(tenant, scope, keys, message, PartKind::Parsed).await?;
    let damaged = |_| Error::unreadable(message.id.as_str(), Error::Damaged("a snapshot cannot be read"));
    serde_json::from_slice(&json).map_err(damaged)
}

/// Opens one sealed part of a message.
pub(crate) async fn open_part(
    tenant: &Tenant,
    scope: &mut Scope,
    keys: &TenantKeys,
    message: &Message,
    kind: PartKind,
) -> Result<Vec<u8>> {
    open_with(tenant, scope, keys, message, kind, |key, context, no, sealed| {
        key.open(context, kind, no, sealed)
    })
    .await
}

/// Opens something of one sealed part of a message, as `open` does.
pub(crate) async fn open_with(
    tenant: &Tenant,
    scope: &mut Scope,
    keys: &TenantKeys,
    message: &Message,
    kind: PartKind,
    open: impl Fn(&MessageKey, &MessageContext<'_>, u32, &[u8]) -> std::result::Result<Vec<u8>, VaultError>,
) -> Result<Vec<u8>> {
    // What cannot be asked for now is not unreadable; what does not open where it lies is.
    let unreadable = |error| match error {
        Error::Keys(_) | Error::Damaged(_) => Error::unreadable(message.id.as_str(), error),
        other => other,
    };
    let context = context(tenant, message);
    let (mut version, mut dek) = (message.key_version, message.dek.clone());
    loop {
        let part = scope.part(&message.id, kind.as_str()).await?;
        let (no, sealed) = part.ok_or_else(|| unreadable(Error::Damaged("a part is missing")))?;
        let key = keys.message_key(&context, version, &dek).await.map_err(unreadable)?;
        match open(&key, &context, no, &sealed) {
            // Message and part are read one after the other, and both may be exchanged in between: then the message
            // has another key now. If it has not, something is wrong.
            Err(VaultError::Mismatch) => match scope.message_dek(&message.id).await? {
                Some((newer, fresh)) if fresh != dek => (version, dek) = (newer, fresh),
                _ => return Err(unreadable(VaultError::Mismatch.into())),
            },
            done => return done.map_err(|error| unreadable(error.into())),
        }
    }
}

pub(crate) fn context<'a>(tenant: &'a Tenant, message: &'a Message) -> MessageContext<'a> {
    MessageContext {
        region: tenant.region(),
        tenant: tenant.id(),
        inbox: &message.inbox,
        message: &message.id,
    }
}

/// Keeps only mails whose subject contains a text, without regard to case.
pub(crate) fn about(mails: Vec<Mail>, subject: Option<&str>) -> Vec<Mail> {
    let Some(wanted) = subject.map(str::to_lowercase) else { return mails };
    mails.into_iter().filter(|mail| mail.meta.subject.to_lowercase().contains(&wanted)).collect()
}
