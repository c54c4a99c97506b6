use rand_chacha::ChaCha8Rng;

use crate::permutation::{Purpose, below, generator, unit};
use crate::{DataError, ImageShape};

/// Random changes to the images of a training set that leave their class alone.
///
/// What an image becomes is a pure function of (seed, epoch, index of the image): neither batches nor threads nor an
/// interruption change it.
///
/// | change | default | purpose | range |
/// |---|---|---|---|
/// | `flip` | off | mirrors half of the images left to right | – |
/// | `shift` | 0 | moves by up to so many pixels in both directions, edges filled with 0 | < the smaller side |
/// | `erase` | 0 | share of the images in which a rectangle becomes 0 (random erasing, Zhong et al. 2017) | 0 to 1 |
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Augmentation {
    flip: bool,
    shift: usize,
    erase: f64,
}

/// Sides of an erased rectangle as shares of the image's, smallest and largest.
const ERASED_SIDE: (f64, f64) = (0.2, 0.5);

impl Augmentation {
    /// From its settings.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] for a setting outside of its range.
    pub fn new(flip: bool, shift: usize, erase: f64) -> Result<Self, DataError> {
        if !(0.0..=1.0).contains(&erase) {
            return Err(DataError::InvalidArgument {
                argument: "share of erased images",
                value: erase.to_string(),
                expected: "a number from 0 to 1",
            });
        }
        Ok(Self { flip, shift, erase })
    }

    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Changes image number `index` of the data set, `[C, H, W]`, as in this epoch.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] if the shift leaves nothing of the image.
    pub fn apply(
        &self,
        image: &mut [f32],
        shape: ImageShape,
        (seed, epoch): (u64, u64),
        index: usize,
    ) -> Result<(), DataError> {
        if self.shift >= shape.height.min(shape.width).max(1) {
            return Err(DataError::InvalidArgument {
                argument: "shift",
                value: self.shift.to_string(),
                expected: "less than the image's smaller side",
            });
        }
        let mut random = generator(Purpose::Augment, seed, epoch);
        random.set_stream(index as u64);
        if self.flip && below(&mut random, 2) == 1 {
            image
                .chunks_exact_mut(shape.width.max(1))
                .for_each(<[f32]>::reverse);
        }
        if self.shift > 0 {
            let mut offset = || below(&mut random, 2 * self.shift as u64 + 1) as isize;
            let (down, right) = (offset(), offset());
            let shift = self.shift as isize;
            moved(image, shape, down - shift, right - shift);
        }
        if self.erase > 0.0 && unit(&mut random) < self.erase {
            erase(image, shape, &mut random);
        }
        Ok(())
    }
}

/// Moves every plane down and to the right.
fn moved(image: &mut [f32], shape: ImageShape, down: isize, right: isize) {
    let (height, width) = (shape.height, shape.width);
    for plane in image.chunks_exact_mut((height * width).max(1)) {
        let before = plane.to_vec();
        plane.fill(0.0);
        for row in 0..height {
            let Some(to) = row.checked_add_signed(down).filter(|&to| to < height) else {
                continue;
            };
            let kept = width - right.unsigned_abs();
            let (from, at) = if right < 0 {
                (right.unsigned_abs(), 0)
            } else {
                (0, right.unsigned_abs())
            };
            plane[to * width + at..][..kept].copy_from_slice(&before[row * width + from..][..kept]);
        }
    }
}

/// Sets a rectangle to 0 in every plane.
fn erase(image: &mut [f32], shape: ImageShape, random: &mut ChaCha8Rng) {
    let mut range = |side: usize| {
        let share = ERASED_SIDE.0 + (ERASED_SIDE.1 - ERASED_SIDE.0) * unit(random);
        let length = ((side as f64 * share) as usize).clamp(1, side.max(1));
        let start = below(random, (side - length) as u64 + 1) as usize;
        start..start + length
    };
    let (rows, columns) = (range(shape.height), range(shape.width));
    for plane in image.chunks_exact_mut((shape.height * shape.width).max(1)) {
        for row in rows.clone() {
            plane[row * shape.width..][columns.clone()].fill(0.0);
        }
    }
}
