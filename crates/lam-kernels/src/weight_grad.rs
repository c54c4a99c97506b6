//! The dense gradients of weight and bias.

use rayon::prelude::*;

use crate::error::check_len;
use crate::forward::View;
use crate::groups::{even_pieces, group, group_count};
use crate::level::{Kernel, Lanes};
use crate::pack::{PANEL, panels_mut};
use crate::pad::pad;
use crate::scratch::Scratch;
use crate::tile::{max_count, with_count};
use crate::{Conv2d, Images, KernelError};

/// Bytes of the rows that are worked on at a time, so that they stay in the first-level cache.
const BLOCK: usize = 32 << 10;

impl Conv2d {
    /// Gradients of the weight, `dw` `[Cout, Cin, Kh, Kw]`, and of the bias, `db` `[Cout]`, from the input
    /// `x` `[N, H, W, Cin]` and the gradient of the output `dy` `[N, OH, OW, Cout]`.
    ///
    /// # Errors
    /// If a length does not fit the shapes.
    pub fn weight_grad(
        &self,
        input: Images,
        x: &[f32],
        dy: &[f32],
        dw: &mut [f32],
        db: Option<&mut [f32]>,
    ) -> Result<(), KernelError> {
        let output = self.check(input, Some(x), Some(dw))?;
        self.check_bias(db.as_deref())?;
        check_len(
            "the gradient of the output",
            dy.len(),
            output.elements(self.cout)?,
        )?;
        let view = self.view(input)?;
        let lanes = self.level.lanes();
        let order = self.forward_order();
        let channels = self.cout.next_multiple_of(lanes);
        let pixels = output.height * output.width;
        let weights_len = order.packed_len(lanes);
        let total = sum_over_groups(input.count, weights_len + channels, |images, sums| {
            let (weights, bias) = sums.split_at_mut(weights_len);
            for n in images {
                let x = &x[n * self.image(input)..][..self.image(input)];
                let dy = &dy[n * pixels * self.cout..][..pixels * self.cout];
                view.with_padded(x, |x| {
                    let mut run = |dy: &[f32]| {
                        self.level.run(WeightGrad {
                            view: &view,
                            x,
                            dy,
                            rows: output.height,
                            columns: output.width,
                            channels,
                            weights: &mut *weights,
                            bias: &mut *bias,
                        });
                    };
                    if channels == self.cout {
                        run(dy);
                    } else {
                        let mut filled = Scratch::unspecified(pixels * channels);
                        pad(dy, self.cout, [0, 0], &mut filled, channels);
                        run(&filled);
                    }
                });
            }
        });
        let (weights, bias) = total.split_at(weights_len);
        order.unpack(weights, lanes, dw);
        if let Some(db) = db {
            db.copy_from_slice(&bias[..self.cout]);
        }
        Ok(())
    }
}

/// Adds up `len` sums over the images of a batch: `add` is called once per group, in parallel, and the groups
/// are added in their order, so that the result does not depend on the threads.
pub(crate) fn sum_over_groups(
    images: usize,
    len: usize,
    add: impl Fn(std::ops::Range<usize>, &mut [f32]) + Sync,
) -> Scratch<f32> {
    let groups = group_count(images);
    let mut parts = Scratch::unspecified(groups * len);
    parts
        .par_chunks_exact_mut(len)
        .enumerate()
        .for_each(|(index, part)| {
            part.fill(0.0);
            add(group(images, groups, index), part);
        });
    add_groups(&parts, len)
}

/// The sum of equally long parts, in their order.
pub(crate) fn add_groups(parts: &[f32], len: usize) -> Scratch<f32> {
    const CHUNK: usize = 4096;
    let mut total = Scratch::zeroed(len);
    total
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(i, total)| {
            for part in parts.chunks_exact(len) {
                for (sum, &value) in total.iter_mut().zip(&part[i * CHUNK..]) {
                    *sum += value;
                }
            }
        });
    total
}

/// One image's part.
struct WeightGrad<'a> {
    view: &'a View,
    /// The padded image.
    x: &'a [f32],
    /// Gradient of the output, its channels filled up to whole vectors.
    dy: &'a [f32],
    rows: usize,
    columns: usize,
    channels: usize,
    /// Sums in the order of packed weights.
    weights: &'a mut [f32],
    bias: &'a mut [f32],
}

