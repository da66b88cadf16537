//! Keys of the service itself, not of any tenant: token pepper, signed links, tombstones, return paths, receipts.
//!
//! Each is 32 random bytes that live in the keystore wrapped under the master key and never in the database; a
//! stolen database alone can neither verify a token nor forge a link.

use mailward_mail::random::Random;

use crate::fields::length;
use crate::purpose::PurposeKey;
use crate::secret::Secret;

/// One key of the service. Its name is given where it is wrapped ([`crate::MasterKey::wrap_service_key`]).
#[derive(Clone, Debug)]
pub struct ServiceKey(pub(crate) Secret);

impl ServiceKey {
    /// Draws a new one.
    pub fn generate(random: &Random) -> Self {
        Self(Secret::generate(random))
    }

    /// HMAC-SHA256 over the parts, each preceded by its length as u32 big-endian, so that a border between two parts
    /// cannot move.
    pub fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        hmac_parts(&self.0, parts)
    }

    /// The first 16 bytes of [`ServiceKey::hmac`], the size in which digests are stored.
    pub fn digest16(&self, parts: &[&[u8]]) -> [u8; 16] {
        first16(self.hmac(parts))
    }

    /// A key to seal small secrets with that belong to no tenant, derived under a label of its own.
    pub fn sealing(&self, label: &str) -> PurposeKey {
        PurposeKey(self.0.derive(None, &[b"mailward/service-seal/v1", label.as_bytes()]))
    }
}

pub(crate) fn hmac_parts(key: &Secret, parts: &[&[u8]]) -> [u8; 32] {
    let lengths: Vec<[u8; 4]> = parts.iter().map(|part| length(part)).collect();
    let pieces: Vec<&[u8]> = lengths.iter().zip(parts).flat_map(|(len, part)| [&len[..], part]).collect();
    key.hmac(&pieces)
}

pub(crate) fn first16(digest: [u8; 32]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&digest[..16]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_border_between_parts_cannot_move() {
        let key = ServiceKey::generate(&Random::seeded(1));
        assert_ne!(key.hmac(&[b"a", b"bc"]), key.hmac(&[b"ab", b"c"]));
        assert_ne!(key.hmac(&[b"abc"]), key.hmac(&[b"abc", b""]));
        assert_eq!(key.digest16(&[b"abc"])[..], key.hmac(&[b"abc"])[..16]);
    }
}
