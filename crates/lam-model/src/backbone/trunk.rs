//! The trunks of torchvision's classifiers, by name.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::chain::{Chain, Link};
use super::densenet::{DenseNet, DenseNetConfig};
use super::resnet::{ResNet, ResNetConfig};
use super::{alexnet, squeezenet, vgg};
use crate::batch_norm::Pass;

/// Smallest side of an image of which every trunk leaves something.
pub const MIN_SIDE: usize = 32;

/// Architecture of a [`Trunk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkConfig {
    name: &'static str,
    family: Family,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Family {
    Chain { links: Vec<Link>, channels: usize },
    Resnet(ResNetConfig),
    Densenet(DenseNetConfig),
}

type Make = fn() -> Family;

/// One line per architecture.
const TRUNKS: &[(&str, Make)] = &[
    ("alexnet", || chain(alexnet::links(), alexnet::CHANNELS)),
    ("vgg11", || chain(vgg::links(vgg::VGG11), vgg::CHANNELS)),
    ("vgg13", || chain(vgg::links(vgg::VGG13), vgg::CHANNELS)),
    ("vgg16", || chain(vgg::links(vgg::VGG16), vgg::CHANNELS)),
    ("vgg19", || chain(vgg::links(vgg::VGG19), vgg::CHANNELS)),
    ("resnet18", || resnet([2, 2, 2, 2], false)),
    ("resnet34", || resnet([3, 4, 6, 3], false)),
    ("resnet50", || resnet([3, 4, 6, 3], true)),
    ("resnet101", || resnet([3, 4, 23, 3], true)),
    ("resnet152", || resnet([3, 8, 36, 3], true)),
    ("densenet121", || densenet(64, 32, [6, 12, 24, 16])),
    ("densenet161", || densenet(96, 48, [6, 12, 36, 24])),
    ("densenet169", || densenet(64, 32, [6, 12, 32, 32])),
    ("densenet201", || densenet(64, 32, [6, 12, 48, 32])),
    ("squeezenet1_0", || {
        chain(squeezenet::links_1_0(), squeezenet::CHANNELS)
    }),
    ("squeezenet1_1", || {
        chain(squeezenet::links_1_1(), squeezenet::CHANNELS)
    }),
];

fn chain(links: Vec<Link>, channels: usize) -> Family {
    Family::Chain { links, channels }
}

fn resnet(depths: [usize; 4], bottleneck: bool) -> Family {
    Family::Resnet(ResNetConfig { depths, bottleneck })
}

fn densenet(stem: usize, growth: usize, depths: [usize; 4]) -> Family {
    Family::Densenet(DenseNetConfig {
        stem,
        growth,
        depths,
    })
}

/// A network from images to feature maps.
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one of them, next to megabytes of weights"
)]
pub enum Trunk {
    /// AlexNet, VGG, SqueezeNet.
    Chain(Chain),
    /// Residual networks.
    Resnet(ResNet),
    /// Densely connected networks.
    Densenet(DenseNet),
}

impl TrunkConfig {
    /// The trunk of that name in torchvision, if there is one.
    pub fn by_name(name: &str) -> Option<Self> {
        let (name, make) = TRUNKS.iter().find(|(known, _)| *known == name)?;
        Some(Self {
            name,
            family: make(),
        })
    }

    /// The names there are.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TRUNKS.iter().map(|&(name, _)| name)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Channels of the feature map.
    pub fn channels(&self) -> usize {
        match &self.family {
            Family::Chain { channels, .. } => *channels,
            Family::Resnet(config) => config.channels(),
            Family::Densenet(config) => config.channels(),
        }
    }

    /// A trunk with torchvision's initialisation, drawn from `rng`.
    pub fn init(&self, rng: &mut ChaCha12Rng, device: &Device) -> Trunk {
        match &self.family {
            Family::Chain { links, .. } => Trunk::Chain(Chain::init(links, rng, device)),
            Family::Resnet(config) => Trunk::Resnet(config.init(rng, device)),
            Family::Densenet(config) => Trunk::Densenet(config.init(rng, device)),
        }
    }
}

impl Trunk {
    /// # Shapes
    /// - `images`: `[B, 3, H, W]`, sides of at least [`MIN_SIDE`]
    /// - output: `[B, C, H', W']`
    pub fn forward(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        match self {
            Self::Chain(chain) => chain.forward(images),
            Self::Resnet(resnet) => resnet.forward(images, pass),
            Self::Densenet(densenet) => densenet.forward(images, pass),
        }
    }
}
