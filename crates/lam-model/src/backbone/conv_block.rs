//! Convolution, ReLU, optional pooling: the unit of the small networks.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{DType, Device, Tensor, TensorData};
use rand_chacha::ChaCha12Rng;

use crate::cpu::{Place, conv_block};
use crate::init::uniform_fan_in;
use crate::select::select;

/// Side of the square kernels.
const KERNEL: usize = 3;

/// Shape of a [`ConvBlock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvBlockConfig {
    /// Input channels.
    pub channels_in: usize,
    /// Output channels.
    pub channels_out: usize,
    /// Whether a 2×2 max-pool follows.
    pub pool: bool,
}

/// A 3×3 convolution without padding, stride 1, then ReLU, then (if asked) a 2×2 max-pool.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// `[channels_out, channels_in, 3, 3]`.
    pub weight: Param<Tensor<4>>,
    /// `[channels_out]`.
    pub bias: Param<Tensor<1>>,
    pool: bool,
}

impl ConvBlockConfig {
    /// A block with PyTorch's default initialisation.
    pub fn init(&self, rng: &mut ChaCha12Rng, device: &Device) -> ConvBlock {
        let fan_in = self.channels_in * KERNEL * KERNEL;
        let shape = [self.channels_out, self.channels_in, KERNEL, KERNEL];
        ConvBlock {
            weight: uniform_fan_in(shape, fan_in, rng, device),
            bias: uniform_fan_in([self.channels_out], fan_in, rng, device),
            pool: self.pool,
        }
    }

    /// Rows (or columns) that come out where `size` go in.
    pub fn output_size(&self, size: usize) -> usize {
        let convolved = size.saturating_sub(KERNEL - 1);
        if self.pool { convolved / 2 } else { convolved }
    }
}

impl ConvBlock {
    /// Whether a max-pool follows.
    pub fn is_pooled(&self) -> bool {
        self.pool
    }

    /// Channels of the output.
    pub fn channels_out(&self) -> usize {
        self.bias.val().dims()[0]
    }

    /// The block whose input channels are multiplied by `entering` (none: by 1) and whose output channels by
    /// `leaving`, factors that are not negative; they go into the weights.
    pub(super) fn with_channel_factors(&self, entering: Option<Vec<f32>>, leaving: &[f32]) -> Self {
        let device = self.weight.val().device();
        let factors = |values: Vec<f32>| {
            let count = values.len();
            Tensor::<1>::from_data(TensorData::new(values, [count]), &device)
        };
        let leaving = factors(leaving.to_vec());
        let outputs = leaving.dims()[0];
        let mut weight = self.weight.val() * leaving.clone().reshape([outputs, 1, 1, 1]);
        if let Some(entering) = entering {
            let inputs = entering.len();
            weight = weight * factors(entering).reshape([1, inputs, 1, 1]);
        }
        Self {
            weight: Param::from_tensor(weight),
            bias: Param::from_tensor(self.bias.val() * leaving),
            pool: self.pool,
        }
    }

    /// The block that reads only these channels of its input, in this order.
    pub(super) fn with_inputs(&self, channels: &[usize]) -> Self {
        Self {
            weight: Param::from_tensor(select(self.weight.val(), 1, channels)),
            bias: Param::from_tensor(self.bias.val()),
            pool: self.pool,
        }
    }

    /// By the CPU kernels where they apply, else by Burn's own operations; in the type of `x`.
    ///
    /// # Shapes
    /// - `x`: `[B, channels_in, H, W]`
    /// - output: `[B, channels_out, H', W']`, `H' = H − 2`, halved if pooled
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_at(x, Place::default())
    }

    /// As [`ConvBlock::forward`], in a way that suits what stands next to the block.
    pub(super) fn forward_at(&self, x: Tensor<4>, place: Place) -> Tensor<4> {
        let (weight, bias) = self.parameters(x.dtype());
        conv_block(&x, &weight, &bias, self.pool, place)
            .unwrap_or_else(|| self.forward_by_tensors(x))
    }

    /// As [`ConvBlock::forward`], by Burn's own operations on any device; the reference for the kernels.
    pub fn forward_by_tensors(&self, x: Tensor<4>) -> Tensor<4> {
        let (weight, bias) = self.parameters(x.dtype());
        let y = conv2d(
            x,
            weight,
            Some(bias),
            ConvOptions::new([1, 1], [0, 0], [1, 1], 1),
        );
        if self.pool {
            // The order does not matter to the values, and ReLU on the pooled map is four times cheaper.
            relu(max_pool2d(y, MaxPoolOptions::new([2, 2])))
        } else {
            relu(y)
        }
    }

    /// Weight and bias in the type of the input.
    fn parameters(&self, dtype: DType) -> (Tensor<4>, Tensor<1>) {
        (self.weight.val().cast(dtype), self.bias.val().cast(dtype))
    }
}
