//! Signatures that others can check: Ed25519 (RFC 8032) over what leaves the house as proof — checkpoints of the audit
//! log, erasure receipts, manifests.
//!
//! The seed is a service key, so it is wrapped under the master key like the rest; the public key is made to be shown.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::service::ServiceKey;

/// Signs for one purpose.
pub struct SigningKey(Ed25519KeyPair);

/// Checks what a [`SigningKey`] signed. 32 bytes, shown as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicKey([u8; 32]);

impl SigningKey {
    /// The key whose seed is derived from a service key and a label, so that one purpose cannot sign for another.
    pub fn derive(key: &ServiceKey, label: &str) -> Self {
        let seed = zeroize::Zeroizing::new(key.hmac(&[b"mailward/ed25519/v1", label.as_bytes()]));
        Self(Ed25519KeyPair::from_seed_unchecked(&seed[..]).expect("a seed is 32 bytes"))
    }

    /// The signature of a message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(self.0.sign(message).as_ref());
        out
    }

    /// What others check with.
    pub fn public(&self) -> PublicKey {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(out)
    }
}

/// The seed is a secret.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl PublicKey {
    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether the key's owner signed this.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0[..]).verify(message, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use mailward_mail::random::Random;

    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_key_and_label_alone() {
        let service = ServiceKey::generate(&Random::seeded(1));
        let key = SigningKey::derive(&service, "receipts");
        let other = SigningKey::derive(&service, "checkpoints");
        let signature = key.sign(b"erased");
        assert!(key.public().verifies(b"erased", &signature));
        assert!(!key.public().verifies(b"erase", &signature));
        assert!(!other.public().verifies(b"erased", &signature));
        assert!(!key.public().verifies(b"erased", &signature[..63]));
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
    }
}
