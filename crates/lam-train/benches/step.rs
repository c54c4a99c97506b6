//! Times training steps and forward passes of a method; prints one JSON line of milliseconds.
//!
//! Every step of another method stands beside one of `deterministic` on the same batch (`beside`), so that whatever
//! else the machine does meets both.
//!
//! `cargo bench -p lam-train --bench step -- METHOD SIDE BATCH WARMUP ROUNDS [key=value…]`, SIDE 28 or 32.
#![allow(missing_docs)]

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use lam_train::config::{Config, Override};
use lam_train::method::{self, BuildContext, Method, Predict, StepInput, Targets};
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
    let bench = Bench {
        device: Device::flex(),
        image_shape,
        latent,
        images: images(batch * image_shape.iter().product::<usize>()),
        labels: (0..batch).map(|i| (i % 10) as u32).collect(),
    };
    let settings: Vec<Override> = settings.iter().cloned().map(Override::Set).collect();
    let mut trained = bench.method(method, &settings)?;
    let mut beside = match method.as_str() {
        "deterministic" => None,
        _ => Some(bench.method("deterministic", &[])?),
    };
    let (mut steps, mut steps_beside) = (Vec::new(), Vec::new());
    for step in 0..(warmup + rounds) as u64 {
        if let Some(beside) = &mut beside {
            steps_beside.push(bench.step(&mut **beside, step)?);
        }
        steps.push(bench.step(&mut *trained, step)?);
    }
    let predictor = trained.predictor(1, &mut bench.randomness().generator(Purpose::Test, 0))?;
    let forwards: Vec<f64> = (0..warmup + rounds)
        .map(|_| bench.forward(&*predictor))
        .collect();
    println!(
        "{{\"step\": {:?}, \"beside\": {:?}, \"forward\": {:?}}}",
        &steps[warmup..],
        steps_beside.get(warmup..).unwrap_or_default(),
        &forwards[warmup..]
    );
    Ok(())
}

/// Values that differ, in the range of real images.
fn images(numel: usize) -> Vec<f32> {
    (0..numel)
        .map(|i| ((i * 2_654_435_761) % 1000) as f32 / 1000.0)
        .collect()
}

/// One batch on one device.
struct Bench {
    device: Device,
    image_shape: [usize; 3],
    latent: usize,
    images: Vec<f32>,
    labels: Vec<u32>,
}

impl Bench {
    fn randomness(&self) -> Randomness {
        Randomness::new(1)
    }

    fn method(&self, name: &str, settings: &[Override]) -> Result<Box<dyn Method>, Failure> {
        let text = format!(
            "model: {name}\ndataset: sample\nbatch_size: {}\nlatent_dim: {}\n",
            self.labels.len(),
            self.latent
        );
        let config = Config::parse(&text, "bench.yaml".as_ref(), settings)?.config;
        let context = BuildContext {
            config: &config,
            image_shape: self.image_shape,
            training_images: 60_000,
            device: &self.device,
        };
        Ok(method::build(&context, self.randomness())?)
    }

    /// Milliseconds of a training step.
    fn step(&self, method: &mut dyn Method, step: u64) -> Result<f64, Failure> {
        let start = Instant::now();
        let input = StepInput {
            images: &self.images,
            image_shape: self.image_shape,
            targets: Targets::Labels(&self.labels),
            learning_rate: 1e-4,
            step,
        };
        method.step(input, self.randomness())?;
        Ok(milliseconds(start))
    }

    /// Milliseconds until the mean embeddings are there.
    fn forward(&self, predictor: &dyn Predict) -> f64 {
        let [channels, height, width] = self.image_shape;
        let shape = [self.labels.len(), channels, height, width];
        let data = TensorData::new(self.images.clone(), shape);
        let tensor = Tensor::<4>::from_data(data, &self.device);
        let start = Instant::now();
        let embedded = predictor.embed(tensor);
        std::hint::black_box(embedded.mean.into_data());
        milliseconds(start)
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
