//! Reads the model file: pieces, vectors and weights, checked before anything is made of them.
//!
//! The file is little-endian and has no offsets: sizes first, then each part in the order below, a checksum last.
//! `crates/score/train/deep/export.py` writes it.

use std::borrow::Cow;

use crate::TOKENS;
use crate::encoder::{BLOCK, BLOCK_BYTES, Encoder, Layer, Norm};
use crate::linear::{Linear, Multiplier};
use crate::pieces::{Pieces, Special};

const MAGIC: &[u8] = b"MWDEEP1\n";

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("the model file cannot be read")]
    Unreadable(#[from] std::io::Error),
    /// The file is something else, damaged, or of another version.
    #[error("not a model: {0}")]
    NotAModel(&'static str),
    /// The system gives no threads.
    #[error("no thread for the model: {0}")]
    Threads(String),
}

struct Sizes {
    hidden: usize,
    layers: usize,
    heads: usize,
    inner: usize,
    positions: usize,
    pieces: usize,
}

/// The pieces and the encoder of a model file, and its checksum.
pub(crate) fn read(file: Cow<'static, [u8]>) -> Result<(Pieces, Encoder, u32), Error> {
    let body = file.strip_prefix(MAGIC).ok_or(Error::NotAModel("it begins otherwise"))?;
    let (body, sum) = body.split_last_chunk::<4>().ok_or(Error::NotAModel("it is cut short"))?;
    let sum = u32::from_le_bytes(*sum);
    if crc32fast::hash(body) != sum {
        return Err(Error::NotAModel("its checksum differs"));
    }
    let mut reader = Reader { bytes: body, at: 0 };
    let sizes = Sizes::read(&mut reader)?;
    let pieces = pieces(&mut reader, &sizes)?;
    let first = MAGIC.len() + reader.at;
    reader.take(sizes.pieces * (sizes.hidden / BLOCK) * BLOCK_BYTES)?;
    let words = first..MAGIC.len() + reader.at;
    let multiplier = Multiplier::new();
    let positions = reader.numbers(sizes.positions * sizes.hidden)?;
    let norm = reader.norm(sizes.hidden)?;
    let layers =
        (0..sizes.layers).map(|_| layer(&mut reader, &multiplier, &sizes)).collect::<Result<_, _>>()?;
    let dense = reader.linear(&multiplier, sizes.hidden, sizes.hidden)?;
    let out = reader.numbers(sizes.hidden)?;
    let out_bias = reader.numbers(1)?[0];
    if reader.at != body.len() {
        return Err(Error::NotAModel("it is longer than its sizes say"));
    }
    let encoder = Encoder {
        hidden: sizes.hidden,
        heads: sizes.heads,
        words,
        positions,
        norm,
        layers,
        dense,
        out,
        out_bias,
        file,
    };
    Ok((pieces, encoder, sum))
}

impl Sizes {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut size = || reader.count();
        let sizes = Self {
            hidden: size()?,
            layers: size()?,
            heads: size()?,
            inner: size()?,
            positions: size()?,
            pieces: size()?,
        };
        let sane = sizes.hidden.is_multiple_of(BLOCK)
            && (BLOCK..=4096).contains(&sizes.hidden)
            && (1..=sizes.hidden).contains(&sizes.heads)
            && sizes.hidden.is_multiple_of(sizes.heads)
            && (1..=64).contains(&sizes.layers)
            && (1..=16384).contains(&sizes.inner)
            && (TOKENS..=512).contains(&sizes.positions)
            && (5..=1 << 20).contains(&sizes.pieces);
        if sane { Ok(sizes) } else { Err(Error::NotAModel("its sizes make no sense")) }
    }
}

