//! The part of an encoder from images to features; a point estimate in every method.

mod alexnet;
mod chain;
mod conv_block;
mod conv_net;
mod convolution;
mod densenet;
mod dropout;
mod dropout_samples;
mod given;
mod kind;
mod resnet;
mod retrieval_net;
mod shared_samples;
mod squeezenet;
mod trunk;
mod vgg;

pub use chain::{Chain, Layer, Plain};
pub use conv_block::{ConvBlock, ConvBlockConfig};
pub use conv_net::{ConvNet, ConvNetConfig};
pub use convolution::Convolution;
pub use densenet::{DenseLayer, DenseNet, Transition};
pub use dropout::ChannelDropout;
pub use dropout_samples::{DropoutSamples, DroppedOut};
pub use given::GivenFeatures;
pub use kind::{Backbone, BackboneConfig};
pub use resnet::{Block, ResNet};
pub use retrieval_net::{RetrievalNet, RetrievalNetConfig};
pub use squeezenet::Fire;
pub use trunk::{MIN_SIDE, Trunk, TrunkConfig};
