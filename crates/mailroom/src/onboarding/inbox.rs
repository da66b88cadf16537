//! An inbox: made once, found again, changed, deleted.

use std::time::Duration;

use mailward_mail::address::Address;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId};
use mailward_store::{
    Action, AddressClaim, EventKind, EventRow, Inbox, InboxChange, NewInbox, Scope, Scopes, Tenant,
};
use mailward_vault::Token;
use sha2::{Digest, Sha256};

use super::local_part;
use crate::access::{KeyRequest, Principal};
use crate::limits::{Limit, OverLimit};
use crate::{Error, Mailroom, Result};

/// What inbox is wanted.
#[derive(Clone, Debug, Default)]
pub struct InboxRequest {
    /// What people see.
    pub display_name: Option<String>,
    /// The part before the `@`; exactly this or none.
    pub local_part: Option<String>,
    /// One of the service's domains, or a verified one of the tenant's.
    pub domain: Option<String>,
    /// The caller's own name for it: a second request with the same gets the first inbox.
    pub client_id: Option<String>,
    /// It ends after this.
    pub expires_in: Option<Duration>,
    /// The header `Idempotency-Key`, and a digest of the request it came with.
    pub idempotency: Option<(String, [u8; 32])>,
}

/// What is to change; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct InboxPatch {
    /// What people see.
    pub display_name: Option<String>,
    /// Whether it takes mail.
    pub is_active: Option<bool>,
    /// Wakes it, where it is quiet, and lets it send again, where that was stopped.
    pub wake: bool,
}

/// An inbox as its owner sees it.
#[derive(Clone, Debug)]
pub struct InboxView {
    /// What is stored.
    pub inbox: Inbox,
    /// What people see.
    pub display_name: Option<String>,
}

/// An inbox that was made, or found again.
pub struct CreatedInbox {
    /// The inbox.
    pub view: InboxView,
    /// Its key, for one that was made now.
    pub token: Option<Token>,
}

impl Mailroom {
    /// Makes an inbox, or finds the one that an earlier, equal request made.
    pub async fn create_inbox(&self, caller: &Principal, request: InboxRequest) -> Result<CreatedInbox> {
        if caller.inbox().is_some() {
            return Err(Error::Scope("inboxes".into()));
        }
        check(&request)?;
        let domain = self.address_domain(request.domain.as_deref())?;
        for _ in 0..3 {
            let local = match &request.local_part {
                Some(chosen) => chosen.clone(),
                None => local_part::random(request.display_name.as_deref(), &self.0.random),
            };
            match self.try_create(caller, &request, &local, &domain).await {
                Err(Error::AddressCollision) if request.local_part.is_none() => {}
                done => return done,
            }
        }
        Err(Error::AddressCollision)
    }

    /// One inbox. Another tenant's, and one that the caller's key does not reach, is simply not there.
    pub async fn inbox(&self, caller: &Principal, id: &InboxId) -> Result<Option<InboxView>> {
        if !caller.reaches(id) {
            return Ok(None);
        }
        let inbox = caller.tenant().read().await?.inbox(id).await?;
        self.view_inbox(caller.tenant(), inbox).await
    }

    /// The inbox that was made with a client id, or that has an address.
    pub async fn find_inbox(
        &self,
        caller: &Principal,
        client_id: Option<&str>,
        address: Option<&str>,
    ) -> Result<Option<InboxView>> {
        let mut scope = caller.tenant().read().await?;
        let inbox = match (client_id, address.map(Address::parse)) {
            (_, Some(Err(_))) => None,
            (Some(client), _) => {
                scope.inbox_by_client(&self.client_digest(caller.tenant(), client).await?).await?
            }
            (None, Some(Ok(address))) => scope.inbox_by_address(&address.canonical()).await?,
            (None, None) => None,
        };
        drop(scope);
        self.view_inbox(caller.tenant(), inbox.filter(|inbox| caller.reaches(&inbox.id))).await
    }

