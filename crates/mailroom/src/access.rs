//! Who is calling: tokens in, principals out. The order of the checks is the defence: what costs nothing comes
//! first, and every failure to authenticate looks the same.

mod cache;
mod mint;
mod networks;

use std::net::IpAddr;
use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, TenantId};
use mailward_store::{
    Act, Action, Actor, Authenticated, News, Operator, Origin, Person, Scopes, Tenant, TenantRow, TenantState,
};
use mailward_vault::{Pepper, SignedLink, Token, TokenKind};

pub(crate) use cache::Cache;
pub use mint::{KeyRequest, KeyView, MintedKey};

pub(crate) use networks::Networks;

use crate::{Error, Mailroom, Result};

/// `lastUsedAt` is kept to this.
const TOUCH: Duration = Duration::from_secs(300);

/// Who acts, and what it may do. Only [`Mailroom::principal`] makes one, and [`crate::people::Member::principal`].
#[derive(Clone)]
pub struct Principal {
    held: Authenticated,
    origin: Origin,
    /// An operator that acts for the tenant: the audit log says so.
    is_operator: bool,
}

/// Why nobody acts.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// Malformed, unknown, revoked, expired: all one.
    #[error("unauthorized")]
    Unauthorized,
    /// Too many wrong tokens came from there.
    #[error("too many failed attempts")]
    TooManyFailures,
    /// The tenant's data lives in this region, which is not served here.
    #[error("the tenant's region is not served here")]
    WrongRegion(String),
    /// The tenant may not act now.
    #[error("the tenant is suspended")]
    Suspended,
    /// Nobody can be asked.
    #[error("the store could not answer")]
    Down(#[source] Error),
}

impl Principal {
    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.held.tenant
    }

    /// The public part of the key.
    pub fn keyid(&self) -> &str {
        &self.held.keyid
    }

    /// The inbox the key is bound to.
    pub fn inbox(&self) -> Option<&InboxId> {
        self.held.inbox.as_ref()
    }

    /// A person of a tenant's, who is signed in or was.
    pub(crate) fn of_person(tenant: &Tenant, person: &Person, scopes: Scopes) -> Self {
        let held = Authenticated {
            tenant: tenant.clone(),
            state: TenantState::Active,
            keyid: person.id.to_string(),
            inbox: None,
            scopes,
            expires_at: None,
            last_used_at: None,
            networks: None,
        };
        Self { held, origin: Origin::default(), is_operator: false }
    }

    /// An operator at a tenant.
    pub(crate) fn of_operator(held: Authenticated, origin: Origin) -> Self {
        Self { held, origin, is_operator: true }
    }

    /// Whether it is an operator who acts for the tenant: mail is not shown to her by any way but break-glass.
    pub(crate) fn is_operator(&self) -> bool {
        self.is_operator
    }

    /// What the key may do.
    pub fn scopes(&self) -> Scopes {
        self.held.scopes
    }

    /// The same principal, asking from there.
    pub fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// An act of this principal's, for the audit log.
    pub(crate) fn act(&self, action: Action) -> Act<'_> {
        let keyid = self.keyid();
        let actor = if self.is_operator { Actor::Operator(keyid) } else { Actor::Key(keyid) };
        Act::new(action).by(actor).from(&self.origin)
    }

    fn networks(&self) -> Networks {
        Networks::stored(self.held.networks.as_deref()).unwrap_or_default()
    }

    /// When the key ends.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.held.expires_at
    }

    /// Whether the key reaches this inbox. One that is bound to another inbox does not see that it exists.
    pub fn reaches(&self, inbox: &InboxId) -> bool {
        self.held.inbox.as_ref().is_none_or(|own| own == inbox)
    }
}

