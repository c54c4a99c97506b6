//! The register tile that all forward kernels share.

use crate::level::Lanes;

/// Where a tile finds its numbers.
#[derive(Clone, Copy)]
pub(crate) struct Reads<'a> {
    /// The image.
    pub x: &'a [f32],
    /// From an output pixel to the next, in the image.
    pub step: usize,
    /// Starts of the runs of a window, relative to its first number.
    pub runs: &'a [usize],
    /// Numbers in a run, all contiguous (a row of the window: kernel columns by channels).
    pub run: usize,
}

/// Adds `Σ_k x[window(r, p)][k] · weights[k][v]` to `sums[r][p][v]`: the windows of `R` rows of `P`
/// neighbouring pixels, `V` vectors of output channels. All sums stay in registers; a step costs `R · P`
/// broadcasts and `V` loads for `R · P · V` multiply-adds.
///
/// Plain indices throughout: with iterators over the arrays the compiler unrolls too late to keep the sums in
/// registers, and the tile runs ten times slower.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
pub(crate) fn accumulate<S: Lanes, const R: usize, const P: usize, const V: usize>(
    simd: S,
    reads: Reads,
    firsts: [usize; R],
    weights: &[[S::f32s; V]],
    sums: &mut [[[S::f32s; V]; P]; R],
) {
    let run = reads.run;
    for (&offset, weights) in reads.runs.iter().zip(weights.chunks_exact(run)) {
        // Slices of one known length: no bounds are checked in the inner loop.
        let mut windows: [[&[f32]; P]; R] = [[&[]; P]; R];
        for r in 0..R {
            for p in 0..P {
                windows[r][p] = &reads.x[firsts[r] + offset + p * reads.step..][..run];
            }
        }
        for k in 0..run {
            let vectors = weights[k];
            for r in 0..R {
                for p in 0..P {
                    let value = simd.splat_f32s(windows[r][p][k]);
                    for v in 0..V {
                        sums[r][p][v] = simd.multiply_add(value, vectors[v], sums[r][p][v]);
                    }
                }
            }
        }
    }
}

/// Broadcast numbers of a tile two vectors wide: as many as the registers hold sums for.
pub(crate) const fn max_count<S: Lanes>() -> usize {
    if S::REGISTER_COUNT >= 32 { 12 } else { 6 }
}

/// Loads up to a vector of a bias; zeros where it ends.
#[inline(always)]
pub(crate) fn load_bias<S: Lanes, const V: usize>(
    simd: S,
    bias: Option<&[f32]>,
    first: usize,
) -> [S::f32s; V] {
    let mut vectors = [simd.splat_f32s(0.0); V];
    if let Some(bias) = bias {
        for (v, vector) in vectors.iter_mut().enumerate() {
            let rest = bias.get(first + v * S::F32_LANES..).unwrap_or(&[]);
            *vector = simd.partial_load_f32s(&rest[..rest.len().min(S::F32_LANES)]);
        }
    }
    vectors
}

/// Calls the body with a count of 1 to 12 as a constant; above 6 only where there are registers for it.
macro_rules! with_count {
    ($simd:ty, $count:expr, $N:ident => $body:expr) => {
        with_count!(@ $simd, $count, $N => $body, [1 2 3 4 5 6], [7 8 9 10 11 12])
    };
    (@ $simd:ty, $count:expr, $N:ident => $body:expr, [$($small:literal)*], [$($large:literal)*]) => {
        match $count {
            $($small => { const $N: usize = $small; $body })*
            $($large if <$simd>::REGISTER_COUNT >= 32 => { const $N: usize = $large; $body })*
            _ => unreachable!("tiles are cut to fit the registers"),
        }
    };
}
pub(crate) use with_count;
