//! Makes an RSA key of 2,048 bits from 32 random bytes (FIPS 186-5 A.1.3), and writes it as others read it.
//!
//! The same bytes make the same key, so that a key of the service itself need not be stored. What is drawn is HMAC-SHA256
//! of a counter; a number is taken where it is prime, which is no matter of who asks. Signs nothing.

use num_bigint::{BigInt, BigUint};
use ring::hmac;
use zeroize::Zeroizing;

/// Bits of each of the two primes.
const BITS: u64 = 1_024;
/// The public exponent.
const EXPONENT: u32 = 65_537;
/// Rounds of the test of Miller and Rabin with random bases: a composite passes one with at most a quarter's chance, and
/// of random numbers of this size far more rarely.
const ROUNDS: usize = 20;
/// Primes below this are tried as divisors first.
const SMALL: u32 = 2_000;
/// RFC 8017 A.1: rsaEncryption, with its NULL.
const RSA_ENCRYPTION: [u8; 15] =
    [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// A private key as RFC 8017 A.1.2 writes it (PKCS #1).
pub(super) fn generate(seed: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let mut stream = Stream { key: hmac::Key::new(hmac::HMAC_SHA256, seed), counter: 0 };
    let small = small_primes();
    let e = BigUint::from(EXPONENT);
    let first = prime(&mut stream, &small);
    let second = loop {
        let other = prime(&mut stream, &small);
        // Too near, and the product could be taken apart by Fermat's way.
        if first.bits().max(other.bits()) == BITS && distance(&first, &other).bits() > BITS - 100 {
            break other;
        }
    };
    let (p, q) = if first > second { (first, second) } else { (second, first) };
    let one = BigUint::from(1u8);
    let (p1, q1) = (&p - &one, &q - &one);
    let lcm = &p1 / gcd(&p1, &q1) * &q1;
    let d = inverse(&e, &lcm);
    let numbers = [
        BigUint::from(0u8),
        &p * &q,
        e,
        d.clone(),
        p.clone(),
        q.clone(),
        &d % &p1,
        &d % &q1,
        inverse(&q, &p),
    ];
    let inner: Zeroizing<Vec<u8>> = Zeroizing::new(numbers.iter().flat_map(integer).collect());
    Zeroizing::new(der(0x30, &inner))
}

/// A public key in the form in which DNS has it (RFC 5280 4.1.2.7), from the one in PKCS #1.
pub(super) fn public_info(public_key: &[u8]) -> Vec<u8> {
    let bits = [&[0], public_key].concat();
    der(0x30, &[&RSA_ENCRYPTION[..], &der(3, &bits)].concat())
}

/// Numbers that nobody else can draw.
struct Stream {
    key: hmac::Key,
    counter: u64,
}

impl Stream {
    fn bytes(&mut self, many: usize) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(many + 32));
        while out.len() < many {
            self.counter += 1;
            let counter = self.counter.to_be_bytes();
            out.extend_from_slice(hmac::sign(&self.key, &[&b"dkim rsa"[..], &counter].concat()).as_ref());
        }
        out.truncate(many);
        out
    }
}

fn prime(stream: &mut Stream, small: &[u32]) -> BigUint {
    loop {
        let mut bytes = stream.bytes(BITS as usize / 8);
        // The two highest bits, so that the product has all of its bits; the lowest, for even numbers are no primes.
        bytes[0] |= 0xc0;
        bytes[BITS as usize / 8 - 1] |= 1;
        let number = BigUint::from_bytes_be(&bytes);
        let divides = |small: &u32| &number % *small == BigUint::from(0u8);
        // The exponent has to have an inverse.
        let fits = &number % EXPONENT != BigUint::from(1u8);
        if fits && !small.iter().any(divides) && is_prime(&number, stream) {
            return number;
        }
    }
}

/// Miller and Rabin's test (FIPS 186-5 B.3.1).
fn is_prime(number: &BigUint, stream: &mut Stream) -> bool {
    let one = BigUint::from(1u8);
    let last = number - &one;
    let twos = last.trailing_zeros().unwrap_or_default();
    let odd = &last >> twos;
    (0..ROUNDS).all(|_| {
        let base = BigUint::from_bytes_be(&stream.bytes(BITS as usize / 8 - 1)) + 2u8;
        let mut power = base.modpow(&odd, number);
        if power == one || power == last {
            return true;
        }
        (1..twos).any(|_| {
            power = &power * &power % number;
            power == last
        })
    })
}