impl Mailroom {
    /// Finds out who holds a token.
    pub async fn principal(&self, text: &str, from: IpAddr) -> std::result::Result<Principal, Denied> {
        // Shape and checksum first: a token that was never one costs no look-up.
        let token = Token::parse(text).ok_or(Denied::Unauthorized)?;
        if !matches!(token.kind(), TokenKind::Tenant | TokenKind::Inbox) {
            return Err(Denied::Unauthorized);
        }
        let now = self.0.clock.now();
        let digest = token.digest();
        let held = match self.0.sessions.get(&digest, now) {
            Some(known) => known,
            None => {
                let generation = self.0.sessions.generation();
                let found = self.authenticate_token(&token).await.map_err(Denied::Down)?;
                let Some(found) = found else { return Err(self.denied(from)) };
                self.0.sessions.put(digest, found.clone(), now, generation);
                found
            }
        };
        if held.expires_at.is_some_and(|end| end <= now) {
            return Err(Denied::Unauthorized);
        }
        if !Networks::stored(held.networks.as_deref()).is_some_and(|nets| nets.allow(from)) {
            return Err(Denied::Unauthorized);
        }
        // Only told to who holds a valid token: it is the tenant's own secret where its data lives.
        if !self.0.config.serves(held.tenant.region()) {
            return Err(Denied::WrongRegion(held.tenant.region().to_owned()));
        }
        match held.state {
            TenantState::Active => {}
            TenantState::Suspended | TenantState::Importing | TenantState::Exporting | TenantState::Grace => {
                return Err(Denied::Suspended);
            }
            // Its keys are gone, so nobody holds one.
            TenantState::Shredded | TenantState::Purged => return Err(Denied::Unauthorized),
        }
        if held.last_used_at.is_none_or(|last| last < now.minus(TOUCH)) {
            self.touch(digest, &held, now);
        }
        Ok(Principal { held, origin: Origin::default(), is_operator: false })
    }

    /// Forgets what another node's commit has made untrue.
    pub fn heard(&self, news: &News) {
        match news {
            News::Key(keyid) => self.0.sessions.forget(keyid),
            News::Tenant(tenant) => {
                self.0.sessions.forget_tenant(tenant);
                // Its state changed: if its keys are destroyed, they must not live on here.
                self.0.keyring.forget(tenant);
                self.0.brands.changed();
            }
            News::Missed => {
                self.0.sessions.forget_all();
                self.0.brands.changed();
            }
        }
    }

    /// Finds out which operator holds a token.
    pub async fn operator(&self, text: &str, from: IpAddr) -> std::result::Result<Operator, Denied> {
        let token = Token::parse(text)
            .filter(|token| token.kind() == TokenKind::Admin)
            .ok_or(Denied::Unauthorized)?;
        let pepper = self.pepper().await.map_err(Denied::Down)?;
        if !pepper.issued(&token) {
            return Err(self.denied(from));
        }
        let verifier = pepper.verifier(&token);
        let found =
            self.0.store.operator(token.keyid(), &verifier).await.map_err(|e| Denied::Down(e.into()))?;
        found.ok_or_else(|| self.denied(from))
    }

    /// An operator acting for a tenant, for what operators do for tenants: inboxes, keys and policies, never mail.
    pub async fn principal_for_operator(
        &self,
        operator: &Operator,
        id: &TenantId,
    ) -> Result<Option<Principal>> {
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        if !self.0.config.serves(tenant.region()) {
            return Err(Error::WrongRegion(tenant.region().to_owned()));
        }
        if row.state != TenantState::Active {
            return Err(Error::Conflict("the tenant is not active; `mailward tenant show` says its state"));
        }
        let held = Authenticated {
            tenant,
            state: row.state,
            keyid: operator.keyid().to_owned(),
            inbox: None,
            // No `read`: content is for break-glass, which the tenant can see.
            scopes: Scopes::INBOXES.with(Scopes::KEYS).with(Scopes::SETTINGS),
            expires_at: None,
            last_used_at: None,
            networks: None,
        };
        Ok(Some(Principal { held, origin: operator.origin().clone(), is_operator: true }))
    }

    /// One tenant, as an operator sees it.
    pub async fn tenant_row(&self, operator: &Operator, id: &TenantId) -> Result<Option<TenantRow>> {
        Ok(operator.tenant(id).await?.map(|(row, _)| row))
    }

    /// Revokes a token that somebody let slip, on proof of the whole of it. `false`: it was nobody's.
    pub async fn revoke_leaked(&self, text: &str) -> Result<bool> {
        let Some(token) = Token::parse(text) else { return Ok(false) };
        if token.kind() == TokenKind::Admin {
            let verifier = self.pepper().await?.verifier(&token);
            let Some(operator) = self.0.store.operator(token.keyid(), &verifier).await? else {
                return Ok(false);
            };
            return Ok(self.0.store.revoke_operator(&operator, self.0.clock.now()).await?);
        }
        let Some(held) = self.authenticate_token(&token).await? else { return Ok(false) };
        let principal = Principal { held, origin: Origin::default(), is_operator: false };
        self.revoke_for(&principal, principal.keyid(), Action::KeyLeaked).await
    }

