//! How many requests are answered at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Answered, Failure};
use crate::options::Limits;

/// So many requests are answered, so many wait, and the rest is told to come again.
#[derive(Debug)]
pub(crate) struct Gate {
    room: Semaphore,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// Counts down when it is dropped, also by a request that is given up.
struct InLine<'g>(&'g AtomicUsize);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            room: Semaphore::new(limits.concurrency.min(Semaphore::MAX_PERMITS)),
            waiting: AtomicUsize::new(0),
            most_waiting: limits.waiting,
        }
    }

    /// Room for one request, held by what is returned.
    pub(crate) async fn enter(&self) -> Answered<SemaphorePermit<'_>> {
        if let Ok(permit) = self.room.try_acquire() {
            return Ok(permit);
        }
        let full = || Failure::busy("too many requests are waiting: come again in a second");
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _in_line = InLine(&self.waiting);
        if before >= self.most_waiting {
            return Err(full());
        }
        self.room.acquire().await.map_err(|_| full())
    }
}
