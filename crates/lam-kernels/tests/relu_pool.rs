//! Convolution, ReLU and pool as one beside the reference.

use crate::common::{Layer, config, layers, uniform, whole, winograd_layers};
use lam_kernels::{Conv2d, DEAD, Images, Layout, Level, PooledOutput};
use proptest::prelude::*;

/// The pooled map, channels first, and its winners.
fn run(
    layer: &Layer,
    level: Level,
    layout: Layout,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
) -> (Vec<f32>, Vec<u8>) {
    let mut values = vec![f32::NAN; layer.pooled_len()];
    let mut winners = vec![9; layer.pooled_len()];
    let out = PooledOutput {
        layout,
        values: &mut values,
        winners: Some(&mut winners),
    };
    let conv = layer.conv(level);
    conv.forward_relu_pool(layer.images, x, weight, Some(bias), out)
        .unwrap();
    if layout == Layout::Nhwc {
        let last = values;
        values = (0..last.len())
            .map(|i| last[layer.pooled_last(i)])
            .collect();
    }
    (values, winners)
}

proptest! {
    #![proptest_config(config())]

    /// Whole numbers: sums are exact, so that values, ties and dead windows must agree exactly.
    #[test]
    fn is_exact_for_whole_numbers(layer in prop_oneof![layers(2), winograd_layers()]) {
        let mut random = layer.random();
        let (x, weight) = (whole(&mut random, layer.x_len()), whole(&mut random, layer.weight_len()));
        let bias = whole(&mut random, layer.cout);
        let y = layer.forward(&x, &weight, &bias).values;
        for level in Level::available() {
            for layout in [Layout::Nchw, Layout::Nhwc] {
                let (values, winners) = run(&layer, level, layout, &x, &weight, &bias);
                for i in 0..values.len() {
                    let window = [0, 1, 2, 3].map(|place| y[layer.under_pool(i, place)]);
                    let largest = window.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let first = window.iter().position(|&y| y == largest).unwrap() as u8;
                    prop_assert_eq!(f64::from(values[i]), largest.max(0.0));
                    prop_assert_eq!(winners[i], if largest > 0.0 { first } else { DEAD });
                }
            }
        }
    }

    #[test]
    fn is_the_dense_pass_pooled(layer in prop_oneof![layers(2), winograd_layers()]) {
        let mut random = layer.random();
        let (x, weight) = (uniform(&mut random, layer.x_len()), uniform(&mut random, layer.weight_len()));
        let bias = uniform(&mut random, layer.cout);
        let reference = layer.forward(&x, &weight, &bias);
        for level in Level::available() {
            let (values, winners) = run(&layer, level, Layout::Nchw, &x, &weight, &bias);
            for i in 0..values.len() {
                let window = [0, 1, 2, 3].map(|place| layer.under_pool(i, place));
                let tolerance = 1e-6 * window.map(|i| reference.magnitudes[i]).into_iter().fold(0.0, f64::max);
                let window = window.map(|i| reference.values[i]);
                let largest = window.into_iter().fold(0.0, f64::max);
                prop_assert!((f64::from(values[i]) - largest).abs() <= tolerance);
                match winners[i] {
                    DEAD => prop_assert!(largest <= tolerance),
                    place => prop_assert!(window[usize::from(place)] >= largest - tolerance),
                }
            }
        }
    }
}

#[test]
fn nan_wins_and_comes_out() {
    // Identity: four windows in a row, NaN at one place of each.
    let conv = Conv2d::new(1, 1, [1, 1], [1, 1], [0, 0]).unwrap();
    let images = Images {
        count: 1,
        height: 2,
        width: 8,
    };
    for level in Level::available() {
        let mut x = [7.0; 16];
        for (window, place) in [0, 1, 8, 9].into_iter().enumerate() {
            x[2 * window + place] = f32::NAN;
        }
        let (mut values, mut winners) = ([0.0; 4], [9; 4]);
        let out = PooledOutput {
            layout: Layout::Nchw,
            values: &mut values,
            winners: Some(&mut winners),
        };
        conv.with_level(level)
            .unwrap()
            .forward_relu_pool(images, &x, &[1.0], None, out)
            .unwrap();
        assert!(values.iter().all(|value| value.is_nan()));
        assert_eq!(winners, [0, 1, 2, 3]);
    }
}

/// A layer that is computed with fewer products.
fn winograd_layer(cin: usize, cout: usize, height: usize, width: usize) -> Layer {
    Layer {
        cin,
        cout,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [0, 0],
        images: Images {
            count: 1,
            height,
            width,
        },
        seed: 0,
    }
}

/// With few products too: each number of the patch under a window reaches one of the window's sums.
#[test]
fn nan_comes_out_of_every_window_that_sees_it() {
    let layer = winograd_layer(16, 2, 8, 10);
    let weight: Vec<f32> = (0..layer.weight_len()).map(|i| i as f32).collect();
    for level in Level::available() {
        for (row, column) in (0..8).flat_map(|row| (0..10).map(move |column| (row, column))) {
            let mut x = vec![1.0; layer.x_len()];
            x[(row * 10 + column) * 16 + 7] = f32::NAN;
            let (values, _) = run(&layer, level, Layout::Nchw, &x, &weight, &[0.0; 2]);
            for (i, value) in values.iter().enumerate() {
                let (top, left) = (2 * (i / 4 % 3), 2 * (i % 4));
                let seen = (top..top + 4).contains(&row) && (left..left + 4).contains(&column);
                assert_eq!(value.is_nan(), seen, "{level:?}, NaN at {row}, {column}");
            }
        }
    }
}

/// A constant picture has four equal sums in every window, to the last bit, whatever the numbers: the first wins.
#[test]
fn a_constant_picture_has_ties() {
    let layer = winograd_layer(32, 20, 12, 12);
    let weight: Vec<f32> = (0..layer.weight_len())
        .map(|i| (i as f32).sin() + 0.3)
        .collect();
    let x: Vec<f32> = (0..layer.x_len())
        .map(|i| 0.1 + (i % 32) as f32 / 7.0)
        .collect();
    for level in Level::available() {
        let (values, winners) = run(&layer, level, Layout::Nchw, &x, &weight, &[0.0; 20]);
        assert!(winners.iter().all(|&winner| winner == 0 || winner == DEAD));
        assert!(winners.contains(&0));
        assert!(values.chunks(5 * 5).all(|map| map == [map[0]; 5 * 5]));
    }
}

#[test]
fn winners_may_be_left_out() {
    let conv = Conv2d::new(1, 1, [1, 1], [1, 1], [0, 0]).unwrap();
    let images = Images {
        count: 2,
        height: 2,
        width: 2,
    };
    let mut values = [9.0; 2];
    let out = PooledOutput {
        layout: Layout::Nchw,
        values: &mut values,
        winners: None,
    };
    let x = [1.0, 5.0, 3.0, 2.0, -1.0, -5.0, -3.0, -2.0];
    conv.forward_relu_pool(images, &x, &[1.0], None, out)
        .unwrap();
    assert_eq!(values, [5.0, 0.0]);
}
