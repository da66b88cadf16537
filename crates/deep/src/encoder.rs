//! The encoder's layers and the head that judges, for a handful of windows at a time.
//!
//! The tokens of all windows stand in one matrix without padding, so that weights are read once for all of them;
//! only attention looks at windows one by one.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use rten_simd::{SimdOp, SimdUnaryOp};
use rten_vecmath::{Gelu, Normalize, NormalizeOptions, Sum, SumSquareSub};

use crate::attention::{self, gather};
use crate::linear::{Linear, Multiplier, Rounded};

/// Numbers in a block of four-bit numbers, and its bytes: a half-precision scale, then two numbers a byte.
pub(crate) const BLOCK: usize = 32;
pub(crate) const BLOCK_BYTES: usize = 18;

pub(crate) struct Encoder {
    pub(crate) hidden: usize,
    pub(crate) heads: usize,
    /// The model file, and where in it the pieces' vectors stand: a row of blocks for each piece.
    pub(crate) file: Cow<'static, [u8]>,
    pub(crate) words: Range<usize>,
    pub(crate) positions: Vec<f32>,
    pub(crate) norm: Norm,
    pub(crate) layers: Vec<Layer>,
    pub(crate) dense: Linear,
    pub(crate) out: Vec<f32>,
    pub(crate) out_bias: f32,
}

/// The multipliers for this machine: chosen anew for each call, since they do not cross threads.
struct Multipliers {
    eight_bits: Multiplier,
    full: attention::Multiplier,
}

pub(crate) struct Layer {
    pub(crate) qkv: Linear,
    pub(crate) gathered: Linear,
    pub(crate) gathered_norm: Norm,
    pub(crate) inner: Linear,
    pub(crate) outer: Linear,
    pub(crate) outer_norm: Norm,
}

/// Brings a row to mean 0 and variance 1, then to the scale and place that were learnt.
pub(crate) struct Norm {
    pub(crate) scale: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl Encoder {
    /// The log-odds of each window, given its ids: at least one id a window, and no more than there are positions.
    pub(crate) fn logits(&self, windows: &[Vec<u32>]) -> Vec<f32> {
        let hidden = self.hidden;
        let multipliers = Multipliers { eight_bits: Multiplier::new(), full: attention::Multiplier::new() };
        let mut ranges = Vec::with_capacity(windows.len());
        let mut x = Vec::new();
        for ids in windows {
            let first = x.len();
            for (id, position) in ids.iter().zip(self.positions.chunks_exact(hidden)) {
                self.word(*id, position, &mut x);
            }
            ranges.push(first..x.len());
        }
        self.norm.apply(&mut x);
        for layer in &self.layers {
            self.layer(layer, &multipliers, &ranges, &mut x);
        }
        let mut pooled = Vec::with_capacity(windows.len() * hidden);
        for range in ranges {
            let tokens = (range.len() / hidden) as f32;
            let mut mean = vec![0.0; hidden];
            for row in x[range].chunks_exact(hidden) {
                mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / tokens);
            }
            pooled.extend(mean);
        }
        let multiplier = &multipliers.eight_bits;
        let judged = self.dense.apply(multiplier, &Rounded::new(multiplier, &pooled, hidden));
        judged
            .chunks_exact(hidden)
            .map(|row| {
                row.iter().zip(&self.out).map(|(value, weight)| value.tanh() * weight).sum::<f32>()
                    + self.out_bias
            })
            .collect()
    }

    fn layer(&self, layer: &Layer, multipliers: &Multipliers, windows: &[Range<usize>], x: &mut [f32]) {
        let (hidden, multiplier) = (self.hidden, &multipliers.eight_bits);
        let qkv = layer.qkv.apply(multiplier, &Rounded::new(multiplier, x, hidden));
        let mut gathered = vec![0.0; x.len()];
        for range in windows {
            let qkv = &qkv[3 * range.start..3 * range.end];
            gather(&multipliers.full, qkv, hidden, self.heads, &mut gathered[range.clone()]);
        }
        let gathered = layer.gathered.apply(multiplier, &Rounded::new(multiplier, &gathered, hidden));
        add(x, &gathered);
        layer.gathered_norm.apply(x);
        let mut inner = layer.inner.apply(multiplier, &Rounded::new(multiplier, x, hidden));
        Gelu {}.map_mut(&mut inner);
        let depth = inner.len() / (x.len() / hidden).max(1);
        let outer = layer.outer.apply(multiplier, &Rounded::new(multiplier, &inner, depth));
        add(x, &outer);
        layer.outer_norm.apply(x);
    }

    /// Appends a piece's vector plus that of its position.
    fn word(&self, id: u32, position: &[f32], out: &mut Vec<f32>) {
        let bytes = self.hidden / BLOCK * BLOCK_BYTES;
        let row = &self.file[self.words.clone()][id as usize * bytes..][..bytes];
        for (block, position) in row.chunks_exact(BLOCK_BYTES).zip(position.chunks_exact(BLOCK)) {
            let scale = half(u16::from_le_bytes([block[0], block[1]]));
            let low = block[2..].iter().map(|byte| byte & 15);
            let high = block[2..].iter().map(|byte| byte >> 4);
            out.extend(
                low.chain(high).zip(position).map(|(four, place)| (f32::from(four) - 8.0) * scale + place),
            );
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("hidden", &self.hidden)
            .field("layers", &self.layers.len())
            .finish_non_exhaustive()
    }
}

impl Norm {
    fn apply(&self, x: &mut [f32]) {
        let size = self.scale.len();
        for row in x.chunks_exact_mut(size) {
            let mean = Sum::new(row).dispatch() / size as f32;
            let variance = SumSquareSub::new(row, mean).dispatch() / size as f32;
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: 1.0 / (variance + 1e-12).sqrt(),
                element_scale: Some(&self.scale),
                element_bias: Some(&self.bias),
                ..NormalizeOptions::default()
            };
            Normalize::new_mut(row, options).dispatch();
        }
    }
}

fn add(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

/// A half-precision number. The scales of blocks are never infinite; what would be is the largest number.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        _ => sign * (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_numbers_are_read() {
        let cases =
            [(0x0000, 0.0), (0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x0001, 5.960_464_5e-8)];
        for (bits, value) in cases {
            assert_eq!(half(bits), value);
        }
    }

    #[test]
    fn a_normed_row_has_the_learnt_place_and_scale() {
        let norm = Norm { scale: vec![2.0; 4], bias: vec![1.0; 4] };
        let mut x = [1.0, 3.0, 1.0, 3.0];
        norm.apply(&mut x);
        assert!(
            x.iter().zip([-1.0, 3.0, -1.0, 3.0]).all(|(got, wanted)| (got - wanted).abs() < 1e-5),
            "{x:?}"
        );
    }
}
