//! Times the pass that forms the Hessian of a trained encoder beside a plain forward pass over the same images, in
//! turns; prints one JSON line of milliseconds a batch.
//!
//! `cargo bench -p lam-train --bench posthoc -- SIDE BATCH WARMUP ROUNDS APPROXIMATION`, SIDE 28 or 32.
#![allow(missing_docs)]

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use lam_laplace::curvature::{Approximation, DiagonalCurvature, PairHessian, linear_head_diagonal};
use lam_model::distance::Distance;
use lam_model::miner::{TripletMiner, TripletType};
use lam_model::{Encoder, EncoderConfig, normalise};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    lam_train::prepare_process();
    // `cargo bench` and `cargo test` add options of their own.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let [side, batch, warmup, rounds, approximation] = &arguments[..] else {
        println!("usage: posthoc SIDE BATCH WARMUP ROUNDS full|pos|fix");
        return Ok(());
    };
    let (batch, warmup, rounds): (usize, usize, usize) =
        (batch.parse()?, warmup.parse()?, rounds.parse()?);
    let (image_shape, latent) = match side.as_str() {
        "28" => ([1, 28, 28], 3),
        "32" => ([3, 32, 32], 16),
        _ => return Err("SIDE is 28 or 32".into()),
    };
    let approximation = match approximation.as_str() {
        "full" => Approximation::Full,
        "pos" => Approximation::Pos,
        "fix" => Approximation::Fix,
        _ => return Err("APPROXIMATION is full, pos or fix".into()),
    };
    let device = Device::flex();
    let encoder = EncoderConfig::new("linear", image_shape, latent)?
        .init(&mut ChaCha12Rng::seed_from_u64(1), &device);
    let [channels, height, width] = image_shape;
    let shape = [batch, channels, height, width];
    // Values that differ, in the range of real images.
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|i: usize| ((i * 2_654_435_761) % 1000) as f32 / 1000.0)
        .collect();
    let images = || Tensor::<4>::from_data(TensorData::new(values.clone(), shape), &device);
    let labels: Vec<u32> = (0..batch).map(|i| (i % 10) as u32).collect();

    let [outputs, features] = encoder.head.weight.val().dims();
    let mut sum = DiagonalCurvature::zeros(outputs, features, &device);
    let (mut passes, mut forwards) = (Vec::new(), Vec::new());
    for _ in 0..warmup + rounds {
        let start = Instant::now();
        let z = encoder.head.forward(encoder.backbone.forward(images()));
        std::hint::black_box(z.into_data());
        forwards.push(milliseconds(start));

        let start = Instant::now();
        sum = sum.merge(hessian(&encoder, images(), &labels, approximation)?);
        passes.push(milliseconds(start));
    }
    std::hint::black_box(sum.weight().into_data());
    println!(
        "{{\"pass\": {:?}, \"forward\": {:?}}}",
        &passes[warmup..],
        &forwards[warmup..]
    );
    Ok(())
}

/// The Hessian's diagonal over all mined pairs of a batch.
fn hessian(
    encoder: &Encoder,
    images: Tensor<4>,
    labels: &[u32],
    approximation: Approximation,
) -> Result<DiagonalCurvature, Failure> {
    let features = encoder.backbone.forward(images);
    let z = encoder.head.forward(features.clone());
    let distances = Distance::Euclidean.pairwise(normalise(z.clone()));
    let distances = distances.try_into_vec_as::<f32>()?;
    let mined = TripletMiner::new(TripletType::All, 0.2).mine(&distances, labels);
    let counts = mined.to_device(&features.device());
    let hessian = PairHessian::Arccos;
    Ok(linear_head_diagonal(
        features,
        z,
        &counts,
        hessian,
        approximation,
    ))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
