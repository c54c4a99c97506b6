/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// Whether it holds a pixel and lies within a picture of this size.
    pub fn fits(&self, width: usize, height: usize) -> bool {
        let inside = |start: usize, length: usize, end: usize| {
            length > 0 && start.checked_add(length).is_some_and(|last| last <= end)
        };
        inside(self.left, self.width, width) && inside(self.top, self.height, height)
    }
}
