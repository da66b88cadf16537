//! Packs a tenant's archive: a page of rows and one mail in memory at a time, however much there is.

use age::x25519::Recipient;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId, MessageId, TenantId};
use mailward_store::audit::link::hex;
use mailward_store::audit::rows::Entry as AuditEntry;
use mailward_store::{
    Act, Action, Actor, ArchivedInbox, ArchivedMessage, Operator, State, Tenant, TenantRow,
};
use mailward_vault::PartKind;
use tokio::sync::mpsc::Sender;

use super::pack::Packer;
use super::records::{
    AuditRecord, Counts, EventRecord, FORMAT, Header, InboxRecord, KeyRecord, Manifest, MessageRecord,
    RecipientRecord, WebhookRecord,
};
use super::{Entry, Kind, PAGE, PURPOSE};
use crate::keyring::TenantKeys;
use crate::reading::{meta, open_part};
use crate::signed::Signed;
use crate::{Error, Mailroom, Result};

/// Rows of a page that hold no mail.
const ROWS: i64 = 1_000;
/// What is packed before it is handed on, in bytes.
const HAND_ON: usize = 256 << 10;

/// An archive that can be packed: the tenant is there, its keys open, and the recipient is one.
pub struct Export {
    room: Mailroom,
    row: TenantRow,
    tenant: Tenant,
    keys: std::sync::Arc<TenantKeys>,
    packer: Packer,
    out: Option<Sender<std::io::Result<Vec<u8>>>>,
    /// What comes later is not part of it.
    until: Timestamp,
    counts: Counts,
}

impl Mailroom {
    /// Prepares the archive of a tenant in whatever state it has keys in, for an age recipient (`age1…`). The tenant's
    /// audit log has it from now on. `None`: no such tenant.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text that is no recipient; [`Error::Conflict`] when the tenant's keys are destroyed.
    pub async fn export(
        &self,
        operator: &Operator,
        id: &TenantId,
        recipient: &str,
    ) -> Result<Option<Export>> {
        let to: Recipient = recipient.parse().map_err(|_| {
            Error::invalid("recipient", "must be an age recipient (age1…); `age-keygen` makes one")
        })?;
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        if row.state.is_gone() {
            return Err(Error::Conflict("the tenant's keys are destroyed: there is nothing left to export"));
        }
        let keys = self.0.keyring.tenant(&tenant).await?;
        let now = self.0.clock.now();
        let act = Act::new(Action::TenantExported)
            .by(Actor::Operator(operator.keyid()))
            .from(operator.origin())
            .on(id.as_str())
            .word("recipient", recipient);
        let mut scope = tenant.write().await?;
        scope.audit(&act, now).await?;
        scope.commit().await?;
        let packer = Packer::begin(&to, now).map_err(|_| Error::Damaged("an archive cannot be begun"))?;
        let (room, counts) = (self.clone(), Counts::default());
        Ok(Some(Export { room, row, tenant, keys, packer, out: None, until: now, counts }))
    }
}

impl Export {
    /// Packs the archive and hands it on as it grows. Waits for whoever reads.
    ///
    /// # Errors
    /// Whatever went wrong; the archive is cut off then, and no reader takes it for whole. [`Error::Conflict`] when the
    /// reader went away.
    pub async fn pack(mut self, out: Sender<std::io::Result<Vec<u8>>>) -> Result<Counts> {
        self.out = Some(out.clone());
        let header = Header {
            format: FORMAT.to_owned(),
            tenant: self.row.id.to_string(),
            region: self.row.region.clone(),
            plan: self.row.plan.clone(),
            deployment: self.room.config().hostname.clone(),
            created_at: self.until.to_string(),
        };
        let json = serde_json::to_vec(&header).map_err(|_| UNWRITABLE)?;
        self.packer.file(&Entry::Header, &json).map_err(|_| UNWRITABLE)?;
        self.inboxes().await?;
        self.webhooks().await?;
        self.keys().await?;
        self.messages().await?;
        self.events().await?;
        self.chain().await?;
        let key = self.room.signing_key().await?;
        let manifest = |sums: String, files: u64| {
            let manifest = Manifest {
                format: header.format,
                tenant: header.tenant,
                deployment: header.deployment,
                created_at: header.created_at,
                files,
                sums,
                counts: self.counts,
            };
            let document = serde_json::to_value(&manifest)?;
            Ok(serde_json::to_vec_pretty(&Signed::new(&key, PURPOSE, document))?)
        };
        let last = self.packer.finish(manifest).map_err(|_| UNWRITABLE)?;
        hand_on(&out, last).await?;
        self.room.archive_packed(&self.tenant).await?;
        Ok(self.counts)
    }

