//! VGG without batch norm (Simonyan and Zisserman, ICLR 2015), as in torchvision.

use super::chain::Link;
use super::convolution::{ConvolutionConfig, Init};

/// Channels of the five stages.
const STAGES: [usize; 5] = [64, 128, 256, 512, 512];

/// Channels of the output.
pub(super) const CHANNELS: usize = 512;

/// Convolutions in each stage of VGG-11.
pub(super) const VGG11: [usize; 5] = [1, 1, 2, 2, 2];
/// Convolutions in each stage of VGG-13.
pub(super) const VGG13: [usize; 5] = [2, 2, 2, 2, 2];
/// Convolutions in each stage of VGG-16.
pub(super) const VGG16: [usize; 5] = [2, 2, 3, 3, 3];
/// Convolutions in each stage of VGG-19.
pub(super) const VGG19: [usize; 5] = [2, 2, 4, 4, 4];

/// The features without the last pool.
pub(super) fn links(depths: [usize; 5]) -> Vec<Link> {
    let mut links = Vec::new();
    let mut from = 3;
    for (stage, (&channels, depth)) in STAGES.iter().zip(depths).enumerate() {
        if stage > 0 {
            links.push(Link::MaxPool {
                side: 2,
                ceil: false,
            });
        }
        for _ in 0..depth {
            let convolution = ConvolutionConfig::new(from, channels, 3, Init::NormalFanOut)
                .with_padding(1)
                .with_bias();
            links.extend([Link::Convolution(convolution), Link::Relu]);
            from = channels;
        }
    }
    links
}
