//! An archive on its way in, kept until it is known to be whole: in a file without a name, encrypted to a key that this
//! process alone has and forgets.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

use age::stream::StreamWriter;
use age::x25519::Identity;
use tokio::sync::mpsc::Receiver;

use crate::Config;

/// How often the disk is asked whether it is full, in bytes.
const ASK_EVERY: u64 = 16 << 20;

/// What a peer sends, as a reader for a thread that may wait. An error, or a sender that goes away early, is the end of
/// an archive that then lacks its own.
pub(super) struct Incoming {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    read: usize,
}

/// Reads on and keeps what was read.
pub(super) struct Spooling<R> {
    reader: R,
    out: StreamWriter<File>,
    identity: Identity,
    config: Config,
    since_asked: u64,
}

/// What was kept.
pub(super) struct Spooled {
    file: File,
    identity: Identity,
}

impl Incoming {
    pub(super) fn new(chunks: Receiver<io::Result<Vec<u8>>>) -> Self {
        Self { chunks, chunk: Vec::new(), read: 0 }
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.chunk.len() {
            match self.chunks.blocking_recv() {
                None => return Ok(0),
                Some(chunk) => (self.chunk, self.read) = (chunk?, 0),
            }
        }
        let n = buffer.len().min(self.chunk.len() - self.read);
        buffer[..n].copy_from_slice(&self.chunk[self.read..self.read + n]);
        self.read += n;
        Ok(n)
    }
}

impl<R: Read> Spooling<R> {
    pub(super) fn begin(reader: R, config: Config) -> io::Result<Self> {
        let directory: &PathBuf = &config.data_dir;
        // Without a name from the start: whatever ends this process, nothing stays behind.
        let file = tempfile::tempfile_in(directory)?;
        let identity = Identity::generate();
        let recipient = identity.to_public();
        let one: [&dyn age::Recipient; 1] = [&recipient];
        let out =
            age::Encryptor::with_recipients(one.into_iter()).map_err(io::Error::other)?.wrap_output(file)?;
        Ok(Self { reader, out, identity, config, since_asked: 0 })
    }

    pub(super) fn finish(self) -> io::Result<Spooled> {
        let mut file = self.out.finish()?;
        file.rewind()?;
        Ok(Spooled { file, identity: self.identity })
    }
}

impl<R: Read> Read for Spooling<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.since_asked += n as u64;
        if self.since_asked > ASK_EVERY {
            self.since_asked = 0;
            if self.config.disk_is_full() {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        self.out.write_all(&buffer[..n])?;
        Ok(n)
    }
}

impl Spooled {
    /// Reads it again.
    pub(super) fn read(self) -> io::Result<impl Read> {
        let buffered = io::BufReader::with_capacity(1 << 16, self.file);
        let decryptor = age::Decryptor::new_buffered(buffered).map_err(io::Error::other)?;
        let one: [&dyn age::Identity; 1] = [&self.identity];
        decryptor.decrypt(one.into_iter()).map_err(io::Error::other)
    }
}