    async fn inboxes(&mut self) -> Result<()> {
        let mut after: Option<InboxId> = None;
        loop {
            let found = self.tenant.read().await?.archived_inboxes(after.as_ref(), ROWS).await?;
            let Some(last) = found.last() else { return Ok(()) };
            after = Some(last.id.clone());
            let mut records = Vec::with_capacity(found.len());
            for inbox in found {
                match inbox.deleted_at {
                    None => self.counts.inboxes += 1,
                    Some(_) => self.counts.retired_addresses += 1,
                }
                records.push(self.inbox(inbox).await?);
            }
            self.packer.page(Kind::Inboxes, &records).map_err(|_| UNWRITABLE)?;
            self.hand_on().await?;
        }
    }

    async fn inbox(&self, inbox: ArchivedInbox) -> Result<InboxRecord> {
        let display_name = match inbox.deleted_at {
            None => self.room.open_small(&self.tenant, inbox.id.as_str(), &inbox.profile).await?,
            Some(_) => String::new(),
        };
        Ok(InboxRecord {
            display_name,
            address: inbox.address,
            is_active: inbox.is_active,
            paused_at: inbox.paused_at.map(Timestamp::millis),
            next_seq: inbox.next_seq,
            email_count: inbox.email_count,
            last_at: inbox.last_at.millis(),
            created_at: inbox.created_at.millis(),
            expires_at: inbox.expires_at.map(Timestamp::millis),
            deleted_at: inbox.deleted_at.map(Timestamp::millis),
            id: inbox.id,
        })
    }

    async fn webhooks(&mut self) -> Result<()> {
        let found = self.tenant.read().await?.webhooks(None, i64::MAX).await?;
        let mut records = Vec::with_capacity(found.len());
        for webhook in found {
            let endpoint = self.room.open_endpoint(&self.tenant, &webhook).await?;
            records.push(WebhookRecord {
                id: webhook.id,
                inbox_id: webhook.inbox,
                url: endpoint.url,
                headers: endpoint.headers,
                events: webhook.events.iter().map(|kind| kind.as_str().to_owned()).collect(),
                include: webhook.include.as_str().to_owned(),
                is_active: webhook.is_active,
                created_at: webhook.created_at.millis(),
            });
        }
        self.counts.webhooks = records.len() as u64;
        if records.is_empty() {
            return Ok(());
        }
        self.packer.page(Kind::Webhooks, &records).map_err(|_| UNWRITABLE)
    }

    async fn keys(&mut self) -> Result<()> {
        let found = self.tenant.read().await?.keys(None, i64::MAX).await?;
        let mut records = Vec::with_capacity(found.len());
        for key in found {
            let name = match &key.name {
                Some(sealed) => Some(self.room.open_small(&self.tenant, &key.keyid, sealed).await?),
                None => None,
            };
            records.push(KeyRecord {
                keyid: key.keyid,
                inbox_id: key.inbox,
                scopes: key.scopes.names().into_iter().map(str::to_owned).collect(),
                name,
                last4: key.last4,
                created_at: key.created_at.millis(),
                expires_at: key.expires_at.map(Timestamp::millis),
                last_used_at: key.last_used_at.map(Timestamp::millis),
                networks: key.networks,
            });
        }
        self.counts.keys = records.len() as u64;
        for page in records.chunks(ROWS as usize) {
            self.packer.page(Kind::Keys, page).map_err(|_| UNWRITABLE)?;
        }
        self.hand_on().await
    }

    async fn messages(&mut self) -> Result<()> {
        let mut after: Option<MessageId> = None;
        loop {
            let mut scope = self.tenant.read().await?;
            let found = scope.archived_messages(after.as_ref(), self.until, PAGE as i64).await?;
            drop(scope);
            let Some(last) = found.last() else { return Ok(()) };
            after = Some(last.message.id.clone());
            let mut records = Vec::with_capacity(found.len());
            let mut packed = Vec::with_capacity(found.len());
            for archived in found {
                // Deleted since the page was read: then it is no part of the archive.
                if let Some(record) = self.message(&archived).await? {
                    records.push(record);
                    packed.push(archived);
                }
            }
            self.packer.page(Kind::Messages, &records).map_err(|_| UNWRITABLE)?;
            for archived in packed {
                let mut scope = self.tenant.read().await?;
                let message = &archived.message;
                // Announced, so it must be there: an archive that lacks it would be refused.
                let raw = open_part(&self.tenant, &mut scope, &self.keys, message, PartKind::Raw).await?;
                drop(scope);
                self.packer.file(&Entry::Mail(message.id.clone()), &raw).map_err(|_| UNWRITABLE)?;
                match message.state {
                    State::Delivered => self.counts.delivered += 1,
                    State::Held => self.counts.held += 1,
                    State::Rejected => self.counts.rejected += 1,
                }
                self.hand_on().await?;
            }
        }
    }

