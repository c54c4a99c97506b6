//! The dense forward pass beside the reference.

use crate::common::{config, layers, uniform, whole};
use lam_kernels::Level;
use proptest::prelude::*;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn is_the_reference_at_every_level(layer in layers(1)) {
        let mut random = layer.random();
        let (x, weight) = (uniform(&mut random, layer.x_len()), uniform(&mut random, layer.weight_len()));
        let bias = uniform(&mut random, layer.cout);
        let reference = layer.forward(&x, &weight, &bias);
        for level in Level::available() {
            let mut y = vec![f32::NAN; layer.y_len()];
            layer.conv(level).forward(layer.images, &x, &weight, Some(&bias), false, &mut y).unwrap();
            reference.assert_close(&y, "y");
        }
    }

    #[test]
    fn is_exact_for_whole_numbers(layer in layers(1)) {
        let mut random = layer.random();
        let (x, weight) = (whole(&mut random, layer.x_len()), whole(&mut random, layer.weight_len()));
        let reference = layer.forward(&x, &weight, &vec![0.0; layer.cout]);
        for level in Level::available() {
            for relu in [false, true] {
                let mut y = vec![f32::NAN; layer.y_len()];
                layer.conv(level).forward(layer.images, &x, &weight, None, relu, &mut y).unwrap();
                for (&got, &want) in y.iter().zip(&reference.values) {
                    prop_assert_eq!(f64::from(got), if relu { want.max(0.0) } else { want });
                }
            }
        }
    }
}

#[test]
fn nan_comes_through_relu() {
    for level in Level::available() {
        let conv = lam_kernels::Conv2d::new(1, 3, [1, 1], [1, 1], [0, 0]).unwrap();
        let images = lam_kernels::Images {
            count: 1,
            height: 1,
            width: 3,
        };
        let mut y = [0.0; 9];
        conv.with_level(level)
            .unwrap()
            .forward(
                images,
                &[f32::NAN, 2.0, -2.0],
                &[1.0, -1.0, 0.5],
                None,
                true,
                &mut y,
            )
            .unwrap();
        assert!(y[..3].iter().all(|y| y.is_nan()));
        assert_eq!(y[3..], [2.0, 0.0, 1.0, 0.0, 2.0, 0.0]);
    }
}
