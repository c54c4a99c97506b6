//! Methods in the state of real training: how much of a step there is to do depends on it. Of a trained network's rectified
//! features most are 0, and which pairs count is up to the miner.

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use lam_data::{SearchPath, Split};
use lam_train::config::{Config, Override};
use lam_train::device;
use lam_train::method::{self, BuildContext, Method, StepInput, Targets};
use lam_train::randomness::Randomness;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// Side of the images that are shipped.
const SHIPPED: usize = 28;
/// Neighbouring images of a batch are this many apart in the set, so that every batch has all labels.
const STRIDE: usize = 1_237;
/// Learning rate per image, as in `configs/quickstart.yaml`.
const RATE: f64 = 1e-5;

/// The shipped images, one after the other in batches, and what is built to be trained with them.
pub(crate) struct State {
    pub(crate) device: Device,
    image_shape: [usize; 3],
    latent: usize,
    batch: usize,
    learning_rate: f64,
    pixels: Vec<f32>,
    labels: Vec<u32>,
}

/// One batch on the device.
pub(crate) struct Batch {
    pub(crate) images: Tensor<4>,
    pub(crate) labels: Vec<u32>,
}

impl State {
    /// For images of 28×28, one channel, or 32×32, three channels (with a black edge, the channels alike).
    pub(crate) fn new(side: &str, batch: usize, settings: &[Override]) -> Result<Self, Failure> {
        let (image_shape, latent) = match side {
            "28" => ([1, 28, 28], 3),
            "32" => ([3, 32, 32], 16),
            _ => return Err("SIDE is 28 or 32".into()),
        };
        let asked = Config::parse(
            &format!("model: deterministic\ndataset: sample\nlr: {RATE}\n"),
            "bench.yaml".as_ref(),
            settings,
        )?;
        let set = lam_data::find("sample")?.open(&SearchPath::default(), Split::Train)?;
        let labels = set.labels().to_vec();
        let mut pixels = vec![0.0; labels.len() * SHIPPED * SHIPPED];
        for (index, image) in pixels.chunks_exact_mut(SHIPPED * SHIPPED).enumerate() {
            set.read(index, image)?;
        }
        Ok(Self {
            device: device::open(asked.config.device)?,
            image_shape,
            latent,
            batch,
            learning_rate: asked.config.lr * batch as f64,
            pixels,
            labels,
        })
    }

    pub(crate) fn randomness(&self) -> Randomness {
        Randomness::new(1)
    }

    /// The `number`-th batch.
    pub(crate) fn batch(&self, number: u64) -> Batch {
        let [channels, height, width] = self.image_shape;
        let edge = (height - SHIPPED) / 2;
        let first = number as usize * self.batch;
        let chosen: Vec<usize> = (first..first + self.batch)
            .map(|i| i * STRIDE % self.labels.len())
            .collect();
        let mut values = vec![0.0; self.batch * channels * height * width];
        let maps = values.chunks_exact_mut(height * width);
        for (map, i) in maps.zip(chosen.iter().flat_map(|&i| vec![i; channels])) {
            let image = &self.pixels[i * SHIPPED * SHIPPED..][..SHIPPED * SHIPPED];
            for (row, pixels) in image.chunks_exact(SHIPPED).enumerate() {
                map[(row + edge) * width + edge..][..SHIPPED].copy_from_slice(pixels);
            }
        }
        let data = TensorData::new(values, [self.batch, channels, height, width]);
        Batch {
            images: Tensor::from_data(data, &self.device),
            labels: chosen.iter().map(|&i| self.labels[i]).collect(),
        }
    }

    /// A method with its initial weights.
    pub(crate) fn method(
        &self,
        name: &str,
        settings: &[Override],
    ) -> Result<Box<dyn Method>, Failure> {
        let text = format!(
            "model: {name}\ndataset: sample\nbatch_size: {}\nlatent_dim: {}\n",
            self.batch, self.latent
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

    /// What the `number`-th step gets.
    pub(crate) fn input<'a>(&self, batch: &'a Batch, number: u64) -> StepInput<'a> {
        StepInput {
            images: batch.images.clone(),
            targets: Targets::Labels(&batch.labels),
            learning_rate: self.learning_rate,
            step: number,
        }
    }

    /// Trains for some steps, a batch each.
    pub(crate) fn train(&self, method: &mut dyn Method, steps: u64) -> Result<(), Failure> {
        for number in 0..steps {
            method.step(self.input(&self.batch(number), number), self.randomness())?;
        }
        Ok(())
    }
}

/// Gives `to` the network of `from` and its optimiser's state, if it has the same and one only.
pub(crate) fn adopt(to: &mut dyn Method, from: &dyn Method) -> Result<bool, Failure> {
    let (mut own, mut other) = (to.state()?, from.state()?);
    let network = |name: &String| name.starts_with("model.");
    other.tensors.retain(|name, _| network(name));
    let known = own.tensors.keys().filter(|name| network(name));
    let same = known.eq(other.tensors.keys());
    if same {
        own.tensors.extend(other.tensors);
        own.optimizer = other.optimizer;
        to.restore(own)?;
    }
    Ok(same)
}

pub(crate) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
