//! Passwords of people: argon2id (RFC 9106), 19 MiB, two passes, one lane; about 16 ms each on purpose.
//!
//! For the console's logins alone. Tokens are random and need none of this. Runs for milliseconds on the thread that
//! calls: from async code, call it where blocking is allowed.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use mailward_mail::random::Random;

/// KiB of memory for one hash.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes a password with a fresh salt into a PHC string, which says how it was made.
pub fn hash(password: &str, random: &Random) -> String {
    let salt: [u8; 16] = random.bytes();
    let hash = argon2().hash_password_with_salt(password.as_bytes(), &salt);
    hash.expect("a password is shorter than 4 GiB and the salt is 16 bytes").to_string()
}

/// Whether `password` is the one that [`hash`] made `phc` of. False also for a PHC string that is not of argon2id or
/// asks for more work than ours: a row that somebody altered shall not cost gigabytes.
pub fn verify(password: &str, phc: &str) -> bool {
    let Ok(stored) = PasswordHash::new(phc) else { return false };
    let Ok(params) = Params::try_from(&stored) else { return false };
    let ours = stored.algorithm == Algorithm::Argon2id.ident()
        && params.m_cost() <= MEMORY
        && params.t_cost() <= PASSES
        && params.p_cost() <= LANES;
    ours && argon2().verify_password(password.as_bytes(), &stored).is_ok()
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY, PASSES, LANES, None).expect("the three costs are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let phc = hash("correct horse", &Random::seeded(1));
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(verify("correct horse", &phc));
        assert!(!verify("correct horse ", &phc));
        assert!(!verify("", &phc));
        assert_ne!(phc, hash("correct horse", &Random::seeded(2)));
    }

    #[test]
    fn a_hash_made_elsewhere_is_known() {
        // Made by OpenSSL's argon2id with the same costs.
        let phc = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$5/W87cqWDElP2gtnTIq/qDSP1zopANxZLonkobS2XWw";
        assert!(verify("pässword", phc));
        assert!(!verify("password", phc));
    }

    #[test]
    fn what_is_no_hash_of_ours_matches_nothing_and_costs_nothing() {
        let phc = hash("x", &Random::seeded(1));
        let (no_output, _) = phc.rsplit_once('$').expect("a PHC string has fields");
        let costly = phc.replace("m=19456", "m=4194304");
        let (slow, wide) = (phc.replace("t=2", "t=4000000"), phc.replace("p=1", "p=255"));
        let other = phc.replace("argon2id", "argon2i");
        for bad in ["", "x", "$argon2id$", no_output, &costly, &slow, &wide, &other] {
            assert!(!verify("x", bad), "{bad}");
        }
    }

    #[test]
    fn a_true_hash_of_another_algorithm_or_of_more_work_is_refused() {
        let made = |algorithm, memory, passes, lanes| {
            let params = Params::new(memory, passes, lanes, None).expect("costs");
            let argon2 = Argon2::new(algorithm, Version::V0x13, params);
            argon2.hash_password_with_salt(b"x", &[7; 16]).expect("a hash").to_string()
        };
        // The control: the same way of making, with our costs or fewer, is known.
        assert!(verify("x", &made(Algorithm::Argon2id, MEMORY, PASSES, LANES)));
        assert!(verify("x", &made(Algorithm::Argon2id, 64, 1, LANES)));
        assert!(!verify("x", &made(Algorithm::Argon2i, MEMORY, PASSES, LANES)));
        assert!(!verify("x", &made(Algorithm::Argon2id, MEMORY + 1, PASSES, LANES)));
        assert!(!verify("x", &made(Algorithm::Argon2id, MEMORY, PASSES + 1, LANES)));
        assert!(!verify("x", &made(Algorithm::Argon2id, MEMORY, PASSES, LANES + 1)));
    }
}
