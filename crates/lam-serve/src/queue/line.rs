//! Jobs that wait, and the threads that take them.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Something to be done.
pub(super) trait Job: Send + 'static {
    /// How much of it there is: vectors, images, items.
    fn weight(&self) -> usize;

    /// Whether somebody still waits for it.
    fn is_wanted(&self) -> bool;
}

/// A queue with its threads. A thread that is free takes its share of what waits, so that several are busy and each has
/// much to do at once. Dropped, it does what waits and ends.
pub(super) struct Line<J: Job> {
    shared: Arc<Shared<J>>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared<J> {
    waiting: Mutex<Waiting<J>>,
    arrived: Condvar,
}

struct Waiting<J> {
    jobs: VecDeque<J>,
    idle: usize,
    closed: bool,
}

impl<J> Shared<J> {
    fn lock(&self) -> MutexGuard<'_, Waiting<J>> {
        // Nothing panics while it holds the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: Job> Line<J> {
    /// One thread for each of `workers`, which are given jobs that weigh `most` together, or one that weighs more.
    pub(super) fn start<W>(name: &str, most: usize, workers: Vec<W>) -> io::Result<Self>
    where
        W: FnMut(Vec<J>) + Send + 'static,
    {
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Waiting {
                jobs: VecDeque::new(),
                idle: 0,
                closed: false,
            }),
            arrived: Condvar::new(),
        });
        let mut line = Self {
            shared: shared.clone(),
            threads: Vec::new(),
        };
        for mut work in workers {
            let shared = shared.clone();
            let thread = thread::Builder::new().name(name.to_owned());
            let thread = thread.spawn(move || {
                while let Some(jobs) = take(&shared, most) {
                    // Who waits for what is lost hears of it: the senders are dropped.
                    let _ = catch_unwind(AssertUnwindSafe(|| work(jobs)));
                }
            })?;
            line.threads.push(thread);
        }
        Ok(line)
    }

    pub(super) fn push(&self, job: J) {
        self.shared.lock().jobs.push_back(job);
        self.shared.arrived.notify_one();
    }
}

/// What the calling thread is to do next; none at the end.
fn take<J: Job>(shared: &Shared<J>, most: usize) -> Option<Vec<J>> {
    let mut waiting = shared.lock();
    waiting.idle += 1;
    loop {
        waiting.jobs.retain(Job::is_wanted);
        if !waiting.jobs.is_empty() {
            break;
        }
        if waiting.closed {
            return None;
        }
        let woken = shared.arrived.wait(waiting);
        waiting = woken.unwrap_or_else(PoisonError::into_inner);
    }
    let share = waiting.jobs.len().div_ceil(waiting.idle);
    waiting.idle -= 1;
    let mut taken = Vec::with_capacity(share);
    let mut weight = 0;
    while taken.len() < share
        && let Some(job) = waiting.jobs.front()
    {
        weight += job.weight();
        if !taken.is_empty() && weight > most {
            break;
        }
        taken.extend(waiting.jobs.pop_front());
    }
    Some(taken)
}

impl<J: Job> Drop for Line<J> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.arrived.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panics has caught it.
            let _ = thread.join();
        }
    }
}
