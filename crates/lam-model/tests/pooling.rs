//! Poolings against published code's numbers and against plain loops.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::{assert_close, device, golden, host, tensor, values};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use lam_model::pooling::{GlobalPooling, Pooling, Region, by_name, regions};
use lam_model::{ModelError, load_state, state_dict};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use safetensors::SafeTensors;

fn pooling(name: &str, channels: usize, device: &Device) -> Pooling {
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    by_name(name).unwrap().init(channels, &mut rng, device)
}

fn with_exponent(pool: Pooling, exponents: &[f64], device: &Device) -> Pooling {
    let data = tensor::<1>(exponents, &[exponents.len()], device).into_data();
    let state = [("exponent".to_owned(), data)].into();
    load_state(pool, &state).unwrap()
}

#[test]
fn poolings_are_the_published_ones() {
    let bytes = golden("pooling");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let device = device();
    let (shape, input) = values(&file, "input");
    let channels = shape[1];
    let map = tensor::<4>(&input, &shape, &device);
    let exponents = values(&file, "gemmp_p").1;
    let gemmp = with_exponent(pooling("gemmp", channels, &device), &exponents, &device);
    for (name, pool) in [
        ("mac", pooling("mac", channels, &device)),
        ("spoc", pooling("spoc", channels, &device)),
        ("gem_p3", pooling("gem", channels, &device)),
        ("gemmp", gemmp),
        ("rmac", pooling("rmac", channels, &device)),
    ] {
        let pooled = pool.forward(map.clone());
        assert_eq!(pooled.dims(), [shape[0], channels]);
        assert_close(name, &host(pooled), &values(&file, name).1, 1e-5);
    }
}

/// `(mean of max(x, 1e-6)^p)^(1/p)`, in double precision.
fn power_mean(x: &[f64], p: f64) -> f64 {
    let powers = x.iter().map(|v| v.max(1e-6).powf(p));
    (powers.sum::<f64>() / x.len() as f64).powf(1.0 / p)
}

/// A map `[1, 2, 3, 4]` with zeros, as after ReLU.
fn map() -> Vec<f64> {
    let mut rng = ChaCha12Rng::seed_from_u64(5);
    (0..24)
        .map(|_| rng.random_range(-1.0_f64..3.0).max(0.0))
        .collect()
}

#[test]
fn gradients_of_the_generalised_mean_reach_exponents_and_map() {
    let device = device().autodiff();
    let weights = [0.7, -1.3];
    for (name, exponents) in [("gem", vec![2.6]), ("gemmp", vec![2.6, 4.1])] {
        let pool = with_exponent(pooling(name, 2, &device), &exponents, &device);
        let x = tensor::<4>(&map(), &[1, 2, 3, 4], &device).require_grad();
        let out = pool.forward(x.clone()) * tensor::<2>(&weights, &[1, 2], &device);
        let grads = out.sum().backward();
        let value = |x: &[f64], p: &[f64]| -> f64 {
            (0..2)
                .map(|k| weights[k] * power_mean(&x[12 * k..12 * (k + 1)], p[k % p.len()]))
                .sum()
        };
        let slope = |at: &[f64], i: usize, f: &dyn Fn(&[f64]) -> f64| {
            let step = |delta: f64| {
                let mut moved = at.to_vec();
                moved[i] += delta;
                f(&moved)
            };
            (step(1e-5) - step(-1e-5)) / 2e-5
        };
        let parameter = match &pool {
            Pooling::Global(GlobalPooling::Gem(gem)) => gem.exponent.val(),
            Pooling::Global(GlobalPooling::Gemmp(gemmp)) => gemmp.exponent.val(),
            _ => panic!(),
        };
        let got = host(parameter.grad(&grads).unwrap());
        let want: Vec<f64> = (0..exponents.len())
            .map(|i| slope(&exponents, i, &|p| value(&map(), p)))
            .collect();
        assert_close(&format!("{name} exponent"), &got, &want, 1e-4);
        let got = host(x.grad(&grads).unwrap());
        let want: Vec<f64> = (0..24)
            .map(|i| {
                if map()[i] == 0.0 {
                    0.0
                } else {
                    slope(&map(), i, &|x| value(x, &exponents))
                }
            })
            .collect();
        assert_close(&format!("{name} map"), &got, &want, 1e-4);
    }
}

