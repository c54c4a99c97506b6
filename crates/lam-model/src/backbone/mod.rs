//! The part of an encoder from images to features; a point estimate in every method.

mod conv_block;
mod conv_net;
mod dropout;

pub use conv_block::{ConvBlock, ConvBlockConfig};
pub use conv_net::{ConvNet, ConvNetConfig};
pub use dropout::ChannelDropout;
