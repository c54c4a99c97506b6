use crate::decode::Picture;
use crate::resample::{Filter, Region, resize};

/// What a view shows of one picture: a part of it, resized, of which a window is shown, mirrored or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing {
    /// The part of the picture that is resized.
    pub crop: Region,
    /// Width and height that it is resized to.
    pub size: (usize, usize),
    /// The part of the resized picture that is shown.
    pub window: Region,
    /// Columns and rows of black to the left of and above the window.
    pub padding: (usize, usize),
    /// Mirrored left to right.
    pub flip: bool,
}

impl Framing {
    /// Writes what is shown as `[3, height, width]`, scaled to \[0, 1\], into `out`; `shown` is width and height.
    ///
    /// `None`, with `out` in any state, if the framing does not fit the picture or `shown`.
    pub(crate) fn render(
        &self,
        picture: &Picture,
        filter: Filter,
        shown: (usize, usize),
        out: &mut [f32],
    ) -> Option<()> {
        let part = resize(picture, self.crop, self.size, self.window, filter)?;
        let (left, top) = self.padding;
        let plane = shown.0.checked_mul(shown.1).filter(|&plane| plane > 0)?;
        let fits = left + part.width() <= shown.0 && top + part.height() <= shown.1;
        if !fits || out.len() != 3 * plane {
            return None;
        }
        if part.width() < shown.0 || part.height() < shown.1 {
            out.fill(0.0);
        }
        for (channel, plane) in out.chunks_exact_mut(plane).enumerate() {
            let rows = plane.chunks_exact_mut(shown.0).skip(top);
            for (row, to) in (0..part.height()).zip(rows) {
                let from = part.row(row).chunks_exact(3);
                for (to, pixel) in to[left..].iter_mut().zip(from) {
                    *to = f32::from(pixel[channel]) / 255.0;
                }
                if self.flip {
                    to.reverse();
                }
            }
        }
        Some(())
    }
}