    async fn message(&self, archived: &ArchivedMessage) -> Result<Option<MessageRecord>> {
        let message = &archived.message;
        let mut scope = self.tenant.read().await?;
        if scope.message_for_review(&message.id).await?.is_none() {
            return Ok(None);
        }
        let summary = meta(&self.tenant, &mut scope, &self.keys, message).await?;
        let stored = scope.recipients(&message.id).await?;
        drop(scope);
        let mut recipients = Vec::with_capacity(stored.len());
        for one in stored {
            let place = crate::outbound::place(&message.id, one.no);
            let address = self.room.open_small(&self.tenant, &place, &one.sealed).await?;
            recipients.push(RecipientRecord { address, status: one.status.as_str().to_owned() });
        }
        let decided_reason = match &archived.decided_reason {
            Some(sealed) => Some(self.room.open_small(&self.tenant, message.id.as_str(), sealed).await?),
            None => None,
        };
        Ok(Some(MessageRecord {
            id: message.id.clone(),
            inbox_id: message.inbox.clone(),
            direction: message.direction.as_str().to_owned(),
            state: message.state.as_str().to_owned(),
            seq: message.seq,
            received_at: message.received_at.millis(),
            available_at: message.available_at.map(Timestamp::millis),
            is_read: message.is_read,
            level: archived.level.clone(),
            score: archived.score,
            model: archived.model.clone(),
            decided_at: archived.decided_at.map(Timestamp::millis),
            decided_by: archived.decided_by.clone(),
            decided_reason,
            recipients,
            summary,
        }))
    }

    async fn events(&mut self) -> Result<()> {
        let mut after: Option<EventId> = None;
        loop {
            let mut scope = self.tenant.read().await?;
            let found = scope.archived_events(after.as_ref(), self.until, ROWS).await?;
            drop(scope);
            let Some(last) = found.last() else { return Ok(()) };
            after = Some(last.id.clone());
            let records: Vec<EventRecord> = found
                .into_iter()
                .map(|event| EventRecord {
                    id: event.id,
                    kind: event.kind.as_str().to_owned(),
                    inbox_id: event.inbox,
                    message_id: event.message,
                    created_at: event.created_at.millis(),
                })
                .collect();
            self.counts.events += records.len() as u64;
            self.packer.page(Kind::Events, &records).map_err(|_| UNWRITABLE)?;
            self.hand_on().await?;
        }
    }

    async fn chain(&mut self) -> Result<()> {
        let mut after = 0;
        loop {
            let found = self.tenant.read().await?.audit_entries(after, ROWS).await?;
            let Some(last) = found.last() else { return Ok(()) };
            after = last.seq;
            let mut records = Vec::with_capacity(found.len());
            for entry in found {
                records.push(self.audit(entry).await?);
            }
            self.counts.audit += records.len() as u64;
            self.packer.page(Kind::Audit, &records).map_err(|_| UNWRITABLE)?;
            self.hand_on().await?;
        }
    }

    async fn audit(&self, entry: AuditEntry) -> Result<AuditRecord> {
        let reason = match (&entry.sealed, &entry.row.object) {
            (Some(sealed), Some(object)) => Some(self.room.open_small(&self.tenant, object, sealed).await?),
            _ => None,
        };
        let row = entry.row;
        Ok(AuditRecord {
            seq: entry.seq,
            at: Timestamp(row.at).to_string(),
            actor_kind: row.actor_kind,
            actor: row.actor,
            action: row.action,
            object: row.object,
            outcome: row.outcome,
            request_id: row.request_id,
            network: row.network,
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
            reason,
            sealed: row.sealed,
            prev: hex(&entry.prev),
            hash: hex(&entry.hash),
        })
    }

    async fn hand_on(&self) -> Result<()> {
        let Some(out) = &self.out else { return Ok(()) };
        if self.packer.waiting() < HAND_ON {
            return Ok(());
        }
        hand_on(out, self.packer.take()).await
    }
}

const UNWRITABLE: Error = Error::Damaged("an archive cannot be written");

async fn hand_on(out: &Sender<std::io::Result<Vec<u8>>>, bytes: Vec<u8>) -> Result<()> {
    out.send(Ok(bytes)).await.map_err(|_| Error::Conflict("the reader of the archive went away"))
}
