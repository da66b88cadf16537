//! Random text and check sums in the 62 letters and digits that need no quoting anywhere.

use mailward_mail::random::Random;
use zeroize::Zeroizing;

/// Digits in the order of their value.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Appends `count` digits, each of the 62 with the same probability.
pub(crate) fn push_random(text: &mut String, count: usize, random: &Random) {
    let mut bytes = Zeroizing::new([0; 64]);
    let mut missing = count;
    while missing > 0 {
        random.fill(&mut bytes[..]);
        for byte in bytes.iter().copied().filter_map(digit).take(missing) {
            text.push(byte);
            missing -= 1;
        }
    }
}

/// CRC-32 (IEEE 802.3) of `text` as six digits: tells a mistyped token from a real one without asking the database.
pub(crate) fn checksum(text: &[u8]) -> [u8; 6] {
    digits(crc32fast::hash(text).into())
}

/// The last `N` digits of a number.
pub(crate) fn digits<const N: usize>(number: u64) -> [u8; N] {
    let mut rest = number;
    let mut out = [0; N];
    for place in out.iter_mut().rev() {
        *place = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    out
}

/// 248 is the largest multiple of 62 in a byte; the eight values above it would favour the first eight digits, so they
/// are thrown away.
fn digit(byte: u8) -> Option<char> {
    (byte < 248).then(|| char::from(DIGITS[usize::from(byte % 62)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_stands_for_exactly_four_bytes_and_eight_bytes_for_none() {
        let mut count = [0; 128];
        let refused = (0..=255).filter(|byte| digit(*byte).is_none()).count();
        (0..=255).filter_map(digit).for_each(|c| count[c as usize] += 1);
        assert_eq!(refused, 8);
        assert!(DIGITS.iter().all(|d| count[usize::from(*d)] == 4));
    }

    #[test]
    fn many_random_digits_are_spread_evenly() {
        let mut text = String::new();
        push_random(&mut text, 62_000, &Random::seeded(5));
        assert_eq!(text.len(), 62_000);
        // 61 degrees of freedom: 120 is passed by chance once in a hundred thousand times; taking bytes modulo 62
        // without rejection gives about 1,700.
        let expected = 1000.0;
        let chi2: f64 = DIGITS
            .iter()
            .map(|d| text.bytes().filter(|b| b == d).count() as f64 - expected)
            .map(|off| off * off / expected)
            .sum();
        assert!(chi2 < 120.0, "{chi2}");
    }

    #[test]
    fn the_checksum_is_the_known_crc_in_base_62() {
        // CRC-32 of "123456789" is 0xCBF43926 = 3421780262.
        let value = checksum(b"123456789")
            .iter()
            .fold(0u64, |sum, d| sum * 62 + DIGITS.iter().position(|x| x == d).expect("a digit") as u64);
        assert_eq!(value, 0xCBF4_3926);
    }
}
