//! Features side by side, of the samples that have some of them.

use pulp::{Simd, bytemuck};

/// A row that has some of the features.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LiveRow {
    /// Which of the panel's it is.
    pub(super) place: u32,
    /// Which of all rows it is.
    pub(super) row: u32,
}

/// A panel of `VECTORS` vectors of features, of the rows that have one which is not 0. Of the rectified features of a trained
/// network most are 0, and a sample without any adds nothing to their forms.
pub(super) struct LivePanel<S: Simd, const VECTORS: usize> {
    features: Vec<[S::f32s; VECTORS]>,
    rows: Vec<LiveRow>,
    /// How many there are, with what fills the last group.
    count: usize,
}

impl<S: Simd, const VECTORS: usize> LivePanel<S, VECTORS> {
    /// An empty one with room for so many rows in groups.
    pub(super) fn with_room(simd: S, rows: usize, group: usize) -> Self {
        let room = rows.next_multiple_of(group) + 1;
        Self {
            features: vec![[simd.splat_f32s(0.0); VECTORS]; room],
            rows: vec![LiveRow::default(); room],
            count: 0,
        }
    }

    /// Takes other features, of all rows one after the other.
    #[inline(always)]
    pub(super) fn fill<'a>(
        &mut self,
        simd: S,
        rows: impl Iterator<Item = &'a [f32]>,
        group: usize,
    ) {
        let mut live = 0;
        for (row, values) in rows.enumerate() {
            let x = match S::as_simd_f32s(values).0.try_into() {
                Ok(whole) => whole,
                Err(_) => {
                    let mut x = [simd.splat_f32s(0.0); VECTORS];
                    bytemuck::cast_slice_mut(&mut x)[..values.len()].copy_from_slice(values);
                    x
                }
            };
            // Written in any case: cheaper than a branch that is taken at random.
            self.features[live] = x;
            self.rows[live] = LiveRow {
                place: live as u32,
                row: row as u32,
            };
            let numbers: &[f32] = bytemuck::cast_slice(&x);
            // All bits but the sign: a NaN is a number that counts.
            let bits = numbers.iter().fold(0, |bits, x| bits | x.to_bits());
            live += usize::from(bits << 1 != 0);
        }
        self.count = live.next_multiple_of(group);
        let last = self.rows[live.saturating_sub(1)];
        self.features[live..self.count].fill([simd.splat_f32s(0.0); VECTORS]);
        self.rows[live..self.count].fill(last);
    }

    /// The rows' features, then zeros to the end of a group.
    #[inline(always)]
    pub(super) fn features(&self) -> &[[S::f32s; VECTORS]] {
        &self.features[..self.count]
    }

    /// The rows, ascending, and the last one again to the end of a group.
    #[inline(always)]
    pub(super) fn rows(&self) -> &[LiveRow] {
        &self.rows[..self.count]
    }
}