#[test]
fn the_generalised_mean_lies_between_mean_and_maximum_whatever_its_exponent() {
    let device = device().autodiff();
    for scale in [1e-8, 1.0, 1e6] {
        let values: Vec<f64> = map().iter().map(|v| v * scale).collect();
        let x = tensor::<4>(&values, &[1, 2, 3, 4], &device);
        let mut last = host(pooling("spoc", 2, &device).forward(x.clone()).inner());
        for p in [1.0, 3.0, 20.0, 200.0] {
            let pool = with_exponent(pooling("gem", 2, &device), &[p], &device);
            let out = pool.forward(x.clone());
            let grads = out.clone().sum().backward();
            let Pooling::Global(GlobalPooling::Gem(gem)) = &pool else {
                panic!()
            };
            assert!(host(gem.exponent.val().grad(&grads).unwrap())[0].is_finite());
            let out = host(out.inner());
            for (new, old) in out.iter().zip(&last) {
                assert!(
                    *new >= *old * (1.0 - 1e-5),
                    "{new} after {old} at {p}, {scale}"
                );
            }
            last = out;
        }
        let largest = host(pooling("mac", 2, &device).forward(x).inner());
        for (mean, max) in last.iter().zip(&largest) {
            assert!(*mean <= max.max(1e-6) * (1.0 + 1e-5), "{mean} {max}");
        }
    }
}

/// Regions pooled, normalised, whitened, normalised, summed, normalised: by plain loops.
#[test]
fn regional_pooling_is_what_it_says() {
    const CHANNELS: usize = 3;
    let (height, width) = (5, 8);
    let device = device();
    let mut rng = ChaCha12Rng::seed_from_u64(9);
    let x: Vec<f64> = (0..CHANNELS * height * width)
        .map(|_| rng.random_range(0.0..2.0))
        .collect();
    let pool = pooling("gem-r", CHANNELS, &device);
    let state = state_dict(&pool);
    let read = |name: &str| -> Vec<f64> {
        let data = state[name].clone().try_into_vec::<f32>().unwrap();
        data.into_iter().map(f64::from).collect()
    };
    let (weight, bias) = (read("whiten.weight"), read("whiten.bias"));
    assert_eq!(read("pool.exponent"), [3.0]);
    let unit = |v: Vec<f64>| -> Vec<f64> {
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt() + 1e-6;
        v.iter().map(|x| x / norm).collect()
    };
    let mut parts = vec![(0, 0, height, width)];
    for Region { top, left, side } in regions(height, width) {
        parts.push((top, left, side, side));
    }
    let mut sum = vec![0.0; CHANNELS];
    for (top, left, rows, columns) in parts {
        let pooled = (0..CHANNELS)
            .map(|c| {
                let inside: Vec<f64> = (top..top + rows)
                    .flat_map(|i| (left..left + columns).map(move |j| (i, j)))
                    .map(|(i, j)| x[(c * height + i) * width + j])
                    .collect();
                power_mean(&inside, 3.0)
            })
            .collect();
        let pooled = unit(pooled);
        let whitened = (0..CHANNELS)
            .map(|o| {
                bias[o]
                    + (0..CHANNELS)
                        .map(|i| weight[o * CHANNELS + i] * pooled[i])
                        .sum::<f64>()
            })
            .collect();
        for (total, value) in sum.iter_mut().zip(unit(whitened)) {
            *total += value;
        }
    }
    let map = tensor::<4>(&x, &[1, CHANNELS, height, width], &device);
    assert_close("regional", &host(pool.forward(map)), &unit(sum), 1e-5);
}

#[test]
fn an_unknown_pooling_is_named() {
    let error = by_name("median").unwrap_err();
    assert!(matches!(error, ModelError::UnknownName { .. }));
    assert!(error.to_string().contains("gem-r"), "{error}");
}

#[test]
fn a_map_of_zeros_has_finite_features_and_gradients() {
    let device = device().autodiff();
    for name in [
        "mac", "spoc", "gem", "gemmp", "rmac", "mac-r", "spoc-r", "gem-r", "gemmp-r",
    ] {
        let pool = pooling(name, 4, &device);
        let x: Tensor<4> = Param::from_tensor(Tensor::zeros([2, 4, 3, 2], &device)).val();
        let out = pool.forward(x.clone());
        let grads = out.clone().sum().backward();
        for values in [host(out.inner()), host(x.grad(&grads).unwrap())] {
            assert!(values.iter().all(|v| v.is_finite()), "{name}");
        }
        assert!(pool.num_params() <= 4 + 16 + 4);
    }
}

proptest! {
    #[test]
    fn regions_lie_inside_and_cover_the_map(height in 1_usize..40, width in 1_usize..40) {
        let all = regions(height, width);
        let mut covered = vec![false; height * width];
        for Region { top, left, side } in all.iter().copied() {
            prop_assert!(side > 0 && top + side <= height && left + side <= width);
            for i in top..top + side {
                for j in left..left + side {
                    covered[i * width + j] = true;
                }
            }
        }
        // Far longer than wide, six squares a row do not reach.
        if height.max(width) <= 4 * height.min(width) && height.min(width) > 2 {
            prop_assert!(covered.iter().all(|c| *c));
        }
        // The other way round they are the same, mirrored.
        let mut turned: Vec<_> = regions(width, height).iter().map(|r| (r.left, r.top, r.side)).collect();
        let mut these: Vec<_> = all.iter().map(|r| (r.top, r.left, r.side)).collect();
        turned.sort_unstable();
        these.sort_unstable();
        prop_assert_eq!(these, turned);
    }
}
