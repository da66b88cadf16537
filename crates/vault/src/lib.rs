//! Keys and sealing: who can read what, and how bytes look when nobody can.
//!
//! Four levels. A *master key* ([`root`]) wraps one *tenant key* per tenant and version ([`tenant`]); that wraps the
//! tenant's *purpose keys* ([`purpose`]) and one *message key* per message and inbox; a message key seals the parts
//! of its message ([`seal`]), each under a key of its own that is bound to the place where the part lies. Beside
//! them stand the service's own keys ([`service`]), API tokens ([`token`]), signed links ([`signed`]) and the
//! passwords ([`password`]) and second factors ([`totp`]) of people.
//!
//! Works on bytes alone: reads no file, knows no database, never asks for the time or for randomness. Where keys are
//! kept, and for how long in memory, is decided above.
//!
//! One key encrypts one plaintext, everywhere: each wrap and each small secret draws a fresh salt, each part has its
//! own derived key. So no nonce is ever random and no count of messages wears a key out.

pub mod note;
pub mod passphrase;
pub mod password;
pub mod purpose;
pub mod root;
pub mod seal;
pub mod service;
pub mod signed;
pub mod signing;
pub mod tenant;
pub mod token;
pub mod totp;

mod base62;
mod error;
mod fields;
mod gcm;
mod secret;
mod stream;
#[cfg(doctest)]
mod unforgeable;
mod wrap;

pub use error::Error;
pub use purpose::{Purpose, PurposeKey};
pub use root::{MasterKey, MasterRing};
pub use seal::{MessageContext, MessageKey, PartKind, Sealed};
pub use service::ServiceKey;
pub use signed::SignedLink;
pub use signing::{PublicKey, SigningKey};
pub use tenant::TenantKey;
pub use token::{Pepper, Token, TokenKind, find_tokens};
pub use wrap::{WrappedDek, WrappedKey};
