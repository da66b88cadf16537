//! What is sealed of a person, and the digests by which she is found.

use mailward_mail::address::Address;
use mailward_store::{House, Person};
use serde::{Deserialize, Serialize};

use crate::{Error, Mailroom, Result};

/// The service key whose digests find people.
const PEOPLE: &str = "people";
/// The service key that seals what is known of the operator's staff.
const STAFF: &str = "staff";

/// See the module. Empty where she has not joined yet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) email: String,
    /// A PHC string of argon2id.
    #[serde(default)]
    pub(crate) password: String,
    /// The second factor's seed, base32.
    #[serde(default)]
    pub(crate) seed: String,
    /// Digests of the recovery codes that were not used.
    #[serde(default)]
    pub(crate) recovery: Vec<String>,
}

/// What a digest is made of; the kinds never meet.
#[derive(Clone, Copy)]
pub(crate) enum Of<'a> {
    /// An address in a house.
    Address(&'a str, &'a str),
    /// The secret of an invitation.
    Invitation(&'a str),
    /// The seed that goes with an invitation.
    InvitedSeed(&'a str),
    /// The secret of a session, whole or half.
    Session(&'a str),
    /// The word that goes with a session into its forms.
    Proof(&'a str),
    /// A recovery code of a person.
    Recovery(&'a str, &'a str),
}

impl Mailroom {
    pub(crate) async fn people_digest(&self, of: Of<'_>) -> Result<[u8; 32]> {
        let key = self.0.keyring.service(PEOPLE).await?;
        let hmac = |parts: &[&str]| key.hmac(&parts.iter().map(|part| part.as_bytes()).collect::<Vec<_>>());
        Ok(match of {
            Of::Address(house, address) => hmac(&["address", house, &address.to_lowercase()]),
            Of::Invitation(secret) => hmac(&["invitation", secret]),
            Of::InvitedSeed(secret) => hmac(&["seed", secret]),
            Of::Session(secret) => hmac(&["session", secret]),
            Of::Proof(secret) => hmac(&["proof", secret]),
            Of::Recovery(person, code) => hmac(&["recovery", person, code]),
        })
    }

    pub(crate) async fn seal_record(&self, house: &House, id: &str, record: &Record) -> Result<Vec<u8>> {
        let text = serde_json::to_string(record).expect("texts are JSON");
        match house.tenant() {
            Some(tenant) => self.seal_small(tenant, id, &text).await,
            None => {
                let key = self.0.keyring.service(STAFF).await?.sealing(STAFF);
                Ok(key.seal(&[b"person", id.as_bytes()], text.as_bytes(), &self.0.random))
            }
        }
    }

    pub(crate) async fn record(&self, house: &House, person: &Person) -> Result<Record> {
        let id = person.id.as_str();
        let text = match house.tenant() {
            Some(tenant) => self.open_small(tenant, id, &person.sealed).await?,
            None => {
                let key = self.0.keyring.service(STAFF).await?.sealing(STAFF);
                let opened = key.open(&[b"person", id.as_bytes()], &person.sealed);
                String::from_utf8(opened.map_err(|error| Error::unreadable(id, error))?)
                    .map_err(|_| Error::Damaged("a person's record is no text"))?
            }
        };
        serde_json::from_str(&text).map_err(|_| Error::Damaged("a person's record is no record"))
    }
}

/// An address a person may sign in with, lower case.
pub(crate) fn checked_address(text: &str) -> Result<String> {
    let address = Address::parse(text.trim());
    let address = address.map_err(|_| Error::invalid("email", "is not an e-mail address"))?;
    Ok(address.to_string().to_lowercase())
}

/// Something that is typed: no space, no sign and no case matters.
pub(crate) fn typed(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Bytes as base64 for URLs and cookies.
pub(crate) fn secret_text(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
