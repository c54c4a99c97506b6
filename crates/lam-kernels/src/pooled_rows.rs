//! The pooled map, as the kernels fill it: a row of a panel of channels at a time.

use crate::Layout;
use crate::level::Lanes;

/// The winner of a window in which nothing is above zero: ReLU lets no gradient through.
pub const DEAD: u8 = 4;

/// One image's pooled map.
pub(crate) struct PooledRows<'a> {
    pub rows: usize,
    pub columns: usize,
    pub channels: usize,
    pub layout: Layout,
    pub values: &'a mut [f32],
    pub winners: Option<&'a mut [u8]>,
    /// One row of the map for one panel of channels, `[columns, panel]`, before it is put in order.
    pub row_values: &'a mut [f32],
    pub row_winners: &'a mut [u32],
}

impl PooledRows<'_> {
    /// ReLU and pool of a window's four candidates, row by row, into the row buffers.
    #[inline(always)]
    pub fn pool<S: Lanes, const V: usize>(
        &mut self,
        simd: S,
        column: usize,
        candidates: [[S::f32s; V]; 4],
    ) {
        let zero = simd.splat_f32s(0.0);
        let values = S::as_mut_simd_f32s(self.row_values).0;
        let values = &mut values.as_chunks_mut::<V>().0[column];
        let winners = S::as_mut_simd_u32s(self.row_winners).0;
        let winners = &mut winners.as_chunks_mut::<V>().0[column];
        for v in 0..V {
            let mut best = candidates[0][v];
            let mut place = simd.splat_u32s(0);
            for (i, candidate) in (0u32..).zip(candidates).skip(1) {
                // Kept: the first of equals, and the first NaN.
                let number = simd.equal_f32s(best, best);
                let not_above = simd.less_than_or_equal_f32s(candidate[v], best);
                let keep = simd.or_m32s(not_above, simd.not_m32s(number));
                best = simd.select_f32s(keep, best, candidate[v]);
                place = simd.select_u32s(keep, place, simd.splat_u32s(i));
            }
            let dead = simd.less_than_or_equal_f32s(best, zero);
            values[v] = simd.select_f32s(dead, zero, best);
            winners[v] = simd.select_u32s(dead, simd.splat_u32s(DEAD.into()), place);
        }
    }

    /// Puts a finished row of a panel `width` channels wide where it belongs.
    #[inline(always)]
    pub fn put_row(&mut self, row: usize, channel: usize, width: usize) {
        let used = width.min(self.channels - channel);
        let pixels = self.rows * self.columns;
        let pixel = row * self.columns;
        match self.layout {
            Layout::Nhwc => {
                for (column, from) in self
                    .row_values
                    .chunks_exact(width)
                    .take(self.columns)
                    .enumerate()
                {
                    self.values[(pixel + column) * self.channels + channel..][..used]
                        .copy_from_slice(&from[..used]);
                }
            }
            Layout::Nchw => {
                for lane in 0..used {
                    let to = &mut self.values[(channel + lane) * pixels + pixel..][..self.columns];
                    for (to, from) in to.iter_mut().zip(self.row_values.chunks_exact(width)) {
                        *to = from[lane];
                    }
                }
            }
        }
        if let Some(winners) = &mut self.winners {
            for lane in 0..used {
                let to = &mut winners[(channel + lane) * pixels + pixel..][..self.columns];
                for (to, from) in to.iter_mut().zip(self.row_winners.chunks_exact(width)) {
                    *to = from[lane] as u8;
                }
            }
        }
    }
}
