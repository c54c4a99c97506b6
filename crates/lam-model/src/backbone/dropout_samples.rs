//! Encoders with channels left out, which share what they have in common.

use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha12Rng;

use super::shared_samples::SharedSamples;
use super::{Backbone, ChannelDropout, ConvNet};
use crate::Encoder;
use crate::head::Head;

/// Samples of an encoder under dropout; each leaves the same channels out of every image.
#[derive(Debug)]
pub struct DropoutSamples {
    kind: Kind,
    head: Head,
}

#[derive(Debug)]
enum Kind {
    /// The first block is computed once per image, what follows it once per sample.
    Networks { net: ConvNet, rest: Vec<ConvNet> },
    /// As before, and most of the second block is computed once per image too.
    Shared {
        net: ConvNet,
        samples: Box<SharedSamples>,
    },
    /// Features are computed once per image.
    Features {
        backbone: Box<Backbone>,
        /// Factors on the features, one list per sample.
        factors: Vec<Vec<f32>>,
    },
}

/// A batch of images under every sample.
#[derive(Debug)]
pub struct DroppedOut {
    /// What enters the head with nothing left out, `[B, F]`.
    pub whole: Tensor<2>,
    /// Outputs of the head under each of `S` samples, `[B, S, D]`.
    pub outputs: Tensor<3>,
}

impl DropoutSamples {
    pub(crate) fn draw(
        Encoder { backbone, head }: Encoder,
        dropout: ChannelDropout,
        count: usize,
        rng: &mut ChaCha12Rng,
    ) -> Self {
        let size = match &backbone {
            Backbone::Small(_) => 0,
            Backbone::Retrieval(net) => net.features(),
            Backbone::Given(given) => given.features(),
        };
        let kind = match backbone {
            Backbone::Small(net) => {
                let factors = (0..count).map(|_| net.draw_factors(dropout, rng));
                let factors: Vec<_> = factors.collect();
                match SharedSamples::new(&net, &head, &factors) {
                    Some(samples) => Kind::Shared {
                        net,
                        samples: Box::new(samples),
                    },
                    None => Kind::Networks {
                        rest: factors.iter().map(|f| net.rest_with_factors(f)).collect(),
                        net,
                    },
                }
            }
            backbone => Kind::Features {
                factors: (0..count).map(|_| dropout.factors(size, rng)).collect(),
                backbone: Box::new(backbone),
            },
        };
        Self { kind, head }
    }

    /// # Shapes
    /// - `images`: `[B, C, H, W]`
    pub fn outputs(&self, images: Tensor<4>) -> DroppedOut {
        match &self.kind {
            Kind::Networks { net, rest } => {
                let map = net.first_block(images);
                let features = rest.iter().map(|rest| rest.forward(map.clone()));
                DroppedOut {
                    outputs: self.heads(features),
                    whole: net.after_first_block(map),
                }
            }
            Kind::Shared { net, samples } => {
                let map = net.first_block(images);
                DroppedOut {
                    outputs: samples.outputs(map.clone()),
                    whole: net.after_first_block(map),
                }
            }
            Kind::Features { backbone, factors } => {
                let whole = backbone.forward(images);
                let features = factors.iter().map(|factors| {
                    let data = TensorData::new(factors.clone(), [1, factors.len()]);
                    whole.clone() * Tensor::<2>::from_data(data, &whole.device())
                });
                DroppedOut {
                    outputs: self.heads(features),
                    whole,
                }
            }
        }
    }

    /// Features `[B, F]` of each sample through the head, `[B, S, D]`.
    fn heads(&self, features: impl Iterator<Item = Tensor<2>>) -> Tensor<3> {
        let outputs = features.map(|features| self.head.forward(features));
        Tensor::stack(outputs.collect(), 1)
    }
}
