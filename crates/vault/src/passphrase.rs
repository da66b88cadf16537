//! A master key from a passphrase that a person knows: argon2id (RFC 9106), 256 MiB, three passes, one lane.
//!
//! The work is what a guess costs who has stolen the keystore and the salt; it takes a second or so and the memory
//! while it runs. Runs on the thread that calls: from async code, call it where blocking is allowed.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::root::MasterKey;

/// How keys are made today, as it is written beside the salt.
pub const KDF: &str = "argon2id v=19 m=262144 t=3 p=1";

const MEMORY_KIB: u32 = 256 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// The master key of a passphrase and a salt. White space around the passphrase, as an editor leaves it, is ignored.
pub fn derive(passphrase: &str, salt: &[u8; 16]) -> MasterKey {
    stretch(passphrase, salt, MEMORY_KIB)
}

fn stretch(passphrase: &str, salt: &[u8; 16], memory_kib: u32) -> MasterKey {
    let params =
        Params::new(memory_kib, PASSES, LANES, Some(32)).expect("the costs are within argon2's bounds");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut key = Zeroizing::new([0; 32]);
    argon2
        .hash_password_into(passphrase.trim().as_bytes(), salt, &mut key[..])
        .expect("a passphrase is shorter than 4 GiB and the salt is 16 bytes");
    MasterKey::from_bytes(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passphrase_and_salt_and_cost_each_make_another_key() {
        let key = |passphrase, salt, memory| stretch(passphrase, &[salt; 16], memory).to_hex();
        let one = key("correct horse battery staple", 1, 64);
        assert_eq!(*one, *key("correct horse battery staple\n", 1, 64));
        assert_ne!(*one, *key("correct horse battery stapler", 1, 64));
        assert_ne!(*one, *key("correct horse battery staple", 2, 64));
        assert_ne!(*one, *key("correct horse battery staple", 1, 128));
    }

    #[test]
    fn a_key_made_elsewhere_is_the_same() {
        // Made by Python's argon2-cffi with the costs of [`KDF`] and the salt 00 01 .. 0f.
        let salt = std::array::from_fn(|at| at as u8);
        assert_eq!(KNOWN, derive("correct horse battery staple", &salt).to_hex().as_str());
    }

    const KNOWN: &str = "aad608b5866cef907f47d5cae529ed01a91301c92c5d5fef46e1a65e394e5742";
}
