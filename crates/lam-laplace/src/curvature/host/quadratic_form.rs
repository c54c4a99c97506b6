//! `x_jᵀ T_k x_j` for every feature `j` and output `k`, with the triangular `T_k` of [`PairTriangle`].

use pulp::{Arch, Simd, WithSimd, bytemuck};
use rayon::prelude::*;

use super::live_panel::{LivePanel, LiveRow};
use super::self_terms::SelfTerms;
use super::triangle::{PairTriangle, start_of_row};

/// Tasks at most: enough to even out threads of unequal speed, few enough that starting them costs nothing.
const TASKS: usize = 64;
/// Numbers of triangular matrices that are worth a second thread.
const FILLED: usize = 1 << 14;
/// Bytes of triangular matrices that are used together. Each number of them serves a whole panel, so the third-level
/// cache is near enough.
const MATRIX_BYTES: usize = 1 << 22;

/// Weight part `[D, F]` and bias part `[D]` for row-major features `[B, F]`.
pub(super) fn quadratic_forms(
    triangle: &PairTriangle,
    terms: &SelfTerms,
    features: &[f32],
    size: usize,
    arch: Arch,
) -> (Vec<f32>, Vec<f32>) {
    let outputs = terms.outputs();
    let mut weight = vec![0.0; outputs * size];
    let mut bias = vec![0.0; outputs];
    let length = triangle.len();
    if length == 0 {
        return (weight, bias);
    }
    let at_once = (MATRIX_BYTES / (length * size_of::<f32>())).clamp(1, outputs.max(1));
    let panel_width = arch.dispatch(PanelWidth);
    let task_width = panel_width * size.div_ceil(panel_width).div_ceil(TASKS);
    let starts: Vec<usize> = (0..size).step_by(task_width.max(1)).collect();
    for first in (0..outputs).step_by(at_once) {
        let count = at_once.min(outputs - first);
        let mut matrices = vec![0.0; count * length];
        matrices
            .par_chunks_exact_mut(length)
            .with_min_len(FILLED.div_ceil(length))
            .zip(&mut bias[first..first + count])
            .enumerate()
            .for_each(|(k, (matrix, bias))| {
                let self_terms = terms.output(first + k);
                *bias = arch.dispatch(|| triangle.fill_output(first + k, self_terms, matrix));
            });
        let parts: Vec<Vec<f32>> = starts
            .par_iter()
            .with_max_len(1)
            .map(|&start| {
                arch.dispatch(Columns {
                    triangle,
                    matrices: &matrices,
                    features,
                    size,
                    start,
                    width: task_width.min(size - start),
                })
            })
            .collect();
        for (&start, part) in starts.iter().zip(&parts) {
            let width = task_width.min(size - start);
            for (k, row) in part.chunks_exact(width).enumerate() {
                weight[(first + k) * size + start..][..width].copy_from_slice(row);
            }
        }
    }
    (weight, bias)
}

/// Rows of `T` that are used together, and vectors of features: their sums take as many registers as the product; the
/// others hold a row of features and one broadcast. More rows spare loads, fewer features leave more samples out.
const WIDE: [usize; 2] = [8, 2];
/// The same with 16 registers.
const NARROW: [usize; 2] = [4, 3];

/// Features of a panel.
struct PanelWidth;

impl WithSimd for PanelWidth {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        let [_, vectors] = if S::REGISTER_COUNT >= 32 {
            WIDE
        } else {
            NARROW
        };
        vectors * S::F32_LANES
    }
}

/// The forms of the features `start .. start + width`, `[k * width + j]`.
struct Columns<'a> {
    triangle: &'a PairTriangle,
    matrices: &'a [f32],
    features: &'a [f32],
    size: usize,
    start: usize,
    width: usize,
}

impl WithSimd for Columns<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        if S::REGISTER_COUNT >= 32 {
            self.run::<S, { WIDE[0] }, { WIDE[1] }>(simd)
        } else {
            self.run::<S, { NARROW[0] }, { NARROW[1] }>(simd)
        }
    }
}

