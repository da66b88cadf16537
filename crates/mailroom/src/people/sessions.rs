//! Sessions: a random secret in a cookie, of which only a keyed digest is stored.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::{Act, Action, EntryKind, Found, Origin, PersonState};
use zeroize::Zeroizing;

use super::invitations::actor;
use super::record::{Of, secret_text};
use super::{IDLE, Member, SessionSecret};
use crate::{Mailroom, Result};

/// That a session is in use is noted this often.
const TOUCH: Duration = Duration::from_secs(60);

impl Mailroom {
    /// Who has this session. `None`: nobody, or not any more.
    pub async fn member(&self, secret: &str) -> Result<Option<Member>> {
        let now = self.0.clock.now();
        let Some((found, digest)) = self.session(secret, EntryKind::Session, now).await? else {
            return Ok(None);
        };
        if found.seen_at < now.minus(IDLE) {
            return Ok(None);
        }
        let person = found.house.read().await?.person(&found.person).await?;
        let Some(person) = person.filter(|person| person.state == PersonState::Active) else {
            return Ok(None);
        };
        let record = self.record(&found.house, &person).await?;
        if found.seen_at < now.minus(TOUCH) {
            let mut household = found.house.write().await?;
            household.touch_entry(&digest, &person.id, now).await?;
            household.commit().await?;
        }
        let proof = secret_text(&self.people_digest(Of::Proof(secret)).await?);
        Ok(Some(Member {
            name: record.name,
            email: record.email,
            proof,
            origin: Origin::default(),
            until: found.expires_at.unwrap_or(now),
            house: found.house,
            person,
        }))
    }

    /// Whether a half of a session is of that tenant's people: asked where nobody else may come in.
    pub async fn half_is_of(&self, half: &str, tenant: &TenantId) -> Result<bool> {
        let found = self.session(half, EntryKind::Half, self.0.clock.now()).await?;
        Ok(found.is_some_and(|(found, _)| found.house.tenant().is_some_and(|house| house.id() == tenant)))
    }

    /// Ends a session.
    pub async fn sign_out(&self, secret: &str) -> Result<()> {
        let now = self.0.clock.now();
        if let Some((found, digest)) = self.session(secret, EntryKind::Session, now).await? {
            let mut household = found.house.write().await?;
            household.take_entry(&digest).await?;
            household.commit().await?;
        }
        Ok(())
    }

    /// A session or half of one that has not ended, of a house that is open.
    pub(crate) async fn session(
        &self,
        secret: &str,
        kind: EntryKind,
        now: Timestamp,
    ) -> Result<Option<(Found, [u8; 32])>> {
        if secret.len() != 43 {
            return Ok(None);
        }
        let digest = self.people_digest(Of::Session(secret)).await?;
        let found = self.0.store.entry(&digest, kind).await?;
        let lives = |found: &Found| found.expires_at.is_some_and(|end| end > now) && self.is_open(found);
        Ok(found.filter(lives).map(|found| (found, digest)))
    }

    /// A secret of 256 random bits, and its digest.
    pub(crate) async fn new_session(&self) -> Result<(SessionSecret, [u8; 32])> {
        let secret = Zeroizing::new(secret_text(&self.0.random.bytes::<32>()));
        let digest = self.people_digest(Of::Session(&secret)).await?;
        Ok((SessionSecret(secret), digest))
    }
}

impl Member {
    /// An act of hers, for the log of her house.
    pub(crate) fn act(&self, action: Action) -> Act<'_> {
        Act::new(action).by(actor(&self.house, &self.person)).from(&self.origin)
    }
}
