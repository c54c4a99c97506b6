//! Backbone and head.

use burn::module::Module;
use burn::tensor::Device;
use rand_chacha::ChaCha12Rng;

use crate::ModelError;
use crate::backbone::{ConvNet, ConvNetConfig};
use crate::head::{Activation, Head, HeadConfig};

/// What an [`Encoder`] is built from.
#[derive(Debug, Clone)]
pub struct EncoderConfig {
    backbone: ConvNetConfig,
    head: HeadConfig,
}

impl EncoderConfig {
    /// The encoder of architecture `arch` for images `[channels, height, width]`, with embeddings of size `latent_dim`.
    ///
    /// # Errors
    /// [`ModelError::NoBackbone`] where no architecture of that name takes such images.
    pub fn new(
        arch: &str,
        [channels, height, width]: [usize; 3],
        latent_dim: usize,
    ) -> Result<Self, ModelError> {
        let backbone = match arch {
            "linear" => ConvNetConfig::for_images(channels, height, width),
            _ => None,
        };
        let backbone = backbone.ok_or_else(|| ModelError::NoBackbone {
            arch: arch.to_owned(),
            channels,
            height,
            width,
        })?;
        Ok(Self {
            backbone,
            head: HeadConfig::linear(latent_dim),
        })
    }

    /// With hidden layers of these sizes in the head, and `activation` after each.
    #[must_use]
    pub fn with_hidden(mut self, sizes: Vec<usize>, activation: Activation) -> Self {
        self.head.hidden = sizes;
        self.head.activation = activation;
        self
    }

    /// `F`: features that enter the head.
    pub fn features(&self) -> usize {
        self.backbone.features()
    }

    /// `D`: size of an embedding.
    pub fn latent_dim(&self) -> usize {
        self.head.latent_dim
    }

    /// An encoder with PyTorch's default initialisation, drawn from `rng`.
    pub fn init(&self, rng: &mut ChaCha12Rng, device: &Device) -> Encoder {
        crate::state::number_parameters(Encoder {
            backbone: self.backbone.init(rng, device),
            head: self.head.init(self.features(), rng, device),
        })
    }
}

/// `image -> backbone -> features x -> head z` (method, section "Encoder").
#[derive(Module, Debug)]
pub struct Encoder {
    /// Images to features.
    pub backbone: ConvNet,
    /// Features to embeddings.
    pub head: Head,
}
