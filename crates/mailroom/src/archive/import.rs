//! Takes up a tenant from an archive: all of it is read and judged before anything is stored, and what was begun and
//! not ended is taken back.
//!
//! The tenant gets new keys of every kind, and the same addresses, ids and places. Mail is screened again: what this
//! deployment would hold is held, unless a person released it where it came from.

use std::sync::Arc;

use mailward_mail::address::Address;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, TenantId, WebhookId};
use mailward_score::Verdict;
use mailward_store::{
    Act, Action, Actor, ArchivedInbox, Direction, EventKind, EventRow, Include, NewInbox, NewMessage,
    NewWebhook, Operator, OutgoingStatus, Recipient, RestoredMessage, Scopes, State, Tenant, TenantState,
};
use mailward_vault::{MessageContext, PartKind, Token};
use tokio::sync::mpsc;

use super::check::Census;
use super::records::{EventRecord, Header, InboxRecord, MessageRecord};
use super::spool::{Incoming, Spooled, Spooling};
use super::unpack::{BadArchive, Contents, lines, walk};
use super::{Counts, Entry, Kind};
use crate::access::KeyRequest;
use crate::inbound::{author_digest, threading};
use crate::keyring::TenantKeys;
use crate::onboarding::is_reserved;
use crate::screening::gate::is_held;
use crate::{Error, Mailroom, Result};

/// Messages that are stored in one transaction, and their bytes: short enough that nobody's mail waits for it.
const AT_ONCE: usize = 32;
const AT_ONCE_BYTES: usize = 8 << 20;
/// Mails that wait between the reader and the store.
const AHEAD: usize = 4;

/// How an archive is to be taken up.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Under this name; none: the one it had.
    pub tenant: Option<TenantId>,
    /// On this plan; none: the one it had.
    pub plan: Option<String>,
    /// Only if this key signed it: its base64 or its fingerprint.
    pub signer: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What was taken up, or would be.
pub struct ImportReport {
    /// The tenant here.
    pub tenant: TenantId,
    /// The tenant it was.
    pub from_tenant: String,
    /// The mail host of the deployment it comes from.
    pub deployment: String,
    /// When the archive was packed.
    pub created_at: String,
    /// Who signed it.
    pub signer: String,
    /// How much of what.
    pub counts: Counts,
    /// Delivered where it came from, held here.
    pub held_anew: u64,
    /// Why it cannot be taken up; only a dry run ends with any.
    pub conflicts: Vec<String>,
    /// New keys in place of the old ones.
    pub keys: Vec<NewKeyOf>,
    /// New secrets of webhook endpoints.
    pub secrets: Vec<NewSecretOf>,
}

/// A key in place of one that stayed behind.
pub struct NewKeyOf {
    /// The old key's id; none for a key that the archive did not have and a tenant needs.
    pub replaces: Option<String>,
    /// The inbox it is bound to.
    pub inbox: Option<InboxId>,
    /// What it may do.
    pub scopes: Scopes,
    /// Its name.
    pub name: Option<String>,
    /// The token, told this once.
    pub token: Token,
}

/// A secret in place of one that stayed behind.
pub struct NewSecretOf {
    /// The endpoint.
    pub webhook: WebhookId,
    /// Where.
    pub url: String,
    /// `whsec_` and base64, told this once.
    pub secret: String,
}

const NO_ADDRESS: Error = Error::Damaged("an address is none");

/// An archive that was read to its end and believed.
struct Verified {
    contents: Contents,
    census: Census,
    spooled: Spooled,
}

enum Item {
    Mail(Box<MessageRecord>, Vec<u8>),
    Events(Vec<EventRecord>),
}

