//! The account with the authority: made once, kept in a file of the data directory.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use instant_acme::{Account as Open, AccountCredentials, ExternalAccountKey, NewAccount, Problem};
use mailward_net::egress::Egress;
use zeroize::Zeroizing;

use super::Fault;
use super::client::Client;
use crate::StartError;
use crate::config::Acme as Settings;
use crate::data_dir::{read_credential, write_secret};

/// What the authority says of an account that it does not know (RFC 8555 6.7).
const UNKNOWN: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Who orders.
pub(super) struct Account {
    path: PathBuf,
    contact: Option<String>,
    external: Option<(String, Zeroizing<Vec<u8>>)>,
}

impl Account {
    /// # Errors
    /// When the key of the external account cannot be read.
    pub(super) fn new(settings: &Settings, path: PathBuf) -> Result<Self, StartError> {
        let contact = settings.contact.as_ref().map(|address| format!("mailto:{address}"));
        let external = match settings.eab_id.clone().zip(settings.eab_key_file.as_deref()) {
            None => None,
            Some((id, file)) => {
                let text = Zeroizing::new(read_credential(file)?);
                let key = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| {
                    StartError::refused(format!("{} (acme.eab_key_file) is not base64url", file.display()))
                })?;
                Some((id, Zeroizing::new(key)))
            }
        };
        Ok(Self { path, contact, external })
    }

    /// Opens the account that was made at this directory, or makes one.
    pub(super) async fn open(&self, egress: &Egress, directory: &str) -> Result<Open, Fault> {
        let builder = || Open::builder_with_http(Client::new(egress));
        if let Some(credentials) = self.kept(directory) {
            return Ok(builder().from_credentials(credentials).await?);
        }
        let contact: Vec<&str> = self.contact.as_deref().into_iter().collect();
        let account =
            NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let external = self.external.as_ref().map(|(id, key)| ExternalAccountKey::new(id.clone(), key));
        let (open, credentials) = builder().create(&account, directory.to_owned(), external.as_ref()).await?;
        let text = serde_json::to_string(&credentials).map_err(instant_acme::Error::from)?;
        write_secret(&self.path, &text).map_err(|error| Fault::File { path: self.path.clone(), error })?;
        Ok(open)
    }

    /// An authority that lost its memory makes another account the next time.
    pub(super) fn forget_if_unknown(&self, problem: &Problem) {
        if problem.r#type.as_deref() == Some(UNKNOWN) {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// An account with another authority is none here.
    fn kept(&self, directory: &str) -> Option<AccountCredentials> {
        let text = Zeroizing::new(fs::read_to_string(&self.path).ok()?);
        let value: serde_json::Value = serde_json::from_str(&text).ok()?;
        if value["directory"] != directory {
            return None;
        }
        serde_json::from_value(value).ok()
    }
}
