//! The dense forward pass.

use rayon::prelude::*;

use crate::correlate::{Correlate, Finish, Places};
use crate::error::check_len;
use crate::pack::Order;
use crate::pad::pad;
use crate::scratch::Scratch;
use crate::tile::Reads;
use crate::{Conv2d, Images, KernelError};

impl Conv2d {
    /// Convolution, with bias and ReLU if asked: `x` `[N, H, W, Cin]`, `weight` `[Cout, Cin, Kh, Kw]`,
    /// `bias` `[Cout]`, `out` `[N, OH, OW, Cout]`.
    ///
    /// ReLU passes NaN on.
    ///
    /// # Errors
    /// If a length does not fit the shapes.
    pub fn forward(
        &self,
        input: Images,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        relu: bool,
        out: &mut [f32],
    ) -> Result<(), KernelError> {
        let output = self.check(input, Some(x), Some(weight))?;
        self.check_bias(bias)?;
        check_len("the output", out.len(), output.elements(self.cout)?)?;
        let weights = self.forward_order().pack(weight, self.level.lanes());
        let view = self.view(input)?;
        let out_image = output.height * output.width * self.cout;
        out.par_chunks_exact_mut(out_image)
            .zip(x.par_chunks_exact(self.image(input)))
            .for_each(|(out, x)| {
                view.with_padded(x, |x| {
                    self.level.run(Correlate {
                        reads: view.reads(x),
                        window_rows: view.window_rows,
                        window_first: 0,
                        weights: &weights,
                        bias,
                        finish: if relu { Finish::Relu } else { Finish::Store },
                        places: Places {
                            rows: output.height,
                            columns: output.width,
                            first: 0,
                            row_step: output.width * self.cout,
                            step: self.cout,
                            channels: self.cout,
                        },
                        out,
                    });
                });
            });
        Ok(())
    }

    pub(crate) fn check_bias(&self, bias: Option<&[f32]>) -> Result<(), KernelError> {
        bias.map_or(Ok(()), |bias| check_len("the bias", bias.len(), self.cout))
    }

    /// The weight as the forward pass reads it.
    pub(crate) fn forward_order(&self) -> Order {
        Order {
            taps: (0..self.taps()).collect(),
            inner: self.cin,
            inner_step: self.taps(),
            channels: self.cout,
            channel_step: self.cin * self.taps(),
        }
    }

    /// How windows lie in the padded image.
    pub(crate) fn view(&self, input: Images) -> Result<View, KernelError> {
        let padded = self.padded(input)?;
        let stride = self.strides(padded);
        let row = padded[1] * self.cin;
        Ok(View {
            padding: [self.padding[0], self.padding[1] * self.cin],
            image_row: input.width * self.cin,
            padded_rows: padded[0],
            row,
            runs: (0..self.kernel[0]).map(|ky| ky * row).collect(),
            run: self.kernel[1] * self.cin,
            step: stride[1] * self.cin,
            window_rows: stride[0] * row,
        })
    }
}

/// How the windows of a convolution lie in its padded input image.
pub(crate) struct View {
    padding: [usize; 2],
    image_row: usize,
    /// Rows of the padded image.
    pub padded_rows: usize,
    /// Numbers in a row of the padded image.
    pub row: usize,
    /// Starts of the rows of a window.
    pub runs: Vec<usize>,
    /// Numbers in a row of a window.
    pub run: usize,
    /// From a window to its right neighbour.
    pub step: usize,
    /// From a window to the one below.
    pub window_rows: usize,
}

impl View {
    pub fn reads<'a>(&'a self, x: &'a [f32]) -> Reads<'a> {
        Reads {
            x,
            step: self.step,
            runs: &self.runs,
            run: self.run,
        }
    }

    /// Calls `f` with the padded image: itself where there is no padding.
    pub fn with_padded<R>(&self, image: &[f32], f: impl FnOnce(&[f32]) -> R) -> R {
        if self.padding == [0, 0] {
            return f(image);
        }
        let mut padded = Scratch::unspecified(self.padded_rows * self.row);
        self.pad_into(image, &mut padded);
        f(&padded)
    }

    /// Copies the image with its padding; `padded` may be longer than needed.
    pub fn pad_into(&self, image: &[f32], padded: &mut [f32]) {
        pad(image, self.image_row, self.padding, padded, self.row);
    }

    /// Copies the middle of a padded image out.
    pub fn crop_rows<'a>(&self, padded: &'a [f32]) -> impl Iterator<Item = &'a [f32]> {
        let [top, left] = self.padding;
        let kept = self.image_row;
        padded
            .chunks_exact(self.row)
            .skip(top)
            .map(move |row| &row[left..][..kept])
    }
}