impl Mailroom {
    /// Takes up a tenant from an archive (decrypted, as it comes), as an operator.
    ///
    /// # Errors
    /// [`Error::Archive`] for an archive that is damaged, forged or not one; [`Error::ImportConflict`] when its name or
    /// its addresses cannot be had here. Nothing of it stays then.
    pub async fn import(
        &self,
        operator: &Operator,
        options: ImportOptions,
        chunks: mpsc::Receiver<std::io::Result<Vec<u8>>>,
    ) -> Result<ImportReport> {
        let verified = self.verify_archive(options.signer.clone(), chunks).await?;
        let header = &verified.contents.header;
        let id = match &options.tenant {
            Some(id) => id.clone(),
            None => TenantId::parse(&header.tenant)
                .map_err(|_| BadArchive::record("archive.json", "the tenant's name is none"))?,
        };
        let plan = options.plan.clone().unwrap_or_else(|| header.plan.clone());
        let mut report = ImportReport {
            tenant: id.clone(),
            from_tenant: header.tenant.clone(),
            deployment: header.deployment.clone(),
            created_at: header.created_at.clone(),
            signer: verified.contents.fingerprint.clone(),
            counts: verified.contents.manifest.counts,
            held_anew: 0,
            conflicts: Vec::new(),
            keys: Vec::new(),
            secrets: Vec::new(),
        };
        if !self.0.config.plans.contains_key(&plan) {
            report.conflicts.push(format!("there is no plan `{plan}` here; name another"));
        }
        if options.dry_run {
            self.lay_ground(&id, &plan, &verified.census.inboxes, None, &mut report.conflicts).await?;
            return Ok(report);
        }
        if !report.conflicts.is_empty() {
            return Err(conflict(&report.conflicts));
        }
        let tenant = self.found_imported(operator, &id, &plan, &verified).await?;
        // Only who named the signer knows whose word the archive is.
        let is_trusted = options.signer.is_some();
        let done = self.take_up(operator, &tenant, verified, is_trusted, &mut report).await;
        if let Err(error) = done {
            tracing::warn!(tenant_id = %id, %error, "an import failed; what was stored is taken back");
            self.discard_import(&tenant).await?;
            return Err(error);
        }
        Ok(report)
    }

    /// Reads an archive to its end, on a thread that may wait, and keeps it encrypted until then.
    async fn verify_archive(
        &self,
        signer: Option<String>,
        chunks: mpsc::Receiver<std::io::Result<Vec<u8>>>,
    ) -> Result<Verified> {
        let config = self.0.config.clone();
        let read = move || -> std::result::Result<Verified, BadArchive> {
            let mut spooling = Spooling::begin(Incoming::new(chunks), config)?;
            let mut census = Census::default();
            let contents = walk(&mut spooling, signer.as_deref(), |entry, bytes| census.take(entry, &bytes))?;
            census.finish(&contents.manifest.counts)?;
            Ok(Verified { contents, census, spooled: spooling.finish()? })
        };
        let read = tokio::task::spawn_blocking(read).await;
        Ok(read.map_err(|_| Error::Damaged("reading an archive failed"))??)
    }

    /// Makes the tenant and its inboxes, or leaves no trace; all that can be in somebody's way is found out here.
    async fn found_imported(
        &self,
        operator: &Operator,
        id: &TenantId,
        plan: &str,
        verified: &Verified,
    ) -> Result<Tenant> {
        let mut conflicts = Vec::new();
        let inboxes = &verified.census.inboxes;
        self.lay_ground(id, plan, inboxes, None, &mut conflicts).await?;
        if !conflicts.is_empty() {
            return Err(conflict(&conflicts));
        }
        // A key without a tenant is nothing; a tenant without a key could not be written to.
        self.0.keyring.create(id, &self.0.config.region).await?;
        let made = self.lay_ground(id, plan, inboxes, Some(operator), &mut conflicts).await?;
        made.ok_or_else(|| conflict(&conflicts))
    }

    /// Makes the tenant and its inboxes in one transaction; only with an operator, who is noted, is it committed.
    async fn lay_ground(
        &self,
        id: &TenantId,
        plan: &str,
        inboxes: &[InboxRecord],
        operator: Option<&Operator>,
        conflicts: &mut Vec<String>,
    ) -> Result<Option<Tenant>> {
        let room = &self.0;
        let now = room.clock.now();
        let Some((tenant, mut scope)) = room.store.create_tenant(id, &room.config.region, plan, now).await?
        else {
            conflicts.push(format!("there is, or was, a tenant `{id}` here; name another with --tenant"));
            return Ok(None);
        };
        for record in inboxes.iter().filter(|record| record.deleted_at.is_none()) {
            let address = Address::parse(&record.address).map_err(|_| NO_ADDRESS)?;
            let domain = address.domain();
            if !room.config.domains.iter().any(|own| own == domain) {
                conflicts
                    .push(format!("`{}`: `{domain}` is not one of this service's domains", record.address));
                continue;
            }
            let name = &record.display_name;
            let new = NewInbox {
                id: record.id.clone(),
                claim: self.claim(&address, true).await?,
                domain: None,
                client_digest: None,
                profile: match operator {
                    Some(_) => self.seal_small(&tenant, record.id.as_str(), name).await?,
                    // It will not be committed, and there is no key yet.
                    None => Vec::new(),
                },
                created_at: Timestamp(record.created_at),
                expires_at: record.expires_at.map(Timestamp),
            };
            if is_reserved(address.local()) || !scope.create_inbox(&new).await? {
                conflicts.push(format!("`{}` cannot be had here: it is, or was, somebody's", record.address));
            } else {
                scope.resume_inbox(&past(record)).await?;
            }
        }
        let Some(operator) = operator.filter(|_| conflicts.is_empty()) else { return Ok(None) };
        scope.change_state(&[TenantState::Active], TenantState::Importing, now).await?;
        let act = Act::new(Action::TenantImported)
            .by(Actor::Operator(operator.keyid()))
            .from(operator.origin())
            .on(id.as_str())
            .word("step", "begun");
        scope.audit_system(&act, now).await?;
        scope.commit().await?;
        Ok(Some(tenant))
    }

