//! Cost of what LAM online adds to a training step, beside the head's own product.
#![allow(missing_docs)]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Duration;

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lam_laplace::curvature::{
    Approximation, Curvature, DiagonalCurvature, PairHessian, linear_head_diagonal,
    linear_head_diagonal_by_tensors,
};
use lam_laplace::online::{OnlineConfig, OnlineCurvature};
use lam_laplace::posterior::{DiagonalPosterior, Posterior};
use lam_model::head::HeadWeights;
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

criterion_group!(all, benches);
criterion_main!(all);
