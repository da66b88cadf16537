//! A key wrapped by a key: 81 bytes.
//!
//! `alg u8 | salt 32 | ciphertext 32 | tag 16`. The wrapping key is HKDF-SHA256(key, salt, info); the salt is drawn
//! anew each time, so the nonce is zero. The place where the wrap belongs is the associated data. The name of the
//! wrapping key (master key id, tenant key version) lies in a column beside the wrap and is part of that data.
//!
//! Where somebody else guards the wrapping key (a KMS), it is drawn for this wrap alone, and what they made of it stands
//! behind the 81 bytes: the *envelope*. The place is bound by us, whatever they do with it.

use mailward_mail::random::Random;

use crate::error::Error;
use crate::gcm::{ALG, Gcm, ONLY, TAG};
use crate::secret::Secret;

/// Bytes of a wrapped key.
pub(crate) const WRAPPED_LEN: usize = 1 + 32 + 32 + TAG;

/// A tenant key, purpose key or service key as the keystore keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey(pub(crate) Wrapped);

/// A message key as it lies in its own column beside its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedDek(pub(crate) Wrapped);

impl WrappedKey {
    /// Takes up what [`WrappedKey::as_bytes`] gave; judged when it is unwrapped.
    pub fn from_stored(bytes: Vec<u8>) -> Self {
        Self(Wrapped(bytes))
    }

    /// 81 bytes and the envelope, safe to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }

    /// The same wrap, and behind it what somebody else needs to find the wrapping key again.
    #[must_use]
    pub fn with_envelope(mut self, envelope: &[u8]) -> Self {
        self.0.0.extend_from_slice(envelope);
        self
    }

    /// What stands behind the wrap; nothing, when the wrapping key is one of ours.
    pub fn envelope(&self) -> &[u8] {
        self.0.0.get(WRAPPED_LEN..).unwrap_or_default()
    }
}

impl WrappedDek {
    /// Takes up what [`WrappedDek::as_bytes`] gave; judged when it is opened.
    pub fn from_stored(bytes: Vec<u8>) -> Self {
        Self(Wrapped(bytes))
    }

    /// 81 bytes, safe to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Wrapped(Vec<u8>);

impl Wrapped {
    /// Wraps `inner` for the place `aad`.
    pub(crate) fn new(outer: &Secret, info: &[u8], aad: &[u8], inner: &Secret, random: &Random) -> Self {
        let salt: [u8; 32] = random.bytes();
        let gcm = Gcm::new(&outer.derive(Some(&salt), &[info]));
        // Encrypted before it enters the vector: no plaintext key ever lies in memory that is not wiped.
        let mut key = inner.clone();
        let tag = gcm.encrypt(ONLY, aad, key.bytes_mut());
        let mut bytes = Vec::with_capacity(WRAPPED_LEN);
        bytes.push(ALG);
        bytes.extend_from_slice(&salt);
        bytes.extend_from_slice(key.bytes());
        bytes.extend_from_slice(&tag);
        Self(bytes)
    }

    /// The wrap alone.
    pub(crate) fn without_envelope(&self) -> Result<Self, Error> {
        let wrap = self.0.get(..WRAPPED_LEN).ok_or(Error::Malformed("length of a wrapped key"))?;
        Ok(Self(wrap.to_vec()))
    }

    /// Unwraps what was wrapped for the place `aad`.
    pub(crate) fn open(&self, outer: &Secret, info: &[u8], aad: &[u8]) -> Result<Secret, Error> {
        let bytes: &[u8; WRAPPED_LEN] =
            self.0[..].try_into().map_err(|_| Error::Malformed("length of a wrapped key"))?;
        if bytes[0] != ALG {
            return Err(Error::Malformed("algorithm of a wrapped key"));
        }
        let gcm = Gcm::new(&outer.derive(Some(&bytes[1..33]), &[info]));
        let mut key = Secret::zeros();
        key.bytes_mut().copy_from_slice(&bytes[33..65]);
        gcm.decrypt(ONLY, aad, key.bytes_mut(), &bytes[65..])?;
        Ok(key)
    }
}

impl std::fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrap_opens_with_its_key_its_info_and_its_place_alone() {
        let random = Random::seeded(1);
        let (outer, other, inner) =
            (Secret::generate(&random), Secret::generate(&random), Secret::generate(&random));
        let wrapped = Wrapped::new(&outer, b"info", b"place", &inner, &random);
        assert_eq!(wrapped.open(&outer, b"info", b"place").expect("its own key").bytes(), inner.bytes());
        for result in [
            wrapped.open(&other, b"info", b"place"),
            wrapped.open(&outer, b"info2", b"place"),
            wrapped.open(&outer, b"info", b"elsewhere"),
        ] {
            assert_eq!(result.expect_err("not its own"), Error::Altered);
        }
    }

    #[test]
    fn no_byte_of_a_wrap_may_change_and_none_be_missing() {
        let random = Random::seeded(2);
        let (outer, inner) = (Secret::generate(&random), Secret::generate(&random));
        let wrapped = Wrapped::new(&outer, b"i", b"a", &inner, &random);
        assert_eq!(wrapped.0.len(), 81);
        for at in 0..WRAPPED_LEN {
            let mut changed = wrapped.clone();
            changed.0[at] ^= 1;
            assert!(changed.open(&outer, b"i", b"a").is_err(), "byte {at}");
        }
        for len in 0..WRAPPED_LEN {
            assert!(Wrapped(wrapped.0[..len].to_vec()).open(&outer, b"i", b"a").is_err(), "length {len}");
        }
    }

    #[test]
    fn wrapping_twice_gives_different_bytes() {
        let random = Random::seeded(3);
        let (outer, inner) = (Secret::generate(&random), Secret::generate(&random));
        let wrap = || Wrapped::new(&outer, b"i", b"a", &inner, &random);
        assert_ne!(wrap(), wrap());
    }
}
