//! The two inner loops, over whatever vectors the machine has.
//!
//! Everything here is inlined into a function that was compiled for the instruction set found at run
//! time (`pulp::Arch::dispatch`), so nothing may be left as a call of its own.

use pulp::Simd;
use pulp::bytemuck::cast_slice;

use crate::panels::PANEL;

/// Whether any lane of `mask` is set.
#[inline(always)]
fn any<S: Simd>(simd: S, mask: S::m32s) -> bool {
    simd.first_true_m32s(mask) < S::F32_LANES
}

/// Lanes of either vector that are at most `limit`.
#[inline(always)]
fn within<S: Simd>(simd: S, scores: [S::f32s; 2], limit: f32) -> S::m32s {
    let limit = simd.splat_f32s(limit);
    simd.or_m32s(
        simd.less_than_or_equal_f32s(scores[0], limit),
        simd.less_than_or_equal_f32s(scores[1], limit),
    )
}

/// Squared distances of one query to the 32 points of a panel, by differences.
///
/// Returns whether any of them is at most `limit`. The relative error of a score is at most
/// `(D + 3) · 2⁻²⁴`, up to underflow: every term is a rounded difference, squared, and all are positive.
#[inline(always)]
pub(crate) fn differences<S: Simd, const D: usize>(
    simd: S,
    query: &[S::f32s; D],
    panel: &[f32],
    limit: f32,
    scores: &mut [f32; PANEL],
) -> bool {
    let vectors = PANEL / S::F32_LANES;
    let (rows, _) = S::as_simd_f32s(panel);
    let (out, _) = S::as_mut_simd_f32s(scores.as_mut_slice());
    let limit = simd.splat_f32s(limit);
    let mut found = false;
    for (v, out) in out.iter_mut().enumerate() {
        let mut sum = simd.splat_f32s(0.0);
        for (row, &coordinate) in rows.chunks_exact(vectors).zip(query) {
            let difference = simd.sub_f32s(row[v], coordinate);
            sum = simd.mul_add_e_f32s(difference, difference, sum);
        }
        *out = sum;
        found |= any(simd, simd.less_than_or_equal_f32s(sum, limit));
    }
    found
}

/// Scores `|b|² + q·b` of `Q` queries (given as `q = −2a`, `[D, Q]`) against the points of two
/// vectors of a panel; `first` is the first of the two vectors. Each lane that may lie within its
/// query's limit makes `hit(query, scores)` be called with all lanes of that query.
///
/// The accumulators stay in registers and, since hits become rare as the limits fall, are mostly never
/// stored: the product costs no memory traffic beyond its operands.
#[inline(always)]
pub(crate) fn product_tile<S: Simd, const Q: usize>(
    simd: S,
    queries: &[[f32; Q]],
    limits: &mut [f32; Q],
    panel: &[f32],
    norms: &[f32],
    first: usize,
    mut hit: impl FnMut(usize, &[f32]) -> f32,
) {
    let vectors = PANEL / S::F32_LANES;
    let (rows, _) = S::as_simd_f32s(panel);
    let (norms, _) = S::as_simd_f32s(norms);
    let mut sums = [[norms[first], norms[first + 1]]; Q];
    for (row, query) in rows.chunks_exact(vectors).zip(queries) {
        let (b0, b1) = (row[first], row[first + 1]);
        for q in 0..Q {
            let coordinate = simd.splat_f32s(query[q]);
            sums[q][0] = simd.mul_add_e_f32s(coordinate, b0, sums[q][0]);
            sums[q][1] = simd.mul_add_e_f32s(coordinate, b1, sums[q][1]);
        }
    }
    let mut anywhere = within(simd, sums[0], limits[0]);
    for q in 1..Q {
        anywhere = simd.or_m32s(anywhere, within(simd, sums[q], limits[q]));
    }
    if !any(simd, anywhere) {
        return;
    }
    let mut stored = [[sums[0][0]; 2]; Q];
    for q in 0..Q {
        stored[q][0] = sums[q][0];
        stored[q][1] = sums[q][1];
    }
    for (query, (sum, limit)) in stored.iter().zip(limits).enumerate() {
        if any(simd, within(simd, *sum, *limit)) {
            *limit = hit(query, cast_slice(sum.as_slice()));
        }
    }
}

