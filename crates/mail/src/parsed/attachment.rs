//! An attachment: never stored twice, only where it lies within the raw message and how it is encoded.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;

/// How the bytes of a part are written (RFC 2045 6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransferEncoding {
    /// As they are.
    #[default]
    Identity,
    /// Base64.
    Base64,
    /// Quoted-printable.
    QuotedPrintable,
}

/// One attachment of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Attachment {
    /// The name the sender gave it; may be empty, and is never a path to write to.
    pub filename: String,
    /// `type/subtype`, as the sender claims.
    pub content_type: String,
    /// Bytes after decoding.
    pub size: u64,
    /// Where it begins within the raw message.
    pub offset: u64,
    /// How many raw bytes it takes.
    pub length: u64,
    /// How those are to be decoded.
    pub encoding: TransferEncoding,
    /// Meant to be shown within the text.
    pub inline: bool,
    /// Its text, if it is text, within the bound of the message's texts; for the scorer.
    pub text: String,
}

impl Attachment {
    /// The attachment's bytes out of the raw message; `None` when `raw` is not the message it was parsed from.
    pub fn bytes(&self, raw: &[u8]) -> Option<Vec<u8>> {
        let start = usize::try_from(self.offset).ok()?;
        let end = start.checked_add(usize::try_from(self.length).ok()?)?;
        self.decode(raw.get(start..end)?)
    }

    /// Decodes the raw bytes of this attachment's range.
    pub fn decode(&self, encoded: &[u8]) -> Option<Vec<u8>> {
        match self.encoding {
            TransferEncoding::Identity => Some(encoded.to_vec()),
            // What the library cannot decode it hands over as it stands; so do we.
            TransferEncoding::Base64 => base64_decode(encoded).or_else(|| Some(encoded.to_vec())),
            TransferEncoding::QuotedPrintable => {
                quoted_printable_decode(encoded).or_else(|| Some(encoded.to_vec()))
            }
        }
    }
}
