//! Subsets of the input channels beside the whole pass with the other channels' weights set to zero.

use crate::common::{Layer, config, layers, uniform, whole};
use lam_kernels::{ChannelSubsets, Conv2d, Images, Layout, Level, PooledOutput};
use proptest::prelude::*;
use rand::RngExt;

/// Subsets as lists, and factors of the output's channels, some of them zero.
fn choices(layer: &Layer, count: usize, rate: f64) -> (Vec<Vec<bool>>, Vec<f32>) {
    let mut random = layer.random();
    let kept = (0..count)
        .map(|_| {
            (0..layer.cin)
                .map(|_| random.random_bool(1.0 - rate))
                .collect()
        })
        .collect();
    let factors = (0..count * layer.cout)
        .map(|_| if random.random_bool(rate) { 0.0 } else { 2.0 })
        .collect();
    (kept, factors)
}

fn run(
    layer: &Layer,
    level: Level,
    [x, weight, bias]: [&[f32]; 3],
    kept: &[Vec<bool>],
    factors: &[f32],
) -> Vec<f32> {
    let mut out = vec![f32::NAN; layer.pooled_len() * kept.len()];
    layer
        .conv(level)
        .forward_relu_pool_subsets(
            layer.images,
            x,
            weight,
            Some(bias),
            &ChannelSubsets::new(layer.cin, kept),
            factors,
            &mut out,
        )
        .unwrap();
    out
}

/// The weight without the channels that are left out.
fn masked(layer: &Layer, weight: &[f32], kept: &[bool]) -> Vec<f32> {
    let taps = layer.kernel[0] * layer.kernel[1];
    let channel = |i: usize| i / taps % layer.cin;
    let keep = |(i, &w): (usize, &f32)| if kept[channel(i)] { w } else { 0.0 };
    weight.iter().enumerate().map(keep).collect()
}

/// Index in `[N, S, PH, PW, C]` of subset `s` at an index of `[N, PH, PW, C]`.
fn place(layer: &Layer, subsets: usize, s: usize, i: usize) -> usize {
    let image = layer.pooled_len() / layer.images.count;
    (i / image * subsets + s) * image + i % image
}

proptest! {
    #![proptest_config(config())]

    /// Whole numbers: sums are exact in any order.
    #[test]
    fn is_exact_for_whole_numbers(layer in layers(2), count in 1usize..6, rate in 0.0..1.0) {
        let mut random = layer.random();
        let (x, weight) = (whole(&mut random, layer.x_len()), whole(&mut random, layer.weight_len()));
        let bias = whole(&mut random, layer.cout);
        let (kept, factors) = choices(&layer, count, rate);
        for level in Level::available() {
            let out = run(&layer, level, [&x, &weight, &bias], &kept, &factors);
            for (s, kept) in kept.iter().enumerate() {
                let y = layer.forward(&x, &masked(&layer, &weight, kept), &bias).values;
                for pooled in 0..layer.pooled_len() {
                    let window = [0, 1, 2, 3].map(|place| y[layer.under_pool(pooled, place)]);
                    let largest = window.into_iter().fold(0.0, f64::max);
                    let last = layer.pooled_last(pooled);
                    let factor = f64::from(factors[s * layer.cout + last % layer.cout]);
                    let got = out[place(&layer, count, s, last)];
                    prop_assert_eq!(f64::from(got), largest * factor);
                }
            }
        }
    }

    #[test]
    fn is_the_pass_with_masked_weights(layer in layers(2), count in 1usize..6, rate in 0.0..1.0) {
        let mut random = layer.random();
        let (x, weight) = (uniform(&mut random, layer.x_len()), uniform(&mut random, layer.weight_len()));
        let bias = uniform(&mut random, layer.cout);
        let (kept, factors) = choices(&layer, count, rate);
        for level in Level::available() {
            let out = run(&layer, level, [&x, &weight, &bias], &kept, &factors);
            for (s, kept) in kept.iter().enumerate() {
                let weight = masked(&layer, &weight, kept);
                let mut values = vec![f32::NAN; layer.pooled_len()];
                let pooled = PooledOutput { layout: Layout::Nhwc, values: &mut values, winners: None };
                layer.conv(level).forward_relu_pool(layer.images, &x, &weight, Some(&bias), pooled).unwrap();
                let terms = (layer.weight_len() / layer.cout + 1) as f32;
                for (i, value) in values.into_iter().enumerate() {
                    let factor = factors[s * layer.cout + i % layer.cout];
                    let got = out[place(&layer, count, s, i)];
                    // Every term is at most 1.
                    prop_assert!((got - value * factor).abs() <= 1e-6 * terms * factor, "{} {}", got, value);
                }
            }
        }
    }
}

#[test]
fn shapes_are_checked_and_no_subset_is_fine() {
    let conv = Conv2d::new(2, 3, [1, 1], [1, 1], [0, 0]).unwrap();
    let images = Images {
        count: 1,
        height: 2,
        width: 2,
    };
    let (x, weight) = ([1.0; 8], [1.0; 6]);
    let run = |subsets: &ChannelSubsets, factors: &[f32], out: &mut [f32]| {
        conv.forward_relu_pool_subsets(images, &x, &weight, None, subsets, factors, out)
    };
    let both = ChannelSubsets::new(2, &[vec![true, true], vec![false, true]]);
    let mut out = [f32::NAN; 6];
    run(&both, &[1.0; 6], &mut out).unwrap();
    assert_eq!(out, [2.0, 2.0, 2.0, 1.0, 1.0, 1.0]);
    assert!(run(&both, &[1.0; 5], &mut out).is_err());
    assert!(run(&both, &[1.0; 6], &mut out[1..]).is_err());
    assert!(
        run(
            &ChannelSubsets::new(3, &[vec![true; 3]]),
            &[1.0; 3],
            &mut out[..3]
        )
        .is_err()
    );
    run(&ChannelSubsets::new(2, &[]), &[], &mut []).unwrap();
}

#[test]
fn nan_comes_out_of_the_subsets_that_see_it() {
    let conv = Conv2d::new(2, 1, [1, 1], [1, 1], [0, 0]).unwrap();
    let images = Images {
        count: 1,
        height: 2,
        width: 2,
    };
    let subsets = ChannelSubsets::new(2, &[vec![true, false], vec![false, true], vec![true, true]]);
    for level in Level::available() {
        for place in 0..4 {
            let mut x = [1.0; 8];
            x[2 * place] = f32::NAN;
            let mut out = [0.0; 3];
            conv.with_level(level)
                .unwrap()
                .forward_relu_pool_subsets(
                    images,
                    &x,
                    &[1.0, 1.0],
                    None,
                    &subsets,
                    &[1.0; 3],
                    &mut out,
                )
                .unwrap();
            assert!(
                out[0].is_nan() && out[1] == 1.0 && out[2].is_nan(),
                "{out:?}"
            );
        }
    }
}
