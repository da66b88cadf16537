//! AES-256-GCM (NIST SP 800-38D) in place, with a nonce that the caller counts.
//!
//! Every key that comes here encrypts one plaintext, which may be a stream of chunks; that is why a nonce may be
//! zero or a counter.

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit, Nonce, Tag};

use crate::error::Error;
use crate::secret::Secret;

/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

/// The algorithm byte of everything sealed today: AES-256-GCM under HKDF-SHA256.
pub(crate) const ALG: u8 = 1;

/// A nonce; unique under its key.
pub(crate) type Iv = [u8; 12];

/// The nonce of a key with a single plaintext.
pub(crate) const ONLY: Iv = [0; 12];

/// A key made ready.
pub(crate) struct Gcm(Aes256Gcm);

impl Gcm {
    /// Schedules the key.
    pub(crate) fn new(key: &Secret) -> Self {
        Self(Aes256Gcm::new_from_slice(key.bytes()).expect("a key is 32 bytes"))
    }

    /// Encrypts `bytes` where they are and returns their tag.
    pub(crate) fn encrypt(&self, nonce: Iv, aad: &[u8], bytes: &mut [u8]) -> [u8; TAG] {
        let nonce = Nonce::from(nonce);
        let tag = self.0.encrypt_inout_detached(&nonce, aad, InOutBuf::from(bytes));
        tag.expect("a chunk is shorter than 64 GiB").into()
    }

    /// Decrypts `bytes` where they are. When the tag is wrong they stay encrypted: nothing unauthentic is released.
    pub(crate) fn decrypt(&self, nonce: Iv, aad: &[u8], bytes: &mut [u8], tag: &[u8]) -> Result<(), Error> {
        let tag = Tag::try_from(tag).map_err(|_| Error::Malformed("tag"))?;
        let done = self.0.decrypt_inout_detached(&Nonce::from(nonce), aad, InOutBuf::from(bytes), &tag);
        done.map_err(|_| Error::Altered)
    }
}