    /// The caller's inboxes, newest first.
    pub async fn inboxes(
        &self,
        caller: &Principal,
        before: Option<&InboxId>,
        limit: i64,
    ) -> Result<Vec<InboxView>> {
        if let Some(own) = caller.inbox() {
            return Ok(self.inbox(caller, own).await?.into_iter().collect());
        }
        let stored = caller.tenant().read().await?.inboxes(before, limit).await?;
        let mut views = Vec::with_capacity(stored.len());
        for inbox in stored {
            views.extend(self.view_inbox(caller.tenant(), Some(inbox)).await?);
        }
        Ok(views)
    }

    /// Changes an inbox.
    pub async fn change_inbox(
        &self,
        caller: &Principal,
        id: &InboxId,
        patch: InboxPatch,
    ) -> Result<Option<InboxView>> {
        if !caller.reaches(id) {
            return Ok(None);
        }
        check_name(patch.display_name.as_deref())?;
        let profile = match &patch.display_name {
            Some(name) => Some(self.seal_small(caller.tenant(), id.as_str(), name).await?),
            None => None,
        };
        let change = InboxChange { profile, is_active: patch.is_active.map(|on| (on, self.0.clock.now())) };
        let mut scope = caller.tenant().write().await?;
        if !scope.change_inbox(id, &change).await? {
            return Ok(None);
        }
        let woken = patch.wake && scope.wake_quiet(id, &self.0.clock, &self.0.random).await?;
        // Who holds nothing but the inbox may be what was talked into sending so.
        let resumed = patch.wake && caller.inbox().is_none() && {
            let anew = self.counted_anew(&mut scope, id).await?;
            scope.resume_sending(id, Some(&anew)).await?
        };
        let mut act = caller.act(Action::InboxChanged).on(id.as_str());
        if resumed {
            act = act.number("sendsAgain", 1);
        }
        if woken {
            act = act.number("woken", 1);
        }
        if let Some((active, _)) = change.is_active {
            act = act.number("isActive", i64::from(active));
        }
        scope.audit(&act, self.0.clock.now()).await?;
        scope.commit().await?;
        self.inbox(caller, id).await
    }

    /// Deletes an inbox with its mail and its keys. Its address is never given out again.
    pub async fn delete_inbox(&self, caller: &Principal, id: &InboxId) -> Result<bool> {
        if !caller.reaches(id) {
            return Ok(false);
        }
        let mut scope = caller.tenant().write().await?;
        let keys = scope.keys(Some(id), 1_000).await?;
        let now = self.0.clock.now();
        if !scope.delete_inbox(id, now).await? {
            return Ok(false);
        }
        scope.audit(&caller.act(Action::InboxDeleted).on(id.as_str()), now).await?;
        scope.commit().await?;
        for key in keys {
            self.0.sessions.forget(&key.keyid);
        }
        Ok(true)
    }

