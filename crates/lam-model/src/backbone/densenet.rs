//! Densely connected networks (Huang et al., CVPR 2017), as in torchvision.

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::convolution::{Convolution, ConvolutionConfig, Init};
use crate::batch_norm::{BatchNorm, Pass};

/// The 1×1 convolution of a layer has so many times the channels that the layer adds.
const BOTTLENECK: usize = 4;

/// Layers of a [`DenseNet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DenseNetConfig {
    /// Channels after the first convolution.
    pub stem: usize,
    /// Channels that every layer adds.
    pub growth: usize,
    /// Layers of each block.
    pub depths: [usize; 4],
}

/// A densely connected network: its features, then ReLU.
#[derive(Module, Debug)]
pub struct DenseNet {
    conv0: Convolution,
    norm0: BatchNorm,
    blocks: Vec<Vec<DenseLayer>>,
    /// Between blocks.
    transitions: Vec<Transition>,
    norm5: BatchNorm,
}

/// Adds channels to those it sees.
#[derive(Module, Debug)]
pub struct DenseLayer {
    norm1: BatchNorm,
    conv1: Convolution,
    norm2: BatchNorm,
    conv2: Convolution,
}

/// Halves channels, rows and columns.
#[derive(Module, Debug)]
pub struct Transition {
    norm: BatchNorm,
    conv: Convolution,
}

impl DenseNetConfig {
    /// Channels of the output.
    pub(super) fn channels(&self) -> usize {
        let last = self.depths.len() - 1;
        let blocks = self.depths.iter().enumerate();
        blocks.fold(self.stem, |channels, (i, depth)| {
            let grown = channels + depth * self.growth;
            if i == last { grown } else { grown / 2 }
        })
    }

    pub(super) fn init(&self, rng: &mut ChaCha12Rng, device: &Device) -> DenseNet {
        let conv0 = ConvolutionConfig::new(3, self.stem, 7, Init::NormalFanIn)
            .with_stride(2)
            .with_padding(3)
            .init(rng, device);
        let mut channels = self.stem;
        let (mut blocks, mut transitions) = (Vec::new(), Vec::new());
        for (i, &depth) in self.depths.iter().enumerate() {
            if i > 0 {
                transitions.push(Transition::init(channels, rng, device));
                channels /= 2;
            }
            let layers = (0..depth).map(|_| {
                let layer = DenseLayer::init(channels, self.growth, rng, device);
                channels += self.growth;
                layer
            });
            blocks.push(layers.collect());
        }
        DenseNet {
            conv0,
            norm0: BatchNorm::init(self.stem, false, device),
            blocks,
            transitions,
            norm5: BatchNorm::init(channels, false, device),
        }
    }
}

impl DenseLayer {
    fn init(channels: usize, growth: usize, rng: &mut ChaCha12Rng, device: &Device) -> Self {
        let width = BOTTLENECK * growth;
        let convolution = |from, to, kernel: usize| {
            ConvolutionConfig::new(from, to, kernel, Init::NormalFanIn).with_padding(kernel / 2)
        };
        Self {
            norm1: BatchNorm::init(channels, false, device),
            conv1: convolution(channels, width, 1).init(rng, device),
            norm2: BatchNorm::init(width, false, device),
            conv2: convolution(width, growth, 3).init(rng, device),
        }
    }

    /// What the layer adds.
    fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let y = self.conv1.forward(relu(self.norm1.forward(x, pass)));
        self.conv2.forward(relu(self.norm2.forward(y, pass)))
    }
}

impl Transition {
    fn init(channels: usize, rng: &mut ChaCha12Rng, device: &Device) -> Self {
        Self {
            norm: BatchNorm::init(channels, false, device),
            conv: ConvolutionConfig::new(channels, channels / 2, 1, Init::NormalFanIn)
                .init(rng, device),
        }
    }

    fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let y = self.conv.forward(relu(self.norm.forward(x, pass)));
        avg_pool2d(y, AvgPoolOptions::new([2, 2]))
    }
}

impl DenseNet {
    /// # Shapes
    /// - `images`: `[B, 3, H, W]`
    /// - output: `[B, C, H', W']`
    pub fn forward(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let x = relu(self.norm0.forward(self.conv0.forward(images), pass));
        let pool = MaxPoolOptions::new([3, 3])
            .with_stride([2, 2])
            .with_padding([1, 1]);
        let mut x = max_pool2d(x, pool);
        let mut transitions = self.transitions.iter();
        for block in &self.blocks {
            for layer in block {
                let added = layer.forward(x.clone(), pass);
                x = Tensor::cat(vec![x, added], 1);
            }
            if let Some(transition) = transitions.next() {
                x = transition.forward(x, pass);
            }
        }
        relu(self.norm5.forward(x, pass))
    }
}