    /// Stores mail and events, then the keys; the tenant may act when this returns.
    async fn take_up(
        &self,
        operator: &Operator,
        tenant: &Tenant,
        verified: Verified,
        is_trusted: bool,
        report: &mut ImportReport,
    ) -> Result<()> {
        let Verified { contents, census, spooled } = verified;
        let keys = self.0.keyring.tenant(tenant).await?;
        let (items, mut waiting) = mpsc::channel(AHEAD);
        let reader = tokio::task::spawn_blocking(move || read_again(spooled, &items));
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(item) = waiting.recv().await {
            match item {
                Item::Mail(record, raw) => {
                    let (restored, is_held_anew) =
                        self.restore(tenant, &keys, *record, raw, is_trusted).await?;
                    report.held_anew += u64::from(is_held_anew);
                    bytes += restored.parts.iter().map(Vec::len).sum::<usize>();
                    batch.push(restored);
                    if batch.len() >= AT_ONCE || bytes >= AT_ONCE_BYTES {
                        self.store_batch(tenant, &batch, &[]).await?;
                        (batch, bytes) = (Vec::new(), 0);
                    }
                }
                Item::Events(events) => self.store_batch(tenant, &[], &events).await?,
            }
        }
        self.store_batch(tenant, &batch, &[]).await?;
        reader.await.map_err(|_| Error::Damaged("reading an archive failed"))??;
        self.open_doors(operator, tenant, &contents.header, &census, report).await
    }

    async fn store_batch(
        &self,
        tenant: &Tenant,
        messages: &[RestoredMessage],
        events: &[EventRecord],
    ) -> Result<()> {
        let now = self.0.clock.now();
        let mut scope = tenant.write().await?;
        // Tells that it is still going on; and that nobody has taken it back meanwhile.
        if !scope.change_state(&[TenantState::Importing], TenantState::Importing, now).await? {
            return Err(Error::Conflict("the import was taken back meanwhile"));
        }
        let floor = scope.key_floor().await?;
        if messages.iter().any(|message| i64::from(message.new.key_version) < floor) {
            return Err(Error::Conflict("the tenant's key was rotated during the import; import it again"));
        }
        for message in messages {
            if !scope.restore_message(message).await? {
                return Err(BadArchive::record("messages", "two messages have one id or one place").into());
            }
        }
        for event in events {
            let kind = EventKind::parse(&event.kind).ok_or(Error::Damaged("an event's kind is none"))?;
            scope.restore_event(&EventRow {
                id: event.id.clone(),
                kind,
                inbox: event.inbox_id.clone(),
                message: event.message_id.clone(),
                created_at: Timestamp(event.created_at),
            });
        }
        Ok(scope.commit().await?)
    }