    async fn try_create(
        &self,
        caller: &Principal,
        request: &InboxRequest,
        local: &str,
        domain: &AddressDomain,
    ) -> Result<CreatedInbox> {
        let room = &self.0;
        let tenant = caller.tenant();
        let address = Address::parse(&format!("{local}@{}", domain.name()))
            .map_err(|bad| Error::invalid("localPart", bad.to_string()))?;
        let client_digest = match &request.client_id {
            Some(client) => Some(self.client_digest(tenant, client).await?),
            None => None,
        };
        let id = InboxId::generate(&room.clock, &room.random);
        let now = room.clock.now();
        let name = request.display_name.as_deref().unwrap_or_default();
        let mut new = NewInbox {
            domain: None,
            claim: self.claim(&address, request.local_part.is_some()).await?,
            profile: self.seal_small(tenant, id.as_str(), name).await?,
            client_digest,
            created_at: now,
            expires_at: request.expires_in.map(|life| now.plus(life)),
            id,
        };
        let remembered = self.idempotency(tenant, request).await?;

        let mut scope = tenant.write().await?;
        // Read under the tenant's lock, which counting takes: a repeat that runs beside the first waits and finds it.
        let count = scope.count_inboxes_for_update().await?;
        if let Some(found) =
            self.made_before(&mut scope, remembered.as_ref(), new.client_digest.as_ref()).await?
        {
            drop(scope);
            let view =
                self.view_inbox(tenant, Some(found)).await?.ok_or(Error::Damaged("an inbox vanished"))?;
            return Ok(CreatedInbox { view, token: None });
        }
        let max = self.plan_of(&mut scope).await?.max_inboxes;
        let used = u64::try_from(count).unwrap_or_default();
        if max > 0 && used >= max {
            drop(scope);
            let over = OverLimit { limit: Limit::MaxInboxes, max, used, resets_at: None };
            self.tell_refused(tenant, None, &over);
            return Err(Error::Limit(over));
        }
        if let AddressDomain::Brought(name) = domain {
            // Locked until the commit: it is not deleted, and not lost, beside this.
            let usable = scope.usable_domain(name).await?;
            new.domain = Some(usable.ok_or_else(|| self.no_such_domain(name))?);
        }
        // At its own domain a tenant may speak for it.
        let reserved = request.local_part.is_some() && new.domain.is_none() && local_part::is_reserved(local);
        if reserved || !scope.create_inbox(&new).await? {
            return Err(Error::AddressCollision);
        }
        if let Some((key, digest)) = &remembered
            && !scope.remember(key, digest, new.id.as_str(), now).await?
        {
            return Err(Error::Conflict("another request with this idempotency key is being carried out"));
        }
        let key = KeyRequest { inbox: Some(new.id.clone()), ..KeyRequest::default() };
        let minted = self.new_key(tenant, &mut scope, Scopes::INBOX, key, Some(caller.keyid())).await?;
        let event = EventId::generate(&room.clock, &room.random);
        let inbox = Some(new.id.clone());
        scope
            .record(&EventRow {
                id: event,
                kind: EventKind::InboxCreated,
                inbox,
                message: None,
                created_at: now,
            })
            .await?;
        self.tell_near(&mut scope, Limit::MaxInboxes, max, count + 1).await?;
        let act = caller.act(Action::InboxCreated).on(new.id.as_str());
        scope.audit(&act.word("key", &minted.view.key.keyid), now).await?;
        scope.commit().await?;

        let stored = tenant.read().await?.inbox(&new.id).await?;
        let view = self.view_inbox(tenant, stored).await?.ok_or(Error::Damaged("an inbox vanished"))?;
        Ok(CreatedInbox { view, token: Some(minted.token) })
    }

    /// The inbox that an equal request made before, if there was one.
    async fn made_before(
        &self,
        scope: &mut Scope,
        remembered: Option<&([u8; 16], [u8; 16])>,
        client: Option<&[u8; 16]>,
    ) -> Result<Option<Inbox>> {
        if let Some((key, digest)) = remembered
            && let Some((request, result)) = scope.idempotent(key).await?
        {
            if request != digest {
                return Err(Error::IdempotencyMismatch);
            }
            let id = InboxId::parse(&result).map_err(|_| Error::Damaged("a remembered id is none"))?;
            return Ok(Some(
                scope.inbox(&id).await?.ok_or(Error::Conflict("the inbox this request made was deleted"))?,
            ));
        }
        match client {
            Some(digest) => Ok(scope.inbox_by_client(digest).await?),
            None => Ok(None),
        }
    }

    async fn idempotency(
        &self,
        tenant: &Tenant,
        request: &InboxRequest,
    ) -> Result<Option<([u8; 16], [u8; 16])>> {
        let Some((key, body)) = &request.idempotency else { return Ok(None) };
        let keys = self.0.keyring.tenant(tenant).await?;
        Ok(Some((
            keys.dedup.digest16(&[b"idempotency", key.as_bytes()]),
            keys.dedup.digest16(&[b"request", body]),
        )))
    }

