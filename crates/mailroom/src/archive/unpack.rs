//! Reads an archive that anybody may have written: strictly in order, within bounds, and believes nothing before the
//! end, where the signed manifest stands.

use std::io::{self, Read};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::records::{Header, Manifest};
use super::{Entry, Kind, MOST_SUMS, PURPOSE, pack::hex, records};
use crate::signed::{BadSignature, Signed};

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum BadArchive {
    /// It ends too early, or cannot be read.
    #[error("the archive cannot be read to its end: {0}")]
    Unreadable(#[from] io::Error),
    /// It holds something that no archive holds.
    #[error("`{0}` is nothing that an archive holds")]
    Stranger(String),
    /// A file is missing, comes twice, or stands in a wrong place.
    #[error("`{0}` is out of order, or there twice")]
    Order(String),
    /// A file is larger than any of its kind may be.
    #[error("`{0}` is too large")]
    TooLarge(String),
    /// A file is not what was packed.
    #[error("`{0}` does not have the digest that SHA256SUMS gives it")]
    Digest(String),
    /// The manifest is not to be believed.
    #[error("the manifest: {0}")]
    Manifest(#[from] BadSignature),
    /// The manifest is not that of these files.
    #[error("the manifest is not that of this archive: {0}")]
    OtherManifest(&'static str),
    /// A line says something that cannot be.
    #[error("`{path}`: {what}")]
    Record {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
}

impl BadArchive {
    pub(super) fn record(path: &str, what: impl Into<String>) -> Self {
        Self::Record { path: path.to_owned(), what: what.into() }
    }
}

/// What is known of an archive that was read to its end.
pub(super) struct Contents {
    pub(super) header: Header,
    pub(super) manifest: Manifest,
    /// Who signed it.
    pub(super) fingerprint: String,
}

/// Reads all of an archive and shows each page and each mail to `visit`, in order. Only when this returns is anything
/// of it to be believed.
///
/// # Errors
/// [`BadArchive`], the first that is found.
pub(super) fn walk(
    mut reader: impl Read,
    signer: Option<&str>,
    mut visit: impl FnMut(&Entry, Vec<u8>) -> Result<(), BadArchive>,
) -> Result<Contents, BadArchive> {
    let mut order = Order::default();
    let mut sums = String::new();
    let mut files = 0;
    let mut header: Option<Header> = None;
    let mut given: Option<Vec<u8>> = None;
    let mut manifest = None;
    let mut archive = tar::Archive::new(&mut reader);
    // Raw: extensions that rename or lengthen what follows are not looked at, and refused as strangers.
    for file in archive.entries()?.raw(true) {
        let mut file = file?;
        let name = String::from_utf8_lossy(&file.path_bytes()).into_owned();
        let entry = Entry::parse(&name)
            .filter(|_| file.header().entry_type() == tar::EntryType::Regular)
            .ok_or_else(|| BadArchive::Stranger(name.chars().take(200).collect()))?;
        let size = file.header().entry_size()?;
        if size > entry.most() {
            return Err(BadArchive::TooLarge(name));
        }
        order.next(&entry).map_err(|()| BadArchive::Order(name.clone()))?;
        let mut bytes = Vec::new();
        file.by_ref().take(size).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != size {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        match entry {
            Entry::Sums => given = Some(bytes),
            Entry::Manifest => manifest = Some(Signed::verify(&bytes, PURPOSE, signer)?),
            _ => {
                sums.push_str(&hex(&Sha256::digest(&bytes)));
                sums.push_str("  ");
                sums.push_str(&name);
                sums.push('\n');
                if sums.len() as u64 > MOST_SUMS {
                    return Err(BadArchive::TooLarge(name));
                }
                files += 1;
                if entry == Entry::Header {
                    header = Some(read_header(&bytes)?);
                } else {
                    visit(&entry, bytes)?;
                }
            }
        }
    }
    only_zeros(reader)?;
    let (Some(header), Some(given), Some(signed)) = (header, given, manifest) else {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    };
    same_sums(&sums, &given)?;
    let manifest: Manifest = signed.read()?;
    for (is_so, what) in [
        (manifest.sums == hex(&Sha256::digest(&given)), "it names another SHA256SUMS"),
        (manifest.files == files, "it counts other files"),
        (manifest.format == records::FORMAT, "it is of another format"),
        (manifest.tenant == header.tenant, "it names another tenant"),
    ] {
        if !is_so {
            return Err(BadArchive::OtherManifest(what));
        }
    }
    Ok(Contents { header, manifest, fingerprint: signed.signature.fingerprint })
}

/// The lines of a page.
pub(super) fn lines<T: DeserializeOwned>(entry: &Entry, bytes: &[u8]) -> Result<Vec<T>, BadArchive> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            // The text of the error could repeat what a stranger wrote; its place is enough.
            serde_json::from_slice(line).map_err(|error| {
                BadArchive::record(
                    &entry.path(),
                    format!("a record is malformed (column {})", error.column()),
                )
            })
        })
        .collect()
}

fn read_header(bytes: &[u8]) -> Result<Header, BadArchive> {
    let header: Header = serde_json::from_slice(bytes)
        .map_err(|_| BadArchive::record("archive.json", "this is no header of an archive"))?;
    if header.format != records::FORMAT {
        return Err(BadArchive::record("archive.json", "the archive is of a format that is not known here"));
    }
    Ok(header)
}

/// Behind the end of the tar there may be padding, and nothing that some other reader would take for more files.
fn only_zeros(mut reader: impl Read) -> Result<(), BadArchive> {
    let mut buffer = [0; 8192];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(()),
            n if buffer[..n].iter().all(|byte| *byte == 0) => {}
            _ => return Err(BadArchive::Stranger("what follows the end".into())),
        }
    }
}

fn same_sums(computed: &str, given: &[u8]) -> Result<(), BadArchive> {
    if computed.as_bytes() == given {
        return Ok(());
    }
    let given = String::from_utf8_lossy(given);
    let mut theirs = given.lines();
    for line in computed.lines() {
        if theirs.next() != Some(line) {
            return Err(BadArchive::Digest(line.split("  ").nth(1).unwrap_or_default().to_owned()));
        }
    }
    Err(BadArchive::Digest(Entry::Sums.path()))
}

/// Whether each entry stands where it must: pages of a kind count from 1, kinds come in their order, mails grow by id,
/// the digests and the manifest end the archive.
#[derive(Default)]
struct Order {
    begun: bool,
    last: Option<(Kind, u32)>,
    mail: Option<String>,
    sums: bool,
    manifest: bool,
}

impl Order {
    fn next(&mut self, entry: &Entry) -> Result<(), ()> {
        let fits = !self.manifest
            && match entry {
                Entry::Header => !std::mem::replace(&mut self.begun, true),
                Entry::Page(kind, number) => {
                    let fits = match self.last {
                        Some((last, count)) if last == *kind => *number == count.saturating_add(1),
                        Some((last, _)) => *kind > last && *number == 1,
                        None => *number == 1,
                    };
                    self.last = Some((*kind, *number));
                    fits && self.begun && !self.sums
                }
                Entry::Mail(id) => {
                    let grows = self.mail.as_deref().is_none_or(|last| last < id.as_str());
                    self.mail = Some(id.as_str().to_owned());
                    grows && matches!(self.last, Some((Kind::Messages, _))) && !self.sums
                }
                Entry::Sums => self.begun && !std::mem::replace(&mut self.sums, true),
                Entry::Manifest => self.sums && !std::mem::replace(&mut self.manifest, true),
            };
        if fits { Ok(()) } else { Err(()) }
    }
}
