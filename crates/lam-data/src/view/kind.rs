use super::{Framing, RandomResizedCrop};
use crate::permutation::{Purpose, below, generator};
use crate::resample::{Filter, Region};

/// How a picture is brought to one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum View {
    /// The whole picture, whatever its proportions (torchvision's `Resize((height, width))`).
    Resize {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// Kernel.
        filter: Filter,
    },
    /// The middle, after the shorter side was resized to `shorter` (torchvision's `Resize(shorter)` and
    /// `CenterCrop(side)`, black where the picture is smaller than the crop).
    CentreCrop {
        /// Shorter side after resizing.
        shorter: usize,
        /// Columns and rows of the crop.
        side: usize,
        /// Kernel.
        filter: Filter,
    },
    /// A random part, mirrored in half of the cases if `flip` is set.
    RandomResizedCrop {
        /// Which part.
        part: RandomResizedCrop,
        /// Columns and rows that it is resized to.
        side: usize,
        /// Whether half of the pictures are mirrored left to right.
        flip: bool,
        /// Kernel.
        filter: Filter,
    },
}

impl View {
    /// Width and height of what it shows.
    pub fn size(&self) -> (usize, usize) {
        match *self {
            Self::Resize { width, height, .. } => (width, height),
            Self::CentreCrop { side, .. } | Self::RandomResizedCrop { side, .. } => (side, side),
        }
    }

    /// Kernel.
    pub fn filter(&self) -> Filter {
        match *self {
            Self::Resize { filter, .. }
            | Self::CentreCrop { filter, .. }
            | Self::RandomResizedCrop { filter, .. } => filter,
        }
    }

    /// What it shows of image number `index`, which has this size. For a random view this is a pure function of
    /// (size, seed, epoch, index).
    pub fn framing(
        &self,
        width: usize,
        height: usize,
        (seed, epoch): (u64, u64),
        index: usize,
    ) -> Framing {
        let whole = Region::whole(width, height);
        let all_of = |crop: Region, size: (usize, usize), flip: bool| Framing {
            crop,
            size,
            window: Region::whole(size.0, size.1),
            padding: (0, 0),
            flip,
        };
        match *self {
            Self::Resize { .. } => all_of(whole, self.size(), false),
            Self::CentreCrop { shorter, side, .. } => {
                let size = with_shorter_side(width, height, shorter);
                let (left, columns, pad_left) = centred(size.0, side);
                let (top, rows, pad_top) = centred(size.1, side);
                Framing {
                    crop: whole,
                    size,
                    window: Region {
                        left,
                        top,
                        width: columns,
                        height: rows,
                    },
                    padding: (pad_left, pad_top),
                    flip: false,
                }
            }
            Self::RandomResizedCrop { part, flip, .. } => {
                let mut random = generator(Purpose::View, seed, epoch);
                random.set_stream(index as u64);
                let crop = part.draw(width, height, &mut random);
                let flip = flip && below(&mut random, 2) == 1;
                all_of(crop, self.size(), flip)
            }
        }
    }
}

/// The size with the same proportions whose shorter side is `shorter`; the longer one is cut off, not rounded.
fn with_shorter_side(width: usize, height: usize, shorter: usize) -> (usize, usize) {
    let longer = |side: usize, other: usize| shorter.saturating_mul(side) / other.max(1);
    if width <= height {
        (shorter, longer(height, width))
    } else {
        (longer(width, height), shorter)
    }
}

/// Of a side of `length` pixels the middle `side`: first pixel, number of pixels, black pixels before them.
fn centred(length: usize, side: usize) -> (usize, usize, usize) {
    if side > length {
        (0, length, (side - length) / 2)
    } else {
        // Halves go to the even number, as Python rounds.
        let first = ((length - side) as f64 / 2.0).round_ties_even() as usize;
        (first, side, 0)
    }
}
