//! New keys, and the end of old ones. A key can never mint one that does more or lives longer.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId};
use mailward_store::{Action, ApiKey, EventKind, EventRow, NewKey, Scope, Scopes, Tenant};
use mailward_vault::{Token, TokenKind};

use super::Principal;
use super::networks::Networks;
use crate::{Error, Mailroom, Result};

/// The old secret of a rotated key works at most so long beside the new one.
const MOST_OVERLAP: Duration = Duration::from_secs(7 * 24 * 3600);

/// What key is wanted.
#[derive(Clone, Debug, Default)]
pub struct KeyRequest {
    /// Bound to this inbox.
    pub inbox: Option<InboxId>,
    /// These scopes; none: as the kind of key has.
    pub scopes: Option<Vec<String>>,
    /// Ends then.
    pub expires_at: Option<Timestamp>,
    /// Its name.
    pub name: Option<String>,
    /// Usable only from these networks; none: as the caller's.
    pub networks: Option<Vec<String>>,
}

/// A key as its tenant sees it.
#[derive(Clone, Debug)]
pub struct KeyView {
    /// The stored key.
    pub key: ApiKey,
    /// Its name, opened.
    pub name: Option<String>,
}

/// A key and its token, which is told this once.
pub struct MintedKey {
    /// The key.
    pub view: KeyView,
    /// The token.
    pub token: Token,
}

