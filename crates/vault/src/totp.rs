//! Six digits that change every thirty seconds (RFC 6238), the second factor of people.
//!
//! HMAC-SHA-1, because that is what every authenticator app speaks; nothing here rests on SHA-1's resistance to
//! collisions. Keeps no state: that a code is used once is the store's to see to, by the step that [`step_of`] names.

use mailward_mail::random::Random;
use ring::hmac;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Seconds for which a code stands.
const PERIOD: i64 = 30;
/// Codes of so many steps before and after the present one are taken: clocks differ (RFC 6238 5.2).
const DRIFT: i64 = 1;
const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an authenticator app and the service share: 160 bits (RFC 4226 4, R6).
#[derive(Clone)]
pub struct Seed(Zeroizing<[u8; 20]>);

impl Seed {
    /// Draws a new one.
    pub fn generate(random: &Random) -> Self {
        Self(Zeroizing::new(random.bytes()))
    }

    /// One that follows from 32 secret bytes, always the same.
    pub fn of(bytes: &[u8; 32]) -> Self {
        let mut seed = Zeroizing::new([0; 20]);
        seed.copy_from_slice(&bytes[..20]);
        Self(seed)
    }

    /// As it is typed into an app: base32 without padding (RFC 4648 6), 32 characters.
    pub fn base32(&self) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::with_capacity(32));
        for five in self.0.chunks_exact(5) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            out.extend((0..8).rev().map(|at| char::from(DIGITS[(bits >> (5 * at) & 31) as usize])));
        }
        out
    }

    /// Reads what [`Seed::base32`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 {
            return None;
        }
        let mut seed = Zeroizing::new([0; 20]);
        for (five, eight) in seed.chunks_exact_mut(5).zip(text.as_bytes().chunks_exact(8)) {
            let mut bits = 0_u64;
            for byte in eight {
                let digit = DIGITS.iter().position(|digit| digit == byte)?;
                bits = bits << 5 | digit as u64;
            }
            five.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        Some(Self(seed))
    }

    /// The code at a moment in milliseconds since 1970: for tests and tools, a person has an app for it.
    pub fn code_at(&self, millis: i64) -> String {
        self.code(millis.div_euclid(1_000 * PERIOD))
    }

    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0[..]);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        // RFC 4226 5.3: the last four bits say where the number begins, its sign is dropped.
        let at = usize::from(tag[19] & 15);
        let number = u32::from_be_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

/// Redacted: a seed is as good as the second factor itself.
impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// The step whose code this is, of those that are taken at a moment in milliseconds since 1970. Looks at all of them,
/// so that the time it takes tells nothing.
pub fn step_of(seed: &Seed, code: &str, millis: i64) -> Option<i64> {
    let present = millis.div_euclid(1_000 * PERIOD);
    let mut found = None;
    for step in present - DRIFT..=present + DRIFT {
        if bool::from(seed.code(step).as_bytes().ct_eq(code.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Seed {
        let mut bytes = [0; 32];
        bytes[..20].copy_from_slice(b"12345678901234567890");
        Seed::of(&bytes)
    }

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, SHA-1, the last six of the eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(seed().code_at(seconds * 1_000), code, "{seconds}");
        }
    }

    #[test]
    fn a_seed_reads_back_from_what_is_typed() {
        assert_eq!(seed().base32().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(Seed::parse(&seed().base32()).expect("read").code_at(59_000), "287082");
        for bad in ["", "GEZDGNBV", "gezdgnbvgy3tqojqgezdgnbvgy3tqojq", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1"] {
            assert!(Seed::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_code_is_known_one_step_around_the_present_and_no_further() {
        let code = seed().code_at(90_000);
        for (seconds, known) in [(59, false), (60, true), (90, true), (149, true), (150, false)] {
            assert_eq!(step_of(&seed(), &code, seconds * 1_000).is_some(), known, "{seconds}");
        }
        assert_eq!(step_of(&seed(), &code, 119_000), Some(3));
        for bad in ["", "1", "00000", "0000000", "abcdef"] {
            assert_eq!(step_of(&seed(), bad, 90_000), None, "{bad}");
        }
    }
}
