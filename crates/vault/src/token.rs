//! API tokens: `mw_<kind>_<keyid><secret><check sum>` with an underscore after the key id.
//!
//! The key id (12 digits of base 62) is public and finds the row; the secret proves it: 36 random digits (214 bits) and a
//! seal of 7 (41 bits), a keyed digest of all before, so that a token nobody issued is refused without a look into the
//! database; the check sum (6) finds typing errors without any key. What is stored is a verifier, an HMAC under a key
//! that is not in the database; 214 random bits need no slow hash (OWASP ASVS 5.0 6.5.2 asks for 112).

use mailward_mail::random::Random;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::base62;
use crate::service::ServiceKey;

/// What every token looks like, for secret scanners; the check sum decides beyond it.
pub const PATTERN: &str = "mw_[tias]_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}";

const PREFIX: &str = "mw_";
const LEN: usize = 67;
const KEYID: std::ops::Range<usize> = 5..17;
const CHECKED: usize = LEN - 6;
const SEAL: usize = 7;
const SEALED: usize = CHECKED - SEAL;

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A tenant's: `t`.
    Tenant,
    /// One inbox's: `i`.
    Inbox,
    /// The operator's: `a`.
    Admin,
    /// The one-time code of a first start: `s`.
    Setup,
}

impl TokenKind {
    /// The letter in the token.
    pub fn letter(self) -> char {
        match self {
            Self::Tenant => 't',
            Self::Inbox => 'i',
            Self::Admin => 'a',
            Self::Setup => 's',
        }
    }

    fn from_letter(letter: u8) -> Option<Self> {
        match letter {
            b't' => Some(Self::Tenant),
            b'i' => Some(Self::Inbox),
            b'a' => Some(Self::Admin),
            b's' => Some(Self::Setup),
            _ => None,
        }
    }
}

/// A token of the right shape, whole and secret. Whether it was ever issued is not known here.
#[derive(Clone)]
pub struct Token {
    text: Zeroizing<String>,
    kind: TokenKind,
}

impl Token {
    /// Draws a token of the right shape that no [`Pepper`] issued: what a stranger could make up at best.
    pub fn made_up(kind: TokenKind, random: &Random) -> Self {
        let mut text = drawn(kind, random);
        base62::push_random(&mut text, SEAL, random);
        summed(text, kind)
    }

    /// Reads a token; `None` when shape or check sum are wrong. Looks at no more than 67 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: &[u8; LEN] = text.as_bytes().try_into().ok()?;
        let kind = TokenKind::from_letter(bytes[3])?;
        let shape = text.starts_with(PREFIX)
            && bytes[4] == b'_'
            && bytes[17] == b'_'
            && bytes[KEYID].iter().chain(&bytes[18..]).all(u8::is_ascii_alphanumeric);
        (shape && base62::checksum(&bytes[..CHECKED]) == bytes[CHECKED..])
            .then(|| Self { text: Zeroizing::new(text.to_owned()), kind })
    }

    /// The public half, 12 characters: finds the row, may be logged.
    pub fn keyid(&self) -> &str {
        &self.text[KEYID]
    }

    /// Whose token it is.
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The whole token. For the one answer that shows it, and for nothing else.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The last four characters, by which a person tells keys apart in a list; part of the check sum, not of the secret.
    pub fn last4(&self) -> &str {
        &self.text[LEN - 4..]
    }

    /// SHA-256 of the token: the name under which a cache may hold what it opened.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({PREFIX}{}_{}_...)", self.kind.letter(), self.keyid())
    }
}

/// The key under which verifiers are made: a service key, so a stolen database verifies no token.
#[derive(Clone, Debug)]
pub struct Pepper(ServiceKey);

impl Pepper {
    /// Uses a service key as pepper, and it alone for this.
    pub fn new(key: ServiceKey) -> Self {
        Self(key)
    }

    /// Draws a new token.
    pub fn issue(&self, kind: TokenKind, random: &Random) -> Token {
        let mut text = drawn(kind, random);
        let seal = self.seal(text.as_bytes());
        text.extend(seal.map(char::from));
        summed(text, kind)
    }

    /// Whether this pepper issued the token, whatever became of it since. Costs an HMAC and no look into a database; one
    /// made-up token in 3.5 million million passes, and fails at the verifier.
    pub fn issued(&self, token: &Token) -> bool {
        let bytes = token.text.as_bytes();
        self.seal(&bytes[..SEALED]).ct_eq(&bytes[SEALED..CHECKED]).into()
    }

    fn seal(&self, text: &[u8]) -> [u8; SEAL] {
        let digest = self.0.0.hmac(&[b"mailward/token-seal/v1", text]);
        let (first, _) = digest.split_first_chunk::<8>().expect("a digest has 32 bytes");
        base62::digits(u64::from_be_bytes(*first))
    }

    /// What is stored of a token: HMAC-SHA256(pepper, `mailward/token/v1` || token).
    pub fn verifier(&self, token: &Token) -> [u8; 32] {
        self.0.0.hmac(&[b"mailward/token/v1", token.expose().as_bytes()])
    }

