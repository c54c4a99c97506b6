//! Storage that starts on a cache line.

/// `f32` values whose first one lies on a 64-byte boundary, so that no vector load of a panel touches
/// two cache lines.
#[derive(Debug)]
pub(crate) struct AlignedF32 {
    storage: Vec<f32>,
    start: usize,
    len: usize,
}

/// Floats on one cache line.
const LINE: usize = 16;

impl AlignedF32 {
    /// `len` values, all `fill`.
    pub(crate) fn filled(len: usize, fill: f32) -> Self {
        let storage = vec![fill; len + LINE - 1];
        let offset = storage.as_ptr().align_offset(64);
        // align_offset may refuse to answer; alignment is a matter of speed only.
        let start = if offset < LINE { offset } else { 0 };
        Self {
            storage,
            start,
            len,
        }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[f32] {
        &self.storage[self.start..self.start + self.len]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.storage[self.start..self.start + self.len]
    }
}
