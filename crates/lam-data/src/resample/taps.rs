use std::ops::Range;

use super::Filter;

/// Bits after the point of a weight: 32 less 8 of the value and 2 for overshoot, as in Pillow.
pub(super) const PRECISION: u32 = 22;

/// For each pixel of one side of the result: the pixels it is made of, and their weights in fixed point.
pub(super) struct Taps {
    /// First pixel, and where its weights begin.
    starts: Vec<(usize, usize)>,
    weights: Vec<i32>,
}

impl Taps {
    /// For the pixels `window` of a side that shrinks or grows from `source` to `target` pixels
    /// (`precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow's `Resample.c`).
    pub(super) fn new(source: usize, target: usize, window: Range<usize>, filter: Filter) -> Self {
        let scale = source as f64 / target as f64;
        let widening = scale.max(1.0);
        let support = filter.support() * widening;
        let mut starts = Vec::with_capacity(window.len() + 1);
        let mut weights = Vec::new();
        let mut exact = Vec::new();
        for pixel in window {
            let centre = (pixel as f64 + 0.5) * scale;
            // Conversions cut off towards 0 and end at 0.
            let first = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(source);
            exact.clear();
            exact.extend(
                (first..end)
                    .map(|from| filter.weight((from as f64 - centre + 0.5) * (1.0 / widening))),
            );
            let mut sum = 0.0;
            for weight in &exact {
                sum += weight;
            }
            starts.push((first, weights.len()));
            weights.extend(exact.iter().map(|&weight| {
                let weight = if sum == 0.0 { weight } else { weight / sum };
                let fixed = weight * f64::from(1 << PRECISION);
                (if fixed < 0.0 {
                    fixed - 0.5
                } else {
                    fixed + 0.5
                }) as i32
            }));
        }
        starts.push((0, weights.len()));
        Self { starts, weights }
    }

    /// First pixel and weights of each pixel of the window.
    #[inline(always)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.starts
            .windows(2)
            .map(|pair| (pair[0].0, &self.weights[pair[0].1..pair[1].1]))
    }

    /// The pixels that are needed for the window.
    pub(super) fn needed(&self) -> Range<usize> {
        let first = self.iter().map(|(first, _)| first).min().unwrap_or(0);
        let end = self
            .iter()
            .map(|(first, weights)| first + weights.len())
            .max();
        first..end.unwrap_or(first).max(first)
    }
}