    /// Reads a mail anew, screens it and seals it.
    async fn restore(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
        record: MessageRecord,
        raw: Vec<u8>,
        is_trusted: bool,
    ) -> Result<(RestoredMessage, bool)> {
        let room = &self.0;
        let raw = Arc::new(raw);
        let screened = room.screening.screen(tenant.id().clone(), Arc::clone(&raw), self.scoring()).await;
        let mut state = State::parse(&record.state).ok_or(Error::Damaged("a state is none"))?;
        let mut meta = record.summary.reread(screened.parsed.as_ref(), &screened.evidence);
        // A person's release stands, where it is known whose archive says so: anybody can sign one of their own. What no
        // person saw passes this deployment's own gate, by this deployment's own verdict.
        let is_released = is_trusted && record.decided_at.is_some();
        let is_held_anew =
            state == State::Delivered && !is_released && is_held(screened.verdict.level, room.config.hold);
        if is_held_anew {
            state = State::Held;
        }
        let mut verdict = match meta.verdict.take() {
            Some(then) if is_released => then,
            _ => screened.verdict.clone(),
        };
        verdict.findings.truncate(Verdict::MOST_FINDINGS);
        let (level, score, model) = (verdict.level.as_str(), verdict.score.min(100), verdict.model.clone());
        meta.verdict = Some(verdict);
        let context = MessageContext {
            region: tenant.region(),
            tenant: tenant.id(),
            inbox: &record.inbox_id,
            message: &record.id,
        };
        let (key, dek) = keys.current().new_message_key(&context, &room.random);
        let json = |what: serde_json::Result<Vec<u8>>| {
            what.map_err(|_| Error::Damaged("a snapshot cannot be written"))
        };
        let parsed = json(serde_json::to_vec(&screened.parsed))?;
        let summary = json(serde_json::to_vec(&meta))?;
        let seal = |kind, bytes: &[u8]| key.seal(&context, kind, 0, bytes).into_bytes();
        let parts =
            [seal(PartKind::Raw, &raw), seal(PartKind::Parsed, &parsed), seal(PartKind::Meta, &summary)];
        let decided_reason = match &record.decided_reason {
            Some(text) => Some(self.seal_small(tenant, record.id.as_str(), text).await?),
            None => None,
        };
        let mut recipients = Vec::with_capacity(record.recipients.len());
        for (no, one) in (0..).zip(&record.recipients) {
            let status = OutgoingStatus::parse(&one.status).ok_or(Error::Damaged("a status is none"))?;
            let sealed =
                self.seal_small(tenant, &crate::outbound::place(&record.id, no), &one.address).await?;
            // What was still to be sent there is not sent from here: nobody knows who sent it meanwhile.
            let status = if status.is_open() { OutgoingStatus::Cancelled } else { status };
            recipients.push(Recipient { no, status, sealed, answer: None });
        }
        let fared: Vec<OutgoingStatus> = recipients.iter().map(|one| one.status).collect();
        let direction = Direction::parse(&record.direction).ok_or(Error::Damaged("a direction is none"))?;
        let restored = RestoredMessage {
            status: (direction == Direction::Outbound).then(|| crate::outbound::whole(&fared)),
            recipients,
            new: NewMessage {
                inbox: record.inbox_id.clone(),
                held: state == State::Held,
                received_at: Timestamp(record.received_at),
                size: i64::try_from(raw.len()).unwrap_or(i64::MAX),
                level,
                score,
                model,
                has_attachments: !meta.attachments.is_empty(),
                is_automated: meta.automated.is_some(),
                key_version: keys.current().version(),
                dek: dek.as_bytes().to_vec(),
                from_digest: Some(author_digest(keys, &meta.from.address)),
                threading: match (&screened.parsed, Address::parse(&meta.delivered_to)) {
                    (Some(parsed), Ok(address)) => Some(threading(keys, parsed, &address)),
                    _ => None,
                },
                // Nobody repeats this delivery; unarmed, the digest only has to be some bytes.
                delivery_digest: keys.dedup.digest16(&[b"restored", record.id.as_str().as_bytes()]),
                id: record.id.clone(),
            },
            state,
            direction,
            place: match state {
                State::Delivered => record.seq.zip(record.available_at.map(Timestamp)),
                State::Held | State::Rejected => None,
            },
            is_read: record.is_read,
            decided_at: record.decided_at.map(Timestamp),
            decided_by: record.decided_by,
            decided_reason,
            parts,
        };
        Ok((restored, is_held_anew))
    }

