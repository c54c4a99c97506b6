//! SqueezeNet (Iandola et al. 2016, arXiv 1602.07360), as in torchvision.

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::chain::Link;
use super::convolution::{Convolution, ConvolutionConfig, Init};

/// Channels of the output.
pub(super) const CHANNELS: usize = 512;

/// Channels of a [`Fire`] module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FireConfig {
    channels_in: usize,
    squeezed: usize,
    /// Of each of the two expansions.
    expanded: usize,
}

/// Squeezed by a 1×1 convolution, then expanded by a 1×1 and a 3×3 one side by side; ReLU after each.
#[derive(Module, Debug)]
pub struct Fire {
    squeeze: Convolution,
    expand1x1: Convolution,
    expand3x3: Convolution,
}

impl FireConfig {
    pub(super) fn init(self, rng: &mut ChaCha12Rng, device: &Device) -> Fire {
        let convolution = |from, to, kernel| {
            ConvolutionConfig::new(from, to, kernel, Init::UniformFanIn).with_bias()
        };
        let Self {
            channels_in,
            squeezed,
            expanded,
        } = self;
        Fire {
            squeeze: convolution(channels_in, squeezed, 1).init(rng, device),
            expand1x1: convolution(squeezed, expanded, 1).init(rng, device),
            expand3x3: convolution(squeezed, expanded, 3)
                .with_padding(1)
                .init(rng, device),
        }
    }
}

impl Fire {
    /// # Shapes
    /// - `x`: `[B, C, H, W]`
    /// - output: `[B, 2·expanded, H, W]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let squeezed = relu(self.squeeze.forward(x));
        let near = relu(self.expand1x1.forward(squeezed.clone()));
        let far = relu(self.expand3x3.forward(squeezed));
        Tensor::cat(vec![near, far], 1)
    }
}

/// All features of version 1.0.
pub(super) fn links_1_0() -> Vec<Link> {
    let mut links = stem(96, 7);
    links.extend([fire(96, 16, 64), fire(128, 16, 64), fire(128, 32, 128)]);
    links.push(POOL);
    links.extend([fire(256, 32, 128), fire(256, 48, 192)]);
    links.extend([fire(384, 48, 192), fire(384, 64, 256)]);
    links.push(POOL);
    links.push(fire(512, 64, 256));
    links
}

/// All features of version 1.1, which costs 2.4 times less.
pub(super) fn links_1_1() -> Vec<Link> {
    let mut links = stem(64, 3);
    links.extend([fire(64, 16, 64), fire(128, 16, 64)]);
    links.push(POOL);
    links.extend([fire(128, 32, 128), fire(256, 32, 128)]);
    links.push(POOL);
    links.extend([fire(256, 48, 192), fire(384, 48, 192)]);
    links.extend([fire(384, 64, 256), fire(512, 64, 256)]);
    links
}

const POOL: Link = Link::MaxPool {
    side: 3,
    ceil: true,
};

fn stem(channels: usize, kernel: usize) -> Vec<Link> {
    let convolution = ConvolutionConfig::new(3, channels, kernel, Init::UniformFanIn)
        .with_stride(2)
        .with_bias();
    vec![Link::Convolution(convolution), Link::Relu, POOL]
}

fn fire(channels_in: usize, squeezed: usize, expanded: usize) -> Link {
    Link::Fire(FireConfig {
        channels_in,
        squeezed,
        expanded,
    })
}
