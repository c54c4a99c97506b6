//! The dense gradient of the input beside the reference.

use crate::common::{config, layers, uniform};
use lam_kernels::Level;
use proptest::prelude::*;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn is_the_reference_at_every_level(layer in layers(1)) {
        let mut random = layer.random();
        let (weight, dy) = (uniform(&mut random, layer.weight_len()), uniform(&mut random, layer.y_len()));
        let mask = uniform(&mut random, layer.x_len());
        let reference = layer.input_grad(&weight, &dy);
        for level in Level::available() {
            let mut dx = vec![f32::NAN; layer.x_len()];
            layer.conv(level).input_grad(layer.images, &dy, &weight, None, &mut dx).unwrap();
            reference.assert_close(&dx, "dx");
            let mut masked = vec![f32::NAN; layer.x_len()];
            layer.conv(level).input_grad(layer.images, &dy, &weight, Some(&mask), &mut masked).unwrap();
            for ((&masked, &dx), &mask) in masked.iter().zip(&dx).zip(&mask) {
                prop_assert_eq!(masked, if mask > 0.0 { dx } else { 0.0 });
            }
        }
    }
}