    async fn client_digest(&self, tenant: &Tenant, client: &str) -> Result<[u8; 16]> {
        Ok(self.0.keyring.tenant(tenant).await?.dedup.digest16(&[b"client", client.as_bytes()]))
    }

    /// The keyed digest by which an address is remembered for ever.
    pub(crate) async fn tombstone(&self, canonical: &str) -> Result<[u8; 32]> {
        Ok(self.0.keyring.service("tombstone").await?.hmac(&[b"address", canonical.as_bytes()]))
    }

    pub(crate) async fn claim(&self, address: &Address, chosen: bool) -> Result<AddressClaim> {
        let canonical = address.canonical();
        let tombstone = self.tombstone(&canonical).await?;
        Ok(AddressClaim {
            address: address.untagged(),
            domain: address.domain().to_owned(),
            skeleton: address.skeleton(),
            refuse_look_alikes: chosen,
            canonical,
            tombstone,
        })
    }

    fn address_domain(&self, wanted: Option<&str>) -> Result<AddressDomain> {
        let own = &self.0.config.domains;
        match wanted.map(str::to_ascii_lowercase) {
            None => {
                own.first().cloned().map(AddressDomain::Own).ok_or(Error::Damaged("no domain is configured"))
            }
            Some(domain) if own.contains(&domain) => Ok(AddressDomain::Own(domain)),
            Some(domain) => Ok(AddressDomain::Brought(self.brought_domain(&domain)?)),
        }
    }

    /// The same words whether nobody, another tenant or this one claims it without having proven it.
    fn no_such_domain(&self, domain: &str) -> Error {
        let own = self.0.config.domains.join(", ");
        let problem = format!(
            "`{domain}` is neither one of this service's domains ({own}) nor a verified one of yours"
        );
        Error::invalid("domain", problem)
    }

    async fn view_inbox(&self, tenant: &Tenant, inbox: Option<Inbox>) -> Result<Option<InboxView>> {
        let Some(mut inbox) = inbox else { return Ok(None) };
        let name = self.open_small(tenant, inbox.id.as_str(), &inbox.profile).await?;
        // An inbox whose time is over takes no mail; it says so before the sweep removes it.
        inbox.is_active &= inbox.expires_at.is_none_or(|end: Timestamp| end > self.0.clock.now());
        Ok(Some(InboxView { inbox, display_name: (!name.is_empty()).then_some(name) }))
    }
}

/// What follows the `@` of a new address.
enum AddressDomain {
    /// One of the service's.
    Own(String),
    /// One that the tenant brought, or says so.
    Brought(String),
}

impl AddressDomain {
    fn name(&self) -> &str {
        match self {
            Self::Own(name) | Self::Brought(name) => name,
        }
    }
}

/// A digest of a request's body, to recognise it by.
impl InboxRequest {
    /// Binds a request to its idempotency key.
    pub fn idempotent(mut self, key: String, body: &[u8]) -> Self {
        self.idempotency = Some((key, Sha256::digest(body).into()));
        self
    }
}

fn check(request: &InboxRequest) -> Result<()> {
    check_name(request.display_name.as_deref())?;
    if let Some(problem) = request.local_part.as_deref().and_then(local_part::problem) {
        return Err(Error::invalid("localPart", problem));
    }
    if request.client_id.as_ref().is_some_and(|client| client.is_empty() || client.len() > 200) {
        return Err(Error::invalid("clientId", "must have 1 to 200 bytes"));
    }
    if request.expires_in.is_some_and(|life| life.is_zero() || life > Duration::from_secs(10 * 366 * 86_400))
    {
        return Err(Error::invalid("expiresIn", "must be between 1 second and 10 years"));
    }
    if request.idempotency.as_ref().is_some_and(|(key, _)| key.is_empty() || key.len() > 255) {
        return Err(Error::invalid("Idempotency-Key", "must have 1 to 255 bytes"));
    }
    Ok(())
}

fn check_name(name: Option<&str>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    if name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Error::invalid(
            "displayName",
            "must have at most 100 characters and no control characters",
        ));
    }
    Ok(())
}
