//! Layers one after another, numbered as in torchvision: AlexNet, VGG and SqueezeNet.

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::convolution::{Convolution, ConvolutionConfig};
use super::squeezenet::{Fire, FireConfig};

/// What a [`Chain`] is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Convolution(ConvolutionConfig),
    Relu,
    /// Over 3×3 or 2×2 windows, two apart. Windows that stick out count where `ceil`.
    MaxPool {
        side: usize,
        ceil: bool,
    },
    Fire(FireConfig),
}

/// A chain of layers.
#[derive(Module, Debug)]
pub struct Chain {
    /// First to last.
    pub features: Vec<Layer>,
}

/// A layer of a [`Chain`].
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a few dozen of them, none ever moved in a loop"
)]
pub enum Layer {
    /// With parameters.
    Convolution(Convolution),
    /// With parameters.
    Fire(Fire),
    /// Without.
    Plain(Plain),
}

/// ReLU or a max-pool.
#[derive(Module, Debug)]
pub struct Plain {
    /// Side of the windows; ReLU if none.
    pool: Option<usize>,
    ceil: bool,
}

impl Chain {
    pub(super) fn init(links: &[Link], rng: &mut ChaCha12Rng, device: &Device) -> Self {
        let plain = |pool, ceil| Layer::Plain(Plain { pool, ceil });
        let features = links.iter().map(|link| match link {
            Link::Convolution(config) => Layer::Convolution(config.init(rng, device)),
            Link::Relu => plain(None, false),
            &Link::MaxPool { side, ceil } => plain(Some(side), ceil),
            Link::Fire(config) => Layer::Fire(config.init(rng, device)),
        });
        Self {
            features: features.collect(),
        }
    }

    /// # Shapes
    /// - `images`: `[B, 3, H, W]`
    /// - output: `[B, C, H', W']`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.features.iter().fold(images, |x, layer| match layer {
            Layer::Convolution(convolution) => convolution.forward(x),
            Layer::Fire(fire) => fire.forward(x),
            Layer::Plain(plain) => plain.forward(x),
        })
    }
}

impl Plain {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let Some(side) = self.pool else {
            return relu(x);
        };
        let options = MaxPoolOptions::new([side; 2])
            .with_stride([2, 2])
            .with_ceil_mode(self.ceil);
        max_pool2d(x, options)
    }
}
