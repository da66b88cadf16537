//! A matrix product with a bias, its weights kept as eight-bit numbers with a scale for each column.
//!
//! What is multiplied is brought to eight bits row by row when it comes, with its own scale, so a loud
//! token does not cost the quiet ones their precision.

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix, QuantParams};
use rten_simd::SimdOp;
use rten_tensor::NdTensorView;
use rten_vecmath::{ExtendInit, MinMax, Quantize};

/// The multiplier of eight-bit numbers for this machine.
pub(crate) type Multiplier = GemmExecutor<u8, i8, i32>;

pub(crate) struct Linear {
    weights: PackedBMatrix<i8>,
    scales: Vec<f32>,
    bias: Vec<f32>,
    depth: usize,
}

/// Rows of eight-bit numbers with the way back.
pub(crate) struct Rounded {
    values: Vec<u8>,
    zeros: Vec<u8>,
    scales: Vec<f32>,
    depth: usize,
}

impl Linear {
    /// From weights of `depth` rows with as many columns as there are scales.
    pub(crate) fn new(multiplier: &Multiplier, weights: &[i8], scales: Vec<f32>, bias: Vec<f32>) -> Self {
        let depth = weights.len() / scales.len();
        let view = NdTensorView::from_data([depth, scales.len()], weights);
        Self { weights: multiplier.prepack_b(view), scales, bias, depth }
    }

    /// `input x weights + bias`, a row for each row of the input.
    pub(crate) fn apply(&self, multiplier: &Multiplier, input: &Rounded) -> Vec<f32> {
        debug_assert_eq!(input.depth, self.depth);
        let (rows, columns) = (input.scales.len(), self.scales.len());
        let mut sums = vec![0; rows * columns];
        let values = NdTensorView::from_data([rows, self.depth], &input.values[..]);
        multiplier
            .gemm(
                &mut sums,
                GemmInputA::Unpacked(values),
                GemmInputB::Packed(&self.weights),
                GemmOptions {
                    a_quant: Some(QuantParams { zero_point: &input.zeros }),
                    ..GemmOptions::default()
                },
            )
            .expect("the sizes were checked when the model was read");
        let mut out = Vec::with_capacity(sums.len());
        for (sums, scale) in sums.chunks_exact(columns).zip(&input.scales) {
            let row = sums.iter().zip(&self.scales).zip(&self.bias);
            out.extend(row.map(|((sum, column), bias)| *sum as f32 * (scale * column) + bias));
        }
        out
    }
}

impl Rounded {
    /// Rounds rows of `depth` numbers.
    pub(crate) fn new(multiplier: &Multiplier, input: &[f32], depth: usize) -> Self {
        // Where the machine adds two products in 16 bits, seven bits are what cannot overflow.
        let zero: u8 = if multiplier.may_saturate() { 63 } else { 127 };
        let rows = input.len() / depth;
        let mut rounded = Self {
            values: Vec::with_capacity(input.len()),
            // The same for every row: the multiplier (0.27) reads the zeros of its first eight rows for all others.
            zeros: vec![zero; rows],
            scales: Vec::with_capacity(rows),
            depth,
        };
        for row in input.chunks_exact(depth) {
            let (least, most) = MinMax::new(row).dispatch();
            let scale = (most.max(-least) / f32::from(zero)).max(f32::MIN_POSITIVE);
            rounded
                .values
                .extend_init(|free| &*Quantize::new(row, &mut free[..depth], 1.0 / scale, zero).dispatch());
            rounded.scales.push(scale);
        }
        rounded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_what_it_is_in_full_precision_but_for_rounding() {
        let multiplier = Multiplier::new();
        // Few and many rows, a depth within one block of the multiplier and one over several.
        for (rows, depth, columns) in [(1, 64, 40), (7, 64, 40), (45, 384, 96), (130, 1536, 48)] {
            // More above zero than below, so that a wrong zero of the input shows.
            let weights: Vec<i8> = (0..depth * columns).map(|i| ((i * 37 + 11) % 120) as i8 - 20).collect();
            let scales: Vec<f32> = (0..columns).map(|j| 0.0003 + j as f32 * 0.00001).collect();
            let bias: Vec<f32> = (0..columns).map(|j| j as f32 - 20.0).collect();
            let input: Vec<f32> = (0..rows * depth).map(|i| ((i * 29 % 101) as f32 - 30.0) / 17.0).collect();
            let got = Linear::new(&multiplier, &weights, scales.clone(), bias.clone())
                .apply(&multiplier, &Rounded::new(&multiplier, &input, depth));
            for row in 0..rows {
                for column in 0..columns {
                    let exact: f32 = (0..depth)
                        .map(|k| {
                            input[row * depth + k] * f32::from(weights[k * columns + column]) * scales[column]
                        })
                        .sum::<f32>()
                        + bias[column];
                    let error = (got[row * columns + column] - exact).abs();
                    assert!(error < 0.3, "{rows} rows of {depth}: row {row}, column {column}: {error}");
                }
            }
        }
    }

    #[test]
    fn a_row_of_nothing_but_zeros_gives_the_bias() {
        let multiplier = Multiplier::new();
        let linear = Linear::new(&multiplier, &[3; 32 * 16], vec![0.5; 16], vec![1.25; 16]);
        assert_eq!(linear.apply(&multiplier, &Rounded::new(&multiplier, &[0.0; 32], 32)), [1.25; 16]);
    }
}