    /// Compares in constant time; `verifier` of another length matches nothing.
    pub fn matches(&self, token: &Token, verifier: &[u8]) -> bool {
        self.verifier(token).ct_eq(verifier).into()
    }
}

fn drawn(kind: TokenKind, random: &Random) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(LEN));
    text.push_str(PREFIX);
    text.push(kind.letter());
    text.push('_');
    base62::push_random(&mut text, 12, random);
    text.push('_');
    base62::push_random(&mut text, SEALED - 18, random);
    text
}

fn summed(mut text: Zeroizing<String>, kind: TokenKind) -> Token {
    let sum = base62::checksum(text.as_bytes());
    text.extend(sum.map(char::from));
    Token { text, kind }
}

/// Every valid token of ours in a text, wherever it stands; one pass, whatever the text.
pub fn find_tokens(text: &str) -> Vec<Token> {
    let candidates = text.match_indices(PREFIX).filter_map(|(at, _)| text.get(at..at + LEN));
    candidates.filter_map(Token::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper() -> Pepper {
        Pepper::new(ServiceKey::generate(&Random::seeded(100)))
    }

    fn token(seed: u64) -> Token {
        pepper().issue(TokenKind::Tenant, &Random::seeded(seed))
    }

    #[test]
    fn tokens_of_every_kind_have_the_published_shape_and_are_read_back() {
        let pattern = regex::Regex::new(&format!("^{PATTERN}$")).expect("a pattern");
        let random = Random::seeded(1);
        for kind in [TokenKind::Tenant, TokenKind::Inbox, TokenKind::Admin, TokenKind::Setup] {
            for _ in 0..250 {
                let token = pepper().issue(kind, &random);
                assert!(pattern.is_match(token.expose()), "{}", token.expose());
                let back = Token::parse(token.expose()).expect("its own text");
                assert_eq!((back.kind(), back.keyid()), (kind, token.keyid()));
                assert_eq!((token.keyid().len(), token.last4().len()), (12, 4));
                assert!(token.expose().ends_with(token.last4()));
            }
        }
    }

    #[test]
    fn any_one_changed_character_is_noticed() {
        let text = token(2).expose().to_owned();
        for at in 0..text.len() {
            for new in ["0", "A", "z", "_", "-", " "] {
                let changed = format!("{}{new}{}", &text[..at], &text[at + 1..]);
                assert_eq!(Token::parse(&changed).is_some(), changed == text, "{changed}");
            }
        }
    }

    #[test]
    fn other_lengths_and_other_alphabets_are_no_token() {
        let text = token(3).expose().to_owned();
        let long = format!("{text}0");
        let spaced = format!("{text} ");
        let wide = text.replacen(&text[20..22], "é", 1);
        for bad in ["", "mw_", &text[1..], &text[..66], &long, &spaced, &wide, &text.to_uppercase()] {
            assert!(Token::parse(bad).is_none(), "{bad}");
        }
        assert!(Token::parse(&"m".repeat(1 << 20)).is_none());
    }

    #[test]
    fn debug_shows_the_key_id_and_not_the_secret() {
        let token = token(4);
        let shown = format!("{token:?}");
        assert!(shown.contains(token.keyid()), "{shown}");
        assert!(!shown.contains(&token.expose()[18..24]), "{shown}");
    }

    #[test]
    fn a_verifier_matches_its_own_token_under_its_own_pepper_alone() {
        let pepper = |seed| Pepper::new(ServiceKey::generate(&Random::seeded(seed)));
        let verifier = pepper(1).verifier(&token(5));
        assert!(pepper(1).matches(&token(5), &verifier));
        assert!(!pepper(1).matches(&token(6), &verifier));
        assert!(!pepper(2).matches(&token(5), &verifier));
        assert!(!pepper(1).matches(&token(5), &verifier[..31]));
        assert!(!pepper(1).matches(&token(5), &[]));
    }

    #[test]
    fn a_token_that_nobody_issued_is_known_without_a_database() {
        let random = Random::seeded(9);
        assert!(pepper().issued(&token(9)));
        let other = Pepper::new(ServiceKey::generate(&Random::seeded(101)));
        assert!(!other.issued(&token(9)));
        for _ in 0..1_000 {
            assert!(!pepper().issued(&Token::made_up(TokenKind::Tenant, &random)));
        }
    }

    #[test]
    fn tokens_are_found_wherever_they_stand_in_a_text() {
        let (one, two) = (token(7), pepper().issue(TokenKind::Inbox, &Random::seeded(8)));
        let wrong = one.expose().replacen("mw_t", "mw_i", 1);
        let text = format!("ключ:{}, mw_mw_{}x {wrong} mw_t_", one.expose(), two.expose());
        let found: Vec<String> = find_tokens(&text).iter().map(|t| t.expose().to_owned()).collect();
        assert_eq!(found, [one.expose(), two.expose()]);
        assert!(find_tokens("mw_é".repeat(30).as_str()).is_empty());
    }

    #[test]
    fn a_text_made_of_prefixes_is_searched_in_one_pass() {
        // 4 MB of nothing but candidates: were each read to the end of the text, this test would not end.
        assert!(find_tokens(&"mw_t_".repeat(800_000)).is_empty());
    }
}