impl Columns<'_> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, simd: S) -> Vec<f32> {
        let outputs = self.matrices.len() / self.triangle.len();
        // One walk over the features where they lie, in runs as long as the task is wide.
        let height = self.triangle.height();
        let mut near = Vec::with_capacity(height * self.width);
        for sample in self.triangle.samples() {
            near.extend_from_slice(&self.features[sample * self.size + self.start..][..self.width]);
        }
        let panel_width = VECTORS * S::F32_LANES;
        let mut out = vec![0.0; outputs * self.width];
        let mut panel = LivePanel::<S, VECTORS>::with_room(simd, height, ROWS);
        let mut columns = LiveColumns::default();
        let mut sums = vec![[simd.splat_f32s(0.0); VECTORS]; outputs];
        for from in (0..self.width).step_by(panel_width) {
            let width = panel_width.min(self.width - from);
            let features = near
                .chunks_exact(self.width)
                .map(|row| &row[from..][..width]);
            panel.fill(simd, features, ROWS);
            sums.fill([simd.splat_f32s(0.0); VECTORS]);
            let groups = panel.rows().as_chunks::<ROWS>().0;
            let own_features = panel.features().as_chunks::<ROWS>().0;
            for (index, (group, own)) in groups.iter().zip(own_features).enumerate() {
                let before = &panel.rows()[..index * ROWS];
                let columns = columns.find(self.triangle, before, group);
                let matrices = self.matrices.chunks_exact(self.triangle.len());
                for (sum, matrix) in sums.iter_mut().zip(matrices) {
                    let form = form(simd, matrix, columns, panel.features(), group, own);
                    for v in 0..VECTORS {
                        sum[v] = simd.add_f32s(sum[v], form[v]);
                    }
                }
            }
            for (k, sums) in sums.iter().enumerate() {
                let sums: &[f32] = bytemuck::cast_slice(&sums[..]);
                out[k * self.width + from..][..width].copy_from_slice(&sums[..width]);
            }
        }
        out
    }
}

/// The columns to the left of some rows in which they have a pair.
#[derive(Default)]
struct LiveColumns {
    counted: Vec<u64>,
    found: Vec<LiveRow>,
}

impl LiveColumns {
    /// Of `group` among the rows of a panel that are before it.
    #[inline(always)]
    fn find<'a>(
        &'a mut self,
        triangle: &PairTriangle,
        before: &'a [LiveRow],
        group: &[LiveRow],
    ) -> &'a [LiveRow] {
        if triangle.is_dense() {
            return before;
        }
        let rows = group.iter().map(|live| live.row as usize);
        let first = triangle.counted(rows, &mut self.counted);
        let start = before.partition_point(|column| (column.row as usize) < first);
        self.found.clear();
        self.found.resize(before.len() - start, LiveRow::default());
        let mut count = 0;
        for column in &before[start..] {
            // Written in any case: cheaper than a branch that is taken at random.
            self.found[count] = *column;
            let [word, bit] = [column.row / 64, column.row % 64];
            count += (self.counted[word as usize] >> bit & 1) as usize;
        }
        &self.found[..count]
    }
}

/// `Σ_a x_a Σ_b T[a,b] x_b` for the rows `a` of a group, `own` being their features, over the columns found and the group's own.
#[inline(always)]
fn form<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    matrix: &[f32],
    columns: &[LiveRow],
    features: &[[S::f32s; VECTORS]],
    group: &[LiveRow; ROWS],
    own: &[[S::f32s; VECTORS]; ROWS],
) -> [S::f32s; VECTORS] {
    let add = |sum: &mut [S::f32s; VECTORS], entry: f32, x: &[S::f32s; VECTORS]| {
        let entry = simd.splat_f32s(entry);
        for v in 0..VECTORS {
            sum[v] = simd.mul_add_e_f32s(entry, x[v], sum[v]);
        }
    };
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    // What all rows have, in slices of one length, so that it is checked once.
    let common = group[0].row as usize;
    let entries: [&[f32]; ROWS] =
        std::array::from_fn(|r| &matrix[start_of_row(group[r].row as usize)..][..common]);
    for column in columns {
        let x = &features[column.place as usize];
        for r in 0..ROWS {
            add(&mut sums[r], entries[r][column.row as usize], x);
        }
    }
    for r in 0..ROWS {
        let entries = &matrix[start_of_row(group[r].row as usize)..];
        for c in 0..=r {
            add(&mut sums[r], entries[group[c].row as usize], &own[c]);
        }
    }
    let mut total = [simd.splat_f32s(0.0); VECTORS];
    for (sum, x) in sums.iter().zip(own) {
        for v in 0..VECTORS {
            total[v] = simd.mul_add_e_f32s(sum[v], x[v], total[v]);
        }
    }
    total
}
