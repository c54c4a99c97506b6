//! Residual networks (He et al., CVPR 2016), as in torchvision: the stride of a bottleneck is in its 3×3 convolution.

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::convolution::{Convolution, ConvolutionConfig, Init};
use crate::batch_norm::{BatchNorm, Pass};

/// Blocks of a [`ResNet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResNetConfig {
    /// Blocks of each stage.
    pub depths: [usize; 4],
    /// Whether a block is 1×1, 3×3, 1×1 with four times the channels, and not two 3×3.
    pub bottleneck: bool,
}

/// A residual network without its last pool and classifier.
#[derive(Module, Debug)]
pub struct ResNet {
    conv1: Convolution,
    bn1: BatchNorm,
    layer1: Vec<Block>,
    layer2: Vec<Block>,
    layer3: Vec<Block>,
    layer4: Vec<Block>,
}

/// Two or three convolutions, each with its norm, beside a shortcut.
#[derive(Module, Debug)]
pub struct Block {
    conv1: Convolution,
    bn1: BatchNorm,
    conv2: Convolution,
    bn2: BatchNorm,
    conv3: Option<Convolution>,
    bn3: Option<BatchNorm>,
    /// The shortcut where the shape changes.
    downsample: Option<(Convolution, BatchNorm)>,
}

impl ResNetConfig {
    /// Channels of the output.
    pub(super) fn channels(&self) -> usize {
        512 * self.expansion()
    }

    fn expansion(&self) -> usize {
        if self.bottleneck { 4 } else { 1 }
    }

    pub(super) fn init(&self, rng: &mut ChaCha12Rng, device: &Device) -> ResNet {
        let conv1 = ConvolutionConfig::new(3, 64, 7, Init::NormalFanOut)
            .with_stride(2)
            .with_padding(3)
            .init(rng, device);
        let mut from = 64;
        let mut stage = |index: usize| -> Vec<Block> {
            let width = 64 << index;
            let blocks = (0..self.depths[index]).map(|block| {
                let stride = if index > 0 && block == 0 { 2 } else { 1 };
                let made = self.block(from, width, stride, rng, device);
                from = width * self.expansion();
                made
            });
            blocks.collect()
        };
        ResNet {
            conv1,
            bn1: BatchNorm::init(64, false, device),
            layer1: stage(0),
            layer2: stage(1),
            layer3: stage(2),
            layer4: stage(3),
        }
    }

    fn block(
        &self,
        from: usize,
        width: usize,
        stride: usize,
        rng: &mut ChaCha12Rng,
        device: &Device,
    ) -> Block {
        let mut convolution = |from, to, kernel: usize, stride| {
            ConvolutionConfig::new(from, to, kernel, Init::NormalFanOut)
                .with_stride(stride)
                .with_padding(kernel / 2)
                .init(rng, device)
        };
        let norm = |channels| BatchNorm::init(channels, false, device);
        let to = width * self.expansion();
        let (conv1, conv2, conv3) = if self.bottleneck {
            let conv1 = convolution(from, width, 1, 1);
            let conv2 = convolution(width, width, 3, stride);
            (conv1, conv2, Some(convolution(width, to, 1, 1)))
        } else {
            let conv1 = convolution(from, width, 3, stride);
            (conv1, convolution(width, to, 3, 1), None)
        };
        let reshapes = stride != 1 || from != to;
        Block {
            conv1,
            bn1: norm(width),
            conv2,
            bn2: norm(width),
            bn3: conv3.is_some().then(|| norm(to)),
            conv3,
            downsample: reshapes.then(|| (convolution(from, to, 1, stride), norm(to))),
        }
    }
}

impl ResNet {
    /// # Shapes
    /// - `images`: `[B, 3, H, W]`
    /// - output: `[B, C, ⌈H/32⌉, ⌈W/32⌉]`
    pub fn forward(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let x = relu(self.bn1.forward(self.conv1.forward(images), pass));
        let pool = MaxPoolOptions::new([3, 3])
            .with_stride([2, 2])
            .with_padding([1, 1]);
        let stages = [&self.layer1, &self.layer2, &self.layer3, &self.layer4];
        let blocks = stages.into_iter().flatten();
        blocks.fold(max_pool2d(x, pool), |x, block| block.forward(x, pass))
    }
}

impl Block {
    fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let y = relu(self.bn1.forward(self.conv1.forward(x.clone()), pass));
        let mut y = self.bn2.forward(self.conv2.forward(y), pass);
        if let (Some(conv3), Some(bn3)) = (&self.conv3, &self.bn3) {
            y = bn3.forward(conv3.forward(relu(y)), pass);
        }
        let shortcut = match &self.downsample {
            Some((convolution, norm)) => norm.forward(convolution.forward(x), pass),
            None => x,
        };
        relu(y + shortcut)
    }
}
