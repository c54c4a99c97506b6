//! Buffers kept from call to call.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::thread::LocalKey;

/// Bytes of a cache line: a vector that straddles two of them costs two loads.
const LINE: usize = 64;

/// A thread's unused buffers.
pub(crate) type Pool<T> = LocalKey<RefCell<Vec<Vec<T>>>>;

/// What a scratch buffer can hold.
pub(crate) trait Pooled: Copy + Default + 'static {
    /// The calling thread's unused buffers.
    fn pool() -> &'static Pool<Self>;
}

macro_rules! pooled {
    ($type:ty) => {
        impl Pooled for $type {
            fn pool() -> &'static $crate::scratch::Pool<Self> {
                thread_local! {
                    static POOL: std::cell::RefCell<Vec<Vec<$type>>> =
                        const { std::cell::RefCell::new(Vec::new()) };
                }
                &POOL
            }
        }
    };
}
pub(crate) use pooled;
pooled!(f32);
pooled!(u32);

/// A buffer on a cache line's boundary, returned to the thread's pool when dropped.
///
/// Dropped on the thread that made it, as all scratch here is, it is found again by the next call. Buffers
/// are taken out of the pool rather than borrowed from it, as a thread that waits for rayon may start
/// another task.
pub(crate) struct Scratch<T: Pooled> {
    buffer: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Pooled> Scratch<T> {
    /// `len` elements of unspecified, initialised content.
    pub fn unspecified(len: usize) -> Self {
        let slack = LINE / size_of::<T>();
        let wanted = len + slack;
        let mut buffer = T::pool().with_borrow_mut(|pool| {
            // The smallest that is large enough, else the largest.
            let fitting = (0..pool.len())
                .filter(|&i| pool[i].len() >= wanted)
                .min_by_key(|&i| pool[i].len())
                .or_else(|| (0..pool.len()).max_by_key(|&i| pool[i].len()));
            fitting.map(|i| pool.swap_remove(i)).unwrap_or_default()
        });
        if buffer.len() < wanted {
            buffer.resize(wanted, T::default());
        }
        let start = buffer.as_ptr().align_offset(LINE).min(slack);
        Self { buffer, start, len }
    }

    /// `len` elements of zero.
    pub fn zeroed(len: usize) -> Self {
        let mut scratch = Self::unspecified(len);
        scratch.fill(T::default());
        scratch
    }
}

impl<T: Pooled> Deref for Scratch<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.buffer[self.start..][..self.len]
    }
}

impl<T: Pooled> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.buffer[self.start..][..self.len]
    }
}

impl<T: Pooled> Drop for Scratch<T> {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        // A thread that ends has no pool any more: the buffer is then simply freed.
        let _ = T::pool().try_with(|pool| {
            if let Ok(mut pool) = pool.try_borrow_mut() {
                pool.push(buffer);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_zeroed_and_reused() {
        let first = {
            let mut scratch = Scratch::<f32>::unspecified(1000);
            scratch.fill(3.0);
            assert_eq!(scratch.as_ptr().align_offset(LINE), 0);
            assert_eq!(scratch.len(), 1000);
            scratch.as_ptr()
        };
        let second = Scratch::<f32>::zeroed(990);
        assert_eq!(second.as_ptr(), first);
        assert!(second.iter().all(|&x| x == 0.0));
        let third = Scratch::<f32>::unspecified(990);
        assert_ne!(third.as_ptr(), first);
    }
}
