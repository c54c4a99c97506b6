//! The backward pass over the winners, beside the dense reference and finite differences.

use crate::common::{Layer, config, layers, uniform};
use lam_kernels::{DEAD, Gradients, Images, Layout, Level, PooledGrad, PooledOutput};
use proptest::prelude::*;
use rand::RngExt;

struct Backward {
    dw: Vec<f32>,
    db: Vec<f32>,
    dx: Vec<f32>,
}

/// `grad` is channels first; it is reordered if the layout asks for it.
fn run(
    layer: &Layer,
    level: Level,
    layout: Layout,
    [x, weight, grad]: [&[f32]; 3],
    winners: &[u8],
    mask: bool,
) -> Backward {
    let mut values = grad.to_vec();
    if layout == Layout::Nhwc {
        for (i, &grad) in grad.iter().enumerate() {
            values[layer.pooled_last(i)] = grad;
        }
    }
    let mut out = Backward {
        dw: vec![f32::NAN; layer.weight_len()],
        db: vec![f32::NAN; layer.cout],
        dx: vec![f32::NAN; layer.x_len()],
    };
    let grads = Gradients {
        weight: &mut out.dw,
        bias: Some(&mut out.db),
        input: Some(&mut out.dx),
        mask,
    };
    let pooled = PooledGrad {
        layout,
        values: &values,
        winners,
    };
    layer
        .conv(level)
        .backward_relu_pool(layer.images, x, weight, pooled, grads)
        .unwrap();
    out
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn is_the_dense_reference_at_every_level(layer in layers(2)) {
        let mut random = layer.random();
        let (x, weight) = (uniform(&mut random, layer.x_len()), uniform(&mut random, layer.weight_len()));
        let grad = uniform(&mut random, layer.pooled_len());
        // Any winners will do: the backward pass is linear given them.
        let winners: Vec<u8> = grad.iter().map(|_| random.random_range(0..=DEAD)).collect();
        let mut dy = vec![0.0; layer.y_len()];
        for (i, &winner) in winners.iter().enumerate() {
            if winner != DEAD {
                dy[layer.under_pool(i, winner.into())] = grad[i];
            }
        }
        let (weights, biases, inputs) =
            (layer.weight_grad(&x, &dy), layer.bias_grad(&dy), layer.input_grad(&weight, &dy));
        for level in Level::available() {
            let first = run(&layer, level, Layout::Nchw, [&x, &weight, &grad], &winners, false);
            weights.assert_close(&first.dw, "dw");
            biases.assert_close(&first.db, "db");
            inputs.assert_close(&first.dx, "dx");
            let last = run(&layer, level, Layout::Nhwc, [&x, &weight, &grad], &winners, true);
            prop_assert_eq!(first.dw, last.dw);
            for ((&masked, &dx), &x) in last.dx.iter().zip(&first.dx).zip(&x) {
                prop_assert_eq!(masked, if x > 0.0 { dx } else { 0.0 });
            }
        }
    }
}

/// `Σ c · pool(relu(conv(x, w) + b))` in f64.
fn loss(layer: &Layer, x: &[f64], weight: &[f64], bias: &[f64], c: &[f32]) -> f64 {
    let mut y: Vec<f64> = (0..layer.y_len()).map(|i| bias[i % layer.cout]).collect();
    layer.for_each_term(|o, w, i| y[o] += weight[w] * x[i]);
    (c.iter().enumerate())
        .map(|(i, &c)| {
            let window = [0, 1, 2, 3].map(|place| y[layer.under_pool(i, place)]);
            f64::from(c) * window.into_iter().fold(0.0, f64::max)
        })
        .sum()
}

#[test]
fn is_the_slope_of_the_forward_pass() {
    let layer = Layer {
        cin: 3,
        cout: 5,
        kernel: [3, 2],
        stride: [1, 1],
        padding: [1, 0],
        images: Images {
            count: 2,
            height: 6,
            width: 7,
        },
        seed: 5,
    };
    let mut random = layer.random();
    let (x, weight) = (
        uniform(&mut random, layer.x_len()),
        uniform(&mut random, layer.weight_len()),
    );
    let bias = uniform(&mut random, layer.cout);
    let c = uniform(&mut random, layer.pooled_len());
    let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|&v| v.into()).collect() };
    let parameters = [wide(&x), wide(&weight), wide(&bias)];
    for level in Level::available() {
        let mut values = vec![0.0; layer.pooled_len()];
        let mut winners = vec![0; layer.pooled_len()];
        let out = PooledOutput {
            layout: Layout::Nchw,
            values: &mut values,
            winners: Some(&mut winners),
        };
        layer
            .conv(level)
            .forward_relu_pool(layer.images, &x, &weight, Some(&bias), out)
            .unwrap();
        assert!(winners.contains(&DEAD), "the case must have dead windows");
        let got = run(
            &layer,
            level,
            Layout::Nchw,
            [&x, &weight, &c],
            &winners,
            false,
        );
        for (which, got) in [got.dx, got.dw, got.db].iter().enumerate() {
            for (i, &got) in got.iter().enumerate() {
                let at = |step: f64| {
                    let mut moved = parameters.clone();
                    moved[which][i] += step;
                    loss(&layer, &moved[0], &moved[1], &moved[2], &c)
                };
                let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
                assert!(
                    (f64::from(got) - slope).abs() < 1e-5,
                    "parameter {which}, element {i}: {got}, slope {slope}"
                );
            }
        }
    }
}

#[test]
fn a_dead_map_has_no_gradient() {
    let layer = Layer {
        cin: 4,
        cout: 6,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [0, 0],
        images: Images {
            count: 2,
            height: 8,
            width: 8,
        },
        seed: 1,
    };
    let mut random = layer.random();
    let (x, weight) = (
        uniform(&mut random, layer.x_len()),
        uniform(&mut random, layer.weight_len()),
    );
    // A gradient that must not be looked at.
    let grad = vec![f32::NAN; layer.pooled_len()];
    // Bytes that no forward pass writes count as dead as well.
    for dead in [DEAD, 5, 255] {
        let winners = vec![dead; layer.pooled_len()];
        for level in Level::available() {
            let got = run(
                &layer,
                level,
                Layout::Nchw,
                [&x, &weight, &grad],
                &winners,
                false,
            );
            assert!(
                got.dw
                    .iter()
                    .chain(&got.db)
                    .chain(&got.dx)
                    .all(|&g| g == 0.0)
            );
        }
    }
}
