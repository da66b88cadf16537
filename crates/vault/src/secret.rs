//! 32 secret bytes: the stuff that every kind of key is made of.
//!
//! Wiped when dropped, never shown by `Debug`. What a key is *for* is the business of the types around it.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use mailward_mail::random::Random;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// 32 secret bytes.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// Draws a new one.
    pub(crate) fn generate(random: &Random) -> Self {
        let mut secret = Self::zeros();
        random.fill(&mut secret.0[..]);
        secret
    }

    /// Zeros, to be filled in place so that no copy is left elsewhere.
    pub(crate) fn zeros() -> Self {
        Self(Zeroizing::new([0; 32]))
    }

    /// The bytes, for whoever encrypts them.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bytes, for whoever fills them.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8; 32] {
        &mut self.0
    }

    /// A key derived from this one: HKDF-SHA256 (RFC 5869) with `salt` (none: 32 zero bytes, RFC 5869 2.2).
    pub(crate) fn derive(&self, salt: Option<&[u8]>, info: &[&[u8]]) -> Secret {
        let mut key = Self::zeros();
        self.expand(salt, info, &mut key.0[..]);
        key
    }

    /// A key and a public commitment to it. Two different inputs that commit to the same 32 bytes would be a
    /// collision of SHA-256, so a ciphertext that carries the commitment opens under one key only; GCM alone does
    /// not promise that.
    pub(crate) fn derive_committed(&self, salt: Option<&[u8]>, info: &[&[u8]]) -> (Secret, [u8; 32]) {
        let mut both = Zeroizing::new([0; 64]);
        self.expand(salt, info, &mut both[..]);
        let (mut key, mut commit) = (Self::zeros(), [0; 32]);
        key.0.copy_from_slice(&both[..32]);
        commit.copy_from_slice(&both[32..]);
        (key, commit)
    }

    /// HMAC-SHA256 (RFC 2104) over the pieces, joined as they are.
    pub(crate) fn hmac(&self, pieces: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0[..]).expect("HMAC takes a key of any length");
        pieces.iter().for_each(|piece| mac.update(piece));
        mac.finalize().into_bytes().into()
    }

    fn expand(&self, salt: Option<&[u8]>, info: &[&[u8]], out: &mut [u8]) {
        let (mut prk, hkdf) = Hkdf::<Sha256>::extract(salt, &self.0[..]);
        prk.as_mut_slice().zeroize();
        hkdf.expand_multi_info(info, out).expect("HKDF-SHA256 gives up to 8160 bytes");
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> Secret {
        let mut secret = Secret::zeros();
        secret.bytes_mut().fill(byte);
        secret
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", secret(0xab)), "(secret)");
    }

    #[test]
    fn salt_and_info_and_key_each_change_what_is_derived() {
        let base = secret(1).derive(Some(b"salt"), &[b"info"]);
        assert_eq!(base.bytes(), secret(1).derive(Some(b"salt"), &[b"in", b"fo"]).bytes());
        for other in [
            secret(2).derive(Some(b"salt"), &[b"info"]),
            secret(1).derive(Some(b"tlas"), &[b"info"]),
            secret(1).derive(None, &[b"info"]),
            secret(1).derive(Some(b"salt"), &[b"ofni"]),
        ] {
            assert_ne!(base.bytes(), other.bytes());
        }
    }

    #[test]
    fn the_key_is_the_same_with_and_without_its_commitment_and_is_not_the_commitment() {
        let (key, commit) = secret(1).derive_committed(None, &[b"x"]);
        assert_eq!(key.bytes(), secret(1).derive(None, &[b"x"]).bytes());
        assert_ne!(key.bytes(), &commit);
    }
}
