use rand_chacha::ChaCha8Rng;

use crate::DataError;
use crate::permutation::{below, unit};
use crate::resample::Region;

/// A part of random size, shape and place, as torchvision's `RandomResizedCrop` draws it.
///
/// | setting | default | purpose | range |
/// |---|---|---|---|
/// | `scale` | 0.08 to 1 | area of the part as a share of the picture's, uniform | 0 < least ≤ most ≤ 1 |
/// | `ratio` | 3/4 to 4/3 | width over height of the part, its logarithm uniform | 0 < least ≤ most |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomResizedCrop {
    scale: (f64, f64),
    ratio: (f64, f64),
}

/// Draws before the largest part in the middle is taken.
const ATTEMPTS: usize = 10;

impl Default for RandomResizedCrop {
    fn default() -> Self {
        Self {
            scale: (0.08, 1.0),
            ratio: (3.0 / 4.0, 4.0 / 3.0),
        }
    }
}

impl RandomResizedCrop {
    /// From its settings.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] for a setting outside of its range.
    pub fn new(scale: (f64, f64), ratio: (f64, f64)) -> Result<Self, DataError> {
        let ordered = |(least, most): (f64, f64)| least > 0.0 && least <= most && most.is_finite();
        let invalid = |argument, range: (f64, f64), expected| DataError::InvalidArgument {
            argument,
            value: format!("{} to {}", range.0, range.1),
            expected,
        };
        if !ordered(scale) || scale.1 > 1.0 {
            let expected = "two shares above 0 and up to 1, the smaller one first";
            return Err(invalid("scale of random crops", scale, expected));
        }
        if !ordered(ratio) {
            let expected = "two ratios above 0, the smaller one first";
            return Err(invalid("ratio of random crops", ratio, expected));
        }
        Ok(Self { scale, ratio })
    }

    /// Draws a part of a picture of this size.
    pub(super) fn draw(&self, width: usize, height: usize, random: &mut ChaCha8Rng) -> Region {
        let area = width as f64 * height as f64;
        let mut uniform = |least: f64, most: f64| least + (most - least) * unit(random);
        let mut sides = [(0, 0); ATTEMPTS];
        for sides in &mut sides {
            let target = area * uniform(self.scale.0, self.scale.1);
            let ratio = uniform(self.ratio.0.ln(), self.ratio.1.ln()).exp();
            *sides = (
                rounded((target * ratio).sqrt()),
                rounded((target / ratio).sqrt()),
            );
        }
        let fitting =
            |&(w, h): &(usize, usize)| (1..=width).contains(&w) && (1..=height).contains(&h);
        match sides.into_iter().find(fitting) {
            Some((w, h)) => Region {
                top: below(random, (height - h) as u64 + 1) as usize,
                left: below(random, (width - w) as u64 + 1) as usize,
                width: w,
                height: h,
            },
            None => self.largest_in_the_middle(width, height),
        }
    }

    fn largest_in_the_middle(&self, width: usize, height: usize) -> Region {
        let found = width as f64 / height as f64;
        let (w, h) = if found < self.ratio.0 {
            (width, rounded(width as f64 / self.ratio.0).clamp(1, height))
        } else if found > self.ratio.1 {
            (
                rounded(height as f64 * self.ratio.1).clamp(1, width),
                height,
            )
        } else {
            (width, height)
        };
        Region {
            top: (height - h) / 2,
            left: (width - w) / 2,
            width: w,
            height: h,
        }
    }
}

/// Ties to even, as Python rounds.
fn rounded(value: f64) -> usize {
    value.round_ties_even() as usize
}
