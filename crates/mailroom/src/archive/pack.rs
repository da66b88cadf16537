//! Writes an archive: files go in one after another, encrypted bytes come out, and nothing is kept but their digests.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use age::stream::StreamWriter;
use age::x25519::Recipient;
use mailward_mail::clock::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Entry, Kind};

/// See the module.
pub(super) struct Packer {
    out: StreamWriter<Outlet>,
    outlet: Outlet,
    sums: String,
    files: u64,
    moment: u64,
    pages: Option<(Kind, u32)>,
}

/// Where encrypted bytes wait to be taken. Clones are one outlet.
#[derive(Clone, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Packer {
    /// Begins an archive that this recipient alone can open.
    pub(super) fn begin(recipient: &Recipient, now: Timestamp) -> io::Result<Self> {
        let outlet = Outlet::default();
        let one: [&dyn age::Recipient; 1] = [recipient];
        let out = age::Encryptor::with_recipients(one.into_iter())
            .map_err(io::Error::other)?
            .wrap_output(outlet.clone())?;
        let moment = u64::try_from(now.seconds()).unwrap_or_default();
        Ok(Self { out, outlet, sums: String::new(), files: 0, moment, pages: None })
    }

    /// Writes a file.
    pub(super) fn file(&mut self, entry: &Entry, bytes: &[u8]) -> io::Result<()> {
        let path = entry.path();
        let digest = Sha256::digest(bytes);
        for byte in digest {
            self.sums.push_str(&format!("{byte:02x}"));
        }
        self.sums.push_str("  ");
        self.sums.push_str(&path);
        self.sums.push('\n');
        self.files += 1;
        self.tar(&path, bytes)
    }

    /// Writes the next page of a kind.
    pub(super) fn page(&mut self, kind: Kind, records: &[impl Serialize]) -> io::Result<()> {
        let number = match self.pages {
            Some((last, number)) if last == kind => number + 1,
            _ => 1,
        };
        self.pages = Some((kind, number));
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, record).map_err(io::Error::other)?;
            lines.push(b'\n');
        }
        self.file(&Entry::Page(kind, number), &lines)
    }

    /// How many bytes can be taken.
    pub(super) fn waiting(&self) -> usize {
        self.outlet.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What is encrypted so far and was not taken yet.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.outlet.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes the digests and what `manifest` makes of theirs and of the number of files; the last bytes.
    pub(super) fn finish(
        mut self,
        manifest: impl FnOnce(String, u64) -> io::Result<Vec<u8>>,
    ) -> io::Result<Vec<u8>> {
        let sums = std::mem::take(&mut self.sums);
        let manifest = manifest(hex(&Sha256::digest(&sums)), self.files)?;
        self.tar(&Entry::Sums.path(), sums.as_bytes())?;
        self.tar(&Entry::Manifest.path(), &manifest)?;
        // Two empty blocks end a tar.
        self.out.write_all(&[0; 1024])?;
        let outlet = self.outlet.clone();
        self.out.finish()?;
        Ok(std::mem::take(&mut *outlet.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn tar(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_path(path)?;
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(self.moment);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        self.out.write_all(header.as_bytes())?;
        self.out.write_all(bytes)?;
        self.out.write_all(&[0; 511][..(512 - bytes.len() % 512) % 512])
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
