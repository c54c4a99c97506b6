//! The backward pass of convolution, ReLU and max-pool: over the winners only.
//!
//! Of the four sums of a pool's window at most one has a gradient, and none where the window is dead. For one
//! output channel, every winner adds its gradient times its window of the input to that channel's weight
//! gradient, and its gradient times the channel's weight to its window of the input gradient. Both keep
//! their constant side in registers while they walk the channel's winners.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::check_len;
use crate::groups::{group, group_count};
use crate::relu::ReluGrad;
use crate::scratch::Scratch;
use crate::weight_grad::add_groups;
use crate::winner_grad::{BiasGrad, InputGrad, WeightGrad};
use crate::winners::{Buffers, Windows};
use crate::{Conv2d, Images, KernelError, Layout};

/// The gradient that comes back to [`Conv2d::forward_relu_pool`].
pub struct PooledGrad<'a> {
    /// Order of `values`.
    pub layout: Layout,
    /// Gradient of the pooled map: `[N, Cout, PH, PW]` or `[N, PH, PW, Cout]`, by the layout.
    pub values: &'a [f32],
    /// What the forward pass wrote, `[N, Cout, PH, PW]`. Anything above 3 counts as dead.
    pub winners: &'a [u8],
}

/// The gradients wanted of [`Conv2d::backward_relu_pool`].
pub struct Gradients<'a> {
    /// Of the weight, `[Cout, Cin, Kh, Kw]`.
    pub weight: &'a mut [f32],
    /// Of the bias, `[Cout]`.
    pub bias: Option<&'a mut [f32]>,
    /// Of the input, `[N, H, W, Cin]`; a first layer needs none.
    pub input: Option<&'a mut [f32]>,
    /// Whether the input came out of a ReLU whose gradient is to be included: `input` is then zero
    /// wherever `x` is not above zero.
    pub mask: bool,
}

