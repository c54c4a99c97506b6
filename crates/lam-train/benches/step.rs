//! Times training steps and forward passes of a method; prints one JSON line of milliseconds.
//!
//! `cargo bench -p lam-train --bench step -- METHOD SIDE BATCH WARMUP ROUNDS [key=value…]`, SIDE 28 or 32.
#![allow(missing_docs)]

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use lam_train::config::{Config, Override};
use lam_train::method::{self, BuildContext, StepInput};
use lam_train::randomness::{Purpose, Randomness};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    lam_train::prepare_process();
    // `cargo bench` and `cargo test` add options of their own.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let [method, side, batch, warmup, rounds, settings @ ..] = &arguments[..] else {
        println!("usage: step METHOD SIDE BATCH WARMUP ROUNDS [key=value…]");
        return Ok(());
    };
    let (batch, warmup, rounds): (usize, usize, usize) =
        (batch.parse()?, warmup.parse()?, rounds.parse()?);
    let (image_shape, latent) = match side.as_str() {
        "28" => ([1, 28, 28], 3),
        "32" => ([3, 32, 32], 16),
        _ => return Err("SIDE is 28 or 32".into()),
    };
    let text =
        format!("model: {method}\ndataset: sample\nbatch_size: {batch}\nlatent_dim: {latent}\n");
    let overrides: Vec<Override> = settings.iter().cloned().map(Override::Set).collect();
    let config = Config::parse(&text, "bench.yaml".as_ref(), &overrides)?.config;
    let device = Device::flex();
    let context = BuildContext {
        config: &config,
        image_shape,
        training_images: 60_000,
        device: &device,
    };
    let randomness = Randomness::new(1);
    let mut method = method::build(&context, randomness)?;
    let numel: usize = image_shape.iter().product();
    // Images that differ, in the range of real ones.
    let images: Vec<f32> = (0..batch * numel)
        .map(|i| ((i * 2_654_435_761) % 1000) as f32 / 1000.0)
        .collect();
    let labels: Vec<u32> = (0..batch).map(|i| (i % 10) as u32).collect();

    let mut step = 0;
    let mut train = || -> Result<f64, Failure> {
        let start = Instant::now();
        let input = StepInput {
            images: &images,
            image_shape,
            labels: &labels,
            learning_rate: 1e-4,
            step,
        };
        method.step(input, randomness)?;
        step += 1;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    let steps: Vec<f64> = (0..warmup + rounds)
        .map(|_| train())
        .collect::<Result<_, _>>()?;
    let predictor = method.predictor(1, &mut randomness.generator(Purpose::Test, 0))?;
    let [channels, height, width] = image_shape;
    let forward = || {
        let data = TensorData::new(images.clone(), [batch, channels, height, width]);
        let tensor = Tensor::<4>::from_data(data, &device);
        let start = Instant::now();
        let embedded = predictor.embed(tensor);
        std::hint::black_box(embedded.mean.into_data());
        start.elapsed().as_secs_f64() * 1e3
    };
    let forwards: Vec<f64> = (0..warmup + rounds).map(|_| forward()).collect();
    println!(
        "{{\"step\": {:?}, \"forward\": {:?}}}",
        &steps[warmup..],
        &forwards[warmup..]
    );
    Ok(())
}
