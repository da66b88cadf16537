//! The sealed form of a message's parts.
//!
//! `MWD1 | alg u8 | commitment 32 | chunk_log2 u8 | chunks`, where each chunk is 64 KiB of plaintext (the last one
//! what is left) and a tag of 16 bytes: 38 bytes, and 16 for every 64 KiB begun. Key and commitment of a part are
//! HKDF-SHA256(message key, info = `mailward/part/v1` || SHA-256(place)); the place is
//! format | region | tenant | inbox | message | kind | number. A part moved anywhere else therefore does not open.
//!
//! A part is written once: what changes gets a new number, never a second plaintext under the same key. Nothing is
//! compressed, because the length would tell of the content.

use std::ops::Range;

use mailward_mail::id::{InboxId, MessageId, TenantId};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::Error;
use crate::fields::Fields;
use crate::gcm::{ALG, Gcm};
use crate::secret::Secret;
use crate::stream;

const FORMAT: &[u8; 4] = b"MWD1";
const PART: &[u8] = b"mailward/part/v1";
const HEAD: usize = 4 + 1 + 32 + 1;

/// Where a message lies. All of it is bound into everything that is sealed for it.
#[derive(Clone, Copy, Debug)]
pub struct MessageContext<'a> {
    /// The deployment's region, immutable.
    pub region: &'a str,
    /// Whose message it is.
    pub tenant: &'a TenantId,
    /// The inbox that holds it.
    pub inbox: &'a InboxId,
    /// The message itself.
    pub message: &'a MessageId,
}

impl MessageContext<'_> {
    pub(crate) fn fields(&self) -> Fields {
        let fields = Fields::new().text(FORMAT).text(self.region).text(self.tenant.as_str());
        fields.text(self.inbox.as_str()).text(self.message.as_str())
    }
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// The bytes as they were received or sent.
    Raw,
    /// The snapshot that was judged and is read.
    Parsed,
    /// What a list shows.
    Meta,
}

impl PartKind {
    /// Every kind.
    pub const ALL: [PartKind; 3] = [Self::Raw, Self::Parsed, Self::Meta];

    /// The name in rows and in associated data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Parsed => "parsed",
            Self::Meta => "meta",
        }
    }
}

/// The key of one message in one inbox.
#[derive(Clone, Debug)]
pub struct MessageKey(pub(crate) Secret);

impl MessageKey {
    /// Seals one part. `no` counts the parts of that kind from 0.
    pub fn seal(&self, ctx: &MessageContext<'_>, kind: PartKind, no: u32, plain: &[u8]) -> Sealed {
        let (key, commit) = self.part_key(ctx, kind, no);
        let mut out = Vec::with_capacity(HEAD + stream::sealed_len(plain.len()));
        out.extend_from_slice(FORMAT);
        out.push(ALG);
        out.extend_from_slice(&commit);
        out.push(stream::CHUNK_LOG2);
        stream::seal(&Gcm::new(&key), plain, &mut out);
        Sealed(out)
    }

    /// Opens one part.
    ///
    /// # Errors
    /// [`Error::Malformed`] for bytes of another form, [`Error::Mismatch`] for another key or place,
    /// [`Error::Altered`] for a part that was changed, cut or rearranged. Nothing of it is returned then.
    pub fn open(
        &self,
        ctx: &MessageContext<'_>,
        kind: PartKind,
        no: u32,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let (gcm, chunks) = self.check_head(ctx, kind, no, sealed)?;
        stream::open(&gcm, chunks)
    }

    /// Opens the bytes `range` of one part: decrypts only the chunks that hold them, and the last one, whose flag
    /// proves that nothing was cut off.
    ///
    /// # Errors
    /// As [`MessageKey::open`], and [`Error::OutOfRange`]; see [`Sealed::plain_len`] to cut a range to size before.
    pub fn open_range(
        &self,
        ctx: &MessageContext<'_>,
        kind: PartKind,
        no: u32,
        sealed: &[u8],
        range: Range<u64>,
    ) -> Result<Vec<u8>, Error> {
        let (gcm, chunks) = self.check_head(ctx, kind, no, sealed)?;
        stream::open_range(&gcm, chunks, range)
    }

    fn check_head<'b>(
        &self,
        ctx: &MessageContext<'_>,
        kind: PartKind,
        no: u32,
        sealed: &'b [u8],
    ) -> Result<(Gcm, &'b [u8]), Error> {
        let (head, chunks) = sealed.split_at_checked(HEAD).ok_or(Error::Malformed("length of a part"))?;
        if &head[..4] != FORMAT || head[4] != ALG || head[37] != stream::CHUNK_LOG2 {
            return Err(Error::Malformed("head of a part"));
        }
        let (key, commit) = self.part_key(ctx, kind, no);
        // Before any decryption: a ciphertext made to open under two keys ends here.
        if !bool::from(commit.ct_eq(&head[5..37])) {
            return Err(Error::Mismatch);
        }
        Ok((Gcm::new(&key), chunks))
    }

    fn part_key(&self, ctx: &MessageContext<'_>, kind: PartKind, no: u32) -> (Secret, [u8; 32]) {
        let place = ctx.fields().text(kind.as_str()).number(no);
        self.0.derive_committed(None, &[PART, &Sha256::digest(place.as_bytes())])
    }
}

/// Sealed bytes. Made by [`MessageKey::seal`] or read back from the store, never from a plaintext: what takes a
/// `Sealed` cannot be handed one.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes up what the store kept; judged when it is opened.
    pub fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The sealed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The sealed bytes, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Bytes of the plaintext within, by the length alone and not authenticated; `None` when no plaintext has it.
    pub fn plain_len(&self) -> Option<u64> {
        stream::plain_len(self.0.len().checked_sub(HEAD)?).map(|len| len as u64)
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}
