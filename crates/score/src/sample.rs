//! What is judged: borrowed views of one message, and how much of it is looked at.
//!
//! Knows nothing of MIME; the caller's parser decides what the subject and the texts are.

use crate::reader::Ask;
use crate::thread::Standing;

/// One message as its reader's agent would get it. Everything here was written by the sender.
#[derive(Default, Clone, Debug)]
pub struct Sample<'a> {
    /// The decoded `Subject`.
    pub subject: &'a str,
    /// The display name of `From`.
    pub from_name: &'a str,
    /// The address of `From`.
    pub from_address: &'a str,
    /// Other display names: to, cc, reply-to.
    pub names: Vec<&'a str>,
    /// The plain text body.
    pub text: &'a str,
    /// The HTML body.
    pub html: &'a str,
    /// The attachments, calendar items included.
    pub attachments: Vec<Attachment<'a>>,
    /// Other headers that the sender wrote, decoded, as name and value.
    pub headers: Vec<(&'a str, &'a str)>,
    /// Ambiguities that the parser met (two `From` headers, for example): two programs may read such a
    /// message differently, so each lifts the score to at least 50.
    pub ambiguous: Vec<&'a str>,
    /// What earlier mails of the thread added to it ([`own_text`](crate::own_text)), oldest first; the last three are
    /// read. They were judged when they came: only what this message completes counts.
    pub earlier: Vec<&'a str>,
    /// How well its receiver knows the sender.
    pub sender: Standing,
}

impl<'a> Sample<'a> {
    /// A message that is nothing but this text.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        Self { text, ..Self::default() }
    }
}

/// One attachment: its name always, its text only if it is textual.
#[derive(Default, Clone, Debug)]
pub struct Attachment<'a> {
    /// The file name as the sender wrote it.
    pub name: &'a str,
    /// The declared media type, such as `text/calendar`.
    pub content_type: &'a str,
    /// The decoded text; empty unless the attachment is textual.
    pub text: &'a str,
}

/// How a message is judged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// Bytes of each view that are read; what lies beyond is reported as [`Coverage::Partial`](crate::Coverage).
    pub view_limit: usize,
    /// When a second reader is asked, if there is one.
    pub ask: Ask,
}

impl Policy {
    /// The default, with a second reader asked as said.
    #[must_use]
    pub fn asking(ask: Ask) -> Self {
        Self { ask, ..Self::default() }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { view_limit: 256 * 1024, ask: Ask::default() }
    }
}
