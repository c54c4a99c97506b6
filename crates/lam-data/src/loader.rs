use std::any::Any;
use std::ops::Range;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, LazyLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{Augmentation, DataError, Dataset, ImageShape, Unreadable, UnreadableImage, shuffled};

/// Decodes the images of batches. Not the threads that compute: a step must not wait while one of them decodes, nor
/// a batch for a step. If they cannot be started, images are decoded one after the other.
static DECODERS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let named = |thread| format!("lam-decode-{thread}");
    ThreadPoolBuilder::new().thread_name(named).build().ok()
});

/// Images, labels and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// `[B, C, H, W]`; none if they were not asked for.
    pub images: Vec<f32>,
    /// `[B]`.
    pub labels: Vec<u32>,
    /// Index of each image in the data set, `[B]`.
    pub indices: Vec<usize>,
    /// Shape of one image.
    pub shape: ImageShape,
}

impl Batch {
    /// Number of images B.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// Settings of a [`Loader`]. Images come normalised as [`Dataset::normalisation`] says, after augmentation.
///
/// | setting | default | purpose | range |
/// |---|---|---|---|
/// | `batch_size` | 256 | images in a batch | ≥ 1 |
/// | `shuffle` | off | order as a function of seed and epoch; photographs as in that epoch of training | any |
/// | `drop_last` | off | leave out a last batch that is not full | on needs one full batch |
/// | `within_files` | off | batches do not cross the borders of [`Dataset::files`], each of which has an order of its own | any |
/// | `start_batch` | 0 | batches to skip, for going on in mid-epoch | ≤ batches of the epoch |
/// | `prefetch` | 2 | batches read ahead by a thread; 0 reads when asked | ≤ 1024 |
/// | `without_images` | off | indices and labels only, for who has the images already | any |
/// | `augment` | none | random changes as a function of the shuffle's seed and epoch | needs `shuffle` |
pub struct LoaderBuilder {
    dataset: Arc<dyn Dataset>,
    batch_size: usize,
    order: Option<(u64, u64)>,
    drop_last: bool,
    within_files: bool,
    start_batch: usize,
    prefetch: usize,
    without_images: bool,
    augmentation: Augmentation,
}

impl LoaderBuilder {
    /// Number of images in a batch.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Shuffles, as for training; the order is a pure function of `seed` and `epoch` (see [`shuffled`]), and so is what
    /// each image shows (see [`Dataset::read_for_training`]).
    pub fn shuffle(mut self, seed: u64, epoch: u64) -> Self {
        self.order = Some((seed, epoch));
        self
    }

    /// Leaves out a last batch that is not full.
    pub fn drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// Makes the batches of each file of the data set as if there were no other file; of a data set without files as
    /// otherwise.
    pub fn within_files(mut self, within_files: bool) -> Self {
        self.within_files = within_files;
        self
    }

    /// Starts with this batch of the epoch; the batches are the same as without the others before it.
    pub fn start_batch(mut self, start_batch: usize) -> Self {
        self.start_batch = start_batch;
        self
    }

    /// Batches read ahead by a thread; 0 reads in the thread that asks.
    pub fn prefetch(mut self, prefetch: usize) -> Self {
        self.prefetch = prefetch;
        self
    }

    /// Batches say which images they are of and hold none: nothing is read.
    pub fn without_images(mut self) -> Self {
        self.without_images = true;
        self
    }

    /// Random changes to each image, which depend on seed and epoch of [`shuffle`](Self::shuffle).
    pub fn augment(mut self, augmentation: Augmentation) -> Self {
        self.augmentation = augmentation;
        self
    }

    /// Checks the settings and starts reading.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] for a setting outside of its range.
    pub fn build(self) -> Result<Loader, DataError> {
        let plan = self.plan()?;
        let depth = self.prefetch;
        let (total, next) = (plan.total, plan.next);
        let supply = if depth == 0 {
            Supply::Inline(plan)
        } else {
            Supply::Thread(ReadAhead::start(plan, depth)?)
        };
        Ok(Loader {
            dataset: self.dataset,
            supply,
            total,
            remaining: total - next,
            waited: Duration::ZERO,
        })
    }

