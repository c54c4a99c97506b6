//! Points regrouped for vector instructions.

use crate::aligned::AlignedF32;

/// Points in a panel: two AVX-512 vectors, four of AVX2, eight of NEON.
pub(crate) const PANEL: usize = 32;

/// Points `[N, D]` as panels `[⌈N/32⌉, D, 32]`: within a panel, coordinate `d` of 32 points is
/// contiguous. The places after the last point are filled with zeros; who reads scores of a panel
/// leaves out the places that hold no point.
#[derive(Debug)]
pub(crate) struct Panels {
    dim: usize,
    values: AlignedF32,
}

impl Panels {
    /// Packs `len` points of dimension `dim`, `point(i)` being the i-th.
    pub(crate) fn pack<'p>(len: usize, dim: usize, point: impl Fn(usize) -> &'p [f32]) -> Self {
        let panels = len.div_ceil(PANEL);
        let mut values = AlignedF32::filled(panels * dim * PANEL, 0.0);
        let stride = dim * PANEL;
        for (panel, target) in values.as_mut_slice().chunks_exact_mut(stride).enumerate() {
            let first = panel * PANEL;
            for lane in 0..PANEL.min(len - first) {
                for (place, &value) in target[lane..]
                    .iter_mut()
                    .step_by(PANEL)
                    .zip(point(first + lane))
                {
                    *place = value;
                }
            }
        }
        Self { dim, values }
    }

    /// Values of one panel, `[D, 32]`.
    #[inline]
    pub(crate) fn panel(&self, panel: usize) -> &[f32] {
        let stride = self.dim * PANEL;
        &self.values.as_slice()[panel * stride..(panel + 1) * stride]
    }

    /// All panels in order.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.as_slice().chunks_exact(self.dim * PANEL)
    }
}
