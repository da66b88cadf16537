//! Signed notes (C2SP `signed-note`): a text, and below it who signed it. What witnesses of transparency logs exchange.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::signing::{PublicKey, SigningKey};

/// The type byte of Ed25519 in a key's id.
const ED25519: u8 = 1;

/// A text with this key's signature below it. `text` ends in a line feed; `name` has no space and no plus sign.
pub fn sign(text: &str, name: &str, key: &SigningKey) -> String {
    let mut signature = key_id(name, &key.public()).to_vec();
    signature.extend_from_slice(&key.sign(text.as_bytes()));
    format!("{text}\n\u{2014} {name} {}\n", STANDARD.encode(signature))
}

/// The text of a note, if the key of this name signed it.
pub fn open<'n>(note: &'n str, verifier: &Verifier) -> Option<&'n str> {
    let (text, signatures) = note.rsplit_once("\n\n").map(|(text, rest)| (&note[..=text.len()], rest))?;
    let signed = signatures.lines().any(|line| {
        let Some((name, encoded)) = line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' '))
        else {
            return false;
        };
        let Ok(bytes) = STANDARD.decode(encoded) else { return false };
        name == verifier.name
            && bytes.split_at_checked(4).is_some_and(|(id, signature)| {
                id == key_id(name, &verifier.key) && verifier.key.verifies(text.as_bytes(), signature)
            })
    });
    signed.then_some(text)
}

/// Who signs, for those who check: `name+id+key` in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key: PublicKey,
}

impl Verifier {
    /// A name and its key.
    pub fn new(name: &str, key: PublicKey) -> Self {
        Self { name: name.to_owned(), key }
    }

    /// Reads the one-line form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.trim().splitn(3, '+');
        let (name, id, key) = (words.next()?, words.next()?, STANDARD.decode(words.next()?).ok()?);
        let (kind, key) = key.split_first()?;
        let key = PublicKey::from_bytes(key.try_into().ok()?);
        let given = u32::from_str_radix(id, 16).ok()?.to_be_bytes();
        (*kind == ED25519 && given == key_id(name, &key)).then(|| Self::new(name, key))
    }
}

/// The one-line form.
impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = u32::from_be_bytes(key_id(&self.name, &self.key));
        let key = STANDARD.encode([&[ED25519], &self.key.as_bytes()[..]].concat());
        write!(f, "{}+{id:08x}+{key}", self.name)
    }
}

fn key_id(name: &str, key: &PublicKey) -> [u8; 4] {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

#[cfg(test)]
mod tests {
    use mailward_mail::random::Random;

    use super::*;
    use crate::ServiceKey;

    #[test]
    fn a_note_opens_for_its_signer_s_key_and_no_other() {
        let key = |seed| SigningKey::derive(&ServiceKey::generate(&Random::seeded(seed)), "checkpoints");
        let note = sign("mail.test/audit\n3\nroot\n", "mail.test", &key(1));
        let verifier =
            Verifier::parse(&Verifier::new("mail.test", key(1).public()).to_string()).expect("parses");
        assert_eq!(open(&note, &verifier), Some("mail.test/audit\n3\nroot\n"));
        assert_eq!(open(&note, &Verifier::new("mail.test", key(2).public())), None);
        assert_eq!(open(&note, &Verifier::new("other.test", key(1).public())), None);
        assert_eq!(open(&note.replace("\n3\n", "\n4\n"), &verifier), None);
        assert_eq!(open("mail.test/audit\n3\nroot\n\n", &verifier), None);
        assert_eq!(Verifier::parse("mail.test+00000000+AAAA"), None);
    }
}
