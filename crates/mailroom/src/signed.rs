//! A JSON document with a signature beside it, which anybody can check who has the public key.
//!
//! What is signed is the document in canonical form (RFC 8785: members sorted, no white space), so it may be
//! reformatted on its way. Documents hold texts, whole numbers, lists and objects with ASCII names; no fractions, whose
//! canonical form is an art of its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailward_vault::{PublicKey, SigningKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A document and who signed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// What is said.
    pub document: Value,
    /// By whom.
    pub signature: Signature,
}

/// A signature and the key it can be checked with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Signature {
    /// `ed25519`.
    pub algorithm: String,
    /// 32 bytes in base64.
    pub public_key: String,
    /// A digest of that key, to be compared by eye.
    pub fingerprint: String,
    /// 64 bytes in base64.
    pub value: String,
}

/// Why a signed document is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// It is no such document.
    #[error("this is no signed document: {0}")]
    Malformed(String),
    /// Something was changed since, or somebody else signed.
    #[error("the signature does not fit the document")]
    Forged,
    /// The signature fits, but another key was expected.
    #[error("it was signed by another key: {0}")]
    OtherKey(String),
}

impl Signed {
    /// Signs a document for one purpose.
    pub fn new(key: &SigningKey, purpose: &str, document: Value) -> Self {
        let value = key.sign(&signed(purpose, &document));
        let public = key.public();
        let signature = Signature {
            algorithm: "ed25519".into(),
            public_key: STANDARD.encode(public.as_bytes()),
            fingerprint: fingerprint(&public),
            value: STANDARD.encode(value),
        };
        Self { document, signature }
    }

    /// Reads a signed document and believes it if it was signed for this purpose and, where one is expected, by this
    /// key: its base64 or its fingerprint.
    ///
    /// # Errors
    /// [`BadSignature`]. Without an expected key, a document that verifies proves only that it is as its signer left
    /// it, not who that was.
    pub fn verify(text: &[u8], purpose: &str, expected: Option<&str>) -> Result<Self, BadSignature> {
        let malformed = |what: &str| BadSignature::Malformed(what.to_owned());
        let signed: Self =
            serde_json::from_slice(text).map_err(|error| BadSignature::Malformed(error.to_string()))?;
        if signed.signature.algorithm != "ed25519" {
            return Err(malformed("the algorithm is not ed25519"));
        }
        let bytes = STANDARD.decode(&signed.signature.public_key).ok();
        let key: [u8; 32] = bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| malformed("the public key is not 32 bytes of base64"))?;
        let key = PublicKey::from_bytes(key);
        let value = STANDARD.decode(&signed.signature.value).map_err(|_| malformed("the signature"))?;
        let own = fingerprint(&key);
        if signed.signature.fingerprint != own
            || !key.verifies(&self::signed(purpose, &signed.document), &value)
        {
            return Err(BadSignature::Forged);
        }
        match expected.map(str::trim) {
            Some(wanted) if wanted != signed.signature.public_key && wanted != own => {
                Err(BadSignature::OtherKey(own))
            }
            _ => Ok(signed),
        }
    }

    /// The document as a value of its type.
    ///
    /// # Errors
    /// [`BadSignature::Malformed`]: signed, but by somebody who knows another format.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, BadSignature> {
        T::deserialize(&self.document).map_err(|error| BadSignature::Malformed(error.to_string()))
    }
}

/// `SHA256:` and the digest of a key in hexadecimal: short enough to be compared with what a letterhead says.
pub fn fingerprint(key: &PublicKey) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("SHA256:{hex}")
}

/// What is signed. A purpose has no zero byte, so the border behind it cannot move: what was signed for one purpose
/// never passes for another.
fn signed(purpose: &str, document: &Value) -> Vec<u8> {
    [b"mailward/signed/v1\0", purpose.as_bytes(), b"\0", canonical(document).as_bytes()].concat()
}

/// RFC 8785 for values without fractions.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            let inner: Vec<String> = names
                .into_iter()
                .map(|name| format!("{}:{}", Value::from(name.as_str()), canonical(&members[name])))
                .collect();
            format!("{{{}}}", inner.join(","))
        }
        Value::Array(items) => {
            let inner: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", inner.join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use mailward_mail::random::Random;
    use mailward_vault::ServiceKey;
    use serde_json::json;

    use super::*;

    fn key(seed: u64) -> SigningKey {
        SigningKey::derive(&ServiceKey::generate(&Random::seeded(seed)), "receipts")
    }

    #[test]
    fn a_signed_document_may_be_reformatted_and_nothing_else() {
        let signed =
            Signed::new(&key(1), "receipt", json!({"b": [1, "x\u{e9}\n"], "a": {"d": 2, "c": null}}));
        let text = serde_json::to_string_pretty(&signed).expect("JSON");
        assert!(Signed::verify(text.as_bytes(), "receipt", None).is_ok());
        let fingerprint = signed.signature.fingerprint.clone();
        assert!(Signed::verify(text.as_bytes(), "receipt", Some(&fingerprint)).is_ok());
        assert!(Signed::verify(text.as_bytes(), "receipt", Some(&signed.signature.public_key)).is_ok());
        let other = super::fingerprint(&key(2).public());
        assert_eq!(
            Signed::verify(text.as_bytes(), "receipt", Some(&other)).expect_err("another key"),
            BadSignature::OtherKey(fingerprint)
        );
        assert_eq!(
            Signed::verify(text.as_bytes(), "archive", None).expect_err("purpose"),
            BadSignature::Forged
        );
        for (from, to) in [("\"d\": 2", "\"d\": 3"), ("\"a\": {", "\"A\": {"), ("null", "0")] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            let refused = Signed::verify(changed.as_bytes(), "receipt", None).expect_err(from);
            assert_eq!(refused, BadSignature::Forged, "{from}");
        }
    }

    #[test]
    fn another_key_put_beside_the_document_does_not_help() {
        let mut signed = Signed::new(&key(1), "receipt", json!({"a": 1}));
        let stranger = Signed::new(&key(2), "receipt", json!({"a": 2}));
        signed.signature.public_key = stranger.signature.public_key;
        signed.signature.fingerprint = stranger.signature.fingerprint;
        let text = serde_json::to_vec(&signed).expect("JSON");
        assert_eq!(Signed::verify(&text, "receipt", None).expect_err("forged"), BadSignature::Forged);
        assert!(matches!(Signed::verify(b"{}", "receipt", None), Err(BadSignature::Malformed(_))));
    }

    #[test]
    fn the_canonical_form_sorts_members_at_every_depth() {
        let value: Value =
            serde_json::from_str(r#"{ "b":1, "a":{"z":[{"y":1,"x":"\u000a\""}]} }"#).expect("JSON");
        assert_eq!(canonical(&value), r#"{"a":{"z":[{"x":"\n\"","y":1}]},"b":1}"#);
    }
}