    /// New keys and secrets, and the tenant may act: all at once, so that no key is told of a tenant that is not there.
    async fn open_doors(
        &self,
        operator: &Operator,
        tenant: &Tenant,
        header: &Header,
        census: &Census,
        report: &mut ImportReport,
    ) -> Result<()> {
        let now = self.0.clock.now();
        let mut endpoints = Vec::with_capacity(census.webhooks.len());
        for record in &census.webhooks {
            let (url, headers) = (record.url.clone(), record.headers.clone());
            let (sealed, endpoint) = self.new_endpoint(tenant, &record.id, url, headers).await?;
            let events = record.events.iter().filter_map(|name| EventKind::parse(name)).collect();
            endpoints.push((sealed, events, record));
            let (url, secret) = (endpoint.url, endpoint.secret);
            report.secrets.push(NewSecretOf { webhook: record.id.clone(), url, secret });
        }
        let mut retired = Vec::new();
        for record in census.inboxes.iter().filter(|record| record.deleted_at.is_some()) {
            let address = Address::parse(&record.address).map_err(|_| NO_ADDRESS)?;
            retired.push(self.claim(&address, false).await?.tombstone);
        }
        let mut scope = tenant.write().await?;
        for tombstone in retired {
            scope.retire_address(&tombstone, now).await?;
        }
        for (sealed, events, record) in endpoints {
            let new = NewWebhook {
                id: record.id.clone(),
                inbox: record.inbox_id.clone(),
                events,
                include: Include::parse(&record.include).unwrap_or(Include::Ids),
                is_active: record.is_active,
                created_at: Timestamp(record.created_at),
                sealed,
            };
            scope.insert_webhook(&new).await?;
        }
        let lasting = census.keys.iter().filter(|key| key.expires_at.is_none_or(|end| end > now.millis()));
        let mut wanted: Vec<(Option<String>, Scopes, KeyRequest)> = lasting
            .map(|key| {
                let scopes = Scopes::parse(key.scopes.iter().map(String::as_str)).unwrap_or(Scopes::NONE);
                let request = KeyRequest {
                    inbox: key.inbox_id.clone(),
                    scopes: None,
                    expires_at: key.expires_at.map(Timestamp),
                    name: key.name.clone(),
                    networks: key.networks.clone().map(|networks| vec![networks]),
                };
                (Some(key.keyid.clone()), scopes, request)
            })
            .collect();
        // Without these two nobody could ever act for the tenant.
        for (needed, name) in [(Scopes::TENANT, "first key"), (Scopes::REVIEWER, "review")] {
            if !wanted.iter().any(|(_, scopes, key)| key.inbox.is_none() && scopes.contains(needed)) {
                let request = KeyRequest { name: Some(name.to_owned()), ..KeyRequest::default() };
                wanted.push((None, needed, request));
            }
        }
        for (replaces, scopes, request) in wanted {
            let (inbox, name) = (request.inbox.clone(), request.name.clone());
            let minted = self.new_key(tenant, &mut scope, scopes, request, None).await?;
            report.keys.push(NewKeyOf { replaces, inbox, scopes, name, token: minted.token });
        }
        let act = Act::new(Action::TenantImported)
            .by(Actor::Operator(operator.keyid()))
            .from(operator.origin())
            .on(tenant.id().as_str())
            .word("step", "done")
            .word("from", &header.deployment)
            .word("signer", &report.signer)
            .number("messages", i64::try_from(report.counts.messages()).unwrap_or(i64::MAX));
        scope.audit(&act, now).await?;
        // What was brought takes room here as what is received does.
        scope.recount().await?;
        if !scope.change_state(&[TenantState::Importing], TenantState::Active, now).await? {
            return Err(Error::Conflict("the import was taken back meanwhile"));
        }
        Ok(scope.commit().await?)
    }
}

/// Reads what was kept and hands it on, mail by mail.
fn read_again(spooled: Spooled, items: &mpsc::Sender<Item>) -> std::result::Result<(), BadArchive> {
    let gone = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
    let mut announced = std::collections::VecDeque::new();
    walk(spooled.read()?, None, |entry, bytes| {
        let item = match entry {
            Entry::Page(Kind::Messages, _) => {
                announced.extend(lines::<MessageRecord>(entry, &bytes)?);
                return Ok(());
            }
            Entry::Mail(_) => Item::Mail(Box::new(announced.pop_front().ok_or_else(gone)?), bytes),
            Entry::Page(Kind::Events, _) => Item::Events(lines(entry, &bytes)?),
            _ => return Ok(()),
        };
        Ok(items.blocking_send(item).map_err(|_| gone())?)
    })?;
    Ok(())
}

fn past(record: &InboxRecord) -> ArchivedInbox {
    ArchivedInbox {
        id: record.id.clone(),
        address: record.address.clone(),
        is_active: record.is_active,
        paused_at: record.paused_at.map(Timestamp),
        next_seq: record.next_seq,
        email_count: record.email_count,
        last_at: Timestamp(record.last_at),
        created_at: Timestamp(record.created_at),
        expires_at: record.expires_at.map(Timestamp),
        deleted_at: None,
        profile: Vec::new(),
    }
}

/// The first few: an archive with a thousand taken addresses is told of in one breath.
fn conflict(conflicts: &[String]) -> Error {
    let mut text = conflicts.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    if conflicts.len() > 3 {
        text.push_str(&format!("; and {} more", conflicts.len() - 3));
    }
    Error::ImportConflict(text)
}
