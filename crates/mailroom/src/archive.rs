//! The archive of a tenant: everything that is its own, in one file that it can read without us.
//!
//! A tar (POSIX ustar, plain files only) within an age file. In this order, which readers insist on:
//!
//! ```text
//! archive.json                which tenant, of which deployment, when
//! inboxes/000001.ndjson       inboxes, deleted ones as the address that stays reserved
//! webhooks/000001.ndjson      endpoints without their secrets
//! keys/000001.ndjson          API keys without anything that could be used
//! messages/000001.ndjson      up to 100 messages: state, verdict, what a list shows ...
//! mail/eml_….eml              ... and then the raw bytes of each of them
//! events/000001.ndjson        what happened
//! audit/000001.ndjson         the tenant's chain of audit rows
//! SHA256SUMS                  as sha256sum writes it, over all of the above
//! manifest.json               signed: counts, and the digest of SHA256SUMS
//! ```
//!
//! Names are never used as paths of a file system: a reader knows all forms a name may have, and refuses others.

mod check;
mod export;
mod import;
mod pack;
mod records;
mod spool;
mod unpack;

pub use export::Export;
pub use import::{ImportOptions, ImportReport, NewKeyOf, NewSecretOf};
pub use records::Counts;
pub use unpack::BadArchive;

use mailward_mail::id::MessageId;

/// What manifests of archives are signed for.
pub const PURPOSE: &str = "mailward.archive.v1";

/// Messages in one page of records.
const PAGE: usize = 100;
/// The largest page of records, in bytes.
const MOST_PAGE: u64 = 64 << 20;
/// The largest mail, in bytes: SMTP takes at most 25 MiB unless told otherwise, and stamps it.
const MOST_MAIL: u64 = 128 << 20;
/// The largest `SHA256SUMS`, in bytes: about a million files.
const MOST_SUMS: u64 = 128 << 20;

/// What lies in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Header,
    Page(Kind, u32),
    Mail(MessageId),
    Sums,
    Manifest,
}

/// Of what there are pages, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Inboxes,
    Webhooks,
    Keys,
    Messages,
    Events,
    Audit,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Inboxes, Self::Webhooks, Self::Keys, Self::Messages, Self::Events, Self::Audit];

    fn folder(self) -> &'static str {
        match self {
            Self::Inboxes => "inboxes",
            Self::Webhooks => "webhooks",
            Self::Keys => "keys",
            Self::Messages => "messages",
            Self::Events => "events",
            Self::Audit => "audit",
        }
    }
}

impl Entry {
    /// The name in the archive.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Header => "archive.json".into(),
            Self::Page(kind, number) => format!("{}/{number:06}.ndjson", kind.folder()),
            Self::Mail(id) => format!("mail/{id}.eml"),
            Self::Sums => "SHA256SUMS".into(),
            Self::Manifest => "manifest.json".into(),
        }
    }

    /// Finds out what a name stands for; `None` for a name that no archive holds.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let entry = match path.split_once('/') {
            None => [Self::Header, Self::Sums, Self::Manifest].into_iter().find(|one| one.path() == path)?,
            Some(("mail", rest)) => Self::Mail(MessageId::parse(rest.strip_suffix(".eml")?).ok()?),
            Some((folder, rest)) => {
                let kind = Kind::ALL.into_iter().find(|kind| kind.folder() == folder)?;
                Self::Page(kind, rest.strip_suffix(".ndjson")?.parse().ok()?)
            }
        };
        // One name for one thing: `+1`, `1` and `000001` are not three pages.
        (entry.path() == path).then_some(entry)
    }

    /// The most bytes it may have.
    fn most(&self) -> u64 {
        match self {
            Self::Header | Self::Manifest => 1 << 20,
            Self::Page(..) => MOST_PAGE,
            Self::Mail(_) => MOST_MAIL,
            Self::Sums => MOST_SUMS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_a_closed_list_or_nothing() {
        for good in [
            "archive.json",
            "SHA256SUMS",
            "manifest.json",
            "messages/000001.ndjson",
            "audit/1234567.ndjson",
            "mail/eml_01h00000000000000000000000.eml",
        ] {
            assert_eq!(Entry::parse(good).map(|entry| entry.path()).as_deref(), Some(good));
        }
        for bad in [
            "",
            "/etc/passwd",
            "../archive.json",
            "mail/../../x.eml",
            "./archive.json",
            "messages/1.ndjson",
            "messages/+00001.ndjson",
            "messages/000001.ndjson/",
            "mail/eml_x.eml",
            "mail/eml_01h00000000000000000000000",
            "Mail/eml_01h00000000000000000000000.eml",
            "archive.json\0",
            "other/000001.ndjson",
        ] {
            assert_eq!(Entry::parse(bad), None, "{bad:?}");
        }
    }
}