/// Runs the same work on every instruction set this machine has, the plain one included.
#[cfg(test)]
pub(crate) fn on_every_instruction_set<Op: pulp::WithSimd>(
    op: impl Fn() -> Op,
) -> Vec<(&'static str, Op::Output)> {
    let mut results = vec![("plain", op().with_simd(pulp::Scalar))];
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V3::try_new() {
            results.push(("AVX2", Simd::vectorize(simd, op())));
        }
        if let Some(simd) = pulp::x86::V4::try_new() {
            results.push(("AVX-512", Simd::vectorize(simd, op())));
        }
    }
    results.push(("best", pulp::Arch::new().dispatch(op())));
    results
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;

    /// Values that are exact in `f32` whatever the order of operations: multiples of 1/8 below 4.
    fn value(i: usize) -> f32 {
        ((i * 37 + i / 5 * 11) % 61) as f32 / 8.0 - 3.0
    }

    struct Differences<'t> {
        query: &'t [f32; 5],
        panel: &'t [f32],
        limit: f32,
    }

    impl WithSimd for Differences<'_> {
        type Output = (bool, [f32; PANEL]);

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let query = self.query.map(|x| simd.splat_f32s(x));
            let mut scores = [0.0; PANEL];
            let found = differences(simd, &query, self.panel, self.limit, &mut scores);
            (found, scores)
        }
    }

    #[test]
    fn differences_are_squared_distances() {
        let panel: Vec<f32> = (0..5 * PANEL).map(value).collect();
        let query = [0.5, -1.0, 2.0, 0.25, -0.125];
        let expected: Vec<f32> = (0..PANEL)
            .map(|lane| {
                (0..5)
                    .map(|d| (panel[d * PANEL + lane] - query[d]).powi(2))
                    .sum()
            })
            .collect();
        let least = expected.iter().copied().fold(f32::INFINITY, f32::min);
        for limit in [least, least.next_down()] {
            let op = || Differences {
                query: &query,
                panel: &panel,
                limit,
            };
            for (name, (found, scores)) in on_every_instruction_set(op) {
                assert_eq!(scores.as_slice(), expected, "{name}");
                assert_eq!(found, limit == least, "{name}");
            }
        }
    }

    const QUERIES: usize = 6;

    struct Tile<'t> {
        queries: &'t [[f32; QUERIES]],
        panel: &'t [f32],
        norms: &'t [f32],
        limits: [f32; QUERIES],
    }

    impl WithSimd for Tile<'_> {
        /// Query, first lane, scores of every call of `hit`; and the limits afterwards.
        type Output = (Vec<(usize, usize, Vec<f32>)>, [f32; QUERIES]);

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, simd: S) -> Self::Output {
            let mut hits = Vec::new();
            for first in (0..PANEL / S::F32_LANES).step_by(2) {
                let lane = first * S::F32_LANES;
                let hit = |query: usize, scores: &[f32]| {
                    hits.push((query, lane, scores.to_vec()));
                    f32::NEG_INFINITY
                };
                let (queries, limits) = (self.queries, &mut self.limits);
                product_tile(simd, queries, limits, self.panel, self.norms, first, hit);
            }
            (hits, self.limits)
        }
    }

    /// Queries 0, 2 and 4 can be hit, and only until their first hit lowers their limit.
    #[test]
    fn tile_reports_lanes_within_the_limit() {
        let dim = 7;
        let panel: Vec<f32> = (0..dim * PANEL).map(value).collect();
        let norms: Vec<f32> = (0..PANEL).map(|i| value(i * 3).abs()).collect();
        let queries: Vec<[f32; QUERIES]> = (0..dim)
            .map(|d| std::array::from_fn(|q| value(d * 13 + q * 7)))
            .collect();
        let score = |query: usize, lane: usize| -> f32 {
            let products = (0..dim).map(|d| queries[d][query] * panel[d * PANEL + lane]);
            norms[lane] + products.sum::<f32>()
        };
        let limits: [f32; QUERIES] = std::array::from_fn(|query| {
            let scores = (0..PANEL).map(|lane| score(query, lane));
            let least = scores.fold(f32::INFINITY, f32::min);
            if query % 2 == 0 {
                least
            } else {
                least.next_down()
            }
        });
        let op = || Tile {
            queries: &queries,
            panel: &panel,
            norms: &norms,
            limits,
        };
        for (name, (hits, after)) in on_every_instruction_set(op) {
            let mut hit: Vec<usize> = hits.iter().map(|(query, _, _)| *query).collect();
            hit.sort_unstable();
            assert_eq!(hit, [0, 2, 4], "{name}");
            for (query, first, scores) in hits {
                for (offset, value) in scores.iter().enumerate() {
                    assert_eq!(*value, score(query, first + offset), "{name}");
                }
                assert!(scores.contains(&limits[query]), "{name}");
            }
            for (query, limit) in after.iter().enumerate() {
                let expected = if query % 2 == 0 {
                    f32::NEG_INFINITY
                } else {
                    limits[query]
                };
                assert_eq!(*limit, expected, "{name}");
            }
        }
    }
}
