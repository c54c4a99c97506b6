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
    adaptation: Adaptation,
    normalisation: Option<Normalise>,
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
        Self::to(base, like.shape(), like.normalisation().cloned())
    }

    /// `base` in this shape and normalisation; `base` itself where it has them already.
    ///
    /// # Errors
    /// As [`Adapted::to_match`].
    pub fn to(
        base: Arc<dyn Dataset>,
        shape: ImageShape,
        normalisation: Option<Normalise>,
    ) -> Result<Arc<dyn Dataset>, DataError> {
        let from = base.shape();
        if from == shape && base.normalisation() == normalisation.as_ref() {
            return Ok(base);
        }
        Ok(Arc::new(Self {
            adaptation: Adaptation::new(from, shape)?,
            normalisation,
            base,
        }))
    }
}

/// How an image of one shape becomes one of another.
pub(crate) struct Adaptation {
    from: ImageShape,
    to: ImageShape,
    rows: Vec<Taps>,
    columns: Vec<Taps>,
}

impl Adaptation {
    /// # Errors
    /// [`DataError::InvalidArgument`] unless both have 1 or 3 channels.
    pub(crate) fn new(from: ImageShape, to: ImageShape) -> Result<Self, DataError> {
        for channels in [from.channels, to.channels] {
            if !matches!(channels, 1 | 3) {
                return Err(DataError::InvalidArgument {
                    argument: "channels of an image",
                    value: channels.to_string(),
                    expected: "1 or 3, to turn one into the other",
                });
            }
        }
        Ok(Self {
            rows: taps(from.height, to.height),
            columns: taps(from.width, to.width),
            from,
            to,
        })
    }

    /// Brings one image `[C, H, W]` to the shape wanted, `[C', H', W']`.
    pub(crate) fn apply(&self, image: &[f32], out: &mut [f32]) {
        let from = self.from;
        let plane = from.height * from.width;
        let resized = |values: &[f32], out: &mut [f32]| {
            let mut narrow = vec![0.0; from.height * self.to.width];
            for row in 0..from.height {
                let line = &values[row * from.width..][..from.width];
                for (column, taps) in self.columns.iter().enumerate() {
                    narrow[row * self.to.width + column] = taps.sum(|at| line[at]);
                }
            }
            for (row, taps) in self.rows.iter().enumerate() {
                for column in 0..self.to.width {
                    out[row * self.to.width + column] =
                        taps.sum(|at| narrow[at * self.to.width + column]);
                }
            }
        };
        let planes = out.chunks_exact_mut((self.to.height * self.to.width).max(1));
        match (from.channels, self.to.channels) {
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
        self.adaptation.to
    }

    fn class_names(&self) -> &[String] {
        self.base.class_names()
    }

    fn labels(&self) -> &[u32] {
        self.base.labels()
    }

    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError> {
        let expected = self.shape().numel();
        if out.len() != expected {
            return Err(DataError::WrongBuffer {
                found: out.len(),
                expected,
            });
        }
        let mut image = vec![0.0; self.base.shape().numel()];
        self.base.read(index, &mut image)?;
        self.adaptation.apply(&image, out);
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