    fn plan(&self) -> Result<Plan, DataError> {
        let len = self.dataset.len();
        let invalid = |argument, value: usize, expected| DataError::InvalidArgument {
            argument,
            value: value.to_string(),
            expected,
        };
        if self.batch_size == 0 {
            return Err(invalid("batch size", 0, "at least 1"));
        }
        if self.prefetch > 1024 {
            return Err(invalid("prefetch", self.prefetch, "at most 1024 batches"));
        }
        if self.drop_last && len < self.batch_size {
            let expected =
                "at most the number of images, since a batch that is not full is dropped";
            return Err(invalid("batch size", self.batch_size, expected));
        }
        let (order, batches) = self.batches(len);
        let total = batches.len();
        if self.start_batch > total {
            let expected = "at most the number of batches of an epoch";
            return Err(invalid("first batch", self.start_batch, expected));
        }
        let augmentation = (!self.augmentation.is_none()).then_some(self.augmentation);
        if augmentation.is_some() && self.order.is_none() {
            return Err(DataError::InvalidArgument {
                argument: "augmentation",
                value: "without shuffling".to_owned(),
                expected: "a seed and an epoch, as shuffling has them",
            });
        }
        Ok(Plan {
            dataset: Arc::clone(&self.dataset),
            occasion: self.order,
            without_images: self.without_images,
            augmentation,
            order,
            batches,
            next: self.start_batch,
            total,
        })
    }

    /// The order of the images, and the pieces of it that are batches.
    fn batches(&self, len: usize) -> (Vec<usize>, Vec<Range<usize>>) {
        let files = self.within_files.then(|| self.dataset.files()).flatten();
        let files = files.unwrap_or_else(|| std::iter::once(0..len).collect());
        let (mut order, mut batches) = (Vec::with_capacity(len), Vec::new());
        for file in files {
            let begin = order.len();
            match self.order {
                Some((seed, epoch)) => {
                    let own = shuffled(file.len(), seed, epoch);
                    order.extend(own.into_iter().map(|index| file.start + index));
                }
                None => order.extend(file),
            }
            for start in (begin..order.len()).step_by(self.batch_size) {
                let end = (start + self.batch_size).min(order.len());
                if end - start == self.batch_size || !self.drop_last {
                    batches.push(start..end);
                }
            }
        }
        (order, batches)
    }
}

/// The batches of one epoch, in order.
///
/// Which images a batch holds, and their values, depend on the settings only, not on threads. After
/// an error it ends. Dropping it early ends the reading thread.
///
/// An image that cannot be decoded is left out, which makes its batch smaller, and taken down in
/// [`Dataset::unreadable`], once for all loaders of the data set; a batch of which none is left is passed over. More than
/// [`Unreadable::tolerated`] are an error.
pub struct Loader {
    dataset: Arc<dyn Dataset>,
    supply: Supply,
    total: usize,
    remaining: usize,
    waited: Duration,
}

enum Supply {
    Inline(Plan),
    Thread(ReadAhead),
}

impl Loader {
    /// Settings for batches of `dataset`.
    pub fn builder(dataset: Arc<dyn Dataset>) -> LoaderBuilder {
        LoaderBuilder {
            dataset,
            batch_size: 256,
            order: None,
            drop_last: false,
            within_files: false,
            start_batch: 0,
            prefetch: 2,
            without_images: false,
            augmentation: Augmentation::default(),
        }
    }

    /// Number of batches in a whole epoch, those before the first one included.
    pub fn batches_in_epoch(&self) -> usize {
        self.total
    }

    /// Time spent so far in waiting for batches.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The images of the data set that could not be decoded so far, in this epoch or before.
    pub fn unreadable(&self) -> Vec<UnreadableImage> {
        self.dataset
            .unreadable()
            .map_or_else(Vec::new, Unreadable::images)
    }

    /// Gives a used batch back, so that its memory serves for a later one.
    pub fn recycle(&mut self, batch: Batch) {
        if let Supply::Thread(ahead) = &self.supply {
            // A reading thread that has ended needs no memory.
            let _ = ahead.used.send(batch);
        }
    }
}

impl Iterator for Loader {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.remaining > 0 {
            let asked = Instant::now();
            let batch = match &mut self.supply {
                Supply::Inline(plan) => plan.read_next(None),
                Supply::Thread(ahead) => ahead.receive(),
            };
            self.waited += asked.elapsed();
            match batch {
                Ok(batch) => {
                    self.remaining -= 1;
                    if !batch.is_empty() {
                        return Some(Ok(batch));
                    }
                }
                Err(error) => {
                    self.remaining = 0;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // An error ends the iteration early, and empty batches are passed over.
        (0, Some(self.remaining))
    }
}

/// Which images each batch holds, and how they are read.
struct Plan {
    dataset: Arc<dyn Dataset>,
    /// Seed and epoch of a training.
    occasion: Option<(u64, u64)>,
    without_images: bool,
    augmentation: Option<Augmentation>,
    order: Vec<usize>,
    /// Which pieces of the order are batches.
    batches: Vec<Range<usize>>,
    next: usize,
    total: usize,
}

impl Plan {
    /// Reads the next batch, into the memory of `used`.
    fn read_next(&mut self, used: Option<Batch>) -> Result<Batch, DataError> {
        let batch = self.batches.get(self.next).cloned().unwrap_or_default();
        self.next += 1;
        let chosen = &self.order[batch];
        let shape = self.dataset.shape();
        let mut batch = used.unwrap_or(Batch {
            images: Vec::new(),
            labels: Vec::new(),
            indices: Vec::new(),
            shape,
        });
        batch.shape = shape;
        if self.without_images {
            batch.images.clear();
            batch.indices = chosen.to_vec();
            let labels = self.dataset.labels();
            batch.labels = chosen.iter().map(|&index| labels[index]).collect();
            return Ok(batch);
        }
        batch.images.resize(chosen.len() * shape.numel(), 0.0);
        let outcomes = self.read_images(chosen, &mut batch.images);
        let mut kept = 0;
        batch.indices.clear();
        batch.labels.clear();
        let labels = self.dataset.labels();
        for (at, (&index, outcome)) in chosen.iter().zip(outcomes).enumerate() {
            match (outcome, self.dataset.unreadable()) {
                (Ok(()), _) => {
                    if kept < at {
                        let image = at * shape.numel()..(at + 1) * shape.numel();
                        batch.images.copy_within(image, kept * shape.numel());
                    }
                    kept += 1;
                    batch.indices.push(index);
                    batch.labels.push(labels[index]);
                }
                (Err(DataError::UnreadableImage { .. }), Some(unreadable)) => unreadable.check()?,
                (Err(error), _) => return Err(error),
            }
        }
        batch.images.truncate(kept * shape.numel());
        Ok(batch)
    }