fn small_primes() -> Vec<u32> {
    let mut primes: Vec<u32> = Vec::new();
    for number in 3..SMALL {
        if number % 2 == 1 && primes.iter().all(|prime| number % prime != 0) {
            primes.push(number);
        }
    }
    primes
}

fn distance(a: &BigUint, b: &BigUint) -> BigUint {
    if a > b { a - b } else { b - a }
}

fn gcd(a: &BigUint, b: &BigUint) -> BigUint {
    let (mut a, mut b) = (a.clone(), b.clone());
    while b != BigUint::from(0u8) {
        (a, b) = (b.clone(), a % b);
    }
    a
}

/// Euclid's way; both have no divisor in common.
fn inverse(of: &BigUint, modulo: &BigUint) -> BigUint {
    let modulo = BigInt::from(modulo.clone());
    let (mut old, mut new) = (BigInt::from(of.clone()) % &modulo, modulo.clone());
    let (mut old_factor, mut factor) = (BigInt::from(1), BigInt::from(0));
    while new != BigInt::from(0) {
        let quotient = &old / &new;
        (old, new) = (new.clone(), old - &quotient * new);
        (old_factor, factor) = (factor.clone(), old_factor - quotient * factor);
    }
    let positive = ((old_factor % &modulo) + &modulo) % &modulo;
    positive.magnitude().clone()
}

/// X.690 8.3: the highest bit is the sign.
fn integer(number: &BigUint) -> Vec<u8> {
    let mut bytes = Zeroizing::new(number.to_bytes_be());
    if bytes[0] & 0x80 != 0 {
        bytes.insert(0, 0);
    }
    der(2, &bytes)
}

/// X.690 8.1: tag, length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1)..];
    let mut out = vec![tag];
    match content.len() {
        short @ 0..128 => out.push(u8::try_from(short).unwrap_or_default()),
        _ => {
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or_default());
            out.extend_from_slice(significant);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{
        KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
    };

    use super::*;

    #[test]
    fn the_same_bytes_make_the_same_key_and_it_signs() {
        let key = generate(&[7; 32]);
        assert_eq!(key, generate(&[7; 32]));
        assert_ne!(key, generate(&[8; 32]));
        // Checks that the parts belong together (n = pq, d e = 1, and so on).
        let pair = RsaKeyPair::from_der(&key).expect("a key");
        assert_eq!(pair.public().modulus_len(), 256);
        let mut signature = vec![0; 256];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"text", &mut signature).expect("signed");
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        assert!(public.verify(b"text", &signature).is_ok());
        assert!(public.verify(b"test", &signature).is_err());
    }

    #[test]
    fn primes_are_told_from_what_only_looks_like_them() {
        let mut stream = Stream { key: hmac::Key::new(hmac::HMAC_SHA256, b"x"), counter: 0 };
        let mersenne = |bits: u32| (BigUint::from(1u8) << bits) - 1u8;
        for bits in [61, 89, 107, 127, 521, 607] {
            assert!(is_prime(&mersenne(bits), &mut stream), "{bits}");
        }
        for bits in [67, 97, 101, 103, 257, 523] {
            assert!(!is_prime(&mersenne(bits), &mut stream), "{bits}");
        }
        // Carmichael numbers pass Fermat's test with every base.
        for number in [561u64, 41_041, 825_265, 321_197_185, 5_394_826_801, 232_250_619_601] {
            assert!(!is_prime(&BigUint::from(number), &mut stream), "{number}");
        }
    }

    #[test]
    fn lengths_are_written_as_short_as_they_are() {
        assert_eq!(der(4, &[1; 3])[..2], [4, 3]);
        assert_eq!(der(4, &[1; 200])[..3], [4, 0x81, 200]);
        assert_eq!(der(4, &[1; 300])[..4], [4, 0x82, 1, 44]);
        assert_eq!(integer(&BigUint::from(0x80u8)), [2, 2, 0, 0x80]);
        assert_eq!(integer(&BigUint::from(0u8)), [2, 1, 0]);
    }
}
