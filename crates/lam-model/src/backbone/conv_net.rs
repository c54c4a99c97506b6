//! The small networks of the paper for 28×28 and 32×32 images.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::{ConvBlock, ConvBlockConfig};
use crate::cpu::Place;

/// Blocks of a [`ConvNet`] and the image size they are made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvNetConfig {
    blocks: Vec<ConvBlockConfig>,
    side: usize,
}

/// A chain of [`ConvBlock`]s, flattened to features `[B, F]` in channel, row, column order.
#[derive(Module, Debug)]
pub struct ConvNet {
    blocks: Vec<ConvBlock>,
}

impl ConvNetConfig {
    /// MNIST and FashionMNIST: conv 1→32, conv 32→64, pool; `F = 9216`.
    pub fn grey28() -> Self {
        Self::new(28, &[(1, 32, false), (32, 64, true)])
    }

    /// CIFAR-10 and SVHN: conv 3→32, pool, conv 32→64, pool, conv 64→64; `F = 1024`.
    pub fn colour32() -> Self {
        Self::new(32, &[(3, 32, true), (32, 64, true), (64, 64, false)])
    }

    fn new(side: usize, blocks: &[(usize, usize, bool)]) -> Self {
        let blocks = blocks
            .iter()
            .map(|&(channels_in, channels_out, pool)| ConvBlockConfig {
                channels_in,
                channels_out,
                pool,
            })
            .collect();
        Self { blocks, side }
    }

    /// The network made for images of this size, if there is one.
    pub fn for_images(channels: usize, height: usize, width: usize) -> Option<Self> {
        match (channels, height, width) {
            (1, 28, 28) => Some(Self::grey28()),
            (3, 32, 32) => Some(Self::colour32()),
            _ => None,
        }
    }

    /// `F`: the number of features per image.
    pub fn features(&self) -> usize {
        let side = self
            .blocks
            .iter()
            .fold(self.side, |side, block| block.output_size(side));
        let channels = self.blocks.last().map_or(0, |block| block.channels_out);
        channels * side * side
    }

    /// A network with PyTorch's default initialisation.
    pub fn init(&self, rng: &mut ChaCha12Rng, device: &Device) -> ConvNet {
        let blocks = self.blocks.iter().map(|b| b.init(rng, device)).collect();
        ConvNet { blocks }
    }
}

impl ConvNet {
    /// The blocks, first to last.
    pub fn blocks(&self) -> &[ConvBlock] {
        &self.blocks
    }

    /// # Shapes
    /// - `images`: `[B, C, H, W]`
    /// - output: `[B, F]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let last = self.blocks.len().saturating_sub(1);
        let map = self
            .blocks
            .iter()
            .enumerate()
            .fold(images, |x, (i, block)| {
                let place = Place {
                    after_block: i > 0,
                    // The flattened features are in channel, row, column order, as a block alone leaves them.
                    before_block: i < last,
                };
                block.forward_at(x, place)
            });
        map.flatten(1, 3)
    }
}
