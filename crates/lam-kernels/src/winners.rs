//! The winners of a pool and the windows of the convolution below them.

use crate::forward::View;
use crate::layout::transpose;
use crate::scratch::{Pooled, Scratch, pooled};
use crate::{Conv2d, DEAD, Images, KernelError, Layout};

/// Bytes of the input rows that are worked on at a time, so that they stay in the first-level cache.
const STRIP: usize = 36 << 10;

/// A winner: where its window starts in the padded image, and its gradient.
#[derive(Clone, Copy, Default)]
pub(crate) struct Winner {
    pub offset: u32,
    pub grad: f32,
}
pooled!(Winner);

/// Where the pool's windows lie.
pub(crate) struct Windows {
    pub view: View,
    /// Numbers in a row of a convolution window, filled up to whole vectors.
    pub run: usize,
    /// Numbers in a padded image.
    pub padded: usize,
    /// Bytes of a vector.
    pub vector: usize,
    /// Start of the first of the four convolution windows under each pooled pixel.
    pub first: Vec<u32>,
    /// Starts of the four, relative to the first, by the winner's position; of no use from 4 on.
    pub position: [u32; 8],
    /// Pooled pixels that are worked on at a time.
    pub strip: usize,
}

impl Windows {
    pub fn new(conv: &Conv2d, input: Images, output: Images) -> Result<Self, KernelError> {
        let view = conv.view(input)?;
        let lanes = conv.level.lanes();
        // `Conv2d::view` has checked that offsets fit 32 bits.
        let first = (0..output.height)
            .flat_map(|y| (0..output.width).map(move |x| (y, x)))
            .map(|(y, x)| (2 * (y * view.window_rows + x * view.step)) as u32)
            .collect();
        let mut position = [0; 8];
        position[1] = view.step as u32;
        position[2] = view.window_rows as u32;
        position[3] = position[1] + position[2];
        let row_bytes = view.row * size_of::<f32>();
        let rows_in_cache = (STRIP / row_bytes).saturating_sub(conv.kernel[0]);
        let rows = rows_in_cache / (2 * conv.stride[0]);
        Ok(Self {
            run: view.run.next_multiple_of(lanes),
            padded: view.padded_rows * view.row,
            vector: lanes * size_of::<f32>(),
            first,
            position,
            strip: rows.max(1) * output.width,
            view,
        })
    }

    /// Numbers in a convolution window, its runs filled up.
    pub fn window_len(&self) -> usize {
        self.view.runs.len() * self.run
    }

    /// Can whole vectors be read from the image as it is?
    pub fn reads_in_place(&self, image: &[f32]) -> bool {
        self.run == self.view.run
            && image.len() == self.padded
            && image.as_ptr().align_offset(self.vector) == 0
    }

    /// Lists an image's winners by strip, then by channel; `ends` says where each channel's list ends.
    pub fn list_winners(
        &self,
        layout: Layout,
        values: &[f32],
        winners: &[u8],
        buffers: &mut Buffers,
    ) {
        let pixels = self.first.len();
        let channels = values.len() / pixels;
        let values = match layout {
            Layout::Nchw => values,
            Layout::Nhwc => {
                transpose(values, channels, &mut buffers.values, pixels);
                &buffers.values
            }
        };
        let list: &mut [Winner] = &mut buffers.winners;
        let mut end = 0;
        let mut ends = buffers.ends.iter_mut();
        for start in (0..pixels).step_by(self.strip) {
            let strip = start..pixels.min(start + self.strip);
            for channel in 0..channels {
                let range = channel * pixels + strip.start..channel * pixels + strip.end;
                for ((&first, &grad), &place) in self.first[strip.clone()]
                    .iter()
                    .zip(&values[range.clone()])
                    .zip(&winners[range])
                {
                    // No branch: written always, kept only if alive. There is room for one more than all.
                    list[end] = Winner {
                        offset: first + self.position[usize::from(place & 7)],
                        grad,
                    };
                    end += usize::from(place < DEAD && grad != 0.0);
                }
                if let Some(to) = ends.next() {
                    *to = end as u32;
                }
            }
        }
    }
}

/// What a group needs for an image.
pub(crate) struct Buffers {
    pub winners: Scratch<Winner>,
    pub ends: Scratch<u32>,
    /// The pooled gradient, channels first.
    pub values: Scratch<f32>,
    /// The input with its padding and a vector's slack, zero, after it.
    pub padded: Scratch<f32>,
    /// Its gradient.
    pub dx: Scratch<f32>,
}

impl Buffers {
    pub fn new(channels: usize, windows: &Windows, dx: bool) -> Self {
        let pixels = windows.first.len();
        let padded = windows.padded + windows.run - windows.view.run;
        Self {
            winners: Scratch::unspecified(channels * pixels + 1),
            ends: Scratch::unspecified(channels * pixels.div_ceil(windows.strip)),
            values: Scratch::unspecified(channels * pixels),
            padded: Scratch::zeroed(padded),
            dx: Scratch::unspecified(if dx { padded } else { 0 }),
        }
    }
}

/// The winners of each strip and channel, with the channel.
#[inline(always)]
pub(crate) fn lists<'a>(
    winners: &'a [Winner],
    ends: &'a [u32],
    channels: usize,
) -> impl Iterator<Item = (usize, &'a [Winner])> {
    let mut start = 0;
    ends.iter().enumerate().map(move |(i, &end)| {
        let list = &winners[start..end as usize];
        start = end as usize;
        (i % channels, list)
    })
}
