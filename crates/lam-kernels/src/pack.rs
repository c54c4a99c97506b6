//! Weights in the order in which the kernels read them.

use crate::level::Lanes;
use crate::scratch::Scratch;

/// Vectors of channels that a full panel holds.
pub(crate) const PANEL: usize = 2;

/// How a kernel reads a weight `[Cout, Cin, Kh, Kw]`: summed over taps and, inside a tap, over one kind of
/// channel, for each channel of the other kind.
pub(crate) struct Order {
    /// Index of each tap.
    pub taps: Vec<usize>,
    /// Channels summed over.
    pub inner: usize,
    /// From one of them to the next.
    pub inner_step: usize,
    /// Channels that come out.
    pub channels: usize,
    /// From one of them to the next.
    pub channel_step: usize,
}

impl Order {
    /// Length of the summed index.
    pub fn summed(&self) -> usize {
        self.taps.len() * self.inner
    }

    /// Numbers in all panels together.
    pub fn packed_len(&self, lanes: usize) -> usize {
        self.channels.next_multiple_of(lanes) * self.summed()
    }

    /// Puts a weight into the order.
    pub fn pack(&self, weight: &[f32], lanes: usize) -> Packed {
        let mut data = Scratch::unspecified(self.packed_len(lanes));
        for (first, panel) in panels_mut(&mut data, self.summed(), lanes) {
            let (width, used) = self.panel_width(first, lanes);
            let mut rows = panel.chunks_exact_mut(width);
            for tap in &self.taps {
                let start = tap + first * self.channel_step;
                for (i, row) in rows.by_ref().take(self.inner).enumerate() {
                    let from = &weight[start + i * self.inner_step..];
                    for (lane, value) in row[..used].iter_mut().enumerate() {
                        *value = from[lane * self.channel_step];
                    }
                    row[used..].fill(0.0);
                }
            }
        }
        Packed {
            data,
            summed: self.summed(),
            channels: self.channels,
            lanes,
        }
    }

    /// Takes a weight out of the order.
    pub fn unpack(&self, data: &[f32], lanes: usize, weight: &mut [f32]) {
        for (first, panel) in panels(data, self.summed(), self.channels, lanes) {
            let (width, used) = self.panel_width(first, lanes);
            let mut rows = panel.chunks_exact(width);
            for tap in &self.taps {
                let start = tap + first * self.channel_step;
                for (i, row) in rows.by_ref().take(self.inner).enumerate() {
                    let to = &mut weight[start + i * self.inner_step..];
                    for (lane, &value) in row[..used].iter().enumerate() {
                        to[lane * self.channel_step] = value;
                    }
                }
            }
        }
    }

    /// Lanes of the panel that starts at a channel, and how many of them are channels.
    fn panel_width(&self, first: usize, lanes: usize) -> (usize, usize) {
        let rest = self.channels - first;
        let width = rest.next_multiple_of(lanes).min(PANEL * lanes);
        (width, rest.min(width))
    }
}

/// Weights by panels of `PANEL` vectors of channels (the last may have one), inside a panel by the summed
/// index, inside that by channel; channels are filled up with zeros to full vectors.
pub(crate) struct Packed {
    data: Scratch<f32>,
    summed: usize,
    channels: usize,
    lanes: usize,
}

impl Packed {
    /// Each panel with its first channel; empty ones if the summed index is.
    #[inline(always)]
    fn panels(&self) -> impl Iterator<Item = (usize, &[f32])> {
        panels(&self.data, self.summed, self.channels, self.lanes)
    }
}

/// What goes through weights panel by panel.
pub(crate) trait ByPanels {
    /// Up to `V` vectors of channels from `channel` on; `weights` are in the order of [`Packed`]. `#[inline(always)]`, as in
    /// [`Kernel`](crate::level::Kernel).
    fn panel<S: Lanes, const V: usize>(
        &mut self,
        simd: S,
        channel: usize,
        weights: &[[S::f32s; V]],
    );
}

/// Every panel of `weights` in order, the last as narrow as its channels allow.
#[inline(always)]
pub(crate) fn by_panels<S: Lanes>(simd: S, weights: &Packed, kernel: &mut impl ByPanels) {
    for (channel, panel) in weights.panels() {
        let vectors = S::as_simd_f32s(panel).0;
        if weights.channels - channel > (PANEL - 1) * S::F32_LANES {
            kernel.panel::<S, PANEL>(simd, channel, vectors.as_chunks().0);
        } else {
            kernel.panel::<S, 1>(simd, channel, vectors.as_chunks().0);
        }
    }
}

#[inline(always)]
fn panels(
    data: &[f32],
    summed: usize,
    channels: usize,
    lanes: usize,
) -> impl Iterator<Item = (usize, &[f32])> {
    let width = PANEL * lanes;
    (0..channels).step_by(width).map(move |first| {
        let start = first * summed;
        (first, &data[start..data.len().min(start + width * summed)])
    })
}

/// Each panel of packed data, with its first channel; none if the summed index is empty.
#[inline(always)]
pub(crate) fn panels_mut(
    data: &mut [f32],
    summed: usize,
    lanes: usize,
) -> impl Iterator<Item = (usize, &mut [f32])> {
    data.chunks_mut((PANEL * lanes * summed).max(1))
        .enumerate()
        .map(move |(i, panel)| (i * PANEL * lanes, panel))
}
