//! The dense gradient of the input.

use rayon::prelude::*;

use crate::correlate::{Correlate, Finish, Places};
use crate::error::{check_len, product};
use crate::pack::{Order, Packed};
use crate::pad::pad;
use crate::scratch::Scratch;
use crate::tile::Reads;
use crate::{Conv2d, Images, KernelError};

/// The input pixels that lie at one phase of the stride: a convolution of stride 1 over the gradient of the
/// output, with every `stride`-th row and column of the kernel, turned round.
struct Phase {
    weights: Packed,
    runs: Vec<usize>,
    run: usize,
    window_first: usize,
    places: Places,
}

impl Conv2d {
    /// Gradient of the input, `dx` `[N, H, W, Cin]`, from that of the output, `dy` `[N, OH, OW, Cout]`.
    ///
    /// With `mask` (the input itself, where a ReLU made it), `dx` is zero wherever the mask is not above
    /// zero: the gradient before that ReLU.
    ///
    /// # Errors
    /// If a length does not fit the shapes.
    pub fn input_grad(
        &self,
        input: Images,
        dy: &[f32],
        weight: &[f32],
        mask: Option<&[f32]>,
        dx: &mut [f32],
    ) -> Result<(), KernelError> {
        let output = self.check(input, Some(dx), Some(weight))?;
        check_len(
            "the gradient of the output",
            dy.len(),
            output.elements(self.cout)?,
        )?;
        if let Some(mask) = mask {
            check_len("the mask", mask.len(), dx.len())?;
        }
        let conv = Self {
            stride: self.strides(self.padded(input)?),
            ..*self
        };
        // A border so wide that no window of any phase leaves the padded gradient.
        let margin = [0, 1].map(|axis| conv.kernel[axis].div_ceil(conv.stride[axis]) - 1);
        let reach = |axis: usize, size: usize, out: usize| {
            let last = (conv.padding[axis] + size - 1) / conv.stride[axis];
            (last + 1).max(out) + margin[axis]
        };
        let padded = [
            reach(0, input.height, output.height),
            reach(1, input.width, output.width),
        ];
        let elements = product(
            "the padded gradient of the output",
            &[padded[0], padded[1], conv.cout],
        )?;
        let row = padded[1] * conv.cout;
        let phases: Vec<Phase> = (0..conv.stride[0])
            .flat_map(|y| (0..conv.stride[1]).map(move |x| [y, x]))
            .filter_map(|phase| conv.phase(phase, input, margin, row, weight))
            .collect();
        let (image, out_image) = (self.image(input), output.height * output.width * self.cout);
        dx.par_chunks_exact_mut(image)
            .zip(dy.par_chunks_exact(out_image))
            .enumerate()
            .for_each(|(n, (dx, dy))| {
                let mut gradient = Scratch::unspecified(elements);
                pad(
                    dy,
                    output.width * self.cout,
                    [margin[0], margin[1] * self.cout],
                    &mut gradient,
                    row,
                );
                for phase in &phases {
                    self.level.run(Correlate {
                        reads: Reads {
                            x: &gradient,
                            step: self.cout,
                            runs: &phase.runs,
                            run: phase.run,
                        },
                        window_rows: row,
                        window_first: phase.window_first,
                        weights: &phase.weights,
                        bias: None,
                        finish: match mask {
                            Some(mask) => Finish::Mask(&mask[n * image..][..image]),
                            None => Finish::Store,
                        },
                        places: phase.places,
                        out: &mut *dx,
                    });
                }
            });
        Ok(())
    }

    /// The phase of the input pixels `(y, x)` with `y + padding ≡ phase` modulo the stride, if there are any.
    ///
    /// With `y + padding = q · stride + phase`, kernel row `phase + j · stride` meets output row `q − j`.
    fn phase(
        &self,
        phase: [usize; 2],
        input: Images,
        margin: [usize; 2],
        row: usize,
        weight: &[f32],
    ) -> Option<Phase> {
        let axis = |axis: usize, size: usize| {
            let (stride, padding) = (self.stride[axis], self.padding[axis]);
            let start = padding.saturating_sub(phase[axis]).div_ceil(stride);
            let end = (padding + size)
                .saturating_sub(phase[axis])
                .div_ceil(stride);
            let pixel = (start * stride + phase[axis]).checked_sub(padding)?;
            let taps = self.kernel[axis]
                .saturating_sub(phase[axis])
                .div_ceil(stride);
            (end > start).then_some((start, end - start, pixel, taps))
        };
        let (q_y, rows, y, taps_y) = axis(0, input.height)?;
        let (q_x, columns, x, taps_x) = axis(1, input.width)?;
        let (cin, cout, [_, kernel_x]) = (self.cin, self.cout, self.kernel);
        let row_taps = |ky: usize| {
            let ky = phase[0] + ky * self.stride[0];
            (0..taps_x)
                .rev()
                .map(move |kx| ky * kernel_x + phase[1] + kx * self.stride[1])
        };
        let order = Order {
            taps: (0..taps_y).rev().flat_map(row_taps).collect(),
            inner: cout,
            inner_step: cin * self.taps(),
            channels: cin,
            channel_step: self.taps(),
        };
        let weights = order.pack(weight, self.level.lanes());
        let runs = if taps_x == 0 { 0 } else { taps_y };
        // The first window starts at output row q − (taps − 1), moved by the margin.
        let window_y = q_y + margin[0] + 1 - taps_y.max(1);
        let window_x = q_x + margin[1] + 1 - taps_x.max(1);
        Some(Phase {
            weights,
            runs: (0..runs).map(|j| j * row).collect(),
            run: (taps_x * cout).max(1),
            window_first: window_y * row + window_x * cout,
            places: Places {
                rows,
                columns,
                first: (y * input.width + x) * cin,
                row_step: self.stride[0] * input.width * cin,
                step: self.stride[1] * cin,
                channels: cin,
            },
        })
    }
}
