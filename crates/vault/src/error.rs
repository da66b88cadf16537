//! Why the vault did not open something.

/// Why the vault did not open something. None of them says anything of the plaintext or the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A master key is 64 hexadecimal digits; the text was something else.
    #[error("not a master key: expected 64 hexadecimal digits")]
    BadMasterKey,
    /// The key that wrapped this is not among those loaded: the operator removed it too early, or loaded another.
    #[error("master key {0} is not in the ring")]
    UnknownMasterKey(String),
    /// The bytes are not of a form this version writes.
    #[error("sealed bytes have an unknown form: {0}")]
    Malformed(&'static str),
    /// The commitment differs: another key, another place, or the first bytes were altered.
    #[error("sealed under another key or for another place")]
    Mismatch,
    /// An authentication tag differs: something was altered, cut or exchanged.
    #[error("sealed bytes were altered")]
    Altered,
    /// The range asked for does not lie within the content.
    #[error("range lies outside of the content")]
    OutOfRange,
}
