//! The dense gradients of weight and bias beside the reference.

use crate::common::{config, layers, uniform};
use lam_kernels::{Conv2d, Images, Level};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn is_the_reference_at_every_level(layer in layers(1)) {
        let mut random = layer.random();
        let (x, dy) = (uniform(&mut random, layer.x_len()), uniform(&mut random, layer.y_len()));
        let (weights, biases) = (layer.weight_grad(&x, &dy), layer.bias_grad(&dy));
        for level in Level::available() {
            let mut dw = vec![f32::NAN; layer.weight_len()];
            let mut db = vec![f32::NAN; layer.cout];
            layer.conv(level).weight_grad(layer.images, &x, &dy, &mut dw, Some(&mut db)).unwrap();
            weights.assert_close(&dw, "dw");
            biases.assert_close(&db, "db");
        }
    }
}

#[test]
fn of_an_empty_batch_is_zero() {
    let conv = Conv2d::new(2, 3, [3, 3], [1, 1], [0, 0]).unwrap();
    let images = Images {
        count: 0,
        height: 5,
        width: 5,
    };
    let (mut dw, mut db) = ([1.0; 54], [1.0; 3]);
    conv.weight_grad(images, &[], &[], &mut dw, Some(&mut db))
        .unwrap();
    assert_eq!((dw, db), ([0.0; 54], [0.0; 3]));
}
