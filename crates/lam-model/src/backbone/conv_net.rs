//! The small networks of the paper for 28×28 and 32×32 images.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::{ChannelDropout, ConvBlock, ConvBlockConfig, dropout};
use crate::cpu::Place;
use crate::precision::{Precision, in_full};

/// Blocks of a [`ConvNet`] and the image size they are made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvNetConfig {
    blocks: Vec<ConvBlockConfig>,
    side: usize,
    precision: Precision,
}

/// A chain of [`ConvBlock`]s, flattened to features `[B, F]` in channel, row, column order.
#[derive(Module, Debug)]
pub struct ConvNet {
    blocks: Vec<ConvBlock>,
    #[module(skip)]
    precision: Precision,
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
        Self {
            blocks,
            side,
            precision: Precision::Full,
        }
    }

    /// Computing in this precision.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
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
        ConvNet {
            blocks,
            precision: self.precision,
        }
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
        self.forward_from(0, self.precision.enter(images))
    }

    /// What follows the map of [`ConvNet::first_block`].
    ///
    /// # Shapes
    /// - `map`: `[B, C', H', W']`
    /// - output: `[B, F]`
    pub(super) fn after_first_block(&self, map: Tensor<4>) -> Tensor<2> {
        self.forward_from(1, map)
    }

    fn forward_from(&self, first: usize, map: Tensor<4>) -> Tensor<2> {
        let blocks = self.blocks.iter().enumerate().skip(first);
        let map = blocks.fold(map, |x, (i, block)| block.forward_at(x, self.place(i)));
        in_full(map.flatten(1, 3))
    }

    /// As [`ConvNet::forward`] with dropout after every block, drawn for each image on its own.
    ///
    /// # Shapes
    /// - `images`: `[B, C, H, W]`
    /// - output: `[B, F]`
    pub fn forward_with_dropout(
        &self,
        images: Tensor<4>,
        dropout: ChannelDropout,
        rng: &mut ChaCha12Rng,
    ) -> Tensor<2> {
        let blocks = self.blocks.iter().enumerate();
        let map = blocks.fold(self.precision.enter(images), |x, (i, block)| {
            // Dropout may stand between two blocks that share a ReLU: where a channel is left out its factor stops the
            // gradient, elsewhere the numbers are positive on either side of it alike.
            let place = self.place(i);
            let map = block.forward_at(x, place);
            let [batch, channels, ..] = map.dims();
            let masks = dropout.masks(batch, channels, rng, &map.device());
            dropout::apply(map, masks, place)
        });
        in_full(map.flatten(1, 3))
    }

    /// The first block alone, as [`ConvNet::rest_with_dropout`] reads it; in the network's precision.
    ///
    /// # Shapes
    /// - `images`: `[B, C, H, W]`
    /// - output: `[B, C', H', W']`
    pub fn first_block(&self, images: Tensor<4>) -> Tensor<4> {
        let images = self.precision.enter(images);
        match self.blocks.first() {
            Some(block) => block.forward_at(images, self.place(0)),
            None => images,
        }
    }

    /// All blocks after the first, with dropout after every block (the first included) drawn once for all images.
    ///
    /// Factors on the channels that enter a block are factors on its weights, and so are those on the channels that
    /// leave it, because ReLU and max-pooling commute with factors that are not negative. What comes out is therefore a
    /// network like any other, which costs what any other costs, and the first block need be computed only once for
    /// many draws.
    pub fn rest_with_dropout(&self, dropout: ChannelDropout, rng: &mut ChaCha12Rng) -> ConvNet {
        self.rest_with_factors(&self.draw_factors(dropout, rng))
    }

    pub(super) fn precision(&self) -> Precision {
        self.precision
    }

    /// Factors on the channels that leave each block.
    pub(super) fn draw_factors(
        &self,
        dropout: ChannelDropout,
        rng: &mut ChaCha12Rng,
    ) -> Vec<Vec<f32>> {
        let blocks = self.blocks.iter();
        blocks
            .map(|block| dropout.factors(block.channels_out(), rng))
            .collect()
    }

    /// As [`ConvNet::rest_with_dropout`] with given factors on the channels that leave each block.
    pub(super) fn rest_with_factors(&self, factors: &[Vec<f32>]) -> ConvNet {
        let mut entering = factors.first().cloned();
        let blocks = self.blocks.iter().zip(factors).skip(1);
        let blocks =
            blocks.map(|(block, leaving)| block.with_channel_factors(entering.take(), leaving));
        ConvNet {
            blocks: blocks.collect(),
            precision: self.precision,
        }
    }

    fn place(&self, block: usize) -> Place {
        Place {
            after_block: block > 0,
            // The flattened features are in channel, row, column order, as a block alone leaves them.
            before_block: block + 1 < self.blocks.len(),
        }
    }
}
