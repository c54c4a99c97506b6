use std::sync::Arc;

use crate::{DataError, Dataset, ImageShape, Normalise, Unreadable};

/// Weights of red, green and blue in a grey value (ITU-R BT.601).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// The images of a data set brought to the shape and normalisation of another: so are images of an
/// unknown kind shown to a network that was made for other ones.
///
/// Grey becomes colour by repetition, colour becomes grey by its luma, and the size changes by a triangle
/// filter that is as wide as the pixels it averages (bilinear, antialiased).
pub struct Adapted {
    base: Arc<dyn Dataset>,
    shape: ImageShape,
    normalisation: Option<Normalise>,
    rows: Vec<Taps>,
    columns: Vec<Taps>,
}

impl Adapted {
    /// `base` as if it were images of `like`; `base` itself where they are alike already.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] unless both have 1 or 3 channels.
    pub fn to_match(
        base: Arc<dyn Dataset>,
        like: &dyn Dataset,
    ) -> Result<Arc<dyn Dataset>, DataError> {
        let (from, shape) = (base.shape(), like.shape());
        if from == shape && base.normalisation() == like.normalisation() {
            return Ok(base);
        }
        for channels in [from.channels, shape.channels] {
            if !matches!(channels, 1 | 3) {
                return Err(DataError::InvalidArgument {
                    argument: "channels of an image",
                    value: channels.to_string(),
                    expected: "1 or 3, to turn one into the other",
                });
            }
        }
        Ok(Arc::new(Self {
            rows: taps(from.height, shape.height),
            columns: taps(from.width, shape.width),
            normalisation: like.normalisation().cloned(),
            shape,
            base,
        }))
    }

    /// Brings one image `[C, H, W]` of the base to the shape wanted.
    fn adapt(&self, image: &[f32], out: &mut [f32]) {
        let from = self.base.shape();
        let plane = from.height * from.width;
        let resized = |values: &[f32], out: &mut [f32]| {
            let mut narrow = vec![0.0; from.height * self.shape.width];
            for row in 0..from.height {
                let line = &values[row * from.width..][..from.width];
                for (column, taps) in self.columns.iter().enumerate() {
                    narrow[row * self.shape.width + column] = taps.sum(|at| line[at]);
                }
            }
            for (row, taps) in self.rows.iter().enumerate() {
                for column in 0..self.shape.width {
                    out[row * self.shape.width + column] =
                        taps.sum(|at| narrow[at * self.shape.width + column]);
                }
            }
        };
        let planes = out.chunks_exact_mut((self.shape.height * self.shape.width).max(1));
        match (from.channels, self.shape.channels) {
            (3, 1) => {
                let luma = |at| (0..3).map(|c| LUMA[c] * image[c * plane + at]).sum();
                let grey: Vec<f32> = (0..plane).map(luma).collect();
                planes.for_each(|out| resized(&grey, out));
            }
            (1, _) => planes.for_each(|out| resized(image, out)),
            _ => planes
                .zip(image.chunks_exact(plane.max(1)))
                .for_each(|(out, channel)| resized(channel, out)),
        }
    }
}

/// The values that a new one is the weighted mean of.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Taps {
    fn sum(&self, value: impl Fn(usize) -> f32) -> f32 {
        let weighted = self.weights.iter().enumerate();
        weighted.map(|(at, w)| w * value(self.first + at)).sum()
    }
}

/// For each of `to` values along a side of `from`.
fn taps(from: usize, to: usize) -> Vec<Taps> {
    let scale = from as f64 / to.max(1) as f64;
    let reach = scale.max(1.0);
    (0..to)
        .map(|at| {
            let centre = (at as f64 + 0.5) * scale;
            let first = (centre - reach).round().max(0.0) as usize;
            let end = ((centre + reach).round() as usize).min(from);
            let weight = |at: usize| 1.0 - ((at as f64 + 0.5 - centre) / reach).abs().min(1.0);
            let total: f64 = (first..end).map(weight).sum();
            let weights = (first..end).map(|at| (weight(at) / total) as f32);
            Taps {
                first,
                weights: weights.collect(),
            }
        })
        .collect()
}

impl Dataset for Adapted {
    fn name(&self) -> &str {
        self.base.name()
    }

    fn shape(&self) -> ImageShape {
        self.shape
    }

    fn class_names(&self) -> &[String] {
        self.base.class_names()
    }

    fn labels(&self) -> &[u32] {
        self.base.labels()
    }

    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError> {
        if out.len() != self.shape.numel() {
            return Err(DataError::WrongBuffer {
                found: out.len(),
                expected: self.shape.numel(),
            });
        }
        let mut image = vec![0.0; self.base.shape().numel()];
        self.base.read(index, &mut image)?;
        self.adapt(&image, out);
        Ok(())
    }

    fn normalisation(&self) -> Option<&Normalise> {
        self.normalisation.as_ref()
    }

    fn source(&self, index: usize) -> String {
        self.base.source(index)
    }

    fn unreadable(&self) -> Option<&Unreadable> {
        self.base.unreadable()
    }
}