impl Conv2d {
    /// Gradients of weight, bias and input of [`Conv2d::forward_relu_pool`].
    ///
    /// A gradient that is infinite or NaN may also make a few neighbouring input gradients NaN.
    ///
    /// # Errors
    /// If a length does not fit the shapes.
    pub fn backward_relu_pool(
        &self,
        input: Images,
        x: &[f32],
        weight: &[f32],
        pooled: PooledGrad,
        grads: Gradients,
    ) -> Result<(), KernelError> {
        self.check(input, Some(x), Some(weight))?;
        let output = self.pooled_output(input)?;
        let elements = output.elements(self.cout)?;
        check_len(
            "the gradient of the pooled output",
            pooled.values.len(),
            elements,
        )?;
        check_len("the winners", pooled.winners.len(), elements)?;
        check_len(
            "the gradient of the weight",
            grads.weight.len(),
            weight.len(),
        )?;
        self.check_bias(grads.bias.as_deref())?;
        if let Some(dx) = &grads.input {
            check_len("the gradient of the input", dx.len(), x.len())?;
        }
        let windows = Windows::new(self, input, output)?;
        let weights = grads
            .input
            .is_some()
            .then(|| self.pack_by_channel(weight, windows.run));
        let weights_len = self.cout * windows.window_len();
        let len = (weights_len + self.cout).next_multiple_of(16);
        let groups = group_count(input.count);
        let mut sums = Scratch::unspecified(groups * len);
        let image = self.image(input);
        let tasks: Vec<Task> = sums
            .chunks_exact_mut(len)
            .zip(cut(grads.input, input.count, groups, image))
            .enumerate()
            .map(|(index, (sums, dx))| Task {
                images: group(input.count, groups, index),
                sums,
                dx,
            })
            .collect();
        tasks.into_par_iter().for_each(|task| {
            let (sums, bias) = task.sums.split_at_mut(weights_len);
            sums.fill(0.0);
            bias.fill(0.0);
            let mut dx = task.dx.map(|dx| dx.chunks_exact_mut(image));
            let mut buffers = Buffers::new(self.cout, &windows, dx.is_some());
            for n in task.images {
                let of_image = n * elements / input.count..(n + 1) * elements / input.count;
                let x = &x[n * image..][..image];
                let values = &pooled.values[of_image.clone()];
                windows.list_winners(
                    pooled.layout,
                    values,
                    &pooled.winners[of_image],
                    &mut buffers,
                );
                self.level.run(BiasGrad {
                    buffers: &buffers,
                    channels: self.cout,
                    sums: &mut *bias,
                });
                let kernel = WeightGrad {
                    windows: &windows,
                    winners: &buffers.winners,
                    ends: &buffers.ends,
                    channels: self.cout,
                    x,
                    sums: &mut *sums,
                };
                if windows.reads_in_place(x) {
                    self.level.run(kernel);
                } else {
                    windows
                        .view
                        .pad_into(x, &mut buffers.padded[..windows.padded]);
                    self.level.run(WeightGrad {
                        x: &buffers.padded,
                        ..kernel
                    });
                }
                if let (Some(dx), Some(weights)) = (dx.as_mut().and_then(Iterator::next), &weights)
                {
                    buffers.dx.fill(0.0);
                    self.level.run(InputGrad {
                        windows: &windows,
                        winners: &buffers.winners,
                        ends: &buffers.ends,
                        channels: self.cout,
                        weights,
                        dx: &mut buffers.dx,
                    });
                    let width = input.width * self.cin;
                    for (i, (to, from)) in (dx.chunks_exact_mut(width))
                        .zip(windows.view.crop_rows(&buffers.dx))
                        .enumerate()
                    {
                        if grads.mask {
                            self.level.run(ReluGrad {
                                y: &x[i * width..][..width],
                                dy: from,
                                dx: to,
                            });
                        } else {
                            to.copy_from_slice(from);
                        }
                    }
                }
            }
        });
        let total = add_groups(&sums, len);
        self.unpack_by_channel(&total, windows.run, grads.weight);
        if let Some(bias) = grads.bias {
            bias.copy_from_slice(&total[weights_len..][..self.cout]);
        }
        Ok(())
    }

    /// The weight as `[Cout, Kh, run]`, its runs filled up to whole vectors with zeros.
    fn pack_by_channel(&self, weight: &[f32], run: usize) -> Scratch<f32> {
        let mut packed = Scratch::zeroed(self.cout * self.kernel[0] * run);
        self.for_each_weight(run, |position, index| packed[position] = weight[index]);
        packed
    }

    fn unpack_by_channel(&self, packed: &[f32], run: usize, weight: &mut [f32]) {
        self.for_each_weight(run, |position, index| weight[index] = packed[position]);
    }

    /// Calls `f` with the position by channel and the index in `[Cout, Cin, Kh, Kw]` of each weight.
    fn for_each_weight(&self, run: usize, mut f: impl FnMut(usize, usize)) {
        let ([height, width], cin) = (self.kernel, self.cin);
        for channel in 0..self.cout {
            for ky in 0..height {
                let row = (channel * height + ky) * run;
                for kx in 0..width {
                    for i in 0..cin {
                        let index = ((channel * cin + i) * height + ky) * width + kx;
                        f(row + kx * cin + i, index);
                    }
                }
            }
        }
    }
}

/// A group's share of the work.
struct Task<'a> {
    images: Range<usize>,
    sums: &'a mut [f32],
    dx: Option<&'a mut [f32]>,
}

/// Cuts the input gradient by group.
fn cut(
    dx: Option<&mut [f32]>,
    images: usize,
    groups: usize,
    image: usize,
) -> impl Iterator<Item = Option<&mut [f32]>> {
    let mut rest = dx;
    (0..groups).map(move |index| {
        let len = group(images, groups, index).len() * image;
        let (head, tail) = rest.take()?.split_at_mut(len);
        rest = Some(tail);
        Some(head)
    })
}
