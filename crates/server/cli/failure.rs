//! How a command ends when it does not succeed.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::config::ConfigError;

use super::terminal;

/// The exit codes besides 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command could not do what was asked.
    Failed = 1,
    /// The command was not understood.
    Usage = 2,
    /// A verification found a fault.
    Fault = 3,
    /// The service refuses to start like this.
    Refused = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What went wrong and what to do next.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    message: String,
    next: Option<String>,
    closed_pipe: bool,
}

impl Failure {
    /// The command could not do what was asked. An empty `next` says nothing.
    pub fn failed(message: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self::new(Exit::Failed, &message, &next)
    }

    /// The command line makes no sense.
    pub fn usage(message: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, &message, &next)
    }

    /// A verification found a fault.
    pub fn fault(message: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self::new(Exit::Fault, &message, &next)
    }

    /// The service refuses to start.
    pub fn refused(message: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self::new(Exit::Refused, &message, &next)
    }

    /// Whether it only means that nobody reads the output any more.
    pub fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }

    fn new(exit: Exit, message: &dyn fmt::Display, next: &dyn fmt::Display) -> Self {
        let next = Some(next.to_string()).filter(|text| !text.is_empty());
        Self { exit, message: message.to_string(), next, closed_pipe: false }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A message may repeat what a server, a sender or a file said.
        write!(f, "mailward: {}", terminal::visible(&self.message))?;
        self.next.iter().try_for_each(|next| write!(f, "\n  {}", terminal::visible(next)))
    }
}

/// Writing the answer failed: nothing else of ours is read or written without words of its own.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self { closed_pipe, ..Self::failed(format!("the output cannot be written: {error}"), "") }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::refused(error, "")
    }
}
