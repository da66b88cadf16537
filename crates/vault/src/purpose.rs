//! A tenant's keys for everything that is not a message: digests and small secrets.
//!
//! Random per tenant and purpose and wrapped under the tenant key, so that they outlive its rotation: a digest that
//! was stored years ago must still be found.

use mailward_mail::random::Random;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::Error;
use crate::fields::Fields;
use crate::gcm::{ALG, Gcm, ONLY, TAG};
use crate::secret::Secret;
use crate::service::{first16, hmac_parts};

const SEAL: &[u8] = b"mailward/seal/v1";
const HEAD: usize = 1 + 32 + 32;

/// What a purpose key is for. One key is never used for two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Digests by which a repeated delivery is known.
    Dedup,
    /// Digests by which senders, message ids and references are found.
    Search,
    /// URLs and signing secrets of webhook endpoints.
    Webhook,
    /// Private DKIM keys.
    Dkim,
    /// Credentials of a tenant's own SMTP relay.
    Relay,
    /// Personal data within audit records.
    AuditPii,
}

impl Purpose {
    /// Every purpose, for whoever makes or rotates a tenant's keys.
    pub const ALL: [Purpose; 6] =
        [Self::Dedup, Self::Search, Self::Webhook, Self::Dkim, Self::Relay, Self::AuditPii];

    /// The name in rows and in associated data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dedup => "dedup",
            Self::Search => "search",
            Self::Webhook => "webhook",
            Self::Dkim => "dkim",
            Self::Relay => "relay",
            Self::AuditPii => "audit-pii",
        }
    }
}

/// One purpose key of one tenant.
#[derive(Clone, Debug)]
pub struct PurposeKey(pub(crate) Secret);

impl PurposeKey {
    /// Draws a new one.
    pub fn generate(random: &Random) -> Self {
        Self(Secret::generate(random))
    }

    /// HMAC-SHA256 over the parts, each preceded by its length as u32 big-endian, so that a border between two parts
    /// cannot move.
    pub fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        hmac_parts(&self.0, parts)
    }

    /// The first 16 bytes of [`PurposeKey::hmac`], the size in which digests are stored.
    pub fn digest16(&self, parts: &[&[u8]]) -> [u8; 16] {
        first16(self.hmac(parts))
    }

    /// Seals a small secret for the place that `aad` names (row id, column):
    /// `alg u8 | salt 32 | commitment 32 | ciphertext | tag 16`, 81 bytes more than `plain`.
    ///
    /// Key and commitment are HKDF-SHA256(purpose key, salt, `mailward/seal/v1` || SHA-256(place)).
    pub fn seal(&self, aad: &[&[u8]], plain: &[u8], random: &Random) -> Vec<u8> {
        let salt: [u8; 32] = random.bytes();
        let (key, commit) = self.sealing_key(&salt, aad);
        let mut out = Vec::with_capacity(HEAD + plain.len() + TAG);
        out.push(ALG);
        out.extend_from_slice(&salt);
        out.extend_from_slice(&commit);
        out.extend_from_slice(plain);
        let tag = Gcm::new(&key).encrypt(ONLY, b"", &mut out[HEAD..]);
        out.extend_from_slice(&tag);
        out
    }

    /// Opens what [`PurposeKey::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Mismatch`] (other key, other place) or [`Error::Altered`].
    pub fn open(&self, aad: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        if sealed.len() < HEAD + TAG {
            return Err(Error::Malformed("length of a sealed secret"));
        }
        if sealed[0] != ALG {
            return Err(Error::Malformed("algorithm of a sealed secret"));
        }
        let (key, commit) = self.sealing_key(&sealed[1..33], aad);
        if !bool::from(commit.ct_eq(&sealed[33..HEAD])) {
            return Err(Error::Mismatch);
        }
        let (bytes, tag) = sealed[HEAD..].split_at(sealed.len() - HEAD - TAG);
        let mut out = bytes.to_vec();
        Gcm::new(&key).decrypt(ONLY, b"", &mut out, tag)?;
        Ok(out)
    }

    fn sealing_key(&self, salt: &[u8], aad: &[&[u8]]) -> (Secret, [u8; 32]) {
        let place = aad.iter().fold(Fields::new(), |fields, part| fields.text(part));
        self.0.derive_committed(Some(salt), &[SEAL, &Sha256::digest(place.as_bytes())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u64) -> PurposeKey {
        PurposeKey::generate(&Random::seeded(seed))
    }

    #[test]
    fn a_small_secret_opens_at_its_place_with_its_key_alone() {
        let sealed = key(1).seal(&[b"wh_1", b"secret"], b"whsec", &Random::seeded(9));
        assert_eq!(sealed.len(), 81 + 5);
        assert_eq!(key(1).open(&[b"wh_1", b"secret"], &sealed), Ok(b"whsec".to_vec()));
        assert_eq!(key(2).open(&[b"wh_1", b"secret"], &sealed), Err(Error::Mismatch));
        assert_eq!(key(1).open(&[b"wh_2", b"secret"], &sealed), Err(Error::Mismatch));
        assert_eq!(key(1).open(&[b"wh_1s", b"ecret"], &sealed), Err(Error::Mismatch));
    }

    #[test]
    fn no_byte_of_a_sealed_secret_may_change_and_none_be_missing_or_added() {
        let sealed = key(1).seal(&[b"a"], b"plain", &Random::seeded(9));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x80;
            assert!(key(1).open(&[b"a"], &changed).is_err(), "byte {at}");
            assert!(key(1).open(&[b"a"], &sealed[..at]).is_err(), "length {at}");
        }
        assert!(key(1).open(&[b"a"], &[&sealed[..], b"x"].concat()).is_err());
    }

    #[test]
    fn nothing_can_be_sealed_too_and_the_same_secret_never_looks_the_same() {
        let random = Random::seeded(9);
        let (one, two) = (key(1).seal(&[], b"", &random), key(1).seal(&[], b"", &random));
        assert_ne!(one, two);
        assert_eq!(key(1).open(&[], &two), Ok(vec![]));
    }
}
