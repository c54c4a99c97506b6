//! Channels first and last.

use lam_kernels::{Images, nchw_to_nhwc, nhwc_to_nchw};
use proptest::prelude::*;

proptest! {
    #[test]
    fn channels_move_and_come_back(
        count in 0usize..4, height in 1usize..20, width in 1usize..20, channels in 1usize..40,
    ) {
        let images = Images { count, height, width };
        let x: Vec<f32> = (0..count * channels * height * width).map(|i| i as f32).collect();
        let mut last = vec![-1.0; x.len()];
        nchw_to_nhwc(images, channels, &x, &mut last).unwrap();
        for (i, &value) in last.iter().enumerate() {
            let (c, w, h) = (i % channels, i / channels % width, i / channels / width % height);
            let n = i / channels / width / height;
            prop_assert_eq!(value, x[((n * channels + c) * height + h) * width + w]);
        }
        let mut first = vec![-1.0; x.len()];
        nhwc_to_nchw(images, channels, &last, &mut first).unwrap();
        prop_assert_eq!(first, x);
    }
}
