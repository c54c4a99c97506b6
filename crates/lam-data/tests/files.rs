//! Data sets from several files: what is computed of each does not depend on the others.

use std::ops::Range;
use std::sync::Arc;

use lam_data::{DataError, Dataset, ImageShape, Loader, Subset, at_most, held_out_of};
use proptest::prelude::*;

/// Image i of every file is [file's own number, i].
struct Files {
    /// Of each file the number it writes into its images, and its labels.
    files: Vec<(f32, Vec<u32>)>,
    labels: Vec<u32>,
}

impl Files {
    fn of(files: &[(f32, Vec<u32>)]) -> Arc<dyn Dataset> {
        Arc::new(Self {
            files: files.to_vec(),
            labels: files
                .iter()
                .flat_map(|(_, labels)| labels.clone())
                .collect(),
        })
    }
}

impl Dataset for Files {
    fn name(&self) -> &str {
        "files"
    }
    fn shape(&self) -> ImageShape {
        ImageShape::new(2, 1, 1)
    }
    fn class_names(&self) -> &[String] {
        &[]
    }
    fn labels(&self) -> &[u32] {
        &self.labels
    }
    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError> {
        let files = self.files().unwrap();
        let file = files
            .iter()
            .position(|range| range.contains(&index))
            .unwrap();
        out.copy_from_slice(&[self.files[file].0, (index - files[file].start) as f32]);
        Ok(())
    }
    fn files(&self) -> Option<Vec<Range<usize>>> {
        let mut begin = 0;
        let range = |(_, labels): &(f32, Vec<u32>)| {
            begin += labels.len();
            begin - labels.len()..begin
        };
        Some(self.files.iter().map(range).collect())
    }
}

/// The images of every batch.
fn batches(set: &Arc<dyn Dataset>, batch: usize) -> Vec<Vec<f32>> {
    let loader = Loader::builder(Arc::clone(set))
        .batch_size(batch)
        .shuffle(3, 0)
        .within_files(true)
        .build()
        .unwrap();
    let announced = loader.batches_in_epoch();
    let all: Vec<_> = loader.map(|batch| batch.unwrap().images).collect();
    assert_eq!(all.len(), announced);
    all
}

/// Images of the training part, batch by batch, and of the held-out part.
fn parts(set: &Arc<dyn Dataset>) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let (train, held_out) = held_out_of(&**set, 0.3, 9).unwrap();
    let subset =
        |indices| -> Arc<dyn Dataset> { Arc::new(Subset::new(Arc::clone(set), indices).unwrap()) };
    (batches(&subset(train), 4), batches(&subset(held_out), 4))
}

proptest! {
    #[test]
    fn several_files_are_what_each_is_alone(
        a in prop::collection::vec(0..4_u32, 1..40),
        b in prop::collection::vec(2..7_u32, 1..40),
        c in prop::collection::vec(0..7_u32, 0..5),
    ) {
        let files = [(1.0, a), (2.0, b.clone()), (3.0, c)];
        let together = parts(&Files::of(&files));
        let mut alone = (Vec::new(), Vec::new());
        for file in &files {
            // The same classes under other numbers, as a file alone would number them.
            let renamed = file.1.iter().map(|label| 100 - label).collect();
            let (train, held_out) = parts(&Files::of(&[(file.0, renamed)]));
            alone.0.extend(train);
            alone.1.extend(held_out);
        }
        prop_assert_eq!(together, alone);
    }

    #[test]
    fn as_many_as_allowed_and_in_pairs(
        labels in prop::collection::vec(0..12_u32, 1..200), limit in 2..120_usize, seed in any::<u64>(),
    ) {
        let chosen = at_most(&labels, limit, seed);
        prop_assert_eq!(&chosen, &at_most(&labels, limit, seed));
        prop_assert!(chosen.is_sorted() && chosen.iter().all(|&index| index < labels.len()));
        prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
        if labels.len() <= limit {
            prop_assert_eq!(chosen.len(), labels.len());
        } else {
            prop_assert!(chosen.len() <= limit);
            // Only the class that the limit cut may be alone though it has others.
            let count = |all: &mut dyn Iterator<Item = u32>, label| all.filter(|&l| l == label).count();
            let alone = (0..12).filter(|&label| {
                count(&mut labels.iter().copied(), label) > 1
                    && count(&mut chosen.iter().map(|&index| labels[index]), label) == 1
            });
            prop_assert!(alone.count() <= 1);
        }
    }
}

#[test]
fn a_share_of_every_class_is_chosen() {
    let labels: Vec<u32> = (0..1000).map(|index| u32::from(index % 10 == 0)).collect();
    let chosen = at_most(&labels, 100, 1);
    let rare = chosen.iter().filter(|&&index| labels[index] == 1).count();
    assert_eq!((chosen.len(), rare), (100, 10));
    assert_ne!(chosen, at_most(&labels, 100, 2));
}

#[test]
fn a_subset_in_another_order_has_no_files() {
    let set = Files::of(&[(1.0, vec![0; 3]), (2.0, vec![0; 3])]);
    let files = |indices| Subset::new(Arc::clone(&set), indices).unwrap().files();
    assert_eq!(files(vec![0, 2, 3]), Some(vec![0..2, 2..3]));
    assert_eq!(files(vec![4, 5]), Some(vec![0..0, 0..2]));
    assert_eq!(files(vec![3, 0]), None);
}