    /// Revokes tokens that a stranger reports; for each whether it was valid. A report without a single one counts as
    /// a failure of the network that sent it, so that this is no way to try tokens out.
    pub async fn report_leaks(&self, texts: &[&str], from: IpAddr) -> std::result::Result<Vec<bool>, Denied> {
        let mut revoked = Vec::with_capacity(texts.len());
        for text in texts {
            revoked.push(self.revoke_leaked(text).await.map_err(Denied::Down)?);
        }
        if !revoked.contains(&true)
            && let Denied::TooManyFailures = self.denied(from)
        {
            return Err(Denied::TooManyFailures);
        }
        Ok(revoked)
    }

    /// Counts a wrong token, and notes in the log when there are too many of them.
    fn denied(&self, from: IpAddr) -> Denied {
        let now = self.0.clock.now();
        let failed = self.0.sessions.failed(from, now);
        if let Some(network) = failed.burst {
            let (store, act) = (self.0.store.clone(), Act::new(Action::TokenFailures).by(Actor::Anybody));
            let origin = Origin { request_id: None, network: Some(network) };
            // Beside the request: whoever floods us shall not wait for our books, nor we for them.
            tokio::spawn(async move {
                if let Err(error) = store.audit_service(&act.from(&origin), now).await {
                    tracing::warn!(%error, "could not note a burst of wrong tokens");
                }
            });
        }
        failed.denied
    }

    /// Whether there is an operator.
    pub async fn has_operator(&self) -> Result<bool> {
        Ok(self.0.store.has_operator().await?)
    }

    /// A token for an operator; it is nothing until it is installed.
    pub async fn new_operator_token(&self) -> Result<Token> {
        Ok(self.pepper().await?.issue(TokenKind::Admin, &self.0.random))
    }

    /// Makes a token the operator's; `false` when there is an operator already.
    pub async fn install_operator(&self, token: &Token) -> Result<bool> {
        let verifier = self.pepper().await?.verifier(token);
        Ok(self.0.store.install_operator(token.keyid(), &verifier, 1, self.0.clock.now()).await?)
    }

    /// A link that is good for a while and for these bytes alone.
    pub(crate) async fn sign_link(
        &self,
        tenant: &TenantId,
        rest: &str,
        expires: Timestamp,
    ) -> Result<String> {
        let key = self.0.keyring.service("link").await?;
        Ok(SignedLink { payload: format!("{tenant} {rest}").into_bytes(), expires }.sign(&key))
    }

    /// Whose link that is, and what else it says. `None` when it was not ours, or has ended.
    pub(crate) async fn read_link(&self, text: &str) -> Result<Option<(Tenant, String)>> {
        let key = self.0.keyring.service("link").await?;
        let Some(verified) = SignedLink::verify(&key, text, self.0.clock.now()) else { return Ok(None) };
        let Some(tenant) = self.0.store.tenant_of_link(&verified).await? else { return Ok(None) };
        if !self.0.config.serves(tenant.region()) {
            return Ok(None);
        }
        let payload = std::str::from_utf8(verified.payload()).unwrap_or_default();
        Ok(payload.split_once(' ').map(|(_, rest)| (tenant, rest.to_owned())))
    }

    pub(crate) async fn pepper(&self) -> Result<Pepper> {
        Ok(Pepper::new(self.0.keyring.service("pepper").await?.as_ref().clone()))
    }

    async fn authenticate_token(&self, token: &Token) -> Result<Option<Authenticated>> {
        let pepper = self.pepper().await?;
        // A flood of made-up tokens ends here: nothing is looked up that nobody issued.
        if !pepper.issued(token) {
            return Ok(None);
        }
        Ok(self.0.store.authenticate(token.keyid(), &pepper.verifier(token)).await?)
    }

    /// Notes that the key is in use, behind the caller's back: no request waits for it, and losing the note is no
    /// reason to turn a caller away.
    fn touch(&self, digest: [u8; 32], held: &Authenticated, now: Timestamp) {
        self.0.sessions.used(&digest, now);
        let held = held.clone();
        tokio::spawn(async move {
            let noted = async {
                let mut scope = held.tenant.write().await?;
                scope.touch_key(&held.keyid, now).await?;
                scope.commit().await
            };
            if let Err(error) = noted.await {
                tracing::warn!(%error, "could not note the use of a key");
            }
        });
    }
}
