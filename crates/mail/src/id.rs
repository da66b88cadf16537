//! The names of things: one type per kind of thing, parsed once at the edge.
//!
//! An id is a prefix and a UUIDv7 (RFC 9562 5.7) in Crockford's base32, lower case, 26 characters. The time in it
//! makes rows that are written together lie together; its 74 random bits make it no way to guess a neighbour's.

use crate::clock::Clock;
use crate::random::Random;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0} id")]
pub struct BadId(pub &'static str);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident = $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id that was never used.
            pub fn generate(clock: &Clock, random: &Random) -> Self {
                Self(format!("{}{}", $prefix, base32(uuid_v7(clock, random))))
            }

            /// Parses an id; the kind must be this one.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                match text.strip_prefix($prefix) {
                    Some(rest) if is_base32(rest) => Ok(Self(text.to_owned())),
                    _ => Err(BadId($prefix)),
                }
            }

            /// The id as it is written everywhere.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The UUID that it is, as a number.
            pub fn number(&self) -> u128 {
                number(&self.0[$prefix.len()..])
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

id! { /** Names one inbox. */ InboxId = "ibx_" }
id! { /** Names one stored message. */ MessageId = "eml_" }
id! { /** Names one conversation. */ ThreadId = "thd_" }
id! { /** Names one custom domain. */ DomainId = "dom_" }
id! { /** Names one webhook endpoint. */ WebhookId = "wh_" }
id! { /** Names one event, the same on every way it is delivered. */ EventId = "evt_" }
id! { /** Names one claim of a mail. */ LeaseId = "lse_" }
id! { /** Names one call to a webhook endpoint. */ AttemptId = "att_" }
id! { /** Names one queued job. */ JobId = "job_" }
id! { /** Names one sender that is let through for some time. */ AllowedId = "alw_" }
id! { /** Names one address that is written to no more. */ SuppressionId = "sup_" }
id! { /** Names one grant of an operator to read a tenant's mail for a while. */ GlassId = "glass_" }
id! { /** Names one person who signs in at the console. */ PersonId = "per_" }

impl ThreadId {
    /// The thread that this message opened: there is one at most, so it may bear its number.
    pub fn opened_by(message: &MessageId) -> Self {
        Self(format!("{}{}", Self::PREFIX, &message.0[MessageId::PREFIX.len()..]))
    }

    /// The message that opened it.
    pub fn opener(&self) -> MessageId {
        MessageId(format!("{}{}", MessageId::PREFIX, &self.0[Self::PREFIX.len()..]))
    }
}

/// Names one customer: the operator's slug, never issued twice. Never parsed from that customer's own request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(String);

impl TenantId {
    /// Parses `^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$`.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let ends = bytes.first().is_some_and(|b| edge(*b)) && bytes.last().is_some_and(|b| edge(*b));
        if ends && bytes.len() <= 40 && bytes.iter().all(|b| edge(*b) || *b == b'-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId("tenant"))
        }
    }

    /// A slug nobody chose, for tenants that sign themselves up.
    pub fn generate(clock: &Clock, random: &Random) -> Self {
        Self(format!("t-{}", base32(uuid_v7(clock, random))))
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for TenantId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Crockford's alphabet: no i, l, o, u, so that a person can read an id aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 16 lower-case Crockford characters, 80 random bits: the unguessable half of a default local part.
pub fn random_base32_16(random: &Random) -> String {
    let bytes: [u8; 10] = random.bytes();
    let mut wide = [0u8; 16];
    wide[6..].copy_from_slice(&bytes);
    let value = u128::from_be_bytes(wide);
    (0..16).rev().map(|i| char::from(ALPHABET[(value >> (5 * i)) as usize & 31])).collect()
}

fn uuid_v7(clock: &Clock, random: &Random) -> u128 {
    let millis = u64::try_from(clock.now().millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random.bytes()).into_uuid().as_u128()
}

fn base32(value: u128) -> String {
    (0..26).rev().map(|i| char::from(ALPHABET[(value >> (5 * i)) as usize & 31])).collect()
}

/// What [`base32`] wrote.
fn number(text: &str) -> u128 {
    let digit = |byte| ALPHABET.iter().position(|letter| *letter == byte).unwrap_or_default();
    text.bytes().fold(0, |value, byte| value << 5 | digit(byte) as u128)
}

fn is_base32(text: &str) -> bool {
    // 26 characters carry 130 bits; the first may only hold the three that are left of 128.
    text.len() == 26 && text.bytes().all(|b| ALPHABET.contains(&b)) && text.as_bytes()[0] <= b'7'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_number_that_it_was_made_of() {
        for value in [0, 1, u128::MAX, 0x0192_0000_0000_7000_8000_0000_0000_0001] {
            let id = MessageId::parse(&format!("eml_{}", base32(value))).expect("an id");
            assert_eq!(id.number(), value);
        }
    }
    use crate::clock::Timestamp;

    fn message(seed: u64, millis: i64) -> MessageId {
        MessageId::generate(&Clock::manual(Timestamp(millis)), &Random::seeded(seed))
    }

    #[test]
    fn an_id_is_read_back_and_only_as_its_own_kind() {
        let id = message(1, 1_795_341_600_000);
        assert_eq!(MessageId::parse(id.as_str()), Ok(id.clone()));
        assert!(InboxId::parse(id.as_str()).is_err());
        for bad in
            ["", "eml_", "eml_0", "eml_8zzzzzzzzzzzzzzzzzzzzzzzzz", "eml_0000000000000000000000000U", "EML_0"]
        {
            assert!(MessageId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_thread_is_named_after_the_mail_that_opened_it() {
        let id = message(1, 1_795_341_600_000);
        let thread = ThreadId::opened_by(&id);
        assert_eq!(ThreadId::parse(thread.as_str()), Ok(thread.clone()));
        assert_eq!(thread.opener(), id);
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        assert!(message(9, 1_000) < message(1, 2_000));
    }

    #[test]
    fn a_tenant_is_a_slug() {
        for good in ["a", "acme", "a-1", &"x".repeat(40)] {
            assert!(TenantId::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "ä", &"x".repeat(41), "a\n"] {
            assert!(TenantId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_random_local_part_has_sixteen_characters_of_the_alphabet() {
        let part = random_base32_16(&Random::seeded(3));
        assert_eq!(part.len(), 16);
        assert!(part.bytes().all(|b| ALPHABET.contains(&b)));
        assert_ne!(part, random_base32_16(&Random::seeded(4)));
    }
}
