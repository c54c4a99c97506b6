//! The convolution layer: its sizes and what follows from them.

use crate::error::{KernelError, check_len, product};
use crate::{Images, Level};

/// A two-dimensional convolution (cross-correlation, as everywhere in deep learning) with zero padding;
/// no dilation, no groups.
///
/// Output `[n, y, x, o] = bias[o] + Σ weight[o, i, ky, kx] · input[n, y·sy + ky − py, x·sx + kx − px, i]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    pub(crate) cin: usize,
    pub(crate) cout: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
    pub(crate) level: Level,
}

impl Conv2d {
    /// A layer with `cin` channels in, `cout` out; `kernel`, `stride` and `padding` are (height, width).
    ///
    /// # Errors
    /// [`KernelError::Zero`] if a size other than the padding is zero, [`KernelError::TooLarge`] if the
    /// weights cannot be addressed.
    pub fn new(
        cin: usize,
        cout: usize,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Result<Self, KernelError> {
        for (what, size) in [
            ("the number of input channels", cin),
            ("the number of output channels", cout),
            ("the height of the kernel", kernel[0]),
            ("the width of the kernel", kernel[1]),
            ("the vertical stride", stride[0]),
            ("the horizontal stride", stride[1]),
        ] {
            if size == 0 {
                return Err(KernelError::Zero { what });
            }
        }
        // Vectors are filled up with zeros, by less than 16 lanes.
        let filled = |channels: usize| channels.saturating_add(15);
        product(
            "the weight",
            &[filled(cout), filled(cin), kernel[0], kernel[1]],
        )?;
        Ok(Self {
            cin,
            cout,
            kernel,
            stride,
            padding,
            level: Level::best(),
        })
    }

    /// The same layer, run with other instructions than the best of this processor.
    ///
    /// # Errors
    /// [`KernelError::Level`] if this processor cannot run them.
    pub fn with_level(self, level: Level) -> Result<Self, KernelError> {
        Ok(Self {
            level: level.check()?,
            ..self
        })
    }

    /// Channels in.
    pub fn cin(&self) -> usize {
        self.cin
    }

    /// Channels out.
    pub fn cout(&self) -> usize {
        self.cout
    }

    /// Elements of the weight `[Cout, Cin, Kh, Kw]`.
    pub fn weight_elements(&self) -> usize {
        self.cout * self.taps() * self.cin
    }

    /// The batch that comes out (its channels are `cout`).
    ///
    /// # Errors
    /// [`KernelError::TooSmall`] if the kernel does not fit the padded image.
    pub fn output(&self, input: Images) -> Result<Images, KernelError> {
        let size = |axis: usize, size: usize| {
            (self.padding[axis].checked_mul(2)?)
                .checked_add(size)?
                .checked_sub(self.kernel[axis])
                .map(|free| free / self.stride[axis] + 1)
        };
        match (size(0, input.height), size(1, input.width)) {
            (Some(height), Some(width)) if input.height > 0 && input.width > 0 => Ok(Images {
                count: input.count,
                height,
                width,
            }),
            _ => Err(KernelError::TooSmall {
                window: self.kernel,
                size: [input.height, input.width],
                padding: self.padding,
            }),
        }
    }

    /// The batch that comes out of the convolution and a 2×2 max-pool of stride 2 after it; an odd last row
    /// or column is left out.
    ///
    /// # Errors
    /// [`KernelError::TooSmall`] if nothing comes out.
    pub fn pooled_output(&self, input: Images) -> Result<Images, KernelError> {
        crate::max_pool::pooled(self.output(input)?)
    }

    /// Positions of the kernel.
    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Height and width of an image with its padding.
    ///
    /// # Errors
    /// [`KernelError::TooLarge`] if offsets into it do not fit 32 bits.
    pub(crate) fn padded(&self, input: Images) -> Result<[usize; 2], KernelError> {
        let padded = [
            input.height + 2 * self.padding[0],
            input.width + 2 * self.padding[1],
        ];
        let what = "a padded image";
        let elements = product(what, &[padded[0], padded[1], self.cin + 15])?;
        match u32::try_from(elements) {
            Ok(_) => Ok(padded),
            Err(_) => Err(KernelError::TooLarge { what }),
        }
    }

    /// The stride, no larger than the padded image: beyond it there is nothing to be reached.
    pub(crate) fn strides(&self, padded: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|axis| self.stride[axis].min(padded[axis]))
    }

    /// Checks the lengths that every pass has in common and returns the output batch.
    pub(crate) fn check(
        &self,
        input: Images,
        x: Option<&[f32]>,
        weight: Option<&[f32]>,
    ) -> Result<Images, KernelError> {
        let output = self.output(input)?;
        self.padded(input)?;
        output.elements(self.cout)?;
        let elements = input.elements(self.cin)?;
        if let Some(x) = x {
            check_len("the input", x.len(), elements)?;
        }
        if let Some(weight) = weight {
            check_len("the weight", weight.len(), self.weight_elements())?;
        }
        Ok(output)
    }

    /// Elements of one image at the input.
    pub(crate) fn image(&self, input: Images) -> usize {
        input.height * input.width * self.cin
    }
}
