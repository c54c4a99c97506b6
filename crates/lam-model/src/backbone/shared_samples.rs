//! A small network under many draws of dropout, on this machine's processor.

use burn::tensor::{DType, Device, Tensor, TensorData};
use lam_kernels::{ChannelSubsets, Conv2d, Images, KernelError};
use rayon::prelude::*;

use super::{ConvBlock, ConvNet};
use crate::cpu::Place;
use crate::head::Head;
use crate::{Precision, is_host};

/// Bytes of the maps of all samples that are made at a time, so that what follows finds them in a cache.
const BYTES: usize = 16 << 20;

/// Samples of a network whose second block is pooled. That block sees the same input in every sample but for the channels
/// that are left out, so [`Conv2d::forward_relu_pool_subsets`] computes it for all samples at a fraction of its cost. In a
/// network of two blocks only the head is left then.
#[derive(Debug)]
pub(super) struct SharedSamples {
    second: SecondBlock,
    /// What follows in each sample; none in a network of two blocks.
    tails: Vec<Tail>,
    /// For features in row, column, channel order, which is how the kernels leave them.
    head: Head,
}

/// The second block under all samples.
#[derive(Debug)]
struct SecondBlock {
    conv: Conv2d,
    /// `[C', C, K, K]`, multiplied by the factor of the channels that are kept.
    weight: Vec<f32>,
    /// `[C']`.
    bias: Vec<f32>,
    subsets: ChannelSubsets,
    /// On the channels that leave the block, `[S, C']`.
    factors: Vec<f32>,
}

/// The blocks of one sample from the third on.
#[derive(Debug)]
struct Tail {
    /// Channels that the sample keeps of the second block's; the third reads no others.
    kept: Vec<usize>,
    blocks: Vec<ConvBlock>,
}

impl SharedSamples {
    /// Samples with these factors on the channels that leave each block; `None` where the kernels do not apply.
    pub(super) fn new(net: &ConvNet, head: &Head, factors: &[Vec<Vec<f32>>]) -> Option<Self> {
        let [_, block, rest @ ..] = net.blocks() else {
            return None;
        };
        if net.precision() != Precision::Full {
            return None;
        }
        let second = SecondBlock::new(block, factors)?;
        let tails = factors.iter().filter(|_| !rest.is_empty());
        let channels = rest.last().unwrap_or(block).channels_out();
        let pixels = head.features_in() / channels;
        let order = (0..pixels).flat_map(|p| (0..channels).map(move |c| c * pixels + p));
        Some(Self {
            tails: tails.map(|factors| Tail::new(rest, factors)).collect(),
            head: head
                .clone()
                .with_inputs_in_order(&order.collect::<Vec<_>>()),
            second,
        })
    }

    /// Outputs of the head `[B, S, D]` from the first block's map `[B, C, H, W]`.
    pub(super) fn outputs(&self, map: Tensor<4>) -> Tensor<3> {
        let device = map.device();
        let [batch, channels, height, width] = map.dims();
        // Channels last is how the numbers lie.
        let map = map.permute([0, 2, 3, 1]).into_data();
        let values: Vec<f32> = map.iter::<f32>().collect();
        let step = self.images_at_a_time([height, width]);
        let outputs = (0..batch).step_by(step).map(|first| {
            let count = step.min(batch - first);
            let image = channels * height * width;
            let images = Images {
                count,
                height,
                width,
            };
            let maps = self
                .second
                .maps(images, &values[first * image..][..count * image]);
            self.heads(maps, self.second.dims(images), &device)
        });
        Tensor::cat(outputs.collect(), 0)
    }

    fn images_at_a_time(&self, [height, width]: [usize; 2]) -> usize {
        let image = Images {
            count: 1,
            height,
            width,
        };
        let dims = self.second.dims(image);
        let bytes = size_of::<f32>() * dims.iter().product::<usize>();
        (BYTES / bytes.max(1)).max(1)
    }

    /// `[B, S, D]` from the second block's maps `[B, S, H', W', C']`.
    fn heads(&self, maps: Vec<f32>, dims: [usize; 5], device: &Device) -> Tensor<3> {
        let [batch, samples, height, width, channels] = dims;
        if self.tails.is_empty() {
            let features = TensorData::new(maps, [batch * samples, height * width * channels]);
            let outputs = self.head.forward(Tensor::from_data(features, device));
            let size = outputs.dims()[1];
            return outputs.reshape([batch, samples, size]);
        }
        let outputs = self.tails.iter().enumerate().map(|(s, tail)| {
            let kept = tail.kept_of(s, &maps, dims);
            self.head
                .forward(tail.features(Tensor::from_data(kept, device)))
        });
        Tensor::stack(outputs.collect(), 1)
    }
}

