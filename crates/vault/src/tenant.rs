//! The key of one tenant: what makes its data its own, and whose end makes them unreadable.
//!
//! A tenant key has a version. New wraps are made by the newest; rotation opens each wrap with the old version and
//! wraps it again with the new, and touches no body.

use mailward_mail::random::Random;

use crate::error::Error;
use crate::fields::Fields;
use crate::purpose::{Purpose, PurposeKey};
use crate::seal::{MessageContext, MessageKey};
use crate::secret::Secret;
use crate::wrap::{Wrapped, WrappedDek, WrappedKey};

const PURPOSE: &[u8] = b"mailward/purpose/v1";
const DEK_ROOT: &[u8] = b"mailward/purpose/v1/dek";
const DEK: &[u8] = b"mailward/dek/v1";

/// One version of one tenant's key.
#[derive(Clone, Debug)]
pub struct TenantKey {
    version: u32,
    secret: Secret,
    /// The one purpose key that is derived, not wrapped: it wraps message keys.
    dek: Secret,
}

impl TenantKey {
    /// Draws a new one. Versions of a tenant count up from 1.
    pub fn generate(version: u32, random: &Random) -> Self {
        Self::new(version, Secret::generate(random))
    }

    /// The version: what goes into the column beside each wrap made with this key.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Wraps one of this tenant's purpose keys.
    pub fn wrap_purpose(&self, purpose: Purpose, key: &PurposeKey, random: &Random) -> WrappedKey {
        WrappedKey(Wrapped::new(
            &self.secret,
            PURPOSE,
            self.purpose_place(purpose).as_bytes(),
            &key.0,
            random,
        ))
    }

    /// Opens one of this tenant's purpose keys.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Altered`], the latter also for another purpose, tenant or version.
    pub fn unwrap_purpose(&self, purpose: Purpose, wrapped: &WrappedKey) -> Result<PurposeKey, Error> {
        wrapped.0.open(&self.secret, PURPOSE, self.purpose_place(purpose).as_bytes()).map(PurposeKey)
    }

    /// Draws the key of a new message and wraps it for that message.
    pub fn new_message_key(&self, ctx: &MessageContext<'_>, random: &Random) -> (MessageKey, WrappedDek) {
        let key = MessageKey(Secret::generate(random));
        let wrapped = self.wrap_message_key(ctx, &key, random);
        (key, wrapped)
    }

    /// Wraps an existing message key again: the step of a rotation.
    pub fn wrap_message_key(
        &self,
        ctx: &MessageContext<'_>,
        key: &MessageKey,
        random: &Random,
    ) -> WrappedDek {
        WrappedDek(Wrapped::new(&self.dek, DEK, self.dek_place(ctx).as_bytes(), &key.0, random))
    }

    /// Opens the key of a message.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Altered`], the latter also for another message, tenant or version.
    pub fn open_message_key(
        &self,
        ctx: &MessageContext<'_>,
        wrapped: &WrappedDek,
    ) -> Result<MessageKey, Error> {
        wrapped.0.open(&self.dek, DEK, self.dek_place(ctx).as_bytes()).map(MessageKey)
    }

    pub(crate) fn new(version: u32, secret: Secret) -> Self {
        let dek = secret.derive(None, &[DEK_ROOT]);
        Self { version, secret, dek }
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Region and tenant need not be named: this key was opened for exactly one of each.
    fn purpose_place(&self, purpose: Purpose) -> Fields {
        Fields::new().text(purpose.as_str()).number(self.version)
    }

    fn dek_place(&self, ctx: &MessageContext<'_>) -> Fields {
        ctx.fields().number(self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailward_mail::clock::{Clock, Timestamp};
    use mailward_mail::id::{InboxId, MessageId, TenantId};

    #[test]
    fn a_purpose_key_opens_for_its_own_purpose_tenant_and_version_alone() {
        let random = Random::seeded(1);
        let key = TenantKey::generate(1, &random);
        let inner = PurposeKey::generate(&random);
        for purpose in Purpose::ALL {
            let wrapped = key.wrap_purpose(purpose, &inner, &random);
            for other in Purpose::ALL {
                assert_eq!(
                    key.unwrap_purpose(other, &wrapped).is_ok(),
                    other == purpose,
                    "{purpose:?} {other:?}"
                );
            }
            let opened = key.unwrap_purpose(purpose, &wrapped).expect("its own purpose");
            assert_eq!(opened.0.bytes(), inner.0.bytes());
            assert!(TenantKey::generate(1, &random).unwrap_purpose(purpose, &wrapped).is_err());
            assert!(TenantKey::new(2, key.secret.clone()).unwrap_purpose(purpose, &wrapped).is_err());
        }
    }

    #[test]
    fn a_message_key_wrapped_by_one_version_does_not_pass_for_anothers() {
        let random = Random::seeded(2);
        let clock = Clock::manual(Timestamp(0));
        let tenant = TenantId::parse("ada").expect("a slug");
        let (inbox, message) = (InboxId::generate(&clock, &random), MessageId::generate(&clock, &random));
        let ctx = MessageContext { region: "local", tenant: &tenant, inbox: &inbox, message: &message };
        let one = TenantKey::generate(1, &random);
        let (_, wrapped) = one.new_message_key(&ctx, &random);
        assert!(one.open_message_key(&ctx, &wrapped).is_ok());
        // The same 32 bytes under another number: only the associated data differs.
        let two = TenantKey::new(2, one.secret.clone());
        assert_eq!(two.open_message_key(&ctx, &wrapped).expect_err("version"), Error::Altered);
    }
}