fn pieces(reader: &mut Reader<'_>, sizes: &Sizes) -> Result<Pieces, Error> {
    let mut marks = [0; 5];
    for mark in &mut marks {
        let id = reader.count()?;
        *mark = u32::try_from(id)
            .ok()
            .filter(|_| id < sizes.pieces)
            .ok_or(Error::NotAModel("a mark is no piece"))?;
    }
    let [start, _pad, end, unknown, _mask] = marks;
    let mut texts = Vec::with_capacity(sizes.pieces);
    for _ in 0..sizes.pieces {
        let length = usize::from(reader.take(1)?[0]);
        let text =
            std::str::from_utf8(reader.take(length)?).map_err(|_| Error::NotAModel("a piece is no text"))?;
        texts.push(text.into());
    }
    let scores = reader.numbers(sizes.pieces)?;
    Ok(Pieces::new(texts, scores, Special { start, end, unknown }, &marks))
}

fn layer(reader: &mut Reader<'_>, multiplier: &Multiplier, sizes: &Sizes) -> Result<Layer, Error> {
    Ok(Layer {
        qkv: reader.linear(multiplier, sizes.hidden, 3 * sizes.hidden)?,
        gathered: reader.linear(multiplier, sizes.hidden, sizes.hidden)?,
        gathered_norm: reader.norm(sizes.hidden)?,
        inner: reader.linear(multiplier, sizes.hidden, sizes.inner)?,
        outer: reader.linear(multiplier, sizes.inner, sizes.hidden)?,
        outer_norm: reader.norm(sizes.hidden)?,
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let end = self.at.checked_add(length).ok_or(Error::NotAModel("a part is too long"))?;
        let part = self.bytes.get(self.at..end).ok_or(Error::NotAModel("it is cut short"))?;
        self.at = end;
        Ok(part)
    }

    fn count(&mut self) -> Result<usize, Error> {
        let (four, _) = self.take(4)?.as_chunks::<4>();
        Ok(u32::from_le_bytes(four[0]) as usize)
    }

    fn numbers(&mut self, count: usize) -> Result<Vec<f32>, Error> {
        let (fours, _) = self.take(4 * count)?.as_chunks::<4>();
        let numbers: Vec<f32> = fours.iter().map(|four| f32::from_le_bytes(*four)).collect();
        if numbers.iter().all(|number| number.is_finite()) {
            Ok(numbers)
        } else {
            Err(Error::NotAModel("a number is not finite"))
        }
    }

    fn norm(&mut self, size: usize) -> Result<Norm, Error> {
        Ok(Norm { scale: self.numbers(size)?, bias: self.numbers(size)? })
    }

    fn linear(&mut self, multiplier: &Multiplier, depth: usize, columns: usize) -> Result<Linear, Error> {
        let weights: Vec<i8> = self.take(depth * columns)?.iter().map(|byte| *byte as i8).collect();
        Ok(Linear::new(multiplier, &weights, self.numbers(columns)?, self.numbers(columns)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(file: Vec<u8>) -> String {
        read(Cow::Owned(file)).expect_err("it is not a model").to_string()
    }

    fn with_sum(body: &[u8]) -> Vec<u8> {
        [MAGIC, body, &crc32fast::hash(body).to_le_bytes()].concat()
    }

    #[test]
    fn another_file_is_refused() {
        assert_eq!(refusal(b"PK\x03\x04".to_vec()), "not a model: it begins otherwise");
        assert_eq!(refusal(MAGIC.to_vec()), "not a model: it is cut short");
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let mut file = with_sum(b"something");
        file[10] ^= 1;
        assert_eq!(refusal(file), "not a model: its checksum differs");
    }

    #[test]
    fn sizes_out_of_reason_are_refused_before_memory_is_taken_for_them() {
        let body: Vec<u8> = [u32::MAX; 6].iter().flat_map(|n| n.to_le_bytes()).collect();
        assert_eq!(refusal(with_sum(&body)), "not a model: its sizes make no sense");
    }

    #[test]
    fn a_file_shorter_than_its_sizes_is_refused() {
        let body: Vec<u8> =
            [32_u32, 1, 1, 64, 96, 100, 0, 1, 2, 3, 4].iter().flat_map(|n| n.to_le_bytes()).collect();
        assert_eq!(refusal(with_sum(&body)), "not a model: it is cut short");
    }
}