impl SecondBlock {
    fn new(block: &ConvBlock, factors: &[Vec<Vec<f32>>]) -> Option<Self> {
        let weight = block.weight.val();
        if !is_host(&weight.device()) || weight.dtype() != DType::F32 || !block.is_pooled() {
            return None;
        }
        let entering = || factors.iter().map(|factors| &factors[0]);
        let kept: Vec<Vec<bool>> = entering()
            .map(|factors| factors.iter().map(|&factor| factor > 0.0).collect())
            .collect();
        // All channels that are kept have the same factor.
        let factor = entering().flatten().copied().fold(0.0, f32::max);
        let [outputs, inputs, rows, columns] = weight.dims();
        let conv = Conv2d::new(inputs, outputs, [rows, columns], [1, 1], [0, 0]);
        Some(Self {
            conv: conv.ok()?,
            weight: (weight * factor).into_data().iter::<f32>().collect(),
            bias: block.bias.val().into_data().iter::<f32>().collect(),
            subsets: ChannelSubsets::new(inputs, &kept),
            factors: factors.iter().flat_map(|f| f[1].clone()).collect(),
        })
    }

    /// `[B, S, H', W', C']`.
    fn dims(&self, input: Images) -> [usize; 5] {
        let output = expect(self.conv.pooled_output(input));
        let (samples, channels) = (self.subsets.count(), self.conv.cout());
        [output.count, samples, output.height, output.width, channels]
    }

    /// Its output under every sample, `[B, S, H', W', C']`, from images `x` `[B, H, W, C]`.
    fn maps(&self, input: Images, x: &[f32]) -> Vec<f32> {
        let mut maps = vec![0.0; self.dims(input).iter().product()];
        expect(self.conv.forward_relu_pool_subsets(
            input,
            x,
            &self.weight,
            Some(&self.bias),
            &self.subsets,
            &self.factors,
            &mut maps,
        ));
        maps
    }
}

impl Tail {
    fn new(rest: &[ConvBlock], factors: &[Vec<f32>]) -> Self {
        let channels = 0..factors[1].len();
        let mut kept: Vec<usize> = channels.filter(|&c| factors[1][c] > 0.0).collect();
        if kept.is_empty() {
            // There is no convolution of nothing; this channel is zero.
            kept.push(0);
        }
        let blocks = rest.iter().zip(&factors[2..]);
        let mut blocks: Vec<ConvBlock> = blocks
            .map(|(block, leaving)| block.with_channel_factors(None, leaving))
            .collect();
        if let Some(third) = blocks.first_mut() {
            *third = third.with_inputs(&kept);
        }
        Self { kept, blocks }
    }

    /// The kept channels of sample `s`, `[B, H', W', kept]`, of maps `[B, S, H', W', C']`.
    fn kept_of(&self, s: usize, maps: &[f32], dims: [usize; 5]) -> TensorData {
        let [batch, samples, height, width, channels] = dims;
        let (map, kept) = (height * width * channels, self.kept.len());
        let mut values = vec![0.0; batch * height * width * kept];
        values
            .par_chunks_exact_mut(height * width * kept)
            .zip(maps.par_chunks_exact(samples * map))
            .for_each(|(to, from)| {
                let pixels = from[s * map..][..map].chunks_exact(channels);
                for (to, from) in to.chunks_exact_mut(kept).zip(pixels) {
                    for (to, &channel) in to.iter_mut().zip(&self.kept) {
                        *to = from[channel];
                    }
                }
            });
        TensorData::new(values, [batch, height, width, kept])
    }

    /// Features `[B, F]` in row, column, channel order from those channels.
    fn features(&self, map: Tensor<4>) -> Tensor<2> {
        // The next thing to read a map, block or head, wants it channels-last.
        let place = Place {
            after_block: true,
            before_block: true,
        };
        let map = map.permute([0, 3, 1, 2]);
        let blocks = self.blocks.iter();
        let map = blocks.fold(map, |map, block| block.forward_at(map, place));
        map.permute([0, 2, 3, 1]).flatten(1, 3)
    }
}

/// Sizes come from the network itself.
fn expect<T>(result: Result<T, KernelError>) -> T {
    result.unwrap_or_else(|error| panic!("second block: {error}"))
}
