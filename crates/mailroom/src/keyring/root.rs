//! What guards the keystore: the master keys, wherever they are.
//!
//! A [`Root`] gives a master key to wrap with and finds it again. A ring of keys in memory gives the key itself; a KMS
//! gives a key drawn for this one wrap, and what the KMS made of it as an *envelope*, which is stored beside the wrap.
//! Either way the wrap itself is made here, for one place, so that no provider has to be trusted with that.

use futures_util::future::BoxFuture;
use mailward_vault::MasterKey;

/// What a key is for. A KMS is told, so that its own log and its own rules can tell keys apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyContext<'a> {
    /// The tenant's region; `service` for the service's own keys.
    pub region: &'a str,
    /// The tenant, or the name of the service's key.
    pub owner: &'a str,
    /// The version of the key.
    pub version: u32,
}

/// Writes `region|owner|version`; none of the three can hold a bar.
impl std::fmt::Display for KeyContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}|{}|{}", self.region, self.owner, self.version)
    }
}

/// A master key to wrap with, and what must lie beside the wrap so that it is found again.
pub struct Issued {
    /// The key.
    pub key: MasterKey,
    /// Nothing, when the key's id is enough to find it.
    pub envelope: Vec<u8>,
}

/// Why there is no master key. None of the texts holds key material.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// It does not answer; it may later.
    #[error("the key provider does not answer: {0}")]
    Down(String),
    /// It answers, and says no.
    #[error("the key provider refuses: {0}")]
    Refused(String),
    /// It has no key of that id.
    #[error("master key {0} is not there")]
    Unknown(String),
}

/// Where master keys come from, and who may use them.
pub trait Root: Send + Sync {
    /// Ids of the keys that can be used, the one that the operator prefers for new wraps first. Looks anew each time.
    fn ids(&self) -> BoxFuture<'_, Result<Vec<String>, RootError>>;

    /// A key to wrap with under that id.
    fn issue<'a>(
        &'a self,
        id: &'a str,
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<Issued, RootError>>;

    /// Finds a key again by its id and what was stored beside the wrap.
    fn recall<'a>(
        &'a self,
        id: &'a str,
        context: &'a KeyContext<'a>,
        envelope: &'a [u8],
    ) -> BoxFuture<'a, Result<MasterKey, RootError>>;

    /// Makes a key to rotate to and tells its id; `None` where only the operator can.
    fn prepare(&self) -> BoxFuture<'_, Result<Option<String>, RootError>>;

    /// Destroys a key for good; `None` when that was done or it is not there, else what the operator has to do.
    fn destroy<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<String>, RootError>>;
}
