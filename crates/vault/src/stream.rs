//! A plaintext as a stream of chunks that can be opened one by one, but not cut, reordered or lengthened.
//!
//! The construction STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce of a chunk is seven zero bytes, its
//! number as u32 big-endian, and 1 for the last chunk, else 0. The last chunk alone may be short, and it is empty
//! only where the whole plaintext is: one plaintext has one length of ciphertext.

use std::ops::Range;

use crate::error::Error;
use crate::gcm::{Gcm, Iv, TAG};

/// Chunks hold 2 to this power bytes of plaintext.
pub(crate) const CHUNK_LOG2: u8 = 16;
const CHUNK: usize = 1 << CHUNK_LOG2;
const SEALED_CHUNK: usize = CHUNK + TAG;

/// Bytes that a plaintext of `plain` bytes takes when sealed.
pub(crate) fn sealed_len(plain: usize) -> usize {
    plain + plain.div_ceil(CHUNK).max(1) * TAG
}

/// Bytes of plaintext in `sealed` bytes of chunks; `None` when no plaintext has that length.
pub(crate) fn plain_len(sealed: usize) -> Option<usize> {
    let count = sealed.div_ceil(SEALED_CHUNK);
    let last = sealed.checked_sub(count.checked_sub(1)? * SEALED_CHUNK)?;
    let fits = last > TAG || (last == TAG && count == 1);
    fits.then(|| sealed - count * TAG)
}

/// Appends the chunks of `plain` to `out`.
pub(crate) fn seal(gcm: &Gcm, plain: &[u8], out: &mut Vec<u8>) {
    let last = plain.len().saturating_sub(1) / CHUNK;
    for number in 0..=last {
        let from = number * CHUNK;
        let start = out.len();
        out.extend_from_slice(&plain[from..plain.len().min(from + CHUNK)]);
        let tag = gcm.encrypt(nonce(number, number == last), b"", &mut out[start..]);
        out.extend_from_slice(&tag);
    }
}

/// Opens all of `sealed`.
pub(crate) fn open(gcm: &Gcm, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let len = plain_len(sealed.len()).ok_or(Error::Malformed("length"))?;
    let mut out = Vec::with_capacity(len);
    let last = last_chunk(sealed);
    for number in 0..=last {
        open_chunk(gcm, sealed, number, last, &mut out)?;
    }
    Ok(out)
}

/// Opens the bytes `range` of the plaintext: the chunks that hold them, and the last one, because only its flag tells
/// that nothing was cut off.
pub(crate) fn open_range(gcm: &Gcm, sealed: &[u8], range: Range<u64>) -> Result<Vec<u8>, Error> {
    let len = plain_len(sealed.len()).ok_or(Error::Malformed("length"))?;
    let range = within(range, len).ok_or(Error::OutOfRange)?;
    let last = last_chunk(sealed);
    let mut out = Vec::new();
    let first = range.start / CHUNK;
    if range.is_empty() {
        open_chunk(gcm, sealed, last, last, &mut out)?;
        return Ok(Vec::new());
    }
    let until = (range.end - 1) / CHUNK;
    if until != last {
        open_chunk(gcm, sealed, last, last, &mut out)?;
        out.clear();
    }
    out.reserve((until + 1 - first) * CHUNK);
    for number in first..=until {
        open_chunk(gcm, sealed, number, last, &mut out)?;
    }
    out.truncate(range.end - first * CHUNK);
    out.drain(..range.start - first * CHUNK);
    Ok(out)
}

fn open_chunk(gcm: &Gcm, sealed: &[u8], number: usize, last: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let from = number * SEALED_CHUNK;
    let chunk = &sealed[from..sealed.len().min(from + SEALED_CHUNK)];
    let (bytes, tag) = chunk.split_at(chunk.len() - TAG);
    let start = out.len();
    out.extend_from_slice(bytes);
    gcm.decrypt(nonce(number, number == last), b"", &mut out[start..], tag)
}

fn last_chunk(sealed: &[u8]) -> usize {
    sealed.len().div_ceil(SEALED_CHUNK) - 1
}

fn within(range: Range<u64>, len: usize) -> Option<Range<usize>> {
    let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
    (start <= end && end <= len).then_some(start..end)
}

fn nonce(number: usize, last: bool) -> Iv {
    let number = u32::try_from(number).expect("a part has fewer than 2^32 chunks");
    let mut nonce = [0; 12];
    nonce[7..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_go_both_ways() {
        for plain in [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 9] {
            assert_eq!(plain_len(sealed_len(plain)), Some(plain), "{plain}");
        }
        assert_eq!(sealed_len(0), 16);
        assert_eq!(sealed_len(CHUNK), CHUNK + 16);
        assert_eq!(sealed_len(CHUNK + 1), CHUNK + 1 + 32);
    }

    #[test]
    fn lengths_that_no_plaintext_has_are_refused() {
        for sealed in
            [0, 1, 15, SEALED_CHUNK + 1, SEALED_CHUNK + 15, SEALED_CHUNK + 16, 2 * SEALED_CHUNK + 16]
        {
            assert_eq!(plain_len(sealed), None, "{sealed}");
        }
    }

    #[test]
    fn a_nonce_is_the_number_and_the_flag() {
        assert_eq!(nonce(0x0102_0304, true), [0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 1]);
        assert_eq!(nonce(5, false), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0]);
    }
}
