//! The pairs of a batch as a triangular matrix per output, with a note of the entries for which no pair was counted.

use pulp::Arch;
use rayon::prelude::*;

use super::self_terms::Directions;

/// Rows that are worth a second thread.
const ROWS_OF_TASK: usize = 64;
/// Share of the entries with counted pairs from which on it is not worth while to look for those without: even a few rows
/// together have hardly a column without one.
const DENSE: f64 = 0.5;
/// Sums that are formed side by side.
const SUMS: usize = 8;

/// What all outputs `k` share of their cross terms, as a lower triangle (the upper folded onto the lower).
///
/// Samples that positive pairs connect are neighbours in it, so that the rows of a label have the same few columns.
pub(super) struct PairTriangle {
    rows: Vec<Row>,
    /// `u` per row: `[k * rows + row]`.
    units: Vec<f32>,
    is_dense: bool,
}

/// One sample that has pairs.
struct Row {
    sample: usize,
    /// The first column for which a pair was counted, the row's own if there is none before.
    first: usize,
    /// `N[a,b] / (r_a r_b)` for the columns `first ..= row`, twice below the diagonal.
    scaled: Vec<f32>,
    /// `N[a,b] c_ab / (r_a r_b)`, likewise.
    with_cosine: Vec<f32>,
    /// A bit for each column, up to the row's own, for which a pair was counted, 64 at a time.
    counted: Vec<u64>,
}

impl PairTriangle {
    /// From signed counts in both directions `N` and the positives, `[B, B]` each.
    pub(super) fn new(
        directions: &Directions,
        both_ways: &[f32],
        positives: &[f32],
        arch: Arch,
    ) -> Self {
        let batch = directions.batch;
        let mut samples = connected_order(positives, batch);
        samples.retain(|&a| both_ways[a * batch..][..batch].iter().any(|&n| n != 0.0));
        let units: Vec<f32> = (0..directions.outputs)
            .flat_map(|k| {
                samples
                    .iter()
                    .map(move |&sample| directions.output(k)[sample])
            })
            .collect();
        let rows: Vec<Row> = (0..samples.len())
            .into_par_iter()
            .with_min_len(ROWS_OF_TASK)
            .map(|row| arch.dispatch(|| Row::new(directions, both_ways, &samples, &units, row)))
            .collect();
        let counted = rows.iter().flat_map(|row| &row.counted);
        let counted = counted.map(|bits| bits.count_ones()).sum::<u32>();
        Self {
            is_dense: f64::from(counted) >= DENSE * start_of_row(rows.len()) as f64,
            rows,
            units,
        }
    }

    /// Rows, and columns of the last one.
    pub(super) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Numbers of a matrix.
    pub(super) fn len(&self) -> usize {
        start_of_row(self.height())
    }

    /// Sample of every row.
    pub(super) fn samples(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().map(|row| row.sample)
    }

    /// Whether most entries belong to counted pairs.
    pub(super) fn is_dense(&self) -> bool {
        self.is_dense
    }

    /// The first column for which some of the rows have a pair, and in `counted` a bit for each that they have one for, 64
    /// at a time.
    #[inline(always)]
    pub(super) fn counted(
        &self,
        rows: impl Iterator<Item = usize>,
        counted: &mut Vec<u64>,
    ) -> usize {
        counted.clear();
        counted.resize(self.height().div_ceil(64), 0);
        let mut first = usize::MAX;
        for row in rows.map(|row| &self.rows[row]) {
            first = first.min(row.first);
            for (all, bits) in counted.iter_mut().zip(&row.counted) {
                *all |= bits;
            }
        }
        first
    }

    /// Writes `T_k` over zeros, row after row: `N[a,b]·E_k[a,b]` twice below the diagonal, once on it, and there the self
    /// terms as well. Returns the sum of all entries, which is the form of a feature that is always 1.
    #[inline(always)]
    pub(super) fn fill_output(&self, k: usize, self_terms: &[f32], out: &mut [f32]) -> f32 {
        let units = &self.units[k * self.height()..][..self.height()];
        let mut sums = [0.0_f64; SUMS];
        for (index, row) in self.rows.iter().enumerate() {
            let own = units[index];
            let entries = &mut out[start_of_row(index)..][row.first..=index];
            let shared = row.scaled.iter().zip(&row.with_cosine);
            for ((out, u), (m, q)) in entries.iter_mut().zip(&units[row.first..]).zip(shared) {
                *out = m * (own * own + u * u - 1.0) - q * own * u;
            }
            entries[index - row.first] += self_terms[row.sample];
            for entries in entries.chunks(SUMS) {
                for (sum, &entry) in sums.iter_mut().zip(entries) {
                    *sum += f64::from(entry);
                }
            }
        }
        sums.iter().sum::<f64>() as f32
    }
}

/// Where a row begins in a matrix that is packed row after row.
#[inline(always)]
pub(super) fn start_of_row(row: usize) -> usize {
    row * (row + 1) / 2
}

impl Row {
    #[inline(always)]
    fn new(
        directions: &Directions,
        both_ways: &[f32],
        samples: &[usize],
        units: &[f32],
        row: usize,
    ) -> Self {
        let sample = samples[row];
        let counts = &both_ways[sample * directions.batch..][..directions.batch];
        let before = &samples[..=row];
        let first = before.iter().position(|&b| counts[b] != 0.0).unwrap_or(row);
        let mut counted = vec![0; samples.len().div_ceil(64)];
        let own = directions.inverse_norms[sample];
        let scaled: Vec<f32> = (first..=row)
            .map(|column| {
                let b = samples[column];
                counted[column / 64] |= u64::from(counts[b] != 0.0) << (column % 64);
                let folded = if column == row { 1.0 } else { 2.0 };
                folded * counts[b] * (own * directions.inverse_norms[b])
            })
            .collect();
        let mut with_cosine = vec![0.0; scaled.len()];
        for units in units.chunks_exact(samples.len()) {
            for (cosine, u) in with_cosine.iter_mut().zip(&units[first..]) {
                *cosine += units[row] * u;
            }
        }
        for (cosine, scaled) in with_cosine.iter_mut().zip(&scaled) {
            *cosine *= scaled;
        }
        Self {
            sample,
            first,
            scaled,
            with_cosine,
            counted,
        }
    }
}

/// All samples, those of a connected component of the graph of counted pairs together, components in the order of their
/// smallest member.
fn connected_order(counts: &[f32], batch: usize) -> Vec<usize> {
    let paired = |a: usize, b: usize| counts[a * batch + b] != 0.0 || counts[b * batch + a] != 0.0;
    let mut unseen: Vec<usize> = (0..batch).collect();
    let mut order: Vec<usize> = Vec::with_capacity(batch);
    while !unseen.is_empty() {
        let start = order.len();
        order.push(unseen.remove(0));
        let mut next = start;
        while let Some(&sample) = order.get(next) {
            next += 1;
            unseen.retain(|&other| {
                let reached = paired(sample, other);
                if reached {
                    order.push(other);
                }
                !reached
            });
        }
        order[start..].sort_unstable();
    }
    order
}
