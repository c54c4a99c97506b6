//! Batches: order, reading ahead, errors.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lam_data::{Batch, DataError, Dataset, ImageShape, Loader, LoaderBuilder, Normalise, shuffled};
use proptest::prelude::*;

/// Image i is [i, i + 0.5], its label i mod 7.
struct Numbers {
    labels: Vec<u32>,
    reads: AtomicUsize,
    delay: Duration,
    fails_at: Option<usize>,
    panics_at: Option<usize>,
    normalisation: Option<Normalise>,
}

impl Numbers {
    fn new(len: u32) -> Self {
        Self {
            labels: (0..len).map(|i| i % 7).collect(),
            reads: AtomicUsize::new(0),
            delay: Duration::ZERO,
            fails_at: None,
            panics_at: None,
            normalisation: None,
        }
    }
}

impl Dataset for Numbers {
    fn name(&self) -> &str {
        "numbers"
    }
    fn shape(&self) -> ImageShape {
        ImageShape::new(1, 1, 2)
    }
    fn class_names(&self) -> &[String] {
        &[]
    }
    fn labels(&self) -> &[u32] {
        &self.labels
    }
    fn normalisation(&self) -> Option<&Normalise> {
        self.normalisation.as_ref()
    }
    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(self.delay);
        if self.fails_at == Some(index) {
            return Err(DataError::EmptySet {
                file: "broken".into(),
            });
        }
        assert_ne!(self.panics_at, Some(index), "bad image");
        out.copy_from_slice(&[index as f32, index as f32 + 0.5]);
        Ok(())
    }
}

fn loader(len: u32) -> LoaderBuilder {
    Loader::builder(Arc::new(Numbers::new(len)))
}

