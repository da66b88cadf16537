//! Why a configuration is refused.

use std::path::PathBuf;

use super::Origin;

/// Why a configuration is refused: which key, which value, from where, and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or not ours to read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not TOML: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// A `--set` without an equals sign.
    #[error("--set {0}: write --set section.key=value")]
    Assignment(String),
    /// A key that does not exist.
    #[error("unknown key {key} (from {origin}): did you mean {nearest}? `mailward config` lists all keys")]
    UnknownKey {
        /// As written.
        key: String,
        /// Where it is written.
        origin: Origin,
        /// The known key that is closest.
        nearest: &'static str,
    },
    /// A value that the key cannot take.
    #[error("{key} = {value} (from {origin}): {reason}")]
    BadValue {
        /// The key.
        key: String,
        /// The value, with passwords blotted out.
        value: String,
        /// Where it is written.
        origin: Origin,
        /// What is wrong and what to write instead.
        reason: String,
    },
    /// A value without a default that nobody gave.
    #[error("{0} is missing: a plan of your own needs all keys of a plan")]
    Missing(String),
}
