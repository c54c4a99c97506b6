//! Models small enough to be looked through.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lam_data::Picture;
use lam_retrieve::{Accepts, Embeddings, Encoder, Input, RetrieveError, Samples};
use lam_search::store::Fingerprint;

pub const MODEL: Fingerprint = Fingerprint([7; 32]);
const SAMPLES: usize = 8;

/// The mean colour of a picture as a direction, its spread by how the colours of the picture vary.
#[derive(Debug, Default, Clone)]
pub struct Colours {
    /// How long it takes.
    pub pause: Duration,
    /// How often it was asked.
    pub asked: Arc<AtomicUsize>,
    /// Whether its uncertainty is half of its deviations added up.
    pub halves: bool,
}

/// A picture of one row that makes [`Colours`] panic.
pub const PANIC: [u8; 3] = [13, 13, 13];

impl Encoder for Colours {
    fn fingerprint(&self) -> Fingerprint {
        MODEL
    }

    fn dim(&self) -> usize {
        3
    }

    fn accepts(&self) -> Accepts {
        Accepts::Images
    }

    fn adds_up(&self) -> bool {
        !self.halves
    }

    fn embed(&self, inputs: &[Input<'_>]) -> Result<Embeddings, RetrieveError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(self.pause);
        let mut all = Embeddings {
            dim: 3,
            sigmas: Some(Vec::new()),
            uncertainties: Some(Vec::new()),
            samples: Some(Samples {
                per_input: SAMPLES,
                values: Vec::new(),
            }),
            ..Embeddings::default()
        };
        for input in inputs {
            let Input::Image(picture) = input else {
                return Err(RetrieveError::Input("colours are those of images".into()));
            };
            assert_ne!(picture.pixels()[..3], PANIC, "asked to");
            let (mean, sigma) = moments(picture);
            let unit = normalised(mean);
            if let (Some(sigmas), Some(uncertainties), Some(samples)) =
                (&mut all.sigmas, &mut all.uncertainties, &mut all.samples)
            {
                sigmas.extend(sigma);
                let added_up: f64 = sigma.iter().map(|&s| f64::from(s)).sum();
                uncertainties.push(if self.halves {
                    added_up / 2.0
                } else {
                    added_up
                });
                for sample in 0..SAMPLES {
                    // Corners of the box of one deviation.
                    let corner = |d: usize| {
                        if sample >> d & 1 == 1 {
                            sigma[d]
                        } else {
                            -sigma[d]
                        }
                    };
                    samples
                        .values
                        .extend(normalised([0, 1, 2].map(|d| unit[d] + corner(d))));
                }
            }
            all.means.extend(unit);
        }
        Ok(all)
    }
}

/// Mean and deviation of the colours, 0 to 1.
fn moments(picture: &Picture) -> ([f32; 3], [f32; 3]) {
    let pixels = picture.pixels().chunks_exact(3);
    let count = pixels.len() as f64;
    let (mut sum, mut squares) = ([0.0_f64; 3], [0.0; 3]);
    for pixel in pixels {
        for d in 0..3 {
            let value = f64::from(pixel[d]) / 255.0;
            sum[d] += value;
            squares[d] += value * value;
        }
    }
    let mean = sum.map(|s| s / count);
    let deviation = |d: usize| {
        // Sums of one colour are off by their rounding.
        let variance = squares[d] / count - mean[d] * mean[d];
        if variance > 1e-9 {
            variance.sqrt()
        } else {
            0.0
        }
    };
    let sigma = [0, 1, 2].map(|d| deviation(d) as f32 + 0.01);
    (mean.map(|m| m as f32 + 1e-3), sigma)
}

fn normalised(vector: [f32; 3]) -> [f32; 3] {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.map(|x| x / length)
}

/// Takes vectors of three and turns them by a quarter: an input is not its own embedding.
#[derive(Debug, Default, Clone, Copy)]
pub struct Turned;

impl Encoder for Turned {
    fn fingerprint(&self) -> Fingerprint {
        MODEL
    }

    fn dim(&self) -> usize {
        2
    }

    fn accepts(&self) -> Accepts {
        Accepts::Vectors(3)
    }

    fn embed(&self, inputs: &[Input<'_>]) -> Result<Embeddings, RetrieveError> {
        let mut all = Vec::new();
        for input in inputs {
            match input {
                Input::Vector([x, y, _]) => all.extend([-y, *x]),
                _ => return Err(RetrieveError::Input("three values".into())),
            }
        }
        let mut all = Embeddings::of_directions(all, 2)?;
        all.sigmas = Some(vec![0.1; 2 * inputs.len()]);
        all.uncertainties = Some(vec![0.2; inputs.len()]);
        Ok(all)
    }
}
