//! The square regions of R-MAC.

use burn::tensor::Tensor;

/// Scales of regions.
const LEVELS: usize = 3;
/// Overlap of neighbouring regions that is aimed at.
const OVERLAP: f32 = 0.4;
/// Numbers of regions along the longer side that are tried.
const STEPS: std::ops::RangeInclusive<usize> = 2..=7;

/// A square of a feature map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows and columns.
    pub side: usize,
}

/// Squares at three scales that cover a map of `height × width`, neighbours overlapping by about 40 % (Tolias et al.,
/// ICLR 2016, section 3.2); in single precision and rounded down as in the published code, so that they are the same.
pub fn regions(height: usize, width: usize) -> Vec<Region> {
    let shorter = height.min(width);
    let surplus = surplus(height.max(width), shorter);
    let (down, across) = match height.cmp(&width) {
        std::cmp::Ordering::Less => (0, surplus),
        std::cmp::Ordering::Equal => (0, 0),
        std::cmp::Ordering::Greater => (surplus, 0),
    };
    let mut regions = Vec::new();
    for level in 1..=LEVELS {
        let side = 2 * shorter / (level + 1);
        if side == 0 {
            continue;
        }
        let tops = starts(height, side, level + down);
        let lefts = starts(width, side, level + across);
        regions.extend(
            tops.iter()
                .flat_map(|&top| lefts.iter().map(move |&left| Region { top, left, side })),
        );
    }
    regions
}

/// How many more regions than on the shorter side there are on the longer one, at every scale.
fn surplus(longer: usize, shorter: usize) -> usize {
    let area = (shorter * shorter) as f32;
    let distance = |steps: usize| {
        let apart = (longer - shorter) as f32 / (steps - 1) as f32;
        ((area - shorter as f32 * apart) / area - OVERLAP).abs()
    };
    let tried = STEPS.enumerate();
    tried
        .min_by(|(_, a), (_, b)| distance(*a).total_cmp(&distance(*b)))
        .map_or(0, |(index, _)| index + 1)
}

/// First rows (or columns) of `count` regions of `side` spread over `size`.
fn starts(size: usize, side: usize, count: usize) -> Vec<usize> {
    let apart = if count == 1 {
        0.0
    } else {
        ((size - side) as f64 / (count - 1) as f64) as f32
    };
    let half = (side as f64 / 2.0 - 1.0).floor() as f32;
    (0..count)
        .map(|i| ((half + i as f32 * apart).floor() - half) as usize)
        .map(|start| start.min(size - side))
        .collect()
}

impl Region {
    /// This part of a map `[B, C, H, W]`.
    pub(super) fn of(self, map: Tensor<4>) -> Tensor<4> {
        map.narrow(2, self.top, self.side)
            .narrow(3, self.left, self.side)
    }
}