    /// Reads images into `images`, `[B, C, H, W]`.
    fn read_images(&self, chosen: &[usize], images: &mut [f32]) -> Vec<Result<(), DataError>> {
        let numel = self.dataset.shape().numel().max(1);
        let pool = DECODERS.as_ref().filter(|_| chosen.len() > 1);
        match self.dataset.unreadable().and(pool) {
            // One image at a time, because they differ in size.
            Some(pool) => pool.install(|| {
                let images = images.par_chunks_exact_mut(numel).with_max_len(1);
                let images = chosen.par_iter().zip(images);
                images
                    .map(|(&index, image)| self.read_image(index, image))
                    .collect()
            }),
            None => chosen
                .iter()
                .zip(images.chunks_exact_mut(numel))
                .map(|(&index, image)| self.read_image(index, image))
                .collect(),
        }
    }

    fn read_image(&self, index: usize, image: &mut [f32]) -> Result<(), DataError> {
        let shape = self.dataset.shape();
        match self.occasion {
            None => self.dataset.read(index, image)?,
            Some(occasion) => {
                self.dataset.read_for_training(index, occasion, image)?;
                if let Some(augmentation) = &self.augmentation {
                    augmentation.apply(image, shape, occasion, index)?;
                }
            }
        }
        match self.dataset.normalisation() {
            Some(normalise) => normalise.apply(image, shape),
            None => Ok(()),
        }
    }
}

/// A thread that reads batches ahead.
struct ReadAhead {
    dataset: Arc<dyn Dataset>,
    /// Taken only when dropped, which ends the thread.
    ready: Option<Receiver<Result<Batch, DataError>>>,
    used: Sender<Batch>,
    thread: Option<JoinHandle<()>>,
}

impl ReadAhead {
    fn start(mut plan: Plan, depth: usize) -> Result<Self, DataError> {
        // The thread holds one finished batch while the channel is full.
        let (to_consumer, ready) = mpsc::sync_channel(depth - 1);
        let (used, from_consumer) = mpsc::channel();
        let dataset = Arc::clone(&plan.dataset);
        let thread = thread::Builder::new()
            .name("lam-loader".to_owned())
            .spawn(move || read_all(&mut plan, &to_consumer, &from_consumer))
            .map_err(|error| DataError::io(dataset.name().as_ref(), "starting a thread", error))?;
        Ok(Self {
            dataset,
            ready: Some(ready),
            used,
            thread: Some(thread),
        })
    }

    fn receive(&mut self) -> Result<Batch, DataError> {
        match self.ready.as_ref().map(Receiver::recv) {
            Some(Ok(batch)) => batch,
            // The thread ended without a word: it panicked.
            _ => Err(DataError::ReaderDied {
                dataset: self.dataset.name().to_owned(),
                message: match self.thread.take().map(JoinHandle::join) {
                    Some(Err(panic)) => panic_message(&*panic),
                    _ => "no batch came".to_owned(),
                },
            }),
        }
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        drop(self.ready.take());
        if let Some(thread) = self.thread.take() {
            // Nobody is left to be told of a panic.
            let _ = thread.join();
        }
    }
}

/// Reads until all is read, an error came, or nobody listens any more.
fn read_all(
    plan: &mut Plan,
    to_consumer: &SyncSender<Result<Batch, DataError>>,
    used: &Receiver<Batch>,
) {
    while plan.next < plan.total {
        let batch = plan.read_next(used.try_recv().ok());
        let failed = batch.is_err();
        if to_consumer.send(batch).is_err() || failed {
            return;
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panicked".to_owned())
}