impl Mailroom {
    /// Makes a key for a caller.
    pub async fn mint(&self, caller: &Principal, request: KeyRequest) -> Result<Option<MintedKey>> {
        let scopes = self.grantable(caller, &request)?;
        let wanted = request.networks.as_deref().map(Networks::ask).transpose()?;
        let networks = caller.networks().narrowed(wanted)?.to_store();
        let request = KeyRequest { networks: networks.map(|text| vec![text]), ..request };
        self.warm(caller.tenant()).await?;
        let mut scope = caller.tenant().write().await?;
        if let Some(inbox) = &request.inbox
            && (!caller.reaches(inbox) || scope.inbox(inbox).await?.is_none())
        {
            return Ok(None);
        }
        let minted = self.new_key(caller.tenant(), &mut scope, scopes, request, Some(caller.keyid())).await?;
        let act = caller.act(Action::KeyCreated).on(&minted.view.key.keyid);
        scope.audit(&act.word("scopes", &scopes.names().join(" ")), self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(Some(minted))
    }

    /// The keys a caller may know of.
    pub async fn keys(&self, caller: &Principal) -> Result<Vec<KeyView>> {
        let stored = caller.tenant().read().await?.keys(caller.inbox(), 1_000).await?;
        let mut views = Vec::with_capacity(stored.len());
        for key in stored {
            views.push(self.view(caller.tenant(), key).await?);
        }
        Ok(views)
    }

    /// Ends a key now. `false`: there is none that the caller may end.
    pub async fn revoke(&self, caller: &Principal, keyid: &str) -> Result<bool> {
        self.revoke_for(caller, keyid, Action::KeyRevoked).await
    }

    /// Ends a key, and says in the audit log why.
    pub(super) async fn revoke_for(&self, caller: &Principal, keyid: &str, why: Action) -> Result<bool> {
        let now = self.0.clock.now();
        let mut scope = caller.tenant().write().await?;
        let Some(key) = scope.key(keyid).await?.filter(|key| may_touch(caller, key)) else {
            return Ok(false);
        };
        // An agent that was talked into it must not be able to take the reviewers' keys away.
        if keyid != caller.keyid() && !caller.scopes().contains(key.scopes) {
            return Err(Error::Scope(missing(caller.scopes(), key.scopes)));
        }
        if !scope.revoke_key(keyid, now).await? {
            return Ok(false);
        }
        let id = EventId::generate(&self.0.clock, &self.0.random);
        let event =
            EventRow { id, kind: EventKind::KeyRevoked, inbox: key.inbox, message: None, created_at: now };
        scope.record(&event).await?;
        scope.audit(&caller.act(why).on(keyid), now).await?;
        scope.commit().await?;
        self.0.sessions.forget(keyid);
        Ok(true)
    }

    /// Gives a key a new secret; the old one works for `overlap` more.
    pub async fn rotate(
        &self,
        caller: &Principal,
        keyid: &str,
        overlap: Duration,
    ) -> Result<Option<MintedKey>> {
        if overlap > MOST_OVERLAP {
            return Err(Error::invalid("overlapSeconds", "must be at most 604800 (7 days)"));
        }
        let now = self.0.clock.now();
        self.warm(caller.tenant()).await?;
        let mut scope = caller.tenant().write().await?;
        let Some(old) = scope.key(keyid).await?.filter(|key| may_touch(caller, key)) else { return Ok(None) };
        if !caller.scopes().contains(old.scopes) {
            return Err(Error::Scope(missing(caller.scopes(), old.scopes)));
        }
        if outlives(caller, old.expires_at) {
            return Err(Error::invalid("id", "a key cannot take over one that lives longer than itself"));
        }
        let name = self.view(caller.tenant(), old.clone()).await?.name;
        let request = KeyRequest {
            inbox: old.inbox.clone(),
            scopes: None,
            expires_at: old.expires_at,
            name,
            networks: old.networks.clone().map(|text| vec![text]),
        };
        let minted =
            self.new_key(caller.tenant(), &mut scope, old.scopes, request, Some(caller.keyid())).await?;
        scope.expire_key(keyid, now.plus(overlap)).await?;
        let act = caller.act(Action::KeyRotated).on(keyid).word("new", &minted.view.key.keyid);
        let overlap = i64::try_from(overlap.as_secs()).unwrap_or(i64::MAX);
        scope.audit(&act.number("overlapSeconds", overlap), now).await?;
        scope.commit().await?;
        self.0.sessions.forget(keyid);
        Ok(Some(minted))
    }

    /// Has the keys that a new token needs at hand, before a transaction is opened: a provider may be slow, and everybody's
    /// mail waits for the writer.
    pub(crate) async fn warm(&self, tenant: &Tenant) -> Result<()> {
        self.0.keyring.tenant(tenant).await?;
        self.pepper().await.map(drop)
    }

    /// Makes a key within a transaction of the caller's.
    pub(crate) async fn new_key(
        &self,
        tenant: &Tenant,
        scope: &mut Scope,
        scopes: Scopes,
        request: KeyRequest,
        by: Option<&str>,
    ) -> Result<MintedKey> {
        let kind = if request.inbox.is_some() { TokenKind::Inbox } else { TokenKind::Tenant };
        let pepper = self.pepper().await?;
        let token = pepper.issue(kind, &self.0.random);
        let name = match &request.name {
            Some(name) => Some(self.seal_small(tenant, token.keyid(), name).await?),
            None => None,
        };
        let key = ApiKey {
            keyid: token.keyid().to_owned(),
            inbox: request.inbox,
            scopes,
            name,
            last4: token.last4().to_owned(),
            created_at: self.0.clock.now(),
            expires_at: request.expires_at,
            last_used_at: None,
            networks: request.networks.map(|nets| nets.join(" ")),
        };
        let new = NewKey {
            kind: kind.letter(),
            verifier: pepper.verifier(&token),
            pepper_version: 1,
            created_by: by.map(str::to_owned),
            key,
        };
        scope.insert_key(&new).await?;
        Ok(MintedKey { view: KeyView { key: new.key, name: request.name }, token })
    }

    /// What the caller may give away of what is asked for.
    fn grantable(&self, caller: &Principal, request: &KeyRequest) -> Result<Scopes> {
        let bound = request.inbox.is_some() || caller.inbox().is_some();
        let wanted = match &request.scopes {
            Some(names) => Scopes::parse(names.iter().map(String::as_str))
                .map_err(|unknown| Error::invalid("scopes", format!("there is no scope `{unknown}`")))?,
            None if bound => Scopes::INBOX,
            None => caller.scopes(),
        };
        if wanted == Scopes::NONE {
            return Err(Error::invalid("scopes", "a key needs at least one scope"));
        }
        if !caller.scopes().contains(wanted) {
            return Err(Error::Scope(missing(caller.scopes(), wanted)));
        }
        if caller.inbox().is_some() && request.inbox.as_ref() != caller.inbox() {
            return Err(Error::invalid("inboxId", "an inbox key can only make keys of its own inbox"));
        }
        let now = self.0.clock.now();
        if request.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::invalid("expiresAt", "must lie in the future"));
        }
        if outlives(caller, request.expires_at) {
            return Err(Error::invalid("expiresAt", "a key cannot make one that lives longer than itself"));
        }
        if request.name.as_ref().is_some_and(|name| name.chars().count() > 100) {
            return Err(Error::invalid("name", "must be at most 100 characters"));
        }
        Ok(wanted)
    }

    async fn view(&self, tenant: &Tenant, key: ApiKey) -> Result<KeyView> {
        let name = match &key.name {
            Some(sealed) => Some(self.open_small(tenant, &key.keyid, sealed).await?),
            None => None,
        };
        Ok(KeyView { key, name })
    }
}

/// An inbox key sees and ends only keys of its inbox.
fn may_touch(caller: &Principal, key: &ApiKey) -> bool {
    caller.inbox().is_none() || caller.inbox() == key.inbox.as_ref()
}

/// Whether a key that ends then would live longer than the caller's.
fn outlives(caller: &Principal, end: Option<Timestamp>) -> bool {
    match (caller.expires_at(), end) {
        (Some(own), Some(end)) => end > own,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The first scope that is wanted and not held.
fn missing(held: Scopes, wanted: Scopes) -> String {
    let has = held.names();
    wanted.names().into_iter().find(|name| !has.contains(name)).unwrap_or_default().to_owned()
}