/// Where the tiles of a block read.
#[derive(Clone, Copy)]
struct Block<'a> {
    x: &'a [f32],
    x_row: usize,
    x_step: usize,
    dy: &'a [f32],
    dy_row: usize,
    dy_step: usize,
    rows: usize,
    columns: usize,
}

impl Kernel for WeightGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let view = self.view;
        let inner = view.runs.len() * view.run;
        let dy_row = self.columns * self.channels;
        let row_bytes = (dy_row + view.window_rows) * size_of::<f32>();
        let rows_per_block = (BLOCK / row_bytes).max(1);
        for first in (0..self.rows).step_by(rows_per_block) {
            let block = Block {
                x: &self.x[first * view.window_rows..],
                x_row: view.window_rows,
                x_step: view.step,
                dy: &self.dy[first * dy_row..],
                dy_row,
                dy_step: self.channels,
                rows: rows_per_block.min(self.rows - first),
                columns: self.columns,
            };
            for (channel, panel) in panels_mut(self.weights, inner, S::F32_LANES) {
                let bias = &mut self.bias[channel..];
                if panel.len() > inner * (PANEL - 1) * S::F32_LANES {
                    panel_grad::<S, PANEL>(simd, view, block, channel, panel, bias);
                } else {
                    panel_grad::<S, 1>(simd, view, block, channel, panel, bias);
                }
            }
        }
    }
}

/// A block's part in the gradients of `V` vectors of output channels.
#[inline(always)]
fn panel_grad<S: Lanes, const V: usize>(
    simd: S,
    view: &View,
    block: Block,
    channel: usize,
    panel: &mut [f32],
    bias: &mut [f32],
) {
    let sums = S::as_mut_simd_f32s(panel).0.as_chunks_mut::<V>().0;
    for (&offset, sums) in view.runs.iter().zip(sums.chunks_exact_mut(view.run)) {
        for (k, count) in even_pieces(view.run, max_count::<S>()) {
            let sums = &mut sums[k..][..count];
            with_count!(S, count, K => tile::<S, K, V>(simd, block, offset + k, channel, sums));
        }
    }
    bias_grad::<S, V>(simd, block, channel, bias);
}

/// Adds `x[window][first + k] · dy[channel + v]` over the block's pixels to `sums[k][v]`, which stay in
/// registers meanwhile.
#[inline(always)]
fn tile<S: Lanes, const K: usize, const V: usize>(
    simd: S,
    block: Block,
    first: usize,
    channel: usize,
    sums: &mut [[S::f32s; V]],
) {
    let mut kept = [[simd.splat_f32s(0.0); V]; K];
    kept.copy_from_slice(sums);
    for row in 0..block.rows {
        let x = &block.x[row * block.x_row + first..];
        let dy = &block.dy[row * block.dy_row + channel..];
        for column in 0..block.columns {
            let x = &x[column * block.x_step..][..K];
            let dy = S::as_simd_f32s(&dy[column * block.dy_step..][..V * S::F32_LANES]).0;
            for k in 0..K {
                let value = simd.splat_f32s(x[k]);
                for v in 0..V {
                    kept[k][v] = simd.multiply_add(value, dy[v], kept[k][v]);
                }
            }
        }
    }
    sums.copy_from_slice(&kept);
}

/// Adds the block's gradients to those of the bias.
#[inline(always)]
fn bias_grad<S: Lanes, const V: usize>(simd: S, block: Block, channel: usize, bias: &mut [f32]) {
    let sums = &mut S::as_mut_simd_f32s(bias).0[..V];
    let mut kept = [simd.splat_f32s(0.0); V];
    for row in 0..block.rows {
        let dy = &block.dy[row * block.dy_row + channel..];
        for column in 0..block.columns {
            let dy = S::as_simd_f32s(&dy[column * block.dy_step..][..V * S::F32_LANES]).0;
            for v in 0..V {
                kept[v] = simd.add_f32s(kept[v], dy[v]);
            }
        }
    }
    for v in 0..V {
        sums[v] = simd.add_f32s(sums[v], kept[v]);
    }
}
