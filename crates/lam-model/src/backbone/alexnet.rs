//! AlexNet (Krizhevsky 2014, arXiv 1404.5997), as in torchvision.

use super::chain::Link;
use super::convolution::{ConvolutionConfig, Init};

/// Channels of the output.
pub(super) const CHANNELS: usize = 256;

/// The features without the last pool.
pub(super) fn links() -> Vec<Link> {
    let convolution = |from, to, kernel, padding| {
        ConvolutionConfig::new(from, to, kernel, Init::Default)
            .with_padding(padding)
            .with_bias()
    };
    let pool = Link::MaxPool {
        side: 3,
        ceil: false,
    };
    vec![
        Link::Convolution(convolution(3, 64, 11, 2).with_stride(4)),
        Link::Relu,
        pool,
        Link::Convolution(convolution(64, 192, 5, 2)),
        Link::Relu,
        pool,
        Link::Convolution(convolution(192, 384, 3, 1)),
        Link::Relu,
        Link::Convolution(convolution(384, 256, 3, 1)),
        Link::Relu,
        Link::Convolution(convolution(256, CHANNELS, 3, 1)),
        Link::Relu,
    ]
}
