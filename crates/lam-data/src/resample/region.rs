use std::fmt;

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region {
    /// First column.
    pub left: usize,
    /// First row.
    pub top: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Region {
    /// All of a picture of this size.
    pub const fn whole(width: usize, height: usize) -> Self {
        Self {
            left: 0,
            top: 0,
            width,
            height,
        }
    }

    /// From column `x_1` and row `y_1` to before `x_2` and `y_2`, the corners in this order; `None` if that holds no pixel.
    pub fn between([x_1, y_1, x_2, y_2]: [usize; 4]) -> Option<Self> {
        let length = |from: usize, to: usize| to.checked_sub(from).filter(|&length| length > 0);
        Some(Self {
            left: x_1,
            top: y_1,
            width: length(x_1, x_2)?,
            height: length(y_1, y_2)?,
        })
    }

    /// Whether it holds a pixel and lies within a picture of this size.
    pub fn fits(&self, width: usize, height: usize) -> bool {
        let inside = |start: usize, length: usize, end: usize| {
            length > 0 && start.checked_add(length).is_some_and(|last| last <= end)
        };
        inside(self.left, self.width, width) && inside(self.top, self.height, height)
    }
}

/// First column and row, and the first column and row after it: `x_1,y_1,x_2,y_2`.
impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (right, bottom) = (
            self.left.saturating_add(self.width),
            self.top.saturating_add(self.height),
        );
        write!(f, "{},{},{right},{bottom}", self.left, self.top)
    }
}
