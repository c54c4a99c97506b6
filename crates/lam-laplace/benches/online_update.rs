//! Cost of what LAM online adds to a training step, beside the head's own product.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Duration;

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lam_laplace::curvature::{
    Approximation, Curvature, DiagonalCurvature, PairHessian, Structure, linear_head_diagonal,
    linear_head_diagonal_by_tensors,
};
use lam_laplace::online::{OnlineConfig, OnlineCurvature};
use lam_laplace::posterior::{DiagonalPosterior, Posterior};
use lam_model::head::{HeadWeights, PerLayer};
use lam_model::miner::PairCounts;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SHAPES: [[usize; 3]; 3] = [[64, 9216, 3], [256, 9216, 3], [256, 1024, 16]];
const HESSIANS: [PairHessian; 2] = [PairHessian::Contrastive, PairHessian::Arccos];
const APPROXIMATIONS: [Approximation; 3] =
    [Approximation::Fix, Approximation::Pos, Approximation::Full];

/// Ten labels, every positive pair counted, two thirds of the negative ones.
fn counts(batch: usize, device: &Device) -> PairCounts {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let labels: Vec<u32> = (0..batch).map(|_| rng.random_range(0..10)).collect();
    let mut matrix = |positive: bool| -> Tensor<2> {
        let counts: Vec<f32> = (0..batch * batch)
            .map(|i| {
                let (a, b) = (i / batch, i % batch);
                let wanted = a != b && (labels[a] == labels[b]) == positive;
                let count: u32 = rng.random_range(if positive { 1..200 } else { 0..3 });
                if wanted { count as f32 } else { 0.0 }
            })
            .collect();
        Tensor::from_data(TensorData::new(counts, [batch, batch]), device)
    };
    PairCounts {
        positives: matrix(true),
        negatives: matrix(false),
    }
}

fn benches(c: &mut Criterion) {
    let device = Device::flex();
    for [batch, size, outputs] in SHAPES {
        let mut group = c.benchmark_group(format!("B{batch}-F{size}-D{outputs}"));
        group
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1))
            .sample_size(20);
        let features = Tensor::<2>::random([batch, size], Distribution::Uniform(0.0, 1.0), &device);
        let weight = Tensor::<2>::random([outputs, size], Distribution::Normal(0.0, 0.01), &device);
        let bias = Tensor::<1>::zeros([outputs], &device);
        let embeddings = features.clone().matmul(weight.clone().transpose());
        let counts = counts(batch, &device);

        group.bench_function("head product", |b| {
            b.iter(|| black_box(features.clone().matmul(weight.clone().transpose())));
        });
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let config = OnlineConfig::new(60_000);
        let initial = DiagonalCurvature::constant(outputs, size, config.init(), &device);
        let mut online = OnlineCurvature::new(config, Curvature::Diagonal(initial.clone()));
        group.bench_function("sample weights", |b| {
            b.iter(|| {
                let head = HeadWeights::linear(weight.clone(), bias.clone());
                let posterior = DiagonalPosterior::new(head, &initial, 1.0);
                black_box(posterior.map(|p| p.sample(NonZeroUsize::MIN, &mut rng)))
            });
        });
        for hessian in HESSIANS {
            for approximation in APPROXIMATIONS {
                let name = format!("{hessian:?}-{approximation:?}");
                group.bench_function(BenchmarkId::new("update", &name), |b| {
                    b.iter(|| {
                        let step = linear_head_diagonal(
                            features.clone(),
                            embeddings.clone(),
                            &counts,
                            hessian,
                            approximation,
                        );
                        black_box(online.update(Curvature::Diagonal(step), counts.triplets()))
                    });
                });
            }
        }
        for approximation in APPROXIMATIONS {
            let name = format!("{approximation:?}");
            group.bench_function(BenchmarkId::new("tensors only", &name), |b| {
                b.iter(|| {
                    black_box(linear_head_diagonal_by_tensors(
                        features.clone(),
                        embeddings.clone(),
                        &counts,
                        PairHessian::Arccos,
                        approximation,
                    ))
                });
            });
        }
        group.finish();
    }
}

/// A step's curvature and what the running estimate makes of it; the decomposition every 128 updates by itself.
fn matrices(c: &mut Criterion) {
    let device = Device::flex();
    for (structure, [batch, size, outputs]) in [
        (Structure::Block, [128, 1024, 16]),
        (Structure::Full, [128, 50, 4]),
        (Structure::Full, [128, 255, 4]),
    ] {
        let name = format!("{}-B{batch}-F{size}-D{outputs}", structure.name());
        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        let features = Tensor::<2>::random([batch, size], Distribution::Uniform(0.0, 1.0), &device);
        let weight = Tensor::<2>::random([outputs, size], Distribution::Normal(0.0, 0.01), &device);
        let head = HeadWeights::linear(weight.clone(), Tensor::zeros([outputs], &device));
        let embeddings = features.clone().matmul(weight.transpose());
        let counts = counts(batch, &device);
        let step = || {
            let (x, z) = (features.clone(), embeddings.clone());
            let (kind, terms) = (PairHessian::Arccos, Approximation::Full);
            Curvature::of_batch(structure, &head, x, z, &counts, kind, terms).unwrap()
        };
        let config = OnlineConfig::new(50_000);
        let layers = PerLayer::single([outputs, size]);
        let initial = Curvature::constant(structure, layers, config.init(), &device).unwrap();
        let mut online = OnlineCurvature::new(config, initial);
        online.update(step(), counts.triplets()).unwrap();
        group.bench_function("curvature", |b| b.iter(|| black_box(step())));
        let of_step = step();
        group.bench_function("clamp", |b| b.iter(|| black_box(of_step.clone().clamp())));
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        group.bench_function("sample", |b| {
            b.iter(|| {
                let posterior = online.posterior(head.clone(), 1.0).unwrap();
                black_box(
                    posterior
                        .sample(NonZeroUsize::MIN, &mut rng)
                        .layers
                        .last
                        .weight,
                )
            });
        });
        group.bench_function("decompose", |b| {
            b.iter(|| black_box(online.current_posterior(head.clone(), 1.0)));
        });
        group.finish();
    }
}

criterion_group!(all, benches, matrices);
criterion_main!(all);
