//! Networks with channels left out, which share what they have in common.

use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha12Rng;

use super::{Backbone, ChannelDropout, ConvNet, GivenFeatures, RetrievalNet};

/// Samples of a network under dropout; each leaves the same channels out of every image.
#[derive(Debug)]
pub struct DropoutSamples(Kind);

#[derive(Debug)]
enum Kind {
    /// The first block is computed once per image, what follows it once per sample.
    Small {
        first: ConvNet,
        /// Blocks after the first, one network per sample.
        networks: Vec<ConvNet>,
        /// Blocks after the first, nothing left out.
        whole: ConvNet,
    },
    /// Features are computed once per image.
    OfFeatures {
        net: Box<Backbone>,
        /// Factors on the features, one list per sample.
        factors: Vec<Vec<f32>>,
    },
}

/// A batch of images under every sample.
pub struct DroppedOut<'a> {
    /// Features with nothing left out, `[B, F]`.
    pub whole: Tensor<2>,
    /// Features `[B, F]` under each sample, computed one by one.
    pub samples: Box<dyn Iterator<Item = Tensor<2>> + 'a>,
}

impl DropoutSamples {
    pub(super) fn of_small(
        net: ConvNet,
        dropout: ChannelDropout,
        count: usize,
        rng: &mut ChaCha12Rng,
    ) -> Self {
        let networks = (0..count).map(|_| net.rest_with_dropout(dropout, rng));
        let networks = networks.collect();
        Self(Kind::Small {
            networks,
            whole: net.rest_with_dropout(ChannelDropout::none(), rng),
            first: net,
        })
    }

    pub(super) fn of_retrieval(
        net: RetrievalNet,
        dropout: ChannelDropout,
        count: usize,
        rng: &mut ChaCha12Rng,
    ) -> Self {
        let size = net.features();
        Self::of_features(Backbone::Retrieval(net), size, dropout, count, rng)
    }

    pub(super) fn of_given(
        given: GivenFeatures,
        dropout: ChannelDropout,
        count: usize,
        rng: &mut ChaCha12Rng,
    ) -> Self {
        let size = given.features();
        Self::of_features(Backbone::Given(given), size, dropout, count, rng)
    }

    fn of_features(
        net: Backbone,
        size: usize,
        dropout: ChannelDropout,
        count: usize,
        rng: &mut ChaCha12Rng,
    ) -> Self {
        let factors = (0..count).map(|_| dropout.factors(size, rng));
        Self(Kind::OfFeatures {
            factors: factors.collect(),
            net: Box::new(net),
        })
    }

    /// # Shapes
    /// - `images`: `[B, C, H, W]`
    pub fn features(&self, images: Tensor<4>) -> DroppedOut<'_> {
        match &self.0 {
            Kind::Small {
                first,
                networks,
                whole,
            } => {
                let map = first.first_block(images);
                DroppedOut {
                    whole: whole.forward(map.clone()),
                    samples: Box::new(networks.iter().map(move |net| net.forward(map.clone()))),
                }
            }
            Kind::OfFeatures { net, factors } => {
                let whole = net.forward(images);
                let (features, device) = (whole.clone(), whole.device());
                let samples = factors.iter().map(move |factors| {
                    let data = TensorData::new(factors.clone(), [1, factors.len()]);
                    features.clone() * Tensor::<2>::from_data(data, &device)
                });
                DroppedOut {
                    whole,
                    samples: Box::new(samples),
                }
            }
        }
    }
}
