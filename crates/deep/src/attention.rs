//! Attention within one window: each token gathers from all tokens of its window.

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_simd::SimdOp;
use rten_tensor::NdTensorView;
use rten_vecmath::Softmax;

/// The multiplier of full numbers for this machine.
pub(crate) type Multiplier = GemmExecutor<f32, f32, f32>;

/// Writes into `out`, a row of `hidden` for each token, what the heads gather from `qkv`, which has a row of query,
/// key and value side by side for each token.
pub(crate) fn gather(multiplier: &Multiplier, qkv: &[f32], hidden: usize, heads: usize, out: &mut [f32]) {
    let tokens = out.len() / hidden;
    let width = hidden / heads;
    let row = 3 * hidden;
    let mut shares = vec![0.0; tokens * tokens];
    let mut gathered = vec![0.0; tokens * width];
    for head in 0..heads {
        let part = |kind: usize| &qkv[kind * hidden + head * width..];
        let queries = view([tokens, width], part(0), [row, 1]);
        let keys = view([width, tokens], part(1), [1, row]);
        let values = view([tokens, width], part(2), [row, 1]);
        let scaled = GemmOptions { alpha: 1.0 / (width as f32).sqrt(), ..GemmOptions::default() };
        multiplier
            .gemm(&mut shares, GemmInputA::Unpacked(queries), GemmInputB::Unpacked(keys), scaled)
            .expect("a head's queries and keys are equally wide");
        for shares in shares.chunks_exact_mut(tokens) {
            Softmax::new_mut(shares).dispatch();
        }
        let shares = NdTensorView::from_data([tokens, tokens], &shares[..]);
        multiplier
            .gemm(
                &mut gathered,
                GemmInputA::Unpacked(shares),
                GemmInputB::Unpacked(values),
                GemmOptions::default(),
            )
            .expect("there is a share for each token");
        for (token, gathered) in gathered.chunks_exact(width).enumerate() {
            out[token * hidden + head * width..][..width].copy_from_slice(gathered);
        }
    }
}

fn view(shape: [usize; 2], data: &[f32], strides: [usize; 2]) -> NdTensorView<'_, f32, 2> {
    NdTensorView::from_slice_with_strides(shape, data, strides).expect("the slice holds every token's row")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gathers_the_values_in_proportion_to_how_its_query_meets_the_keys() {
        for (hidden, heads, tokens) in [(8, 2, 3), (384, 12, 1), (384, 12, 90)] {
            let qkv: Vec<f32> = (0..tokens * 3 * hidden).map(|i| ((i * 7 % 13) as f32 - 6.0) / 5.0).collect();
            let mut out = vec![0.0; tokens * hidden];
            gather(&Multiplier::new(), &qkv, hidden, heads, &mut out);
            let width = hidden / heads;
            let at = |token: usize, kind: usize, i: usize| qkv[token * 3 * hidden + kind * hidden + i];
            for token in 0..tokens {
                for i in (0..hidden).step_by(5) {
                    let first = i / width * width;
                    let meeting = |other| {
                        (first..first + width).map(|j| at(token, 0, j) * at(other, 1, j)).sum::<f32>()
                    };
                    let weight = |other: usize| (meeting(other) / (width as f32).sqrt()).exp();
                    let total: f32 = (0..tokens).map(weight).sum();
                    let exact: f32 = (0..tokens).map(|other| weight(other) / total * at(other, 2, i)).sum();
                    let error = (out[token * hidden + i] - exact).abs();
                    assert!(error < 1e-3, "{tokens} tokens: token {token}, number {i}: {error}");
                }
            }
        }
    }
}
