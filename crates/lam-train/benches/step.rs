//! Times training steps and forward passes of a method; prints one JSON line of milliseconds.
//!
//! Every step of another method stands beside one of `deterministic` on the same batch (`beside`), so that whatever
//! else the machine does meets both.
//!
//! `cargo bench -p lam-train --bench step -- METHOD SIDE BATCH WARMUP ROUNDS [key=value…]`, SIDE 28 or 32. With
//! `device=…` on another device than the processor (and the feature for it); a round is then the mean of ten steps, whose
//! reports are read together as in training.
#![allow(missing_docs)]

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use lam_train::config::{Config, Override};
use lam_train::device;
use lam_train::method::{self, BuildContext, Method, Predict, Report, StepInput, Targets};
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
    let settings: Vec<Override> = settings.iter().cloned().map(Override::Set).collect();
    let asked = Config::parse(
        "model: deterministic\ndataset: sample\n",
        "bench.yaml".as_ref(),
        &settings,
    )?;
    let device = device::open(asked.config.device)?;
    let steps_at_once = if device::is_host(&device) { 1 } else { 10 };
    let bench = Bench {
        steps_at_once,
        images: images(batch, image_shape, &device),
        device,
        image_shape,
        latent,
        labels: (0..batch).map(|i| (i % 10) as u32).collect(),
    };
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

/// Values that differ, in the range of real images, `[B, C, H, W]`.
fn images(batch: usize, [channels, height, width]: [usize; 3], device: &Device) -> Tensor<4> {
    let values = (0..batch * channels * height * width)
        .map(|i| ((i * 2_654_435_761) % 1000) as f32 / 1000.0)
        .collect::<Vec<f32>>();
    let data = TensorData::new(values, [batch, channels, height, width]);
    Tensor::from_data(data, device)
}

/// One batch on one device.
struct Bench {
    device: Device,
    image_shape: [usize; 3],
    latent: usize,
    steps_at_once: u64,
    images: Tensor<4>,
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
    fn step(&self, method: &mut dyn Method, round: u64) -> Result<f64, Failure> {
        let start = Instant::now();
        let mut reports = Vec::new();
        for step in round * self.steps_at_once..(round + 1) * self.steps_at_once {
            let input = StepInput {
                images: self.images.clone(),
                targets: Targets::Labels(&self.labels),
                learning_rate: 1e-4,
                step,
            };
            reports.push(method.step(input, self.randomness())?);
        }
        std::hint::black_box(Report::read(reports)?);
        Ok(milliseconds(start) / self.steps_at_once as f64)
    }

    /// Milliseconds until the mean embeddings are there.
    fn forward(&self, predictor: &dyn Predict) -> f64 {
        let start = Instant::now();
        let embedded = predictor.embed(self.images.clone());
        std::hint::black_box(embedded.mean.into_data());
        milliseconds(start)
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
