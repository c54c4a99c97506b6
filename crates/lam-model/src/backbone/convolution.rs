//! A convolution with square kernels, its parameters named and shaped as in PyTorch.

use burn::module::{Module, Param};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use crate::init::{normal, uniform, uniform_fan_in};

/// How the weights of a trunk are drawn; all as torchvision does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Init {
    /// PyTorch's default: uniform in `±1/√fan_in`, the bias too.
    Default,
    /// Normal with variance `2/fan_out` (He et al. 2015), bias 0.
    NormalFanOut,
    /// Normal with variance `2/fan_in`, bias 0.
    NormalFanIn,
    /// Uniform with variance `2/fan_in`, bias 0.
    UniformFanIn,
}

/// Shape of a [`Convolution`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConvolutionConfig {
    pub channels_in: usize,
    pub channels_out: usize,
    /// Side of the kernel.
    pub kernel: usize,
    pub stride: usize,
    /// Zeros on every side.
    pub padding: usize,
    pub bias: bool,
    pub init: Init,
}

/// `y = W * x (+ b)`.
#[derive(Module, Debug)]
pub struct Convolution {
    /// `[channels_out, channels_in, kernel, kernel]`.
    pub weight: Param<Tensor<4>>,
    /// `[channels_out]`.
    pub bias: Option<Param<Tensor<1>>>,
    stride: usize,
    padding: usize,
}

impl ConvolutionConfig {
    /// Without bias and padding, stride 1.
    pub(super) fn new(channels_in: usize, channels_out: usize, kernel: usize, init: Init) -> Self {
        Self {
            channels_in,
            channels_out,
            kernel,
            stride: 1,
            padding: 0,
            bias: false,
            init,
        }
    }

    pub(super) fn with_stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    pub(super) fn with_padding(self, padding: usize) -> Self {
        Self { padding, ..self }
    }

    pub(super) fn with_bias(self) -> Self {
        Self { bias: true, ..self }
    }

    pub(super) fn init(&self, rng: &mut ChaCha12Rng, device: &Device) -> Convolution {
        let window = self.kernel * self.kernel;
        let (fan_in, fan_out) = (self.channels_in * window, self.channels_out * window);
        let shape = [
            self.channels_out,
            self.channels_in,
            self.kernel,
            self.kernel,
        ];
        let deviation = |fan: usize| (2.0 / fan as f32).sqrt();
        let weight = match self.init {
            Init::Default => uniform_fan_in(shape, fan_in, rng, device),
            Init::NormalFanOut => normal(shape, deviation(fan_out), rng, device),
            Init::NormalFanIn => normal(shape, deviation(fan_in), rng, device),
            Init::UniformFanIn => uniform(shape, 3_f32.sqrt() * deviation(fan_in), rng, device),
        };
        let size = [self.channels_out];
        let bias = self.bias.then(|| match self.init {
            Init::Default => uniform_fan_in(size, fan_in, rng, device),
            _ => Param::from_tensor(Tensor::zeros(size, device)),
        });
        Convolution {
            weight,
            bias,
            stride: self.stride,
            padding: self.padding,
        }
    }
}

impl Convolution {
    /// In the type of `x`.
    ///
    /// # Shapes
    /// - `x`: `[B, channels_in, H, W]`
    /// - output: `[B, channels_out, H', W']`, `H' = ⌊(H + 2·padding − kernel)/stride⌋ + 1`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [stride, padding] = [self.stride, self.padding];
        let dtype = x.dtype();
        conv2d(
            x,
            self.weight.val().cast(dtype),
            self.bias.as_ref().map(|bias| bias.val().cast(dtype)),
            ConvOptions::new([stride; 2], [padding; 2], [1, 1], 1),
        )
    }
}
