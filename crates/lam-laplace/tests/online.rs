//! The running estimate of the curvature.
#![allow(clippy::unwrap_used)]

mod common;

use burn::tensor::{Device, Tensor};
use common::*;
use lam_laplace::curvature::DiagonalCurvature;
use lam_laplace::online::{OnlineConfig, OnlineCurvature};
use proptest::prelude::*;

fn step(weight: [[f32; 2]; 1], bias: f32) -> DiagonalCurvature {
    let device = Device::flex();
    DiagonalCurvature::new(
        Tensor::from_data(weight, &device),
        Tensor::from_data([bias], &device),
    )
    .unwrap()
}

fn triplets(count: f32) -> Tensor<1> {
    Tensor::from_data([count], &Device::flex())
}

#[test]
fn follows_the_formula() {
    let config = OnlineConfig::new(10).with_memory_factor(0.5).unwrap();
    let mut online = OnlineCurvature::new(config, 1, 2, &Device::flex());
    assert_eq!(parameters(online.estimate()), [10.0, 10.0, 10.0]);
    online.update(step([[4.0, -8.0]], 2.0), triplets(8.0));
    // 0.5 · 10 + relu(h · 100 / 8)
    assert_eq!(parameters(online.estimate()), [55.0, 5.0, 30.0]);
    online.update(step([[0.0, 8.0]], -2.0), triplets(4.0));
    assert_eq!(parameters(online.estimate()), [27.5, 202.5, 15.0]);
}

#[test]
fn max_pairs_limits_the_divisor() {
    let config = OnlineConfig::new(10)
        .with_memory_factor(0.0)
        .unwrap()
        .with_scale(6.0)
        .unwrap()
        .with_init(3.0)
        .unwrap()
        .with_max_pairs(2)
        .unwrap();
    let mut online = OnlineCurvature::new(config, 1, 2, &Device::flex());
    assert_eq!(parameters(online.estimate()), [3.0; 3]);
    online.update(step([[1.0, 2.0]], 3.0), triplets(50.0));
    assert_eq!(parameters(online.estimate()), [3.0, 6.0, 9.0]);
    online.update(step([[1.0, 2.0]], 3.0), triplets(1.0));
    assert_eq!(parameters(online.estimate()), [6.0, 12.0, 18.0]);
}

#[test]
fn a_step_without_triplets_only_forgets() {
    let config = OnlineConfig::new(10).with_memory_factor(0.5).unwrap();
    let mut online = OnlineCurvature::new(config, 1, 2, &Device::flex());
    online.update(step([[0.0, 0.0]], 0.0), triplets(0.0));
    assert_eq!(parameters(online.estimate()), [5.0; 3]);
}

#[test]
fn resuming_goes_on_with_the_same_numbers() {
    let config = OnlineConfig::new(7);
    let mut whole = OnlineCurvature::new(config, 1, 2, &Device::flex());
    whole.update(step([[0.1, 0.2]], 0.3), triplets(3.0));
    let stored = whole.estimate().clone();
    let mut resumed = OnlineCurvature::resume(config, stored);
    for online in [&mut whole, &mut resumed] {
        online.update(step([[0.7, -0.2]], 0.9), triplets(5.0));
    }
    assert_eq!(parameters(whole.estimate()), parameters(resumed.estimate()));
}

#[test]
fn impossible_options_are_refused_by_name() {
    let config = OnlineConfig::new(10);
    for (result, name) in [
        (config.with_memory_factor(1.5), "memory_factor"),
        (config.with_memory_factor(f64::NAN), "memory_factor"),
        (config.with_init(-1.0), "init_hessian"),
        (config.with_scale(0.0), "scale"),
        (config.with_scale(f64::INFINITY), "scale"),
        (config.with_max_pairs(0), "max_pairs"),
    ] {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}

proptest! {
    #[test]
    fn never_negative_nor_infinite(
        weight in prop::array::uniform2(-1e20_f32..1e20), bias in -1e20_f32..1e20, count in 0_u32..1_000_000,
    ) {
        let mut online = OnlineCurvature::new(OnlineConfig::new(60_000), 1, 2, &Device::flex());
        online.update(step([weight], bias), triplets(count as f32));
        for value in parameters(online.estimate()) {
            prop_assert!(value.is_finite() && value >= 0.0);
        }
    }
}
