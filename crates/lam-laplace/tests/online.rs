//! The running estimate of the curvature.

use crate::common::device;
use crate::common::*;
use burn::tensor::{DType, Tensor, TensorData};
use lam_laplace::curvature::{Approximation, Curvature, DiagonalCurvature, PairHessian, Structure};
use lam_laplace::online::{OnlineConfig, OnlineCurvature};
use lam_laplace::posterior::DeviationSummary;
use lam_model::head::{HeadWeights, PerLayer};
use proptest::prelude::*;

fn step(weight: [[f32; 2]; 1], bias: f32) -> Curvature {
    let device = device();
    Curvature::Diagonal(
        DiagonalCurvature::new(
            Tensor::from_data(weight, &device),
            Tensor::from_data([bias], &device),
        )
        .unwrap(),
    )
}

fn start(config: OnlineConfig) -> OnlineCurvature {
    let initial = DiagonalCurvature::constant(1, 2, config.init(), &device());
    OnlineCurvature::new(config, Curvature::Diagonal(initial))
}

fn estimate(online: &OnlineCurvature) -> Vec<f64> {
    let Curvature::Diagonal(diagonal) = online.estimate() else {
        panic!("a diagonal")
    };
    parameters(diagonal)
}

fn triplets(count: f32) -> Tensor<1> {
    Tensor::from_data([count], &device())
}

#[test]
fn follows_the_formula() {
    let config = OnlineConfig::new(10).with_memory_factor(0.5).unwrap();
    let mut online = start(config);
    assert_eq!(estimate(&online), [10.0, 10.0, 10.0]);
    online
        .update(step([[4.0, -8.0]], 2.0), triplets(8.0))
        .unwrap();
    // 0.5 · 10 + relu(h · 100 / 8)
    assert_eq!(estimate(&online), [55.0, 5.0, 30.0]);
    online
        .update(step([[0.0, 8.0]], -2.0), triplets(4.0))
        .unwrap();
    assert_eq!(estimate(&online), [27.5, 202.5, 15.0]);
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
    let mut online = start(config);
    assert_eq!(estimate(&online), [3.0; 3]);
    online
        .update(step([[1.0, 2.0]], 3.0), triplets(50.0))
        .unwrap();
    assert_eq!(estimate(&online), [3.0, 6.0, 9.0]);
    online
        .update(step([[1.0, 2.0]], 3.0), triplets(1.0))
        .unwrap();
    assert_eq!(estimate(&online), [6.0, 12.0, 18.0]);
}

#[test]
fn a_step_without_triplets_only_forgets() {
    let config = OnlineConfig::new(10).with_memory_factor(0.5).unwrap();
    let mut online = start(config);
    online
        .update(step([[0.0, 0.0]], 0.0), triplets(0.0))
        .unwrap();
    assert_eq!(estimate(&online), [5.0; 3]);
}

const STRUCTURES: [Structure; 4] = [
    Structure::Diagonal,
    Structure::Kron,
    Structure::Block,
    Structure::Full,
];

/// A step of a structure, of a head [3, 4].
fn random_step(structure: Structure, seed: u64) -> (Curvature, Tensor<1>) {
    let case = Case::random(8, 4, 3, seed);
    let counts = case.counts(DType::F32);
    let bias = TensorData::new(case.bias.clone(), [3]);
    let head = HeadWeights::linear(
        tensor(&case.weight, DType::F32),
        Tensor::from_data(bias, &device()),
    );
    let step = Curvature::of_batch(
        structure,
        &head,
        tensor(&case.features, DType::F32),
        tensor(&case.embeddings(), DType::F32),
        &counts,
        PairHessian::Arccos,
        Approximation::Full,
    );
    (step.unwrap(), counts.triplets())
}

fn online(structure: Structure) -> OnlineCurvature {
    let config = OnlineConfig::new(50);
    let layers = PerLayer::single([3, 4]);
    let initial = Curvature::constant(structure, layers, config.init(), &device());
    OnlineCurvature::new(config, initial.unwrap())
}

fn summary(online: &OnlineCurvature) -> DeviationSummary {
    let mean = HeadWeights::linear(
        Tensor::zeros([3, 4], &device()),
        Tensor::zeros([3], &device()),
    );
    online.posterior(mean, 1.0).unwrap().summary()
}

#[test]
fn resuming_goes_on_with_the_same_numbers() {
    for structure in STRUCTURES {
        for updates in [0, 1, 5, 127, 128, 300] {
            let mut whole = online(structure);
            for seed in 0..updates {
                let (step, triplets) = random_step(structure, seed % 7);
                whole.update(step, triplets).unwrap();
            }
            let mut resumed = online(structure).load(&whole.state()).unwrap();
            assert_eq!(summary(&whole), summary(&resumed));
            for seed in 0..4 {
                for online in [&mut whole, &mut resumed] {
                    let (step, triplets) = random_step(structure, seed);
                    online.update(step, triplets).unwrap();
                }
            }
            assert_eq!(whole.state(), resumed.state(), "{structure:?} {updates}");
            assert_eq!(summary(&whole), summary(&resumed));
        }
    }
}

/// The kept decomposition is that of the estimate up to what few updates change.
#[test]
fn the_kept_basis_follows_the_estimate() {
    let mut online = online(Structure::Kron);
    for seed in 0..200 {
        let (step, triplets) = random_step(Structure::Kron, seed);
        online.update(step, triplets).unwrap();
    }
    let mean = HeadWeights::linear(
        Tensor::zeros([3, 4], &device()),
        Tensor::zeros([3], &device()),
    );
    let (kept, fresh) = (
        summary(&online),
        online.estimate().posterior(mean, 1.0).unwrap(),
    );
    let fresh = fresh.summary();
    assert!(
        (kept.mean / fresh.mean - 1.0).abs() < 0.1,
        "{kept:?} {fresh:?}"
    );
}

#[test]
fn a_state_that_cannot_be_is_refused() {
    for structure in [Structure::Kron, Structure::Block, Structure::Full] {
        refuses_broken_states(structure);
    }
}

fn refuses_broken_states(structure: Structure) {
    let mut whole = online(structure);
    let (step, triplets) = random_step(structure, 1);
    whole.update(step, triplets).unwrap();
    let like = online(structure);
    let broken = |name: &str, data: TensorData| {
        let mut state = whole.state();
        state.insert(name.into(), data);
        like.load(&state).unwrap_err().to_string()
    };
    for updates in [0.0_f32, 0.5, -1.0, 256.0, f32::NAN] {
        let message = broken("updates", TensorData::new(vec![updates], [1]));
        assert!(message.contains("updates"), "{message}");
    }
    let message = broken("basis", TensorData::new(vec![0.0_f32; 4], [2, 2]));
    assert!(message.contains("basis has shape"), "{message}");
    let mut state = whole.state();
    state.remove("updates");
    assert!(like.load(&state).is_err());
    assert!(online(Structure::Diagonal).load(&whole.state()).is_err());
    // Tensors of a diagonal, with what others have decomposed.
    let mut state = online(Structure::Diagonal).state();
    for name in ["basis", "updates"] {
        state.insert(name.into(), whole.state()[name].clone());
    }
    assert!(online(Structure::Diagonal).load(&state).is_err());
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
        let mut online = start(OnlineConfig::new(60_000));
        online.update(step([weight], bias), triplets(count as f32)).unwrap();
        for value in estimate(&online) {
            prop_assert!(value.is_finite() && value >= 0.0);
        }
    }
}