fn all(builder: LoaderBuilder) -> Vec<Batch> {
    builder.build().unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_batch_holds_what_its_indices_say() {
    for prefetch in [0, 3] {
        let batches = all(loader(10).batch_size(4).shuffle(5, 2).prefetch(prefetch));
        assert_eq!(
            batches.iter().map(Batch::len).collect::<Vec<_>>(),
            [4, 4, 2]
        );
        let order: Vec<_> = batches.iter().flat_map(|b| b.indices.clone()).collect();
        assert_eq!(order, shuffled(10, 5, 2));
        for batch in &batches {
            for (position, &index) in batch.indices.iter().enumerate() {
                assert_eq!(batch.labels[position] as usize, index % 7);
                let image = &batch.images[2 * position..][..2];
                assert_eq!(image, [index as f32, index as f32 + 0.5]);
            }
        }
    }
}

#[test]
fn every_image_is_normalised_as_its_data_set_says() {
    let normalised = |by: Normalise| {
        let mut numbers = Numbers::new(3);
        numbers.normalisation = Some(by);
        Loader::builder(Arc::new(numbers)).batch_size(2)
    };
    let batches = all(normalised(Normalise::new(&[0.0], &[2.0]).unwrap()));
    assert_eq!(batches[1].images, [1.0, 1.25]);
    let mut wrong = normalised(Normalise::imagenet()).build().unwrap();
    assert!(wrong.next().unwrap().is_err());
    assert!(wrong.next().is_none());
}

#[test]
fn settings_out_of_range() {
    let argument = |builder: LoaderBuilder| match builder.build() {
        Err(DataError::InvalidArgument { argument, .. }) => argument,
        _ => "fine",
    };
    assert_eq!(argument(loader(9).batch_size(0)), "batch size");
    assert_eq!(
        argument(loader(9).batch_size(10).drop_last(true)),
        "batch size"
    );
    assert_eq!(
        argument(loader(9).batch_size(3).start_batch(4)),
        "first batch"
    );
    assert_eq!(argument(loader(9).prefetch(5000)), "prefetch");
    assert_eq!(argument(loader(9).batch_size(3).start_batch(3)), "fine");
}

#[test]
fn errors_come_out_and_end_it() {
    for prefetch in [0, 1, 4] {
        let set = Numbers {
            fails_at: Some(5),
            ..Numbers::new(12)
        };
        let mut loader = Loader::builder(Arc::new(set))
            .batch_size(2)
            .prefetch(prefetch)
            .build()
            .unwrap();
        assert!(loader.next().unwrap().is_ok());
        assert!(loader.next().unwrap().is_ok());
        assert!(matches!(
            loader.next(),
            Some(Err(DataError::EmptySet { .. }))
        ));
        assert!(loader.next().is_none());
    }
}

#[test]
fn a_panic_while_reading_is_an_error_not_an_early_end() {
    let set = Numbers {
        panics_at: Some(5),
        ..Numbers::new(12)
    };
    let mut loader = Loader::builder(Arc::new(set))
        .batch_size(4)
        .build()
        .unwrap();
    assert!(loader.next().unwrap().is_ok());
    match loader.next() {
        Some(Err(DataError::ReaderDied { message, .. })) => assert!(message.contains("bad image")),
        other => panic!("{other:?}"),
    }
    assert!(loader.next().is_none());
}

#[test]
fn dropped_early_it_ends_its_thread() {
    let set = Arc::new(Numbers::new(10_000));
    let dataset: Arc<dyn Dataset> = set.clone();
    let mut loader = Loader::builder(dataset)
        .batch_size(10)
        .prefetch(3)
        .build()
        .unwrap();
    assert!(loader.next().unwrap().is_ok());
    drop(loader);
    // The thread held the only other references.
    assert_eq!(Arc::strong_count(&set), 1);
    let reads = set.reads.load(Ordering::SeqCst);
    assert!(reads <= 60, "{reads}"); // one taken, three ahead, one in hand, one begun
}

#[test]
fn reads_no_further_ahead_than_asked() {
    let set = Arc::new(Numbers::new(1000));
    let dataset: Arc<dyn Dataset> = set.clone();
    let mut loader = Loader::builder(dataset)
        .batch_size(10)
        .prefetch(2)
        .build()
        .unwrap();
    assert!(loader.next().unwrap().is_ok());
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(set.reads.load(Ordering::SeqCst), 30);
}

#[test]
fn waiting_is_measured() {
    for prefetch in [0, 2] {
        let set = Numbers {
            delay: Duration::from_millis(5),
            ..Numbers::new(8)
        };
        let mut loader = Loader::builder(Arc::new(set))
            .batch_size(4)
            .prefetch(prefetch)
            .build()
            .unwrap();
        assert_eq!(loader.waited(), Duration::ZERO);
        assert!(loader.by_ref().all(|batch| batch.is_ok()));
        assert!(
            loader.waited() >= Duration::from_millis(15),
            "{:?}",
            loader.waited()
        );
    }
}

#[test]
fn recycled_memory_changes_nothing() {
    let expected = all(loader(50).batch_size(8).shuffle(1, 1));
    let mut recycling = loader(50).batch_size(8).shuffle(1, 1).build().unwrap();
    let mut found = Vec::new();
    while let Some(batch) = recycling.next() {
        let batch = batch.unwrap();
        found.push(batch.clone());
        recycling.recycle(batch);
    }
    assert_eq!(found, expected);
}

proptest! {
    #[test]
    fn goes_on_in_mid_epoch_with_the_same_batches(
        len in 1u32..60,
        batch_size in 1usize..20,
        seed in any::<u64>(),
        epoch in 0u64..100,
        drop_last in any::<bool>(),
        start in 0usize..60,
        prefetch in 0usize..4,
    ) {
        let drop_last = drop_last && len as usize >= batch_size;
        let settings = || loader(len).batch_size(batch_size).shuffle(seed, epoch).drop_last(drop_last);
        let whole = all(settings());
        prop_assert_eq!(settings().build().unwrap().batches_in_epoch(), whole.len());
        let seen: Vec<_> = whole.iter().flat_map(|b| b.indices.clone()).collect();
        let mut order = shuffled(len as usize, seed, epoch);
        if drop_last {
            order.truncate(order.len() / batch_size * batch_size);
        }
        prop_assert_eq!(seen, order);
        let start = start.min(whole.len());
        prop_assert_eq!(&all(settings().start_batch(start).prefetch(prefetch)), &whole[start..]);
    }
}
