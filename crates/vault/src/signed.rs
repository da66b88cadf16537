//! Short signed links: a payload that nobody but the service can make, good until a moment.
//!
//! `version u8 | expires i64 big-endian milliseconds | payload | tag 16` in base64url without padding (RFC 4648 5);
//! the tag is HMAC-SHA256 over `mailward/link/v1` and all before it, cut to 16 bytes. The payload is signed, not
//! hidden: put ids there, never content. What it means, and whether it is still allowed, the caller asks again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mailward_mail::clock::Timestamp;
use subtle::ConstantTimeEq;

use crate::service::ServiceKey;

const LABEL: &[u8] = b"mailward/link/v1";
const VERSION: u8 = 1;
const HEAD: usize = 1 + 8;
const TAG: usize = 16;
/// Far beyond any link of ours; what is longer is refused before it is decoded.
const MAX_TEXT: usize = 2048;

/// What a link carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedLink {
    /// The caller's own bytes, up to about 1.5 kB; readable by whoever holds the link.
    pub payload: Vec<u8>,
    /// From this moment on the link is dead.
    pub expires: Timestamp,
}

impl SignedLink {
    /// The text that goes into a URL.
    pub fn sign(&self, key: &ServiceKey) -> String {
        let mut bytes = Vec::with_capacity(HEAD + self.payload.len() + TAG);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.expires.millis().to_be_bytes());
        bytes.extend_from_slice(&self.payload);
        let tag = tag(key, &bytes);
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a link carries that this key signed and that lives at `now`; compares in constant time.
    pub fn verify(key: &ServiceKey, text: &str, now: Timestamp) -> Option<Verified> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, given) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        let (head, payload) = signed.split_at_checked(HEAD)?;
        // The signature first: nothing an attacker wrote is looked into.
        if !bool::from(tag(key, signed).ct_eq(given)) || head[0] != VERSION {
            return None;
        }
        let expires = Timestamp(i64::from_be_bytes(head[1..].try_into().ok()?));
        (now < expires).then(|| Verified(payload.to_vec()))
    }
}

/// A payload that this service signed, and that still lives. Only [`SignedLink::verify`] makes one, so holding it is
/// proof enough for whoever acts on what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified(Vec<u8>);

impl Verified {
    /// What was signed.
    pub fn payload(&self) -> &[u8] {
        &self.0
    }
}

fn tag(key: &ServiceKey, bytes: &[u8]) -> [u8; TAG] {
    crate::service::first16(key.0.hmac(&[LABEL, bytes]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailward_mail::random::Random;

    const NOON: Timestamp = Timestamp(1_795_341_600_000);

    fn key(seed: u64) -> ServiceKey {
        ServiceKey::generate(&Random::seeded(seed))
    }

    fn link() -> String {
        SignedLink { payload: b"eml_1/0".to_vec(), expires: NOON }.sign(&key(1))
    }

    #[test]
    fn a_link_lives_until_its_moment_and_not_at_it() {
        let verified = SignedLink::verify(&key(1), &link(), Timestamp(NOON.0 - 1));
        assert_eq!(verified.as_ref().map(Verified::payload), Some(&b"eml_1/0"[..]));
        assert_eq!(SignedLink::verify(&key(1), &link(), NOON), None);
    }

    #[test]
    fn a_link_of_another_key_or_with_any_bit_changed_is_dead() {
        let now = Timestamp(0);
        assert_eq!(SignedLink::verify(&key(2), &link(), now), None);
        let bytes = URL_SAFE_NO_PAD.decode(link()).expect("base64");
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SignedLink::verify(&key(1), &URL_SAFE_NO_PAD.encode(changed), now), None, "bit {bit}");
        }
    }

    #[test]
    fn what_is_no_link_is_refused() {
        let (padded, long) = (format!("{}=", link()), "A".repeat(2049));
        for bad in ["", "A", "AAAA", "!!", &link()[1..], &padded, &long, "é"] {
            assert_eq!(SignedLink::verify(&key(1), bad, Timestamp(0)), None, "{bad}");
        }
    }
}
